"""Encoding a query: the index's graph in onnxruntime against torch, by the clock and by the processor.

    python -m benchmarks.queries RUN [--queries 300]

RUN is a run whose index stage is done. Its log's queries are encoded one at a time, as a search does, and all at once,
as mining does; torch on one thread and on all cores. Milliseconds a query: medians of single queries, the mean of the
bulk. To be run on idle cores; processor time says what a search takes from the searches beside it.
"""

import argparse
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from eval.errors import InputError
from retrieval.types import TextEncoder
from workflow.config.run import load_config
from workflow.run.directory import RunDirectory
from workflow.run.prepared import load_prepared
from workflow.stages.first_stage import open_encoder, open_run_encoder


def measure(run: Path, asked: int) -> None:
    """Print the table, a line as soon as it is known."""
    found = RunDirectory(run)
    log, config = load_prepared(found.data).log, load_config(found.config)
    if not log:
        raise InputError(f"{run} has no query log to encode; take a run that has one")
    texts = [log[place].text for place in np.random.default_rng(7).permutation(len(log))[:asked]]
    cores = len(os.sched_getaffinity(0))
    plain = open_encoder(config, str(found.encoder))
    print(f"{len(texts)} queries of the log, {np.mean([len(text.split()) for text in texts]):.1f} words each")
    print("| encoder | threads | one query: ms | processor ms | all at once: ms | processor ms |")
    print("|---|---|---|---|---|---|")
    for threads in sorted({1, cores}):
        torch.set_num_threads(threads)
        for encoder in (plain, open_run_encoder(config, found)):
            singles = np.median([_milliseconds(encoder, [text]) for text in texts], axis=0)
            bulk = np.array(_milliseconds(encoder, texts)) / len(texts)
            figures = " | ".join(f"{value:.2f}" for value in (*singles, *bulk))
            print(f"| {encoder.engine} | {threads} | {figures} |", flush=True)


def _milliseconds(encoder: TextEncoder, texts: Sequence[str]) -> tuple[float, float]:
    """By the clock, and of all processors."""
    clocks: tuple[Callable[[], float], ...] = (time.perf_counter, time.process_time)
    begun = [clock() for clock in clocks]
    encoder.encode_queries(texts)
    wall, processor = (1000 * (clock() - before) for clock, before in zip(clocks, begun, strict=True))
    return wall, processor


if __name__ == "__main__":
    options = argparse.ArgumentParser(description="time of encoding queries by the graph and by torch")
    options.add_argument("run", type=Path)
    options.add_argument("--queries", type=int, default=300)
    chosen = options.parse_args()
    measure(chosen.run, chosen.queries)
