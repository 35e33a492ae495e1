"""The vector index on disk: FAISS, memory-mapped when opened, never changed once built."""

import hashlib
from pathlib import Path
from typing import Literal

import numpy as np

from eval.errors import InputError, MachineError
from eval.files import atomic_path
from retrieval.catalogue import Catalogue
from retrieval.index_manifest import IndexManifest
from retrieval.product_text import ProductTemplate
from retrieval.vector_index import VectorIndex, import_faiss, normalise

Kind = Literal["flat", "hnsw"]

_CHUNK = 8192  # rows held in memory at once


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
) -> None:
    """Write the directory `path` (index.faiss, vector_of_row.npy, manifest.json), whole or not at all.

    Products with the same vector share one entry: many copies in a graph have only each other for neighbours, and a
    search that meets them finds nothing else (measured: recall .76 with 400 copies among 3,000 vectors, 1.00 so).

    Args:
        embeddings: float32 [len(catalogue), dim], of any length: they are normalised here.
        kind: "flat" compares with every vector, exactly; "hnsw" walks a graph of neighbours (Malkov and Yashunin,
            arXiv 1603.09320), approximately, much faster from about 100,000 products on.
        connections, construction: HNSW's M and efConstruction.
        threads: for building the graph. With one, the same vectors give the same graph; with more it varies from run to
            run.

    Raises:
        InputError: the shape does not fit the catalogue, numbers that are not finite, an unknown kind.
        MachineError: FAISS is missing, or the disk is full.
    """
    faiss = import_faiss()
    if kind not in ("flat", "hnsw"):
        raise InputError(f"index kind {kind!r} is unknown; expected flat or hnsw")
    if embeddings.ndim != 2 or len(embeddings) != len(catalogue) or len(embeddings) == 0:
        raise InputError(f"embeddings of shape {embeddings.shape} do not fit a catalogue of {len(catalogue)} products")
    dimension = embeddings.shape[1]
    if kind == "flat":
        index = faiss.IndexFlatIP(dimension)
    else:
        index = faiss.IndexHNSWFlat(dimension, connections, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = construction
    vector_of_row = np.empty(len(embeddings), dtype=np.int64)
    known: dict[bytes, int] = {}
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(threads)
    try:
        for start in range(0, len(embeddings), _CHUNK):
            vectors = normalise(np.asarray(embeddings[start : start + _CHUNK]))
            new = []
            for place, vector in enumerate(vectors):
                digest = hashlib.blake2b(vector.tobytes(), digest_size=16).digest()
                if digest not in known:
                    new.append(place)
                vector_of_row[start + place] = known.setdefault(digest, len(known))
            index.add(vectors[new])
    finally:
        faiss.omp_set_num_threads(before)
    with atomic_path(path) as temporary:
        temporary.mkdir(parents=True)
        try:
            faiss.write_index(index, str(temporary / "index.faiss"))
        except RuntimeError as error:
            raise MachineError(
                f"cannot write {path}: {_last_line(error)}; free space or choose another place"
            ) from error
        np.save(temporary / "vector_of_row.npy", vector_of_row)
        IndexManifest.describe(kind, dimension, encoder_fingerprint, template, catalogue).write(temporary)


def load_index(path: Path, encoder_fingerprint: str) -> VectorIndex:
    """Open an index memory-mapped: processes on one machine share its pages.

    Raises:
        InputError: another encoder built it.
        MachineError: FAISS is missing, or there is no sound index.
    """
    faiss = import_faiss()
    path = Path(path)
    manifest = IndexManifest.read(path)
    if manifest.kind not in ("flat", "hnsw"):
        raise MachineError(f"{path} is no vector index but of kind {manifest.kind}")
    manifest.check_encoder(encoder_fingerprint, path)
    try:
        # Only IO_FLAG_MMAP_IFC shares memory between processes. Such an index is read-only: add() would abort the
        # process.
        index = faiss.read_index(str(path / "index.faiss"), faiss.IO_FLAG_MMAP_IFC)
        vector_of_row = np.load(path / "vector_of_row.npy")
    except (RuntimeError, OSError, ValueError, EOFError) as error:
        raise MachineError(f"the index {path} cannot be read ({_last_line(error)}); build it again") from error
    fits = len(vector_of_row) == manifest.count and index.ntotal == vector_of_row.max() + 1
    if not fits or index.d != manifest.dimension:
        raise MachineError(f"the files of the index {path} do not belong together; build it again")
    return VectorIndex(index, vector_of_row, manifest)


def _last_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[-1]  # FAISS puts its reason last
