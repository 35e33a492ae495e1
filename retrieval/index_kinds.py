"""The kinds of vector index, what each is made of, and which one a catalogue's size asks for.

| kind | finds | memory a vector of d numbers |
|---|---|---|
| flat | exactly, comparing with every vector | 4d bytes |
| hnsw | by a graph of neighbours (Malkov and Yashunin, arXiv 1603.09320) | 4d + some 280 bytes |
| ivf_flat | in the nearest of many cells (inverted lists) | 4d + 8 bytes |
| ivf_pq | in the nearest cells, by codes after a rotation (Jégou et al. 2011; OPQ, Ge et al. 2013) | d/8 + 8 bytes |

Both cell kinds keep the vectors themselves in a file of their own, read only where a proposal is scored anew.
"""

import math
from typing import Any, Literal, get_args

import numpy as np

from eval.errors import InputError

Kind = Literal["flat", "hnsw", "ivf_flat", "ivf_pq"]
KINDS: tuple[Kind, ...] = get_args(Kind)

FLAT_UP_TO = 50_000
"""Products up to which `auto` compares with every vector: milliseconds, and exact."""
IVF_FLAT_UP_TO = 2_000_000
"""Products up to which `auto` keeps whole vectors in its cells; beyond, codes: memory decides."""

_POINTS_A_CELL = 39  # fewer, and FAISS warns that k-means has too little to go by
_SAMPLE_A_CELL = 64  # vectors that training looks at, for each cell
_CODE_CENTROIDS = 256
_DIMENSIONS_A_CODE = 8
_ROTATION_ROUNDS = 20


def choose_kind(wanted: Kind | Literal["auto"], count: int) -> Kind:
    """`wanted`, or for "auto" the kind for so many products."""
    if wanted != "auto":
        return wanted
    if count <= FLAT_UP_TO:
        return "flat"
    return "ivf_flat" if count <= IVF_FLAT_UP_TO else "ivf_pq"


def check_kind(kind: str) -> None:
    """Refuse what is none.

    Raises:
        InputError: always then.
    """
    if kind not in KINDS:
        raise InputError(f"index kind {kind!r} is unknown; expected {', '.join(KINDS[:-1])} or {KINDS[-1]}")


def uses_cells(kind: str) -> bool:
    """Whether the kind looks into a number of cells, and must be trained."""
    return kind in ("ivf_flat", "ivf_pq")


def empty_index(faiss: Any, kind: Kind, dimension: int, count: int, connections: int, construction: int) -> Any:
    """An index without vectors, for `count` of them; those with cells are not trained yet."""
    if kind == "flat":
        return faiss.IndexFlatIP(dimension)
    if kind == "hnsw":
        index = faiss.IndexHNSWFlat(dimension, connections, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = construction
        return index
    cells, centres = cell_count(count), faiss.IndexFlatIP(dimension)
    if kind == "ivf_flat":
        index = faiss.IndexIVFFlat(centres, dimension, cells, faiss.METRIC_INNER_PRODUCT)
        index.cp.spherical = True
        return index
    codes, bits = _codes(dimension), _bits(count)
    coded = faiss.IndexIVFPQ(centres, dimension, cells, codes, bits, faiss.METRIC_INNER_PRODUCT)
    coded.cp.spherical = True
    rotation = faiss.OPQMatrix(dimension, codes, dimension)
    rotation.niter = _ROTATION_ROUNDS
    rotation.pq = faiss.ProductQuantizer(dimension, codes, bits)
    return faiss.IndexPreTransform(rotation, coded)


def cell_count(count: int) -> int:
    """4 √count cells, but for small catalogues as many as can be trained."""
    return max(1, min(round(4 * math.sqrt(count)), count // _POINTS_A_CELL))


def training_rows(count: int, dimension: int, seed: int = 0) -> np.ndarray:
    """Which of `count` vectors training looks at: int64, ascending, and from the start again where they are few.

    With fewer vectors than dimensions FAISS (1.15) writes beyond its memory when it learns a rotation.
    """
    size = min(count, max(_SAMPLE_A_CELL * cell_count(count), _POINTS_A_CELL * _CODE_CENTROIDS))
    rows = np.sort(np.random.default_rng(seed).choice(count, size=size, replace=False))
    return np.resize(rows, max(size, 2 * dimension))


def search_parameters(faiss: Any, kind: str, breadth: int, selector: Any) -> Any:
    """FAISS's parameters: `breadth` is the neighbours kept in view (hnsw) or the cells looked into."""
    if kind == "hnsw":
        return faiss.SearchParametersHNSW(efSearch=breadth, sel=selector)
    cells = faiss.SearchParametersIVF(nprobe=breadth, sel=selector)
    return cells if kind == "ivf_flat" else faiss.SearchParametersPreTransform(index_params=cells)


def _codes(dimension: int) -> int:
    """Parts of a vector that get a code each: the most that divide it and have 8 numbers or more."""
    most = max(1, dimension // _DIMENSIONS_A_CODE)
    return next(codes for codes in range(most, 0, -1) if dimension % codes == 0)


def _bits(count: int) -> int:
    """Bits of a code: 8, but for small catalogues no more centroids than can be trained."""
    return max(1, min(8, int(math.log2(max(2, count // _POINTS_A_CELL)))))
