"""The vector index on disk: FAISS, memory-mapped when opened, never changed once built."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from eval.errors import InputError, MachineError
from eval.files import atomic_path
from retrieval.catalogue import Catalogue
from retrieval.gpu import gpu_copy
from retrieval.index_kinds import Kind, cell_count, check_kind, empty_index, training_rows, uses_cells
from retrieval.index_manifest import IndexManifest
from retrieval.index_recall import choose_probes, exact_cuts, measured_recall
from retrieval.product_text import ProductTemplate
from retrieval.vector_index import VectorIndex, import_faiss, normalise

_CHUNK = 8192  # rows held in memory at once
_ASKED = 200  # vectors that stand for queries where none are given


def build_index(
    embeddings: np.ndarray,
    path: Path,
    catalogue: Catalogue,
    template: ProductTemplate,
    *,
    kind: Kind,
    encoder_fingerprint: str,
    connections: int = 32,
    construction: int = 128,
    threads: int = 1,
    queries: np.ndarray | None = None,
    probes: int | None = None,
    gpu: bool = False,
) -> IndexManifest:
    """Write the directory `path`, whole or not at all; what its manifest says.

    It holds index.faiss, vector_of_row.npy, manifest.json and, for kinds with cells, the vectors in vectors.faiss.
    Products with the same vector share one entry: many copies in a graph have only each other for neighbours, and a
    search that meets them finds nothing else (measured: recall .76 with 400 copies among 3,000 vectors, 1.00 so).

    Args:
        embeddings: float32 [len(catalogue), dim], of any length: they are normalised here.
        kind: see `retrieval.index_kinds`.
        connections, construction: HNSW's M and efConstruction.
        threads: for building. With one, the same vectors give the same index; with more a graph varies from run to run.
        queries: float32 [n, dim], to measure recall with; by default vectors of the catalogue stand for them, which
            flatters.
        probes: cells to look into; by default the fewest with which recall@100 reaches .95.
        gpu: train and fill an index with cells on a GPU, where one works.

    Raises:
        InputError: the shape does not fit the catalogue, numbers that are not finite, an unknown kind.
        MachineError: FAISS is missing, or the disk is full.
    """
    faiss = import_faiss()
    check_kind(kind)
    if embeddings.ndim != 2 or len(embeddings) != len(catalogue) or len(embeddings) == 0:
        raise InputError(f"embeddings of shape {embeddings.shape} do not fit a catalogue of {len(catalogue)} products")
    dimension = embeddings.shape[1]
    vector_of_row, first_rows = _distinct(embeddings)
    index = empty_index(faiss, kind, dimension, len(first_rows), connections, construction)
    flat = faiss.IndexFlatIP(dimension) if uses_cells(kind) else index
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(threads)
    try:
        copy = gpu_copy(faiss, index) if gpu and uses_cells(kind) else None
        filled = index if copy is None else copy.index
        if uses_cells(kind):
            filled.train(normalise(embeddings[first_rows[training_rows(len(first_rows), dimension)]]))
        for start in range(0, len(first_rows), _CHUNK):
            vectors = normalise(embeddings[first_rows[start : start + _CHUNK]])
            filled.add(vectors)
            if flat is not index:
                flat.add(vectors)
        if copy is not None:
            index = faiss.index_gpu_to_cpu(filled)
    finally:
        faiss.omp_set_num_threads(before)
    manifest = IndexManifest.describe(kind, dimension, encoder_fingerprint, template, catalogue)
    opened = VectorIndex(index, _exact(faiss, kind, index, flat), vector_of_row, manifest)
    if kind != "flat":
        if queries is None:
            queries = embeddings[first_rows[:: max(1, len(first_rows) // _ASKED)][:_ASKED]]
        cuts = exact_cuts(opened, queries)
        if uses_cells(kind):
            found = probes or choose_probes(opened, queries, cuts, cell_count(len(first_rows)))
            opened.manifest = replace(manifest, probes=found)
        opened.manifest = replace(opened.manifest, recall=round(measured_recall(opened, queries, cuts), 4))
    with atomic_path(path) as temporary:
        temporary.mkdir(parents=True)
        _write(faiss, index, temporary / "index.faiss", path)
        if flat is not index:
            _write(faiss, flat, temporary / "vectors.faiss", path)
        np.save(temporary / "vector_of_row.npy", vector_of_row)
        opened.manifest.write(temporary)
    return opened.manifest


def load_index(path: Path, encoder_fingerprint: str, *, gpu: bool = False) -> VectorIndex:
    """Open an index memory-mapped: processes on one machine share its pages.

    With `gpu` a copy on a GPU, where one works, answers what it can: searches without a filter, but for a graph.

    Raises:
        InputError: another encoder built it.
        MachineError: FAISS is missing, or there is no sound index.
    """
    faiss = import_faiss()
    path = Path(path)
    manifest = IndexManifest.read(path)
    if manifest.kind == "bm25":
        raise MachineError(f"{path} is no vector index but of kind {manifest.kind}")
    manifest.check_encoder(encoder_fingerprint, path)
    try:
        # Only IO_FLAG_MMAP_IFC shares memory between processes. Such an index is read-only: add() would abort the
        # process.
        index = faiss.read_index(str(path / "index.faiss"), faiss.IO_FLAG_MMAP_IFC)
        flat = index
        if uses_cells(manifest.kind):
            flat = faiss.read_index(str(path / "vectors.faiss"), faiss.IO_FLAG_MMAP_IFC)
        vector_of_row = np.load(path / "vector_of_row.npy")
    except (RuntimeError, OSError, ValueError, EOFError) as error:
        raise MachineError(f"the index {path} cannot be read ({_last_line(error)}); build it again") from error
    fits = len(vector_of_row) == manifest.count and index.ntotal == flat.ntotal == vector_of_row.max() + 1
    if not fits or index.d != manifest.dimension:
        raise MachineError(f"the files of the index {path} do not belong together; build it again")
    copy = gpu_copy(faiss, index) if gpu and manifest.kind != "hnsw" else None
    return VectorIndex(index, _exact(faiss, manifest.kind, index, flat), vector_of_row, manifest, copy)


def _distinct(embeddings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each row the number of its vector, and for each vector, in order of appearance, its first row; int64."""
    vector_of_row = np.empty(len(embeddings), dtype=np.int64)
    known: dict[bytes, int] = {}
    first_rows: list[int] = []
    for start in range(0, len(embeddings), _CHUNK):
        for row, vector in enumerate(normalise(np.asarray(embeddings[start : start + _CHUNK])), start=start):
            digest = hashlib.blake2b(vector.tobytes(), digest_size=16).digest()
            if digest not in known:
                first_rows.append(row)
            vector_of_row[row] = known.setdefault(digest, len(known))
    return vector_of_row, np.array(first_rows, dtype=np.int64)


def _exact(faiss: Any, kind: str, index: Any, flat: Any) -> Any:
    """The flat index with the vectors: a graph's own storage."""
    return faiss.downcast_index(index.storage) if kind == "hnsw" else flat


def _write(faiss: Any, index: Any, file: Path, path: Path) -> None:
    try:
        faiss.write_index(index, str(file))
    except RuntimeError as error:
        raise MachineError(f"cannot write {path}: {_last_line(error)}; free space or choose another place") from error


def _last_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[-1]  # FAISS puts its reason last
