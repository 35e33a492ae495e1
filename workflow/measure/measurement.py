"""The measurement of a run: every system on unseen queries, the blend and the gate, and the files of `report/`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from eval.baselines import random_run
from eval.evaluation import Evaluation, render
from eval.files import atomic_path, write_json, write_text
from eval.segments import Segment
from eval.trec import Run, write_qrels, write_run
from rerank.gate import GateDecision
from rerank.pipeline import SearchPipeline
from rerank.types import Reranker
from retrieval.product_text import ProductTemplate
from retrieval.types import Retriever
from workflow.config.run import Config
from workflow.measure.bench import MODES, Bench, Mode
from workflow.measure.files import pairs_table, values_table, write_tables
from workflow.measure.headline import headline
from workflow.measure.lazy_models import LazyReranker
from workflow.measure.segmentation import SEGMENTS, segments_to_json
from workflow.measure.system_names import BLENDED, SHORTLISTED, STUDENT, TEACHER
from workflow.measure.systems import Part, Remembered, Scored
from workflow.run.prepared import Prepared
from workflow.run.progress import StageProgress


@dataclass(frozen=True)
class Measured:
    """What was found: evaluations by set and mode, blend weights by mode, the gate, and milliseconds a search."""

    evaluations: dict[str, Evaluation]
    weights: dict[str, float]
    decision: GateDecision
    milliseconds: dict[str, float]
    convention: str
    runtime: str
    headlines: list[str]
    windows: dict[str, dict[int, float]]
    """Milliseconds of a search by system and window, where several windows were timed."""
    runs: dict[Mode, dict[str, Run]] = field(repr=False)
    pairs: pa.Table = field(repr=False)
    """See workflow/measure/files.py."""

    def to_json(self) -> dict[str, Any]:
        """Everything but the runs, for metrics.json."""
        return {
            "evaluations": {name: evaluation.to_json() for name, evaluation in self.evaluations.items()},
            "blend_weights": self.weights,
            "gate": {
                "passed": self.decision.passed,
                "reason": self.decision.reason,
                "interval": self.decision.interval._asdict(),
            },
            "milliseconds": self.milliseconds,
            "milliseconds_by_window": self.windows,
            "convention": self.convention,
            "runtime": self.runtime,
        }


def measure(
    config: Config,
    prepared: Prepared,
    template: ProductTemplate,
    stages: Mapping[str, Retriever],
    measured: Sequence[Part],
    rerankers: Mapping[str, Sequence[LazyReranker]],
    runtime: str,
    progress: StageProgress,
    shortlisted: Callable[[Reranker], Reranker] | None = None,
) -> Measured:
    """Rank the parts' queries with every system and compare.

    `template` is what first stage and student read of a product, `stages` are the first stages by name; `rerankers`
    holds, by system, a model for each of `measured`, released when done; `runtime` says what computes the students'
    scores.
    The student is called "student"; its blend with the first stage is fitted on dev queries: those the main chain was
    given, or else those out of fold, each with a weight that it had no part in. `shortlisted` puts a shortlist before
    it, to be measured as a system of its own.
    """
    bench = Bench(config, prepared, template, stages[config.index.first_stage], measured, progress)
    found: dict[Mode, dict[str, Scored]] = {mode: {} for mode in MODES}
    timings = {}
    for name, retriever in stages.items():
        alone = SearchPipeline(retriever, None, prepared.catalogue, template)
        for mode in MODES:
            found[mode][name] = bench.rank(mode, name, [alone] * len(measured))
        timings[name] = bench.milliseconds(alone)
    weights: dict[str, float] = {}
    shares: dict[Mode, dict[str, float]] = {}
    windows: dict[str, dict[int, float]] = {}
    for name, models in rerankers.items():
        remembered = [Remembered(model) for model in models]
        for mode in MODES:
            found[mode][name] = bench.rank(mode, name, [bench.pipeline(model) for model in remembered])
            if name == STUDENT:
                fitted = bench.blend_weights(found[mode][name])
                found[mode][BLENDED] = bench.rank_blended(mode, BLENDED, remembered, fitted)
                if shortlisted is not None:
                    short = [shortlisted(model) for model in remembered]
                    found[mode][SHORTLISTED] = bench.rank_blended(mode, SHORTLISTED, short, fitted)
                weights[mode], shares[mode] = fitted.served, fitted.of
        timings[name] = bench.milliseconds(bench.pipeline(models[-1], timed=True))
        if name == STUDENT:
            weight = weights["full catalogue"]
            timings[BLENDED] = bench.milliseconds(bench.pipeline(models[-1], weight, timed=True))
            if shortlisted is not None:
                timings[SHORTLISTED] = bench.milliseconds(bench.pipeline(shortlisted(models[-1]), weight, timed=True))
            smaller = {
                window: bench.milliseconds(bench.pipeline(models[-1], weight, timed=True, window=window))
                for window in smaller_windows(config.measure.window)
            }
            windows[BLENDED] = {**smaller, config.measure.window: timings[BLENDED]}
        for model in models:
            model.release()
    runs = {mode: {name: scored.order for name, scored in systems.items()} for mode, systems in found.items()}
    chance = random_run({i: prepared.qrels[i] for i in bench.query_ids}, config.seed)
    runs["judged-only"] = {"random": chance, **runs["judged-only"]}
    decision = bench.gate(runs["judged-only"][STUDENT], runs["judged-only"][config.index.first_stage])
    evaluations = {
        f"{name}, {mode}": bench.evaluate(query_ids, mode, runs[mode])
        for name, query_ids in bench.sets().items()
        for mode in MODES
    }
    options = config.measure
    headlines = [
        headline(
            name,
            evaluations[f"{name}, judged-only"],
            evaluations[f"{name}, full catalogue"],
            timings,
            cutoff=options.cutoff,
            recall=options.recall,
            window=options.window,
            convention=prepared.scale.convention,
            runtime=runtime,
        )
        for name in bench.sets()
    ]
    pairs = [
        pairs_table(
            mode,
            found[mode][config.index.first_stage].order,
            found[mode][STUDENT].first,
            found[mode][TEACHER].second if TEACHER in found[mode] else {},  # labels from a file have no model
            found[mode][STUDENT].second,
            found[mode][BLENDED].order,
            shares[mode],
        )
        for mode in MODES
    ]
    return Measured(
        evaluations,
        weights,
        decision,
        timings,
        prepared.scale.convention,
        runtime,
        headlines,
        windows,
        runs,
        pa.concat_tables(pairs).unify_dictionaries(),
    )


def write_report(found: Measured, prepared: Prepared, segments: Sequence[Segment], path: Path) -> None:
    """Write `report/`, whole or not at all: metrics.json, the tables of workflow/measure/files.py, segments.json,
    table.txt, details.txt, and runs and qrels in TREC form."""
    with atomic_path(path) as temporary:
        temporary.mkdir(parents=True)
        write_json(temporary / "metrics.json", found.to_json())
        write_json(temporary / SEGMENTS, segments_to_json(segments))
        write_tables(values_table(found.evaluations), found.pairs, temporary)
        write_text(temporary / "table.txt", "\n".join(found.headlines))
        write_text(temporary / "details.txt", _details(found))
        shown = {query_id for runs in found.runs.values() for run in runs.values() for query_id in run}
        write_qrels({i: gains for i, gains in prepared.qrels.items() if i in shown}, temporary / "qrels.txt")
        for mode, runs in found.runs.items():
            for name, run in runs.items():
                tag = name.replace(", ", "-").replace(" ", "-")
                write_run(run, temporary / mode.replace(" ", "-") / f"{tag}.run", tag)


def smaller_windows(window: int) -> list[int]:
    """Windows below the configured one that are timed too: a quarter and a half of it."""
    return sorted({window // 4, window // 2} - {0})


def _details(found: Measured) -> str:
    """Every measure of every system on every set, with corrected tests."""
    blocks = [f"{name}\n{render(evaluation, found.convention)}" for name, evaluation in found.evaluations.items()]
    return "\n".join(blocks)
