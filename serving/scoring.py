"""Any products scored for a query, as the rerank routes ask for it."""

import logging
from collections.abc import Sequence
from functools import partial

import numpy as np

from rerank.types import Reranker
from retrieval.types import Product, Query
from serving.problems import unavailable
from serving.tracing import Tracer
from serving.workers import BoundedWorkers, LateError, StuckError

_log = logging.getLogger("distilrank.serving")

_PART = 512
"""Documents of a rerank request that are scored in one call."""


def score_products(
    reranker: Reranker | None,
    text: str,
    products: Sequence[Product],
    workers: BoundedWorkers,
    hang_ms: float,
    tracer: Tracer,
) -> np.ndarray:
    """float32 scores of shape [len(products)], made on `workers`.

    Raises:
        ProblemError: when there is no reranker, it fails, or it takes longer than `hang_ms` for a part of the products.
    """
    if reranker is None:
        raise unavailable("this server has no reranker")
    if not products:
        return np.zeros(0, dtype=np.float32)
    query = Query("request", text)

    def score(some: Sequence[Product]) -> np.ndarray:
        with tracer.span("rerank", pairs=len(some)):
            scores = np.asarray(reranker.score([(query, product) for product in some]), dtype=np.float32)
        if scores.shape != (len(some),) or not np.isfinite(scores).all():
            raise ValueError("the reranker's scores are too few or not finite")
        return scores

    # In parts of one size, whatever else is going on: long lists take turns, and a part that hangs is given up.
    parts = [products[start : start + _PART] for start in range(0, len(products), _PART)]
    limit = hang_ms / 1000
    try:
        return np.concatenate([workers.run(partial(score, part), limit) for part in parts])
    except (LateError, StuckError):
        raise unavailable("the reranker does not answer in time") from None
    except Exception:
        _log.exception("the reranker failed")
        raise unavailable("the reranker failed") from None
