"""What a cross-encoder can learn before it sees a label: the first stage's own order of a query's products.

Weak supervision (Dehghani et al. 2017, arXiv 1704.08803). A language model's bare weights do not know that two texts
are to be compared, and some thousand judgements hardly teach it; a first stage's scores of mined pairs cost nothing,
and a model that ranks as it does learns from its first label on what the first stage does not know.
"""

from collections.abc import Sequence

import numpy as np

from rerank.training import Group
from retrieval.types import Product, Query

LOSS = "listwise_kl"
"""Scores of a first stage are comparable within a query alone, so what is learnt is the order there."""

SHARPNESS = 2.0
"""A product one standard deviation above another is e² times as likely to be the one that is wanted."""


def weak_group(query: Query, products: Sequence[Product], scores: Sequence[float] | np.ndarray) -> Group:
    """A query's products with the first stage's scores [n], standardised within the query, as logits for `LOSS`.

    Where all scores are the same, there is nothing to prefer, and all logits are 0.
    """
    values = np.asarray(scores, dtype=np.float64)
    spread = float(values.std())
    logits = SHARPNESS * (values - values.mean()) / spread if spread > 0 else np.zeros(len(values))
    return Group(query, products, logits.astype(np.float32))
