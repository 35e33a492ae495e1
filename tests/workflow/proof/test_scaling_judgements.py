"""How many judgements are needed, on a tiny run: shares, their models against a run's own, interruptions, recipes."""

import itertools
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import yaml
from rich.console import Console

from distilrank import main
from eval.errors import PartialError
from eval.files import read_json, write_json
from workflow.config.run import load_config
from workflow.pipeline import label, student, teacher
from workflow.proof.scaling_judgements import judged_share, scale_judgements
from workflow.proof.scaling_text import scaling_text
from workflow.run.directory import RunDirectory
from workflow.run.prepared import load_prepared
from workflow.run.progress import Report, StageProgress
from workflow.run.work import Trial, Work

SEED, SIZES = 7, [2, 5, None]


def _work(run: Path, progress: StageProgress | None = None) -> Work:
    quiet = StageProgress("scaling", Console(quiet=True))
    return Work(load_config(run / "config.yaml"), RunDirectory(run), progress or quiet, frozenset({"teacher"}), False)


@pytest.fixture(scope="module")
def scaled(finished_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with the models of its shares; read it, do not write it."""
    run = tmp_path_factory.mktemp("scaled") / "tiny"
    shutil.copytree(finished_run, run)
    scale_judgements(_work(run), SIZES, seeds=1, on_test=False)
    return run


def _bytes(directory: Path) -> dict[str, bytes]:
    """What was learnt and labelled: weights and journals."""
    kept = [path for path in directory.rglob("*") if path.suffix in (".safetensors", ".parquet")]
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in sorted(kept)}


def test_larger_shares_hold_the_smaller_ones_whatever_else_is_there() -> None:
    ids = [f"q{number}" for number in range(40)]
    shares = [judged_share(ids, size, 1) for size in (1, 5, 20, 40, 99)]
    assert [len(share) for share in shares] == [1, 5, 20, 40, 40]
    for smaller, larger in itertools.pairwise(shares):
        assert set(smaller) <= set(larger)
        assert list(larger) == [i for i in ids if i in larger]  # in the order that the run learns them in
    fold = tuple(i for i in shares[2] if i in ids[::2])
    assert judged_share(ids[::2], len(fold), 1) == fold
    assert judged_share(ids, 20, 2) != shares[2]


def test_every_size_has_its_figures_and_the_whole_is_the_run_itself(
    scaled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = read_json(scaled / "scaling" / "judgements" / "scaling.json")
    prepared = load_prepared(scaled / "data")
    learnt = prepared.split("train")
    assert [point["size"] for point in found["points"]] == [2, 5, 8]
    for point in found["points"]:
        share = judged_share(learnt, int(point["size"]), SEED)
        assert point["judgements"] == sum(len(prepared.qrels[i]) for i in share)
        assert point["n"] == 6
    without = found["beside"]["student without augmentation"]["points"]
    gained = [point["mean"] - of["mean"] for point, of in zip(found["points"], without, strict=True)]
    assert gained == pytest.approx([point["gained"]["mean"] for point in found["points"]])
    assert found["set"] == "dev"
    assert found["next"]["more"] == 100
    trained = {path.relative_to(scaled / "scaling").parts for path in (scaled / "scaling").rglob("student")}
    assert trained == {("judgements", "7", "2", "main", "student"), ("judgements", "7", "5", "main", "student")}
    assert not list((scaled / "stages").glob("scaling*"))
    assert main(["scaling", str(scaled), "--judgements", "all,5,2"]) == 0  # nothing is trained again
    said = " ".join(capsys.readouterr().out.split())
    assert "judged queries judgements student without augmentation teacher" in said
    assert "The next 100 judged queries are worth" in said
    assert " 2 24 " in said


def test_a_share_gives_the_models_of_a_run_made_with_so_many_judgements(scaled: Path, tmp_path: Path) -> None:
    run, share = tmp_path / "tiny", judged_share(load_prepared(scaled / "data").split("train"), 5, SEED)
    shutil.copytree(scaled, run, ignore=shutil.ignore_patterns("teacher", "journal", "student*", "scaling"))
    shutil.copy(scaled / "stages" / "student.json", run / "stages")
    prepared = load_prepared(scaled / "data")
    kept = [*share, *prepared.split("dev", "test")]
    judged = pq.read_table(run / "data" / "qrels.parquet")
    pq.write_table(judged.filter(pc.is_in(judged["query_id"], pa.array(kept))), run / "data" / "qrels.parquet")
    work = _work(run)
    write_json(run / "stages" / "teacher.json", {"facts": teacher(work)})
    label(work)
    student(work)
    cell = scaled / "scaling" / "judgements" / str(SEED) / "5" / "main"
    made = {name: of for name, of in _bytes(run).items() if name.startswith(("teacher", "journal", "student"))}
    assert len(made) > 3
    assert _bytes(cell) == made


def test_another_seed_trains_on_what_the_run_may_learn_from(scaled: Path) -> None:
    work = _work(scaled)
    work.config = work.config.model_copy(update={"data": work.config.data.model_copy(update={"dev": "holdout"})})
    trial, prepared = replace(work, trial=Trial("other", 99)), work.prepared()
    assert trial.chains(prepared) == work.chains(prepared)
    assert (trial.seed, work.seed) == (99, SEED)
    assert trial.scratch("teacher") != work.scratch("teacher")


class _Interrupting(StageProgress):
    """Stops the work at every third report."""

    def task(self, description: str) -> Report:
        def report(done: int, total: int) -> None:
            self.left -= 1
            if not self.left:
                raise PartialError(f"stopped at {description}")

        return report

    left = 3


def test_interrupted_at_every_stage_it_ends_with_the_same(scaled: Path, tmp_path: Path) -> None:
    run = tmp_path / "tiny"
    shutil.copytree(scaled, run, ignore=shutil.ignore_patterns("scaling"))
    stopped = []
    while True:
        try:
            scale_judgements(_work(run, _Interrupting("", Console(quiet=True))), [5], seeds=1, on_test=False)
            break
        except PartialError as error:
            stopped.append(str(error).partition(",")[0])
            assert len(stopped) < 100
    assert set(stopped) >= {"stopped at training the teacher", "stopped at training student", "stopped at labelling"}
    cells = [root / "scaling" / "judgements" / str(SEED) / "5" for root in (run, scaled)]
    assert _bytes(cells[0]) == _bytes(cells[1])
    assert read_json(cells[0] / "values-dev.json") == read_json(cells[1] / "values-dev.json")
    assert not list((run / "stages").glob("scaling*"))


def test_a_refused_teacher_is_told_here_and_in_the_report(
    scaled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "tiny"
    shutil.copytree(scaled, run)
    for size, quality in (("2", 0.0), ("5", 1.0)):
        stored = run / "scaling" / "judgements" / str(SEED) / size / "values-dev.json"
        cell = read_json(stored)
        cell["values"]["teacher"] = dict.fromkeys(cell["values"]["teacher"], quality)
        write_json(stored, cell)
    assert main(["scaling", str(run), "--judgements", "2,5", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [point["refused"] for point in found["points"]] == [1, 0]
    told = "The gate refuses the teacher with these numbers of judged queries: 2. "
    assert told in scaling_text(found)
    page = run / "report" / "report.html"
    assert main(["report", str(run)]) == 0
    assert told in page.read_text()
    assert "What would more judgements be worth?" in page.read_text()
    record = read_json(run / "stages" / "student.json")
    write_json(run / "stages" / "student.json", record | {"key": "another"})
    assert main(["report", str(run)]) == 0  # what was measured on another run is not shown
    assert "What would more judgements be worth?" not in page.read_text()


def test_recipes_whose_teacher_learns_no_judgement(
    scaled: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "tiny"
    shutil.copytree(scaled, run, ignore=shutil.ignore_patterns("scaling"))
    config = yaml.safe_load((run / "config.yaml").read_text())
    config["teacher"] |= {"train": None, "labels": "labels.csv"}
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    assert main(["scaling", str(run), "--judgements", "2,5"]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "learns no judgement (teacher.train is null, student.final_train is null)" in said
    assert not (run / "scaling").exists()

    config["student"]["final_train"] = config["student"]["train"]
    (run / "config.yaml").write_text(yaml.safe_dump(config))
    found = scale_judgements(_work(run), [2, 5], seeds=1, on_test=False)
    assert found["notes"][0].startswith("The teacher learns no judgement (teacher.train is null)")
    teachers = [point["mean"] for point in found["beside"]["teacher"]["points"]]
    assert teachers[0] == teachers[1]
    cells = [run / "scaling" / "judgements" / str(SEED) / size / "main" for size in ("2", "5")]
    assert all(sorted(path.name for path in cell.iterdir()) == ["student", "student-without"] for cell in cells)
    learnt = [read_json(cell / "student" / "student.json")["training"]["queries"] for cell in cells]
    assert learnt == [2, 5]
