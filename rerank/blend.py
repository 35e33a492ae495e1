"""First-stage and reranker scores blended, each normalised within its query, and the weight fitted on dev queries.

Scores are standardised (less their mean, over their standard deviation): a student trained on margins has an arbitrary
shift for each query, first stages have scales of their own, and a single far outlier moves a standard deviation less
than it moves the range that min-max scaling divides by.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval.errors import InputError
from eval.trec import Qrels, Run


@dataclass(frozen=True)
class BlendFit:
    """A fitted weight.

    `weight` is the reranker's share in [0, 1], `value` the mean of `measure` it reaches over `queries` dev queries, and
    `curve` holds each weight tried with its mean, from the first stage alone (0) to the reranker alone (1).
    """

    weight: float
    measure: str
    value: float
    queries: int
    curve: tuple[tuple[float, float], ...]


def normalise(scores: Sequence[float] | np.ndarray) -> np.ndarray:
    """The scores of one query's candidates with mean 0 and standard deviation 1, float64 of shape [n].

    A list of equal scores (a single candidate, too) says nothing about order and becomes zeros.

    Raises:
        InputError: when a score is NaN or infinite.
    """
    values = np.asarray(scores, dtype=np.float64)
    if not np.isfinite(values).all():
        bad = values[~np.isfinite(values)][0]
        raise InputError(f"scores to blend must be finite, one is {bad}; look at the model or the index it came from")
    if values.size == 0 or values.max() == values.min():
        return np.zeros_like(values)
    centred = values - values.mean()
    # Scaled first: squares of very small or very large scores would leave the range of a float.
    centred /= np.abs(centred).max()
    return centred / centred.std()


def check_weight(weight: float) -> float:
    """The weight itself when it lies in [0, 1].

    Raises:
        InputError: when it does not.
    """
    if not 0.0 <= weight <= 1.0:
        raise InputError(f"a blend weight is the reranker's share, from 0 to 1, not {weight}")
    return float(weight)


def blend(first: Sequence[float] | np.ndarray, second: Sequence[float] | np.ndarray, weight: float) -> np.ndarray:
    """`weight` of the normalised second scores and the rest of the normalised first, for one query; float32 [n].

    Raises:
        InputError: for scores that are not finite, lists of unlike lengths, or a weight outside [0, 1].
    """
    check_weight(weight)
    if len(first) != len(second):
        raise InputError(f"cannot blend {len(first)} first-stage scores with {len(second)} reranker scores")
    return ((1.0 - weight) * normalise(first) + weight * normalise(second)).astype(np.float32)


def within_error(values: np.ndarray) -> np.ndarray:
    """The places of the columns of `values` [queries, columns] whose mean is within one standard error of the best's:
    that of their paired differences to it, after Breiman et al. 1984, ch. 3."""
    means = values.mean(axis=0)
    behind = values[:, [means.argmax()]] - values
    error = behind.std(axis=0, ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.zeros(len(means))
    # Sums of the same values in another order differ in the last bits; such columns are tied.
    return np.flatnonzero(means >= means.max() - error - 1e-9)


def fit_weight(first: Run, second: Run, qrels: Qrels, *, measure: str = "nDCG@10", steps: int = 20) -> BlendFit:
    """The middle of the weights whose mean of `measure` on dev queries is within one standard error of the best.

    Of `steps` + 1 evenly spaced from 0 to 1. The mean hardly changes over most weights, and which one has the best over
    a hundred queries is chance: the best ones of two halves of dev often lie far apart. So dev says what is clearly
    worse (`within_error`), and the one of the rest that is nearest to their mean is taken. Each query's products are
    those that both runs score.

    Raises:
        InputError: when no judged query is in both runs, or a query's two runs score different products.
    """
    from eval.measures import per_query  # here, so that serving and labelling import no evaluation library

    queries = sorted(qrels.keys() & first.keys() & second.keys())
    if not queries:
        raise InputError(
            "no dev query has judgements, first-stage scores and reranker scores: nothing to fit a blend on"
        )
    lists = []
    for query in queries:
        products = sorted(first[query])
        if first[query].keys() != second[query].keys():
            raise InputError(
                f"query {query!r}: the first stage scores {len(first[query])} products and the reranker "
                f"{len(second[query])}, or others; score the same candidates with both"
            )
        ours, theirs = (np.array([run[query][product] for product in products]) for run in (first, second))
        lists.append((query, products, ours, theirs))
    judged = {query: qrels[query] for query in queries}
    weights = [step / steps for step in range(steps + 1)]
    columns = []
    for weight in weights:
        run = {
            query: dict(zip(products, blend(ours, theirs, weight).tolist(), strict=True))
            for query, products, ours, theirs in lists
        }
        columns.append(list(per_query(judged, run, [measure])[measure].values()))
    values = np.array(columns).T  # [queries, weights]
    means = values.mean(axis=0) if len(values) else np.zeros(len(weights))
    near = within_error(values) if len(values) else np.arange(len(weights))
    chosen = near[::-1][np.abs(near[::-1] - near.mean()).argmin()]  # of two that are as near, the reranker's
    return BlendFit(
        weights[chosen], measure, float(means[chosen]), len(values), tuple(zip(weights, means.tolist(), strict=True))
    )
