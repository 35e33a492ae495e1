"""How many pairs a second a cross-encoder is trained on, beside sentence-transformers' CrossEncoderTrainer.

    OMP_NUM_THREADS=2 python -m benchmarks.training [--pairs 2048] [--rounds 3]      (on idle cores)

Same weights (the embedded MiniLM), same pairs of the synthetic shop with the same soft targets, same loss (binary
cross-entropy), batch size, length limit and learning rate, one epoch, in one process and interleaved; tokenising
counts for all. `ours, as the demo trains` leaves out dropout and freezes the word embeddings, which a user of the
trainer could do by hand, too.
"""

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from sentence_transformers import CrossEncoder
from sentence_transformers.cross_encoder import CrossEncoderTrainer, CrossEncoderTrainingArguments
from sentence_transformers.cross_encoder.losses import BinaryCrossEntropyLoss

from benchmarks.shop_pairs import TEMPLATE, save_cross_encoder, shop_pairs
from rerank.classifier import load_classifier
from rerank.inputs import PairEncoder
from rerank.precision import uses_bfloat16
from rerank.train_options import TrainOptions
from rerank.training import Group, train
from rerank.types import Pair

BATCH, LENGTH, RATE = 64, 64, 1e-4


def theirs(path: Path, pairs: list[Pair], targets: list[float], *, bfloat16: bool) -> None:
    """CrossEncoderTrainer, one epoch."""
    model = CrossEncoder(str(path), num_labels=1, max_length=LENGTH, device="cpu")
    texts = {"query": [query.text for query, _ in pairs], "product": [TEMPLATE.text(product) for _, product in pairs]}
    with tempfile.TemporaryDirectory() as folder:
        arguments = CrossEncoderTrainingArguments(
            output_dir=folder,
            num_train_epochs=1,
            per_device_train_batch_size=BATCH,
            learning_rate=RATE,
            bf16=bfloat16,
            use_cpu=True,
            save_strategy="no",
            report_to="none",
            disable_tqdm=True,
            logging_strategy="no",
        )
        CrossEncoderTrainer(
            model=model,
            args=arguments,
            train_dataset=Dataset.from_dict({**texts, "label": targets}),
            loss=BinaryCrossEntropyLoss(model),
        ).train()


def ours(path: Path, pairs: list[Pair], targets: list[float], sizes: list[int], options: TrainOptions) -> None:
    """The training loop of teachers and students, one epoch."""
    model, tokenizer, kind = load_classifier(path, 1)
    ends = np.cumsum(sizes)
    groups = [
        Group(
            pairs[end - size][0],
            [product for _, product in pairs[end - size : end]],
            np.array(targets[end - size : end], dtype=np.float32),
        )
        for end, size in zip(ends.tolist(), sizes, strict=True)
    ]
    train(model, PairEncoder(tokenizer, kind, TEMPLATE, LENGTH), groups, options)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    pairs, targets, sizes = shop_pairs(options.pairs)
    same = TrainOptions(loss="soft_bce", epochs=1, learning_rate=RATE, pairs_per_batch=BATCH)
    plain = TrainOptions(loss="soft_bce", epochs=1, learning_rate=RATE, pairs_per_batch=BATCH, precision="float32")
    lean = TrainOptions(
        loss="soft_bce", epochs=1, learning_rate=RATE, pairs_per_batch=BATCH, freeze_embeddings=True, dropout=0.0
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        save_cross_encoder(path)
        systems: dict[str, Callable[[], None]] = {
            "CrossEncoderTrainer, float32": lambda: theirs(path, pairs, targets, bfloat16=False),
            "ours, float32": lambda: ours(path, pairs, targets, sizes, plain),
        }
        if uses_bfloat16("auto", torch.device("cpu")):
            systems |= {
                "CrossEncoderTrainer, bfloat16": lambda: theirs(path, pairs, targets, bfloat16=True),
                "ours, bfloat16": lambda: ours(path, pairs, targets, sizes, same),
            }
        systems["ours, as the demo trains"] = lambda: ours(path, pairs, targets, sizes, lean)
        took: dict[str, list[float]] = {name: [] for name in systems}
        for _ in range(options.rounds):
            for name, run in systems.items():
                begun = time.perf_counter()
                run()
                took[name].append(time.perf_counter() - begun)
    print(f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads of {os.cpu_count()} cores")
    print(f"{len(pairs):,} pairs, one epoch, batches of {BATCH}, at most {LENGTH} tokens; the best of {options.rounds}")
    peer = min(min(seconds) for name, seconds in took.items() if name.startswith("Cross"))
    for name, seconds in took.items():
        rate = len(pairs) / min(seconds)
        print(f"{name:32} {rate:8.0f} pairs/s   {peer / min(seconds):5.2f} × the trainer's best")


if __name__ == "__main__":
    main()
