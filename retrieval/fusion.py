"""Several rankings of one query as one, by their scores or by their ranks.

"scores": the sum of the scores, each brought to [0, 1] between its `floor` (the least a score can be: 0 for BM25, −1
for a cosine) and the query's best (the convex combination of Bruch, Gai and Ingber, arXiv 2210.11934, in equal shares).
A product that a ranking does not hold counts with its last hit, or with the floor where the ranking ran out of hits.

"ranks": the sum of 1 / (60 + rank), reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009); equal scores
share their mean rank, and a product that a ranking does not hold gets nothing from it.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from scipy.stats import rankdata

from retrieval.top_k import top_k
from retrieval.types import Hit, Products

Fusion = Literal["scores", "ranks"]

BM25_FLOOR, COSINE_FLOOR = 0.0, -1.0


def fuse(
    lists: Sequence[Sequence[Hit]], floors: Sequence[float], catalogue: Products, fusion: Fusion, k: int, depth: int
) -> list[Hit]:
    """The best `k` of the rankings' hits, best first, ties in catalogue order; `depth` hits were asked of each."""
    ids = sorted({hit.product_id for hits in lists for hit in hits}, key=catalogue.row)
    place = {product_id: i for i, product_id in enumerate(ids)}
    fused = np.zeros(len(ids))
    for hits, floor in zip(lists, floors, strict=True):
        shares = _shares([hit.score for hit in hits], floor, fusion)
        cut_off = fusion == "scores" and len(hits) == depth
        column = np.full(len(ids), shares[-1] if cut_off else 0.0)
        column[[place[hit.product_id] for hit in hits]] = shares
        fused += column
    fused = fused.astype(np.float32)
    return [Hit(ids[i], float(fused[i])) for i in top_k(fused, k).tolist()]


def fuse_scores(parts: Sequence[Sequence[float]], floors: Sequence[float], fusion: Fusion) -> list[float]:
    """The fusion of the parts' scores of the same products, by place: a product's depends on the others given."""
    shares = [_shares(scores, floor, fusion) for scores, floor in zip(parts, floors, strict=True)]
    return np.sum(shares, axis=0).astype(np.float32).tolist()


def _shares(scores: Sequence[float], floor: float, fusion: Fusion) -> np.ndarray:
    if not len(scores):
        return np.zeros(0)
    if fusion == "ranks":
        return 1.0 / (60.0 + rankdata(-np.asarray(scores, dtype=np.float32)))
    values = np.asarray(scores, dtype=np.float64) - floor  # from the floor (0) to their best (1)
    best = values.max(initial=0.0)
    return values / best if best > 0 else np.zeros(len(values))
