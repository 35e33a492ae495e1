"""What augmented labels buy: a run's students at several numbers of labels, alone and blended with the first stage.

    distilrank scaling RUN --labels 0,1500,6000,12000,all      (trains the students; their quality alone, on dev)
    python -m benchmarks.augmentation RUN [--picture FILE]

Ranks the run's unseen queries by every student that `scaling` has trained, as the run ranked them: judged-only and over
the full catalogue, the blend's share fitted as the run's is (out of fold where there are folds). In torch, unexported.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.experiments.picture import draw
from eval.bootstrap import Interval
from eval.errors import InputError
from eval.evaluation import Evaluation
from eval.files import read_json
from eval.label_efficiency import LABELS
from eval.trec import Run
from rerank.student import Student
from workflow.config.run import load_config
from workflow.measure.bench import MODES, Bench
from workflow.measure.scaling_results import SCALING
from workflow.measure.system_names import TEACHER
from workflow.measure.systems import Part, Remembered, parts
from workflow.run.chains import chains
from workflow.run.directory import RunDirectory
from workflow.run.prepared import load_prepared
from workflow.run.progress import StageProgress
from workflow.stages.alike import students_alike
from workflow.stages.first_stage import open_first_stages, student_template


def main() -> None:
    """Rank, compare, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--seed", type=int, help="the students of this seed (default: the run's)")
    parser.add_argument("--picture", type=Path, help="an .svg file to draw")
    options = parser.parse_args()
    run = RunDirectory(options.run)
    config, prepared = load_config(run.config), load_prepared(run.data)
    template = student_template(config, prepared.catalogue)
    first = open_first_stages(config, prepared.catalogue, run)[config.index.first_stage]
    measured = parts(prepared, chains(config, prepared, run), config.measure.min_judged)
    bench = Bench(config, prepared, template, first, measured, StageProgress("measure", Console()))
    root = run.root / SCALING / LABELS.name / str(options.seed or config.seed)
    sizes = sorted(int(path.name) for path in root.iterdir()) if root.exists() else []
    if not sizes:
        raise SystemExit(f"{root} has no students; train some: distilrank scaling {run.root} --labels 0,1000,all")
    alike = students_alike(config)
    found: dict[str, dict[str, Run]] = {mode: {} for mode in MODES}
    for mode in MODES:
        found[mode][config.index.first_stage] = bench.rank(
            mode, "first stage", [bench.pipeline(None)] * len(measured)
        ).order
    for size in sizes:
        students = [Student.load(_path(root / str(size), part, alike), precision="auto") for part in measured]
        models = [Remembered(student) for student in students]
        for mode in MODES:
            alone = bench.rank(mode, f"{size:,} labels", [bench.pipeline(model) for model in models])
            blended = f"{size:,} labels, blended"
            found[mode][f"{size:,} labels"] = alone.order
            found[mode][blended] = bench.rank_blended(mode, blended, models, bench.blend_weights(alone)).order
    name, query_ids = list(bench.sets().items())[-1]
    evaluations = {mode: bench.evaluate(query_ids, mode, found[mode]) for mode in MODES}
    print(_table(evaluations, bench.ndcg, name))
    if options.picture is not None:
        told = read_json(run.report / "metrics.json")["evaluations"][f"{name}, judged-only"]["rows"]
        teacher = [Interval(**row["value"]) for row in told if (row["system"], row["measure"]) == (TEACHER, bench.ndcg)]
        _draw(evaluations["judged-only"], bench.ndcg, config.index.first_stage, teacher, options.picture)


def _draw(judged: Evaluation, measure: str, first: str, teacher: Sequence[Interval], path: Path) -> None:
    """The students and their blends by number of labels, the teacher (if it was measured) below them."""
    arms = {system: judged.row(system, measure).value for system in judged.values if system != first}
    arms.update((TEACHER, value) for value in teacher)
    caption = f"{measure}, judged-only, {judged.queries} queries"
    draw("The student by the number of labels", caption, arms, judged.row(first, measure).value.mean, path)


def _path(place: Path, part: Part, alike: bool) -> Path:
    """The student of a size that never saw the part's queries."""
    own = part.chain.student_without if place.name == "0" else place / part.chain.name.replace(" ", "-")
    if own.exists():
        return own
    made = sorted(path for path in place.iterdir() if path.is_dir())
    if not alike or not made:
        raise InputError(
            f"{own} is missing: `distilrank scaling` trains the folds' students, and --test the main chain's"
        )
    return made[0]


def _table(evaluations: dict[str, Evaluation], measure: str, name: str) -> str:
    """A Markdown table, a system a line."""
    judged, full = (evaluations[mode] for mode in MODES)
    lines = [
        f"{name}, {judged.queries} queries",
        "",
        f"| student of | judged-only {measure} | − first stage | full catalogue {measure} | − first stage |",
        "|---|---|---|---|---|",
    ]
    for system in judged.values:
        cells = [system]
        for evaluation in (judged, full):
            row = evaluation.row(system, measure)
            gap = row.difference
            cells.append(f"{row.value.mean:.3f} [{row.value.low:.3f}, {row.value.high:.3f}]")
            cells.append("" if gap is None else f"{gap.mean:+.3f} [{gap.low:+.3f}, {gap.high:+.3f}]")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
