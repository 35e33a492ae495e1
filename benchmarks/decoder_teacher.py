"""Make the base of a decoder teacher where there is no hub: a small Llama that has learnt what words and products are.

    python -m benchmarks.decoder_teacher [--runs runs] [--layers 3] [--hidden 128] [--epochs 6]
    distilrank run configs/shop-decoder.yaml
    cd runs/shop-decoder/report/judged-only
    distilrank evaluate --judged-only --qrels ../qrels.txt --measures nDCG@10 bm25.run teacher.run student.run

Adapters on random weights learn next to nothing: a base must know something that they can steer. A pretrained LLM does;
this one learns from the shop what it can without a judgement of its pairs: BM25 and the bi-encoder, weighed (an
ensemble teacher), label the mined pairs of the log, and the decoder learns these labels with all its weights (weak
supervision, Dehghani et al. 2017). Mining leaves held-out queries and their near duplicates out.
"""

import argparse
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import LlamaConfig, LlamaForSequenceClassification, PreTrainedTokenizerFast

import distilrank
from augment.journal import read_labels
from eval.files import atomic_path
from rerank.inputs import PairEncoder
from rerank.train_options import TrainOptions
from rerank.training import train
from workflow.config.run import Config, load_config
from workflow.run.directory import RunDirectory
from workflow.run.prepared import load_prepared
from workflow.stages.first_stage import teacher_template
from workflow.stages.labelled import labelled_groups

CONFIG = Path(__file__).parents[1] / "configs" / "shop-decoder.yaml"
WEAK = ["teacher.kind=ensemble", "teacher.ensemble=[bm25, dense]", "teacher.lora=null", "teacher.model=default"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--hidden", type=int, default=128)
    parser.add_argument("--vocabulary", type=int, default=3000)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--learning-rate", type=float, default=1e-3)
    options = parser.parse_args()
    config = load_config(CONFIG)
    base = options.runs / "shop-decoder-base"
    if base.exists():
        print(f"{base} is there; remove it to make it anew")
        return
    weak = [argument for option in WEAK for argument in ("--set", option)]
    code = distilrank.main(["label", str(CONFIG), "--runs", str(options.runs), "--accept", "teacher", *weak])
    if code:
        raise SystemExit(code)
    begun = time.perf_counter()
    run = RunDirectory(options.runs / config.name)
    pairs = make_base(config, run, base, options)
    print(f"{base}: learnt {pairs:,} weak labels, {options.epochs} times, in {time.perf_counter() - begun:.0f} s")


def make_base(config: Config, run: RunDirectory, path: Path, options: argparse.Namespace) -> int:
    """Train tokenizer and decoder on the run's catalogue, pairs and weak labels; the number of labels."""
    prepared = load_prepared(run.data)
    template = teacher_template(config, prepared.catalogue)
    groups = labelled_groups(prepared, read_labels(run.root / "journal"), "soft_bce")[0]
    texts = [*prepared.catalogue.texts(template, 0, len(prepared.catalogue)), *(group.query.text for group in groups)]
    tokenizer = make_tokenizer(texts, options.vocabulary)
    torch.manual_seed(config.seed)
    model = LlamaForSequenceClassification(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=options.hidden,
            num_hidden_layers=options.layers,
            num_attention_heads=4,
            num_key_value_heads=2,
            intermediate_size=options.hidden * 8 // 3 // 8 * 8,
            max_position_embeddings=256,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
            num_labels=1,
        )
    )
    encoder = PairEncoder(tokenizer, "decoder", template, config.teacher.max_length)
    told = time.monotonic()

    def progress(done: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told > 15:
            told = time.monotonic()
            print(f"  training the base: step {done:,} of {total:,}", flush=True)

    result = train(
        model,
        encoder,
        groups,
        TrainOptions(
            loss="soft_bce",
            epochs=options.epochs,
            learning_rate=options.learning_rate,
            pairs_per_batch=64,
            seed=config.seed,
        ),
        checkpoints=run.scratch("base"),
        progress=progress,
    )
    print("mean loss of each epoch:", ", ".join(f"{loss:.4f}" for loss in result.losses))
    with atomic_path(path) as temporary:
        model.save_pretrained(temporary)
        tokenizer.save_pretrained(temporary)
    shutil.rmtree(run.scratch("base"), ignore_errors=True)
    return sum(len(group.products) for group in groups)


def make_tokenizer(texts: Iterable[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """Byte-level BPE over the texts and the prompt's words."""
    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary, special_tokens=["<s>", "</s>", "<pad>"], initial_alphabet=alphabet, show_progress=False
    )
    prompt = "Query: \nProduct: \nHow relevant is the product to the query?"
    # As they stand in the prompt, after a blank; and a query's first word so as well.
    backend.train_from_iterator([prompt] * 100 + [f" {text}" for text in texts], trainer)
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", backend.token_to_id("<s>"))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, model_max_length=256, bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )


if __name__ == "__main__":
    main()
