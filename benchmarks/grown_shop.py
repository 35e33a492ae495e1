"""A run whose shop has any number of products, for benchmarks: 10,000 are encoded, the others are their copies.

    python -m benchmarks.grown_shop RUN OUT PRODUCTS [--kind hnsw]

RUN is a finished, exported run over the synthetic shop, or what this has made of one (then nothing is encoded again);
OUT is a new run directory with its models. A copy has a word
more in its title, and its original's vector moved a little (cosine about .98), so that neighbourhoods are as crowded as
real catalogues' are; random vectors, which are all equally far from one another, would flatter no index and test none.
"""

import argparse
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from eval.files import read_json, write_json
from rerank.runtime.exported import read_tokenizer
from rerank.runtime.product_tokens import ProductTokens
from retrieval.bm25 import BM25Retriever
from retrieval.catalogue import Catalogue
from retrieval.embeddings import embed_catalogue
from retrieval.faiss_index import build_index, load_index
from retrieval.index_kinds import KINDS
from retrieval.shop.shop import Shop
from retrieval.types import Product
from workflow.config.run import load_config
from workflow.run.directory import RunDirectory
from workflow.stages.first_stage import open_encoder, student_template

ENCODED = 10_000
_MOVE = 0.2
_CHUNK = 8192


def grow(base: Path, out: Path, products: int, kind: str) -> None:
    """Write the run `out`."""
    run, grown = RunDirectory(base), RunDirectory(out)
    config = load_config(run.config)
    out.mkdir(parents=True)
    for name in ("config.yaml", "stages", "report", "encoder"):
        (shutil.copytree if (base / name).is_dir() else shutil.copy)(base / name, out / name)
    shutil.copytree(base / "student", out / "student", ignore=shutil.ignore_patterns("tokens"))
    shutil.copytree(base / "data", out / "data", ignore=shutil.ignore_patterns("catalogue"))
    shop = Shop(config.data.shop.seed, min(products, ENCODED), world=config.data.shop.world)
    originals = list(shop.products())
    catalogue = Catalogue.write(copies(originals, products), grown.data / "catalogue")
    template = student_template(config, catalogue)
    encoder = open_encoder(config, str(run.encoder))
    if (base / "grown.json").exists():
        vectors = load_index(run.index / "vectors", encoder.fingerprint).vectors(np.arange(len(originals)))
    else:
        first = Catalogue.write(originals, out / "first")
        vectors = np.array(embed_catalogue(encoder, first, template, out / "embeddings"))
    build_index(
        moved(vectors, products, out / "moved.npy"),
        grown.index / "vectors",
        catalogue,
        template,
        kind=kind,
        encoder_fingerprint=encoder.fingerprint,
        threads=len(os.sched_getaffinity(0)),
    )
    BM25Retriever.build(catalogue, template, grown.index / "bm25")
    if (run.index / "encoder").exists():
        shutil.copytree(run.index / "encoder", grown.index / "encoder")
    length = read_json(out / "student" / "student.json")["max_length"]
    tokenizer = read_tokenizer(out / "student")
    ProductTokens.build(out / "student" / "tokens", catalogue, template, tokenizer, max_length=length)
    for scratch in ("first", "embeddings"):
        shutil.rmtree(out / scratch, ignore_errors=True)
    (out / "moved.npy").unlink(missing_ok=True)
    write_json(out / "grown.json", {"products": products, "encoded": len(originals), "kind": kind})


def copies(originals: list[Product], count: int) -> Iterator[Product]:
    """So many products: the originals, then copies of them with a word more in the title."""
    for number in range(count):
        product, copy = originals[number % len(originals)], number // len(originals)
        if not copy:
            yield product
        else:
            yield Product(f"{product.id}-{copy}", {**product.fields, "title": f"{product['title']} mark {copy}"})


def moved(vectors: np.ndarray, count: int, scratch: Path) -> np.ndarray:
    """float32 [count, dim]: `vectors`, then moved copies of them, in the file `scratch` where there are any."""
    if count <= len(vectors):
        return vectors
    found = np.lib.format.open_memmap(scratch, mode="w+", dtype=np.float32, shape=(count, vectors.shape[1]))
    random = np.random.default_rng(7)
    for start in range(0, count, _CHUNK):
        rows = np.arange(start, min(start + _CHUNK, count))
        noise = random.normal(size=(len(rows), vectors.shape[1])).astype(np.float32)
        noise *= _MOVE / np.linalg.norm(noise, axis=1, keepdims=True)
        found[rows] = vectors[rows % len(vectors)] + np.where(rows[:, None] < len(vectors), 0, noise)
    return found


if __name__ == "__main__":
    options = argparse.ArgumentParser(description="a run with a shop of any size")
    options.add_argument("run", type=Path)
    options.add_argument("out", type=Path)
    options.add_argument("products", type=int)
    options.add_argument("--kind", choices=KINDS, default="flat")
    chosen = options.parse_args()
    started = time.perf_counter()
    grow(chosen.run, chosen.out, chosen.products, chosen.kind)
    print(f"{chosen.out}: {chosen.products:,} products in {time.perf_counter() - started:.0f} s")
