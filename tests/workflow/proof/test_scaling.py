"""Label efficiency on a tiny run: nested shares, points that are kept, and a curve with the teacher's line."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from augment.journal import LabelledQuery, read_labels
from distilrank import main
from eval.errors import InputError
from eval.files import read_json, write_json
from eval.label_efficiency import LABELS, Point, summary
from retrieval.types import Query
from workflow.proof.scaling_labels import nested_share
from workflow.proof.scaling_text import scaling_text


def _labels() -> list[LabelledQuery]:
    return [
        LabelledQuery(Query(f"q{number}", "x"), ("a", "b", "c"), np.zeros(3, dtype=np.float32), None)
        for number in range(30)
    ]


def test_larger_shares_hold_the_smaller_ones_in_whole_queries() -> None:
    labels = _labels()
    shares = [{entry.query.id for entry in nested_share(labels, size, seed=1)} for size in (3, 10, 31, 90)]
    assert [len(share) for share in shares] == [1, 3, 10, 30]
    assert shares[0] < shares[1] < shares[2] < shares[3]
    assert nested_share(labels[::-1], 10, seed=1) == nested_share(labels, 10, seed=1)
    assert {entry.query.id for entry in nested_share(labels, 31, seed=2)} != shares[2]
    with pytest.raises(InputError, match="fewer than one query's"):
        nested_share(labels, 2, seed=1)


def test_students_of_a_run_are_trained_kept_and_put_aside_when_the_run_changes(
    finished_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "tiny"
    shutil.copytree(finished_run, run)
    command = ["scaling", str(run), "--labels", "0,40,80,all", "--json"]
    assert main(command) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == read_json(run / "scaling" / "labels" / "scaling.json")
    total = sum(len(entry.product_ids) for entry in read_labels(run / "journal"))
    sizes = [point["size"] for point in found["points"]]
    assert sizes[0] == 0
    assert sizes[-1] == total
    assert sizes == sorted(sizes)
    assert found["set"] == "dev"
    assert found["points"][0]["n"] == found["target"]["n"] == 6
    assert found["next"]["from"] == total
    assert found["sentence"].startswith("The next 10,000 labels are worth ")
    students = sorted(path.parent.name for path in (run / "scaling").rglob("main"))
    assert students == ["40", str(total), "80"] or students == sorted(["40", "80", str(total)])
    assert not list((run / "stages").glob("scaling*"))

    before = {path: path.stat().st_mtime_ns for path in (run / "scaling").rglob("*.safetensors")}
    assert main([command[0], command[1], "--labels", "40,80"]) == 0  # nothing is trained again
    assert "A curve needs three numbers" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in (run / "scaling").rglob("*.safetensors")} == before

    record = read_json(run / "stages" / "student.json")
    write_json(run / "stages" / "student.json", record | {"key": "another"})
    assert main([command[0], command[1], "--labels", "0"]) == 0
    assert (run / ".replaced" / "scaling" / "labels" / str(found["seeds"][0]) / "80").exists()
    assert not (run / "scaling" / "labels" / str(found["seeds"][0]) / "80").exists()


def test_what_is_asked_wrongly_is_one_line(finished_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["scaling", str(finished_run), "--labels", "many"]) == 2
    assert "expected whole numbers, or all" in " ".join(capsys.readouterr().err.split())
    assert main(["scaling", str(finished_run), "--seeds", "0"]) == 2


def test_the_curve_crosses_the_teacher_where_the_points_do() -> None:
    generator = np.random.default_rng(1)
    own = generator.normal(0, 0.05, 80)
    own -= own.mean()
    ids = [f"q{number}" for number in range(80)]
    points = [
        Point(size, dict(zip(ids, (0.7 - 2 / np.sqrt(size) + own).tolist(), strict=True)))
        for size in (400.0, 1600.0, 6400.0, 25600.0)
    ]
    teacher = dict(zip(ids, (0.68 + own).tolist(), strict=True))
    found = summary(points, teacher, axis=LABELS, seed=1)
    assert found["crossing"]["size"] == pytest.approx(10_000, rel=0.02)
    assert found["crossing"]["share"] == 1.0
    assert found["next"]["value"] == pytest.approx(2 / np.sqrt(25600) - 2 / np.sqrt(35600), abs=1e-4)
    known = {"measure": "nDCG@10", "mode": "judged-only", "set": "dev", "convention": "gains E 100", "seeds": [7]}
    target = {"name": "teacher", "mean": 0.68, "low": 0.67, "high": 0.69, "n": 80}
    text = scaling_text({**found, **known, "axis": "labels", "unit": "labels", "target": target})
    assert "The curve of the student reaches the teacher's 0.680 at 10," in text
    assert text.count("o student") == 1
    assert sum(line.split("|")[1].count("o") for line in text.splitlines() if "|" in line) == 4
