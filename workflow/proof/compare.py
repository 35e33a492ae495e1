"""Two measured runs against each other, on the queries that both were measured on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.comparison import Compared, compare_runs
from eval.errors import InputError
from eval.measures import judged_only, per_query
from eval.segments import Segment
from retrieval.data.tables import Table
from workflow.measure.segmentation import text_segments
from workflow.proof.measured_run import MeasuredRun, ReadMode, open_measured


@dataclass(frozen=True)
class RunComparison:
    """Everything that was compared; `left_out`: queries by why they could not be."""

    measure: str
    mode: ReadMode
    queries: int
    left_out: dict[str, int]
    rows: list[Compared]
    alpha: float
    margin: float

    @property
    def worse(self) -> list[Compared]:
        """Where the second run is worse."""
        return [row for row in self.rows if row.verdict == "worse"]

    def to_json(self) -> dict[str, Any]:
        """As plain dicts, lists, numbers and text."""
        return {
            **self.__dict__,
            "rows": [row.to_json() for row in self.rows],
            "worse": [{"system": row.system, "segment": row.segment} for row in self.worse],
        }


def compare(
    a: Path,
    b: Path,
    *,
    qrels: Path | None,
    queries: Path | None,
    systems: Sequence[str],
    mode: ReadMode,
    cutoff: int,
    margin: float,
    alpha: float,
    seed: int,
) -> RunComparison:
    """Compare run b to run a by nDCG, on all queries and in a's segments.

    A query counts where both runs were measured on it by the same judgements.

    Raises:
        InputError: when a run cannot be read, or no query is left.
    """
    first, second = (open_measured(path, qrels, systems, mode) for path in (a, b))
    both = [i for i in first.qrels if first.qrels[i] == second.qrels.get(i)]
    common = {i: first.qrels[i] for i in both}
    left_out = {
        "measured in one run only": len(first.qrels.keys() ^ second.qrels.keys()),
        "judged otherwise in the two runs": len(first.qrels.keys() & second.qrels.keys()) - len(both),
    }
    if not common:
        raise InputError(
            f"{a} and {b} share no query with the same judgements ({left_out}); measure both on the same data"
        )
    ours, theirs = (_values(run, common, mode, cutoff) for run in (first, second))
    segments = first.segments if queries is None else _segments(queries, both)
    rows = compare_runs(ours, theirs, segments, seed=seed, alpha=alpha, margin=margin)
    return RunComparison(f"nDCG@{cutoff}", mode, len(common), left_out, rows, alpha, margin)


def _values(
    run: MeasuredRun, qrels: dict[str, dict[str, int]], mode: ReadMode, cutoff: int
) -> dict[str, dict[str, float]]:
    name, found = f"nDCG@{cutoff}", {}
    for system, ranking in run.runs.items():
        counted = judged_only(ranking, qrels) if mode == "judged-only" else ranking
        found[system] = per_query(qrels, counted, [name])[name]
    return found


def _segments(path: Path, query_ids: Sequence[str]) -> list[Segment]:
    """What a query's text alone says, for the queries of a table."""
    texts = {row[0]: row[1] or "" for _, row in Table(path).rows(["query_id", "query"]) if row[0]}
    return text_segments({i: texts[i] for i in query_ids if i in texts})
