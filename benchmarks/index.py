"""Vector indexes against exact search: recall@100 and time by kind and size, on a run's own encodings.

    python -m benchmarks.index RUN [--sizes 10000,100000,1000000] [--kinds flat,ivf_flat,ivf_pq,hnsw] [--queries 200]

RUN is a run whose index stage is done (any catalogue, some thousand products or more). Its real vectors come first;
beyond them stand their copies, moved a little (cosine about .98), so that neighbourhoods are as crowded as real
catalogues' are. The queries are the log's, encoded. Never random vectors: these flatter no index and test none.

A search is timed one query at a time on one thread, the index memory-mapped, medians. On two idle cores the three sizes
take about an hour and 8 GB of disk, nearly all of it for the graph over a million (leave hnsw out: 20 minutes).
"""

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.grown_shop import moved
from eval.errors import InputError
from retrieval.catalogue import Catalogue
from retrieval.faiss_index import build_index, load_index
from retrieval.index_kinds import KINDS, Kind
from retrieval.index_recall import DEPTH, exact_cuts, measured_recall
from retrieval.product_text import ProductTemplate
from retrieval.types import Product
from retrieval.vector_index import VectorIndex, import_faiss
from workflow.config.run import load_config
from workflow.run.directory import RunDirectory
from workflow.run.prepared import load_prepared
from workflow.stages.first_stage import open_run_encoder, open_vectors

_TEMPLATE = ProductTemplate(("title",))


def measure(run: Path, sizes: list[int], kinds: list[Kind], asked: int) -> None:
    """Print the table, a line as soon as it is known."""
    found = RunDirectory(run)
    log = load_prepared(found.data).log
    if not log:
        raise InputError(f"{run} has no query log to search with; take a run that has one")
    random = np.random.default_rng(7)
    texts = [log[place].text for place in random.permutation(len(log))[:asked]]
    queries = open_run_encoder(load_config(found.config), found).encode_queries(texts)
    vectors = np.array(open_vectors(found))
    print(
        f"{len(vectors):,} real vectors of {vectors.shape[1]}, {len(texts)} queries of the log, {os.cpu_count()} cores"
    )
    print("| vectors | index | build s | on disk MB | cells looked into | recall@100 | ms a query | × exact |")
    print("|---|---|---|---|---|---|---|---|")
    for size in sizes:
        with tempfile.TemporaryDirectory() as scratch:
            _measure_size(Path(scratch), vectors, size, kinds, queries)


def _measure_size(scratch: Path, vectors: np.ndarray, size: int, kinds: list[Kind], queries: np.ndarray) -> None:
    catalogue = Catalogue.write((Product(str(row), {"title": "x"}) for row in range(size)), scratch / "catalogue")
    grown = vectors[:size] if size <= len(vectors) else moved(vectors, size, scratch / "moved.npy")
    exact = None
    for kind in ("flat", *(kind for kind in kinds if kind != "flat")):
        begun = time.perf_counter()
        build_index(
            grown,
            scratch / kind,
            catalogue,
            _TEMPLATE,
            kind=kind,
            encoder_fingerprint="benchmark",
            threads=os.cpu_count() or 1,
            queries=queries,
        )
        built = time.perf_counter() - begun
        index = load_index(scratch / kind, "benchmark")
        took = _milliseconds(index, queries)
        exact = exact or took
        recall = measured_recall(index, queries, exact_cuts(index, queries))
        megabytes = sum(file.stat().st_size for file in (scratch / kind).iterdir()) / 2**20
        print(
            f"| {size:,} | {kind} | {built:.0f} | {megabytes:,.0f} | {index.manifest.probes or ''} | {recall:.3f} | "
            f"{took:.2f} | {exact / took:.1f} |",
            flush=True,
        )


def _milliseconds(index: VectorIndex, queries: np.ndarray) -> float:
    """Median of one search of `DEPTH`, on one thread, after a first round that fills the page cache."""
    faiss = import_faiss()
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        took = []
        for turn in range(2):
            for query in queries:
                begun = time.perf_counter()
                index.search(query[None], DEPTH)
                if turn:
                    took.append(1000 * (time.perf_counter() - begun))
    finally:
        faiss.omp_set_num_threads(before)
    return float(np.median(took))


if __name__ == "__main__":
    options = argparse.ArgumentParser(description="recall and time of vector indexes against exact search")
    options.add_argument("run", type=Path)
    options.add_argument("--sizes", default="10000,100000,1000000")
    options.add_argument("--kinds", default="flat,ivf_flat,ivf_pq,hnsw", help=f"of {', '.join(KINDS)}")
    options.add_argument("--queries", type=int, default=200)
    chosen = options.parse_args()
    names = [kind for kind in KINDS if kind in chosen.kinds.split(",")]
    measure(chosen.run, [int(size) for size in chosen.sizes.split(",")], names, chosen.queries)
