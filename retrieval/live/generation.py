"""A generation: an immutable catalogue with its indexes. Number 0 is the run's own; a merge makes the next."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from eval.files import atomic_path, fingerprint, read_json, write_json
from retrieval.bm25 import BM25Retriever
from retrieval.catalogue import Catalogue
from retrieval.dense import DenseRetriever
from retrieval.faiss_index import build_index, load_index
from retrieval.index_kinds import Kind
from retrieval.live.view import LiveCatalogue
from retrieval.live.words import WordStatistics
from retrieval.product_text import ProductTemplate
from retrieval.types import TextEncoder

Attach = Callable[[Path | None, DenseRetriever], object]
"""Opens what else belongs to a generation, from its directory (None for the run's own) and beside its vectors."""
Finish = Callable[[Path, Catalogue], None]
"""Writes what else belongs to a new generation into its directory, before anybody sees it."""

_CATALOGUE, _VECTORS, _BM25, _CHANGED = "catalogue", "vectors", "bm25", "changed.json"
_BATCH = 8192


@dataclass(frozen=True)
class Generation:
    """An opened generation.

    `changed` holds the ids whose product differs from, or is missing in, the run's own catalogue.
    """

    number: int
    directory: Path | None
    dense: DenseRetriever
    bm25: BM25Retriever
    statistics: WordStatistics
    changed: frozenset[str]
    attached: object

    @property
    def catalogue(self) -> Catalogue:
        return self.dense.catalogue

    @property
    def template(self) -> ProductTemplate:
        """How a product becomes the text of its vector."""
        return self.dense.index.manifest.template


def generation_path(directory: Path, number: int) -> Path:
    """Where a generation stands in the directory `live/`."""
    return directory / "generations" / f"{number:06}"


def first_generation(dense: DenseRetriever, bm25: BM25Retriever, attach: Attach | None) -> Generation:
    """The run's own index as generation 0."""
    return _opened(0, None, dense, bm25, frozenset(), attach)


def open_generation(directory: Path, number: int, encoder: TextEncoder, attach: Attach | None) -> Generation:
    """Open what `build_generation` wrote.

    Raises:
        MachineError: it is not there (any more), or broken.
    """
    catalogue = Catalogue.load(directory / _CATALOGUE)
    dense = DenseRetriever.load(directory / _VECTORS, encoder, catalogue)
    bm25 = BM25Retriever.load(directory / _BM25, catalogue)
    return _opened(number, directory, dense, bm25, frozenset(changed_ids(directory)), attach)


def build_generation(
    generation: Generation, live: LiveCatalogue, changed: Iterable[str], directory: Path, finish: Finish | None
) -> None:
    """Write the directory, whole or not at all: an index built anew over the products of `live`, with their vectors.

    Args:
        generation: the one that `live` lies on.
        changed: ids that differ from the run's own catalogue.

    Raises:
        MachineError: the disk is full, or cannot be written.
    """
    index = generation.dense.index
    with atomic_path(directory) as temporary:
        temporary.mkdir(parents=True)
        catalogue = Catalogue.write(live.stream(), temporary / _CATALOGUE)
        embeddings = temporary / "embeddings.npy"
        build_index(
            _write_vectors(generation, live, embeddings),
            temporary / _VECTORS,
            catalogue,
            generation.template,
            kind=cast(Kind, index.manifest.kind),
            encoder_fingerprint=index.manifest.encoder,
            probes=index.manifest.probes or None,
        )
        embeddings.unlink()
        words = generation.statistics
        BM25Retriever.build(catalogue, words.template, temporary / _BM25, k1=words.k1, b=words.b)
        write_json(temporary / _CHANGED, sorted(changed))
        if finish is not None:
            finish(temporary, catalogue)


def changed_ids(directory: Path) -> list[str]:
    """The ids in which the generation in this directory differs from the run's own catalogue."""
    return read_json(directory / _CHANGED)


def old_products(directory: Path) -> tuple[Catalogue, Callable[[np.ndarray], np.ndarray]]:
    """The catalogue of the generation in this directory, and its vectors by rows: whatever encoder it was made with."""
    catalogue = Catalogue.load(directory / _CATALOGUE)
    stored = read_json(directory / _VECTORS / "manifest.json")
    return catalogue, load_index(directory / _VECTORS, stored["encoder"]).vectors


def base_fingerprint(dense: DenseRetriever, bm25: BM25Retriever) -> str:
    """16 hex digits that differ when the run's products or indexes do; reads the catalogue's file once."""
    parts = [fingerprint([dense.catalogue.path]), repr(dense.index.manifest), repr(bm25.manifest)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def texts_fingerprint(dense: DenseRetriever) -> str:
    """16 hex digits that differ when the same product would get another vector."""
    manifest = dense.index.manifest
    parts = [manifest.encoder, repr(manifest.template), str(manifest.dimension)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _opened(
    number: int,
    directory: Path | None,
    dense: DenseRetriever,
    bm25: BM25Retriever,
    changed: frozenset[str],
    attach: Attach | None,
) -> Generation:
    _ = "" in dense.catalogue  # makes its table of ids now, not in the first request
    attached = attach(directory, dense) if attach else None
    return Generation(number, directory, dense, bm25, WordStatistics(bm25), changed, attached)


def _write_vectors(generation: Generation, live: LiveCatalogue, path: Path) -> np.ndarray:
    """The vectors of the products there are, in row order, in a file: they may be more than fits in memory."""
    rows, size = np.flatnonzero(live.alive), len(live.base)
    shape = (len(rows), generation.dense.index.manifest.dimension)
    vectors = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
    for start in range(0, len(rows), _BATCH):
        some = rows[start : start + _BATCH]
        old = some[some < size]
        vectors[start : start + len(old)] = generation.dense.index.vectors(old)
        vectors[start + len(old) : start + len(some)] = live.delta.vectors(some[len(old) :] - size)
    return vectors
