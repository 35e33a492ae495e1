"""Tiny parents of each architecture that a student can be built from."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import (
    AutoModel,
    AutoTokenizer,
    BertConfig,
    DistilBertConfig,
    ElectraConfig,
    ModernBertConfig,
    PretrainedConfig,
    RobertaConfig,
    XLMRobertaConfig,
)

sys.path.insert(0, str(Path(__file__).parent))  # tests here, and processes they kill, import `training_toy`

SMALL = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 32, "initializer_range": 0.2}


def _config(architecture: str, vocabulary: int) -> PretrainedConfig:
    shared = {"vocab_size": vocabulary, "pad_token_id": 0}
    match architecture:
        case "bert":
            return BertConfig(**SMALL, **shared, num_hidden_layers=4, max_position_embeddings=64)
        case "roberta":
            return RobertaConfig(**SMALL, **shared, num_hidden_layers=4, max_position_embeddings=65, type_vocab_size=2)
        case "xlm-roberta":
            return XLMRobertaConfig(
                **SMALL, **shared, num_hidden_layers=4, max_position_embeddings=65, type_vocab_size=2
            )
        case "distilbert":
            return DistilBertConfig(
                **shared,
                dim=16,
                n_heads=2,
                hidden_dim=32,
                n_layers=4,
                initializer_range=0.2,
                max_position_embeddings=64,
            )
        case "electra":
            return ElectraConfig(**SMALL, **shared, embedding_size=8, num_hidden_layers=4, max_position_embeddings=64)
        case "modernbert":
            return ModernBertConfig(
                **SMALL,
                **shared,
                num_hidden_layers=4,
                max_position_embeddings=64,
                local_attention=4,
                cls_token_id=2,
                sep_token_id=3,
                bos_token_id=2,
                eos_token_id=3,
            )
    raise ValueError(architecture)


@pytest.fixture(scope="session")
def tiny_parent(tiny_bert_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The directory of a headless four-layer encoder of an architecture, built once."""
    made: dict[str, Path] = {}

    def build(architecture: str) -> Path:
        if architecture not in made:
            path = tmp_path_factory.mktemp(architecture)
            # Encoders without token types have tokenizers that give none.
            names = ["input_ids", "attention_mask"] if architecture in ("distilbert", "modernbert") else None
            tokenizer = AutoTokenizer.from_pretrained(tiny_bert_dir, **({"model_input_names": names} if names else {}))
            with torch.random.fork_rng():
                torch.manual_seed(3)
                AutoModel.from_config(_config(architecture, len(tokenizer))).save_pretrained(path)
            tokenizer.save_pretrained(path)
            made[architecture] = path
        return made[architecture]

    return build


@pytest.fixture
def padded_parent(tiny_bert_dir: Path, tmp_path: Path) -> Path:
    """A parent whose tokenizer.json truncates and pads to a fixed 24 tokens, as some published models' do."""
    from tokenizers import Tokenizer

    path = tmp_path / "padded_parent"
    shutil.copytree(tiny_bert_dir, path)
    backend = Tokenizer.from_file(str(path / "tokenizer.json"))
    backend.enable_truncation(24)
    backend.enable_padding(length=24)
    backend.save(str(path / "tokenizer.json"))
    return path
