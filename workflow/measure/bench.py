"""The test bench: unseen queries, each ranked by the chain that held it out, and how systems compare on them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, NamedTuple

from eval.errors import InputError
from eval.evaluation import Evaluation, evaluate
from eval.measures import per_query
from eval.trec import Qrels, Run
from rerank.blend import fit_weight
from rerank.gate import GateDecision, gate
from rerank.pipeline import SearchPipeline
from rerank.types import Reranker
from retrieval.product_text import ProductTemplate
from retrieval.types import Retriever
from workflow.config.run import Config
from workflow.measure.systems import (
    Part,
    RememberedRetriever,
    Scored,
    full_catalogue,
    judged_only,
    merged,
    milliseconds,
)
from workflow.run.prepared import Prepared
from workflow.run.progress import StageProgress

Mode = Literal["judged-only", "full catalogue"]
MODES: tuple[Mode, ...] = ("judged-only", "full catalogue")

_DEALT = 10  # groups of out-of-fold dev queries, each blended with the weight that the others choose


class BlendWeights(NamedTuple):
    """The reranker's share in the blend: what is served, and what each measured query is ranked with."""

    served: float
    of: dict[str, float]


def measured_sets(qrels: Qrels, parts: Sequence[Part], min_judged: int) -> dict[str, list[str]]:
    """The test split and, where there are folds, all full queries out-of-fold, test with them.

    Raises:
        InputError: when neither has a query.
    """
    main = parts[-1]
    given = set(main.chain.dev_ids)
    sets = {"test": [i for i in main.query_ids if i not in given]}
    if len(parts) > 1:
        sets["out-of-fold"] = [i for part in parts for i in part.query_ids if len(qrels[i]) >= min_judged]
    found = {name: query_ids for name, query_ids in sets.items() if query_ids}
    if not found:
        raise InputError(
            f"no unseen query has two grades and measure.min_judged ({min_judged}) judged products, so nothing can be "
            "measured; lower measure.min_judged, or add test judgements"
        )
    return found


class Bench:
    """Ranks, fits and compares on the parts' queries; `first` is the first stage that rerankers rerank.

    Raises:
        InputError: when there is no query to compare on.
    """

    def __init__(
        self,
        config: Config,
        prepared: Prepared,
        template: ProductTemplate,
        first: Retriever,
        parts: Sequence[Part],
        progress: StageProgress,
    ):
        self.options = config.measure
        self.seed = config.seed
        self.baseline = config.index.first_stage
        self.prepared = prepared
        self.template = template
        self.first = first
        self.remembered = RememberedRetriever(first)
        self.parts = parts
        self.progress = progress
        self.ndcg = f"nDCG@{config.measure.cutoff}"
        self.sets()  # nothing to compare on should show before hours of ranking

    @property
    def query_ids(self) -> list[str]:
        """Every query that is measured, part by part."""
        return [query_id for part in self.parts for query_id in part.query_ids]

    @property
    def dev_ids(self) -> list[str]:
        """The queries that blend and gate are fitted on: the given dev split, or all folds."""
        return [query_id for part in self.parts for query_id in part.chain.dev_ids]

    def pipeline(
        self, reranker: Reranker | None, weight: float = 1.0, *, timed: bool = False, window: int | None = None
    ) -> SearchPipeline:
        """First stage, then this reranker over the window (the configured one); `timed` searches anew instead of
        remembering."""
        first = self.first if timed else self.remembered
        window = window or self.options.window
        catalogue = self.prepared.catalogue
        return SearchPipeline(first, reranker, catalogue, self.template, window=window, blend_weight=weight)

    def rank(self, mode: Mode, name: str, pipelines: Sequence[SearchPipeline]) -> Scored:
        """Every part's queries ranked by its own pipeline."""
        return merged(
            self._rank(mode, name, part, pipeline, part.query_ids)
            for part, pipeline in zip(self.parts, pipelines, strict=True)
        )

    def rank_blended(self, mode: Mode, name: str, rerankers: Sequence[Reranker], weights: BlendWeights) -> Scored:
        """Every part's queries ranked by its own reranker blended with the first stage, each query with its weight."""
        jobs = []
        for part, reranker in zip(self.parts, rerankers, strict=True):
            for weight in sorted({weights.of[query_id] for query_id in part.query_ids}):
                query_ids = [query_id for query_id in part.query_ids if weights.of[query_id] == weight]
                jobs.append((part, self.pipeline(reranker, weight), query_ids))
        return merged(self._rank(mode, name, *job) for job in jobs)

    def _rank(self, mode: Mode, name: str, part: Part, pipeline: SearchPipeline, query_ids: Sequence[str]) -> Scored:
        where = "" if part.chain.fold is None else f", {part.chain.name}"
        report = self.progress.task(f"{name}, {mode}{where}")
        if mode == "judged-only":
            return judged_only(pipeline, self.prepared, query_ids, report)
        return full_catalogue(pipeline, self.prepared, query_ids, self.options.recall, report)

    def blend_weights(self, student: Scored) -> BlendWeights:
        """What dev queries choose: all of them for what is served and for test queries.

        Queries out of fold measure as well as choose, so they are dealt into tenths, and each tenth's weight is chosen
        by the other nine: nearly as many queries as choose what is served, none of them its own.
        """
        served = self._fit(student, self.dev_ids)
        of = dict.fromkeys(self.query_ids, served)
        held_out = [i for part in self.parts if part.chain.fold is not None for i in part.chain.dev_ids]
        for deal in range(min(_DEALT, len(held_out))):
            own = held_out[deal::_DEALT]
            of.update(dict.fromkeys(own, self._fit(student, set(self.dev_ids) - set(own))))
        return BlendWeights(served, of)

    def _fit(self, student: Scored, query_ids: Collection[str]) -> float:
        first, second = ({i: run[i] for i in query_ids} for run in (student.first, student.second))
        qrels = {i: self.prepared.qrels[i] for i in query_ids}
        return fit_weight(first, second, qrels, measure=self.ndcg).weight

    def gate(self, candidate: Run, baseline: Run) -> GateDecision:
        """Whether a system may go on, by its nDCG on the dev queries."""
        qrels = {i: self.prepared.qrels[i] for i in self.dev_ids}
        ours, theirs = (per_query(qrels, run, [self.ndcg])[self.ndcg] for run in (candidate, baseline))
        return gate(ours, theirs, self.seed)

    def milliseconds(self, pipeline: SearchPipeline) -> float:
        """Median milliseconds of one search by the main chain's pipeline, queries one at a time."""
        queries = self.parts[-1].query_ids or self.query_ids  # of the folds, where the main chain measures none
        return milliseconds(pipeline, self.prepared, queries[: self.options.timed_queries], self.options.cutoff)

    def sets(self) -> dict[str, list[str]]:
        """What to compare on, by name; see `measured_sets`."""
        return measured_sets(self.prepared.qrels, self.parts, self.options.min_judged)

    def evaluate(self, query_ids: Sequence[str], mode: Mode, runs: Mapping[str, Run]) -> Evaluation:
        """All systems on these queries, against the first stage."""
        judged = mode == "judged-only"
        wide = [] if judged else [f"R@{self.options.recall}", "RR", f"Judged@{self.options.cutoff}"]
        return evaluate(
            {i: self.prepared.qrels[i] for i in query_ids},
            {name: {i: run[i] for i in query_ids if i in run} for name, run in runs.items()},
            [self.ndcg, *wide],
            relevant_gain=self.prepared.scale.relevant_gain,
            judged_only=judged,
            baseline=self.baseline,
            seed=self.seed,
        )
