"""The measures of a ranking, per query, computed by ir_measures.

nDCG is that of Järvelin and Kekäläinen (TOIS 2002) with linear gain and log2 discount, as in trec_eval: the sum of
gain / log2(rank + 1), over the same sum for the best order of all that is judged. R@k is the share of a query's
relevant products that are among the first k, RR is one over the rank of the first relevant product (0 without one),
Judged@k the share of the first k, or of all where a list is shorter, that was judged. Unjudged products gain 0.
"""

import re
from collections.abc import Mapping, Sequence

import ir_measures

from eval.errors import InputError
from eval.trec import Qrels, Run, ranking

_NAME = re.compile(r"(?P<base>nDCG|RR|R(?=@)|Judged)(@(?P<cutoff>[1-9][0-9]*))?")


def per_query(
    qrels: Qrels, run: Run, measures: Sequence[str], *, relevant_gain: int | None = None
) -> dict[str, dict[str, float]]:
    """Each measure's value in [0, 1] for each query it is defined for: measure name → query id → value.

    Names are `nDCG`, `nDCG@k`, `R@k`, `RR`, `RR@k`, `Judged`, `Judged@k`. To R and RR, which cannot do
    without it, a product is relevant from the gain `relevant_gain` upwards.

    - A query of `qrels` that `run` misses, or has no products for, counts 0. Queries that only `run` has are ignored.
    - A query without a product of positive gain has no nDCG, one without a relevant product no R and no RR: no ranking
      could do well or badly there, so it is left out, whatever the run. Judged has a value for every query of `qrels`.
    - Products are ordered by `eval.trec.ranking`. ir_measures' providers break ties by different rules (trec_eval
      by falling id on float32, the others by rising id on float64), so each is given ranks in place of scores.

    Raises:
        InputError: an unknown measure, R or RR without `relevant_gain`, or a NaN score.
    """
    parsed = {name: _parse(name, relevant_gain) for name in measures}
    judged = {query: {product: int(gain) for product, gain in products.items()} for query, products in qrels.items()}
    ranked = {query: _ranks(run[query]) for query in judged if run.get(query)}
    values: dict[str, dict[str, float]] = {name: {} for name in parsed}
    found = {  # ir_measures gives 0 to a query that it finds in `judged` alone
        (metric.measure, metric.query_id): float(metric.value)
        for metric in ir_measures.iter_calc(list(parsed.values()), judged, ranked)
    }
    for name, measure in parsed.items():
        least = {"nDCG": 1, "R": relevant_gain, "RR": relevant_gain}.get(str(measure.NAME))
        for query, products in judged.items():
            if least is None or any(gain >= least for gain in products.values()):
                values[name][query] = found[measure, query]
    return values


def judged_only(run: Run, qrels: Qrels) -> Run:
    """The run without unjudged products, the judged ones in the same order (the condensed list of Sakai, SIGIR 2007).

    Queries without judgements are dropped; a judged query keeps its place even when no product of its list is judged.
    """
    return {
        query: {product: score for product, score in scores.items() if product in qrels[query]}
        for query, scores in run.items()
        if query in qrels
    }


def _parse(name: str, relevant_gain: int | None) -> ir_measures.Measure:
    match = _NAME.fullmatch(name)
    if not match:
        raise InputError(f"unknown measure {name!r}; known are nDCG@k, R@k, RR, RR@k and Judged@k, as in nDCG@10")
    # Not ir_measures.parse_measure: it reads ast.Num, which Python 3.12 deprecates and 3.14 lacks.
    measure = getattr(ir_measures, match["base"])
    if match["base"] in ("R", "RR"):
        if relevant_gain is None or relevant_gain < 1:
            raise InputError(f"{name} needs the smallest gain that is relevant, 1 or more, not {relevant_gain}")
        measure = measure(rel=relevant_gain)
    return measure @ int(match["cutoff"]) if match["cutoff"] else measure


def _ranks(scores: Mapping[str, float]) -> dict[str, float]:
    ordered = ranking(scores)
    return {product: float(len(ordered) - place) for place, product in enumerate(ordered)}
