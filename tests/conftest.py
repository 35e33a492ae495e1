"""Tiny models built from a configuration and a seed, and a whole run of them: no network, no hub."""

import json
import os
import shutil
import string
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # a test that reaches for the hub fails at once, it does not wait
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # tests start subprocesses; forked tokenizers warn
# Tiny models gain nothing from a second thread, which on a busy machine only waits for the first.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")

sys.path.insert(0, str(Path(__file__).parent))  # tests of several layers import `grading_server`

import pytest
import torch
import yaml
from grading_server import GradingServer
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import (
    AutoTokenizer,
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    LlamaConfig,
    LlamaForCausalLM,
)
from transformers import PreTrainedTokenizerFast as FastTokenizer

_WORDS = (
    "red blue green black white small large cotton wool steel wooden leather shirt jacket shoe boot chair table lamp "
    "desk phone case cable charger bag bottle cup knife pan toy dress hat with without for and the of men women kids "
    "query product relevant yes no title brand color"
)

_CHROMIUM_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --hide-scrollbars"
)


@pytest.fixture(scope="session")
def tiny_bert_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BertForSequenceClassification (4 layers, hidden 32, one logit) with a WordPiece tokenizer."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [c for c in string.printable if not c.isspace() and not c.isupper()]
    words = special + letters + [f"##{c}" for c in letters] + sorted(w for w in _WORDS.split() if len(w) > 1)
    vocabulary = {word: number for number, word in enumerate(words)}
    backend = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )
    backend.decoder = decoders.WordPiece()
    tokenizer = FastTokenizer(
        tokenizer_object=backend,
        model_max_length=128,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        mask_token="[MASK]",
    )
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=4,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
        num_labels=1,
        initializer_range=0.1,
    )
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("tiny_bert")
    BertForSequenceClassification(config).save_pretrained(path)
    tokenizer.save_pretrained(path)
    (path / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def tiny_llama_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LlamaForCausalLM (2 layers, hidden 32) with a byte-level BPE tokenizer."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {piece: number for number, piece in enumerate(["<s>", "</s>", "<pad>", *alphabet])}
    merges: list[tuple[str, str]] = []
    for word in [*(f"Ġ{word}" for word in _WORDS.split()), *_WORDS.split()]:
        for cut in range(1, len(word)):
            merge = (word[:cut], word[cut])
            if merge not in merges:
                merges.append(merge)
                vocabulary[word[: cut + 1]] = len(vocabulary)
    backend = Tokenizer(models.BPE(vocabulary, merges))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    backend.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", vocabulary["<s>"])])
    tokenizer = FastTokenizer(
        tokenizer_object=backend, model_max_length=256, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )
    config = LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        intermediate_size=64,
        max_position_embeddings=256,
        bos_token_id=vocabulary["<s>"],
        eos_token_id=vocabulary["</s>"],
        pad_token_id=vocabulary["<pad>"],
        initializer_range=0.1,
    )
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("tiny_llama")
    LlamaForCausalLM(config).save_pretrained(path)
    tokenizer.save_pretrained(path)
    return path


WriteEncoder = Callable[[Path, int], Path]


@pytest.fixture(scope="session")
def write_encoder(tiny_bert_dir: Path) -> WriteEncoder:
    """Writes a sentence-transformers directory: a two-layer BERT and mean pooling, vectors of any length."""

    def write(path: Path, seed: int) -> Path:
        config = BertConfig.from_pretrained(tiny_bert_dir)
        config.num_hidden_layers = 2
        config.initializer_range = 0.3
        torch.manual_seed(seed)
        BertModel(config).save_pretrained(path)
        AutoTokenizer.from_pretrained(tiny_bert_dir).save_pretrained(path)
        modules = [("", "models.Transformer"), ("1_Pooling", "models.Pooling")]
        listed = [
            {"idx": number, "name": str(number), "path": folder, "type": f"sentence_transformers.{kind}"}
            for number, (folder, kind) in enumerate(modules)
        ]
        pooling = {"word_embedding_dimension": config.hidden_size, "pooling_mode_mean_tokens": True}
        (path / "1_Pooling").mkdir()
        (path / "modules.json").write_text(json.dumps(listed))
        (path / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
        (path / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 64, "do_lower_case": False}))
        return path

    return write


@pytest.fixture(scope="session")
def tiny_encoder_dir(write_encoder: WriteEncoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("encoder") / "tiny", 0)


WriteConfig = Callable[..., Path]


@pytest.fixture(scope="session")
def write_config(tiny_bert_dir: Path, tiny_encoder_dir: Path) -> WriteConfig:
    """Writes config.yaml of a tiny run into a directory; keyword arguments replace whole sections."""

    def write(directory: Path, **sections: Any) -> Path:
        train = {"epochs": 1, "pairs_per_batch": 32, "checkpoint_seconds": 0.001}
        shop = {"products": 150, "train": 8, "dev": 6, "test": 8, "log": 80, "judged": 12}
        student = {"parent": str(tiny_bert_dir), "layers": 2, "max_length": 64}
        tree = {
            "name": "tiny",
            "threads": 1,
            "data": {"format": "shop", "shop": shop},
            "encoder": {"model": str(tiny_encoder_dir), "max_length": 64},
            "pretrain": None,  # tests/workflow/stages/test_pretrain.py has it
            "teacher": {"model": str(tiny_bert_dir), "max_length": 64, "train": train},
            "mine": {"queries": 20},
            "label": {"shard_pairs": 64},
            "student": {**student, "train": train, "judgements_train": train},
            "measure": {"window": 10, "recall": 20, "timed_queries": 2},
            "serve": {"accept_student": True},  # the gate refuses models that have learnt as little as these
        }
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / "config.yaml"
        path.write_text(yaml.safe_dump({**tree, **sections}))
        return path

    return write


@pytest.fixture(scope="session")
def finished_run(write_config: WriteConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a run that has ended; read it, do not write it."""
    from distilrank import main

    root = tmp_path_factory.mktemp("finished")
    accept = ["--accept", "teacher", "--accept", "student"]
    assert main(["run", str(write_config(root)), "--runs", str(root / "runs"), *accept]) == 0
    return root / "runs" / "tiny"


@pytest.fixture
def grading_server() -> Iterator[GradingServer]:
    """An OpenAI-compatible server that runs until the test's end."""
    with GradingServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Headless Chromium; the test is skipped where there is none."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="tests of pages need selenium: pip install selenium")
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not binary or not driver:
        pytest.skip("tests of pages need Chromium: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for flag in _CHROMIUM_FLAGS.split():
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield browser
    browser.quit()
