"""How much the teacher says in the score table, beside the student: chosen on dev queries.

The share is the one that ranks them best over the full catalogue once the pipeline has blended the mixture with the
first stage. Each query is asked of the chain that held it out.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from eval.bootstrap import Interval, paired_interval
from eval.measures import per_query
from eval.trec import Qrels
from rerank.blend import blend
from rerank.student import Student
from retrieval.catalogue import Catalogue
from retrieval.types import Query, Retriever
from workflow.config.run import Config
from workflow.run.chains import chains
from workflow.run.directory import Chain, RunDirectory
from workflow.run.prepared import Prepared
from workflow.run.progress import Report
from workflow.stages.open_teacher import Ranker, open_teacher

_SHARES = tuple(step / 10 for step in range(11))
_QUERIES = 300


class ShareFit(NamedTuple):
    """The teacher's share, from 0 to 1, the mean of `measure` at each share tried, and the gain of the chosen one over
    the student alone (share 0), on the very dev queries that chose it."""

    share: float
    curve: tuple[tuple[float, float], ...]
    gain: Interval
    measure: str


def fit_share(
    config: Config, prepared: Prepared, run: RunDirectory, first: Retriever, weight: float, report: Report
) -> ShareFit:
    """Try eleven shares on at most 300 dev queries; on a tie the larger wins. `weight`: the pipeline's blend weight."""
    made = chains(config, prepared, run)
    dealt = [(number, query_id) for number, chain in enumerate(made) for query_id in chain.dev_ids]
    picked = np.sort(np.random.default_rng(config.seed).permutation(len(dealt))[:_QUERIES]).tolist()
    lists: list[tuple[str, list[str], np.ndarray, np.ndarray, np.ndarray]] = []
    for number, chain in enumerate(made):
        models = None
        for query_id in (query_id for owner, query_id in (dealt[place] for place in picked) if owner == number):
            models = models or both_models(config, prepared, run, chain)
            query = prepared.queries[query_id]
            hits = first.search([query], config.measure.window)[0]
            rows = [prepared.catalogue.row(hit.product_id) for hit in hits]
            teacher, student = score_both([query], [rows], prepared.catalogue, models)[0]
            if np.isfinite(teacher).all():
                ours = np.array([hit.score for hit in hits], dtype=np.float32)
                lists.append((query_id, [hit.product_id for hit in hits], ours, teacher, student))
            report(len(lists), len(picked))
    qrels: Qrels = {query_id: prepared.qrels[query_id] for query_id, *_ in lists}
    measure = f"nDCG@{config.measure.cutoff}"
    values: dict[float, Mapping[str, float]] = {}
    for share in _SHARES:
        ranked = {
            query_id: _places(ids, blend(ours, blend(student, teacher, share), weight))
            for query_id, ids, ours, teacher, student in lists
        }
        values[share] = per_query(qrels, ranked, [measure])[measure]
    curve = tuple((share, float(np.mean(list(value.values())))) for share, value in values.items())
    best = max(mean for _, mean in curve)
    chosen = max(share for share, mean in curve if mean >= best - 1e-9)
    gain = paired_interval(values[chosen], values[0.0], seed=config.seed)
    return ShareFit(chosen, curve, gain, f"{measure}, full catalogue")


def both_models(config: Config, prepared: Prepared, run: RunDirectory, chain: Chain) -> tuple[Ranker, Student]:
    """A chain's teacher, and its student in the float32 that its scores are ranked in."""
    return open_teacher(config, prepared, run, chain.teacher), Student.load(chain.student)


def score_both(
    queries: Sequence[Query], rows: Sequence[Sequence[int]], catalogue: Catalogue, models: tuple[Ranker, Student]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """The teacher's and the student's float32 scores of each query's rows, batched across queries; NaN where the
    teacher failed."""
    products = iter(catalogue.products([row for some in rows for row in some]))
    pairs = [(query, next(products)) for query, some in zip(queries, rows, strict=True) for _ in some]
    labels = np.array([label.score for label in models[0].label(pairs)], dtype=np.float32)
    scores = models[1].score(pairs)
    ends = np.cumsum([len(some) for some in rows], dtype=np.int64)
    own = [slice(end - len(some), end) for some, end in zip(rows, ends, strict=True)]
    return [(labels[part], scores[part]) for part in own]


def _places(ids: Sequence[str], scores: np.ndarray) -> dict[str, float]:
    """A run of places, ties in the given order, as the pipeline's rankings."""
    order = np.argsort(-scores, kind="stable").tolist()
    return {ids[at]: float(len(ids) - place) for place, at in enumerate(order)}
