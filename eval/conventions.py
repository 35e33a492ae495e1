"""One run's nDCG as several tools compute it, and why they differ.

Every tool is written down as its settings (`Convention`). The way from our own settings to a tool's is walked one
setting at a time; what each step moves is that setting's share, and the shares add up to the whole difference. A share
depends on the order of the steps, which is fixed: that of the fields of `Convention`.
"""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from eval.dcg import dcg
from eval.errors import InputError
from eval.trec import Qrels, Run, ranking

ESCI_GAINS = frozenset({100, 10, 1, 0})


@dataclass(frozen=True)
class Convention:
    """The settings of an nDCG; the discount is log2(rank + 1) in all of them.

    `gains`: "given" in the judgements; "swapped": ESCI's with those of S and C exchanged; "exponential": 2^level − 1,
    where the scale's gains have the levels 0 (for gain 0), 1, 2, ….
    `unjudged` products keep their place and gain 0, or are dropped first. `cutoff`: None for all ranks.
    `ideal`: the best order of all that is "judged"; of the judged "cut to the list's length"; of the "retrieved" alone.
    `ties`: products of equal score in trec_eval's order (ids from Z to A), or "averaged" over all their orders.
    `no_results`: judged queries that the run lacks. `no_gain`: queries where nothing (of the ideal) gains anything.
    `decimals`: each query's value is rounded to so many before the mean is taken; None: it is not.
    """

    tool: str
    gains: Literal["given", "swapped", "exponential"] = "given"
    unjudged: Literal["gain 0", "dropped"] = "gain 0"
    cutoff: int | None = 10
    ideal: Literal["judged", "cut to the list's length", "retrieved"] = "judged"
    ties: Literal["by id", "averaged"] = "by id"
    no_results: Literal["count 0", "left out"] = "count 0"
    no_gain: Literal["left out", "count 0"] = "left out"
    decimals: int | None = None


class Step(NamedTuple):
    """One setting on the way to a tool: what changes, and what that moves the mean by."""

    reason: str
    size: float


@dataclass(frozen=True)
class Reconciled:
    """A tool's mean over its `queries`, and the steps that add up to its difference to the first tool of the list."""

    convention: Convention
    value: float
    queries: int
    steps: tuple[Step, ...]

    @property
    def difference(self) -> float:
        return sum(step.size for step in self.steps)

    def to_json(self) -> dict[str, Any]:
        """As plain dicts, lists, numbers and text."""
        return {
            "tool": self.convention.tool,
            "value": self.value,
            "queries": self.queries,
            "difference": self.difference,
            "steps": [step._asdict() for step in self.steps],
        }


def conventions(cutoff: int | None, *, judged_only: bool) -> list[Convention]:
    """Our own convention first, then the tools', as their sources have them.

    - trec_eval (m_ndcg_cut.c) and ir_measures, which calls it: queries without any gain count 0. Without -c, queries
      without results are left out; -J drops unjudged products. With -q it prints four decimals a query.
    - Amazon's ESCI baseline (amazon-science/esci-data, ranking/prepare_trec_eval_files.py and
      launch-predictions-task1.sh): its map of labels and its map of gains, put together, give S .01 and C .1, where the
      paper has S .1 and C .01; -c -J, all ranks.
    - gdeval (TREC Web track, version 1.2): 2^rel − 1, five decimals a query; queries without results or gain left out.
    - Elasticsearch and OpenSearch rank_eval (DiscountedCumulativeGain.java, normalize): 2^rating − 1, the ideal cut to
      the number of hits.
    - scikit-learn (ndcg_score) sees the list it is given and nothing else, and averages over ties.
    """
    unjudged: Literal["gain 0", "dropped"] = "dropped" if judged_only else "gain 0"
    at = "" if cutoff is None else f"@{cutoff}"
    return [
        Convention(f"distilrank, nDCG{at}", unjudged=unjudged, cutoff=cutoff),
        Convention("trec_eval -c; ir_measures", cutoff=cutoff, no_gain="count 0"),
        Convention("trec_eval -c -J", unjudged="dropped", cutoff=cutoff, no_gain="count 0"),
        Convention("trec_eval", cutoff=cutoff, no_results="left out", no_gain="count 0"),
        Convention("trec_eval -c -q, its lines averaged", cutoff=cutoff, no_gain="count 0", decimals=4),
        Convention("Amazon's ESCI script", gains="swapped", unjudged="dropped", cutoff=None, no_gain="count 0"),
        Convention("gdeval", gains="exponential", cutoff=cutoff, no_results="left out", decimals=5),
        Convention(
            "Elasticsearch rank_eval",
            gains="exponential",
            cutoff=cutoff,
            ideal="cut to the list's length",
            no_gain="count 0",
        ),
        Convention(
            "scikit-learn ndcg_score",
            cutoff=cutoff,
            ideal="retrieved",
            ties="averaged",
            no_results="left out",
            no_gain="count 0",
        ),
    ]


def reconcile(qrels: Qrels, run: Run, tools: Sequence[Convention], scale: Collection[int] = ()) -> list[Reconciled]:
    """Each tool's mean nDCG of the run, and the way to it from the first of `tools`.

    `scale` are the gains of the judgements' scale; without it those that occur, or ESCI's where these are among them.
    A tool with "swapped" gains is left out where the judgements' gains are not ESCI's.

    Raises:
        InputError: when run and judgements share no query, or a tool counts no query at all.
    """
    if not qrels.keys() & run.keys():
        raise InputError(f"the run has none of the {len(qrels)} judged queries; check that both use the same ids")
    gains = _scale(qrels, scale)
    lists = {query: _ranked(run.get(query, {}), judged) for query, judged in qrels.items()}
    found = []
    for tool in tools:
        if tool.gains == "swapped" and not set(gains) <= ESCI_GAINS:
            continue
        here, steps = tools[0], []
        before = _mean(lists, here, gains)[0]
        for name in (field.name for field in dataclasses.fields(Convention) if field.name != "tool"):
            wanted = getattr(tool, name)
            if wanted == getattr(here, name):
                continue
            here = dataclasses.replace(here, **{name: wanted})
            after = _mean(lists, here, gains)[0]
            steps.append(Step(_reason(name, here, gains), after - before))
            before = after
        found.append(Reconciled(tool, *_mean(lists, tool, gains), tuple(steps)))
    return found


def ndcg(qrels: Qrels, run: Run, convention: Convention) -> dict[str, float]:
    """Each counted query's nDCG under a convention, in the order of `qrels`."""
    lists = {query: _ranked(run.get(query, {}), judged) for query, judged in qrels.items()}
    return _values(lists, convention, _scale(qrels))


def _scale(qrels: Qrels, known: Collection[int] = ()) -> list[int]:
    """All gains of the scale, rising: a grade that no judge happened to give has its level all the same."""
    found = {gain for judged in qrels.values() for gain in judged.values()} | {0, *known}
    return sorted(found | ESCI_GAINS if not known and found <= ESCI_GAINS else found)


class _Ranked(NamedTuple):
    """A query's list, best first: each product's judged gain (−1 unjudged) and float32 score; and all judged gains."""

    gains: np.ndarray
    scores: np.ndarray
    judged: np.ndarray


def _ranked(scores: Mapping[str, float], judged: Mapping[str, int]) -> _Ranked:
    order = ranking(scores)
    return _Ranked(
        np.array([judged.get(product, -1) for product in order], dtype=np.int64),
        np.array([scores[product] for product in order], dtype=np.float32),
        np.array(list(judged.values()), dtype=np.int64),
    )


def _mean(lists: Mapping[str, _Ranked], convention: Convention, gains: Sequence[int]) -> tuple[float, int]:
    values = list(_values(lists, convention, gains).values())
    if not values:
        raise InputError(f"{convention.tool}: no query has results and a gain; nothing is left to take a mean over")
    return float(np.mean(values)), len(values)


def _values(lists: Mapping[str, _Ranked], convention: Convention, gains: Sequence[int]) -> dict[str, float]:
    worth = _worth(convention, gains)
    values: dict[str, float] = {}
    for query, ranked in lists.items():
        if not len(ranked.gains) and convention.no_results == "left out":
            continue
        if not (ranked.judged > 0).any() and convention.no_gain == "left out":
            continue
        value = _one(ranked, convention, worth)
        values[query] = value if convention.decimals is None else round(value, convention.decimals)
    return values


def _one(ranked: _Ranked, convention: Convention, worth: np.ndarray) -> float:
    kept = ranked.gains >= 0 if convention.unjudged == "dropped" else np.ones(len(ranked.gains), dtype=bool)
    gained = worth[np.maximum(ranked.gains[kept], 0)]
    best = gained if convention.ideal == "retrieved" else worth[ranked.judged]
    cutoff = max(len(gained), len(best)) if convention.cutoff is None else convention.cutoff
    if convention.ties == "averaged":
        gained = _averaged(gained, ranked.scores[kept])
    length = min(cutoff, len(gained)) if convention.ideal == "cut to the list's length" else cutoff
    ideal = dcg(np.sort(best)[::-1], length)
    return dcg(gained, cutoff) / ideal if ideal > 0 else 0.0


def _averaged(gained: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Within each stretch of equal scores, the stretch's mean gain (McSherry and Najork, ECIR 2008)."""
    _, group = np.unique(-scores, return_inverse=True)
    return (np.bincount(group, gained) / np.bincount(group))[group] if len(gained) else gained


def _worth(convention: Convention, gains: Sequence[int]) -> np.ndarray:
    """What each judged gain is worth, float64 [highest gain + 1]."""
    worth = np.arange(gains[-1] + 1, dtype=np.float64)
    if convention.gains == "swapped":
        worth[1:2], worth[10:11] = 10, 1  # slices, for a scale without one of the two
    elif convention.gains == "exponential":
        worth[list(gains)] = 2.0 ** np.arange(len(gains)) - 1
    return worth


def _reason(name: str, now: Convention, gains: Sequence[int]) -> str:
    """Why a tool differs, once its setting `name` is that of `now`."""
    value = getattr(now, name)
    levels = ", ".join(str(2**level - 1) for level in reversed(range(len(gains))))
    given = ", ".join(str(gain) for gain in reversed(gains))
    words = {
        ("gains", "swapped"): "gains of S and C exchanged: E 100, S 1, C 10, I 0",
        ("gains", "exponential"): f"gains 2^level − 1: {levels} for {given}",
        ("unjudged", "dropped"): "unjudged products dropped, the others move up",
        ("unjudged", "gain 0"): "unjudged products keep their place, with gain 0",
        ("cutoff", None): "all ranks in place of a cutoff",
        ("ideal", "cut to the list's length"): "ideal cut to the number of hits: short lists are not punished",
        ("ideal", "retrieved"): "ideal of the retrieved products alone: what was not found costs nothing",
        ("ties", "averaged"): "equal scores averaged over their orders in place of ids from Z to A",
        ("no_results", "left out"): "queries without results left out in place of counting 0",
        ("no_gain", "count 0"): "queries without any gain count 0 in place of being left out",
    }
    if name == "decimals":
        return f"each query rounded to {value} decimals before the mean"
    return words[name, value]
