"""How many pairs a second are scored in bulk (labels, evaluation), beside sentence-transformers' CrossEncoder.predict.

    OMP_NUM_THREADS=2 python -m benchmarks.scoring [--pairs 2048] [--rounds 3]      (on idle cores)

Same weights (the embedded MiniLM with a one-logit head) and pairs, in one process and interleaved; the largest
difference of the scores to `CrossEncoder.predict` stands beside the speed. benchmarks/rerank.py measures what serves.
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
from sentence_transformers import CrossEncoder

from benchmarks.shop_pairs import TEMPLATE, save_cross_encoder, shop_pairs
from rerank.classifier import load_classifier
from rerank.inputs import PairEncoder
from rerank.precision import Precision, uses_bfloat16
from rerank.scoring import predict

LENGTH = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    pairs, _, _ = shop_pairs(options.pairs)
    texts = [(query.text, TEMPLATE.text(product)) for query, product in pairs]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        save_cross_encoder(path)
        theirs = CrossEncoder(str(path), num_labels=1, max_length=LENGTH, device="cpu")
        model, tokenizer, kind = load_classifier(path, 1)
    encoder = PairEncoder(tokenizer, kind, TEMPLATE, LENGTH)

    def ours(precision: Precision) -> np.ndarray:
        return predict(model, encoder, pairs, precision=precision)[:, 0]

    def peer() -> np.ndarray:
        return theirs.predict(texts, activation_fn=torch.nn.Identity(), show_progress_bar=False)

    systems: dict[str, Callable[[], np.ndarray]] = {
        "CrossEncoder.predict": peer,
        "ours, float32": lambda: ours("float32"),
    }
    if uses_bfloat16("auto", torch.device("cpu")):
        systems["ours, auto (bfloat16)"] = lambda: ours("auto")
    took: dict[str, list[float]] = {name: [] for name in systems}
    scores: dict[str, np.ndarray] = {}
    for _ in range(options.rounds):
        for name, run in systems.items():
            begun = time.perf_counter()
            scores[name] = run()
            took[name].append(time.perf_counter() - begun)
    print(f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads of {os.cpu_count()} cores")
    print(f"{len(pairs):,} pairs of at most {LENGTH} tokens; the best of {options.rounds}")
    for name, seconds in took.items():
        far = float(np.abs(scores[name] - scores["CrossEncoder.predict"]).max())
        faster = min(took["CrossEncoder.predict"]) / min(seconds)
        print(f"{name:24} {len(pairs) / min(seconds):8.0f} pairs/s   {faster:5.2f} ×   largest difference {far:.4f}")


if __name__ == "__main__":
    main()
