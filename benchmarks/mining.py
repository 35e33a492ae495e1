"""Peak memory of mining: so many pairs over a shop of so many products, in a process of its own.

    python -m benchmarks.mining OUT [--products 100000] [--pairs 1000000]

OUT is a directory for catalogue, indexes and pairs (some 1.5 GB at the defaults); what is there is used again. The shop
is the synthetic one: 10,000 products are generated and encoded, the others are their copies with moved vectors
(benchmarks.grown_shop); the log is the shop's own, its queries distinct. The peak is the largest resident set of the
process that mines, memory-mapped pages of the indexes included: what a limit on memory would see. Two idle cores need
about half an hour.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from augment.guard import LeakGuard
from augment.mine_options import MineOptions
from augment.mining import mine
from benchmarks.grown_shop import ENCODED, copies, moved
from retrieval.bm25 import BM25Retriever
from retrieval.catalogue import Catalogue
from retrieval.data.search_data import LogQuery
from retrieval.dense import DenseRetriever
from retrieval.embeddings import embed_catalogue
from retrieval.encoder import Encoder, default_encoder_path
from retrieval.faiss_index import build_index
from retrieval.first_stages import first_stages
from retrieval.fusion import Fusion
from retrieval.index_kinds import choose_kind
from retrieval.product_text import ProductTemplate
from retrieval.query_key import query_key
from retrieval.shop.shop import Shop

_TEMPLATE = ProductTemplate(("title", "brand", "colour"))
_FUSION: Fusion = "scores"


def prepare(out: Path, products: int, queries: int) -> None:
    """Catalogue, indexes and log."""
    shop = Shop(1, min(products, ENCODED))
    originals = list(shop.products())
    catalogue = Catalogue.write(copies(originals, products), out / "catalogue")
    first = Catalogue.write(originals, out / "first")
    encoder = Encoder(default_encoder_path())
    vectors = np.array(embed_catalogue(encoder, first, _TEMPLATE, out / "embeddings"))
    build_index(
        moved(vectors, products, out / "moved.npy"),
        out / "vectors",
        catalogue,
        _TEMPLATE,
        kind=choose_kind("auto", products),
        encoder_fingerprint=encoder.fingerprint,
    )
    BM25Retriever.build(catalogue, _TEMPLATE, out / "bm25")
    texts = _log(shop, queries)
    (out / "log.json").write_text(json.dumps(texts))


def _log(shop: Shop, queries: int) -> list[str]:
    """Distinct queries of the shop, as many as are wanted."""
    size = queries
    found: dict[str, str] = {}
    while len(found) < queries:
        size += -(-queries // 10)
        found = {query_key(entry.text): entry.text for entry in shop.log(size)}
    return list(found.values())[:queries]


def measure(out: Path) -> dict[str, float]:
    """Mine all of the log, and say what it took."""
    catalogue = Catalogue.load(out / "catalogue")
    encoder = Encoder(default_encoder_path())
    dense = DenseRetriever.load(out / "vectors", encoder, catalogue)
    bm25 = BM25Retriever.load(out / "bm25", catalogue)
    texts = json.loads((out / "log.json").read_text())
    opened, begun = _peak(), time.perf_counter()
    pairs = mine(
        (LogQuery(text) for text in texts),
        first_stages(bm25, dense, catalogue, _TEMPLATE, _FUSION, None),
        catalogue,
        out / "pairs",
        first_stage="hybrid",
        guard=LeakGuard([]),
        template=_TEMPLATE,
        options=MineOptions(queries=len(texts), pool=len(texts)),
        seed=7,
        renew=True,
    )
    return {
        "products": len(catalogue),
        "pairs": len(pairs),
        "seconds": round(time.perf_counter() - begun, 1),
        "GB when opened": round(opened, 2),
        "peak GB": round(_peak(), 2),
    }


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    options = argparse.ArgumentParser(description="peak memory of mining")
    options.add_argument("out", type=Path)
    options.add_argument("--products", type=int, default=100_000)
    options.add_argument("--pairs", type=int, default=1_000_000)
    options.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.measure:
        print(json.dumps(measure(chosen.out)))
        sys.exit()
    if not (chosen.out / "log.json").exists():
        shutil.rmtree(chosen.out, ignore_errors=True)
        prepare(chosen.out, chosen.products, -(-chosen.pairs // MineOptions().products_per_query))
    command = [sys.executable, "-m", "benchmarks.mining", str(chosen.out), "--measure"]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    print(answer.stdout.strip())
