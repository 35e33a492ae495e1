"""How close an exported student is to the one it was made of, query by query."""

from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from eval.trec import Qrels, Run

LARGEST_LOSS = 0.01
"""An export may lose this share of the student's nDCG, no more."""


@dataclass(frozen=True)
class Parity:
    """An export against its student over the same candidates; means over `queries`.

    `loss` is the share of the student's nDCG that is lost (negative when gained); `kendall_tau` and `top_overlap` (the
    share of the first `cutoff` places with the same products) compare the rankings; `ties` is the share of products
    whose exported score another product of the query has too, `student_ties` the same of the student.
    """

    queries: int
    pairs: int
    cutoff: int
    student_ndcg: float
    exported_ndcg: float
    kendall_tau: float
    top_overlap: float
    largest_difference: float
    mean_difference: float
    ties: float
    student_ties: float

    @property
    def loss(self) -> float:
        """The share of the student's nDCG that is lost."""
        return 1.0 - self.exported_ndcg / self.student_ndcg if self.student_ndcg else 0.0

    @property
    def passed(self) -> bool:
        """Whether the export may be served."""
        return self.loss <= LARGEST_LOSS

    def to_json(self) -> dict[str, Any]:
        """All of it, for the manifest."""
        return {**asdict(self), "loss": self.loss, "passed": self.passed}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Parity":
        """What `to_json` gave."""
        return cls(**{field.name: stored[field.name] for field in fields(cls)})

    def text(self) -> str:
        """One line."""
        return (
            f"nDCG@{self.cutoff} {self.exported_ndcg:.4f}, the float32 student's {self.student_ndcg:.4f} "
            f"({-100 * self.loss:+.2f} %) over {self.queries:,} queries and {self.pairs:,} judged pairs; Kendall's tau "
            f"{self.kendall_tau:.4f}, the same first {self.cutoff} for {100 * self.top_overlap:.1f} %; largest score "
            f"difference {self.largest_difference:.4f}, mean {self.mean_difference:.4f}; ties {100 * self.ties:.2f} % "
            f"(student {100 * self.student_ties:.2f} %)"
        )


def compare(student: Run, exported: Run, qrels: Qrels, cutoff: int = 10) -> Parity:
    """Compare two rerankers' scores of the same judged products.

    Args:
        student, exported: scores by query and product, the same keys in both, two products a query at least.
        qrels: the gains.
    """
    from eval.measures import per_query  # here, so that serving imports no evaluation library

    measure = f"nDCG@{cutoff}"
    chosen = {query_id: qrels[query_id] for query_id in student}
    ndcg = [float(np.mean(list(per_query(chosen, run, [measure])[measure].values()))) for run in (student, exported)]
    taus, overlaps, differences, ties, student_ties = [], [], [], [], []
    for query_id, scores in student.items():
        one = np.array(list(scores.values()), dtype=np.float32)
        two = np.array([exported[query_id][product_id] for product_id in scores], dtype=np.float32)
        taus.append(kendalltau(one, two).statistic)
        best = [set(np.argsort(-values, kind="stable")[:cutoff].tolist()) for values in (one, two)]
        overlaps.append(len(best[0] & best[1]) / min(cutoff, len(one)))
        differences.append(np.abs(one - two))
        ties.append(_tied(two))
        student_ties.append(_tied(one))
    every = np.concatenate(differences)
    return Parity(
        queries=len(student),
        pairs=len(every),
        cutoff=cutoff,
        student_ndcg=ndcg[0],
        exported_ndcg=ndcg[1],
        kendall_tau=float(np.nanmean(taus)),
        top_overlap=float(np.mean(overlaps)),
        largest_difference=float(every.max()),
        mean_difference=float(every.mean()),
        ties=float(np.concatenate(ties).mean()),
        student_ties=float(np.concatenate(student_ties).mean()),
    )


def _tied(scores: np.ndarray) -> np.ndarray:
    """Which scores occur more than once."""
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    return counts[places] > 1
