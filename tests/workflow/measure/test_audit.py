"""`distilrank audit`: of a run's teacher, and of a file of labels."""

import json
from pathlib import Path

import numpy as np
import pytest

from distilrank import main
from eval.files import read_json
from eval.grades import ESCI
from rerank.types import Label
from retrieval.types import Product, Query
from workflow.measure.audits import labelled_pairs, nearest_grade
from workflow.run.prepared import load_prepared


def test_a_runs_teacher_is_audited_on_its_dev_queries(finished_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", str(finished_run), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    prepared = load_prepared(finished_run / "data")
    dev = prepared.graded(prepared.split("dev"))
    assert found == read_json(finished_run / "teacher" / "audit.json")
    assert found["overall"]["queries"] == len(dev)
    assert found["overall"]["pairs"] == sum(len(prepared.qrels[i]) for i in dev) == np.sum(found["confusion"])
    facts = read_json(finished_run / "stages" / "teacher.json")["facts"]["audit"]
    assert facts["labels"]["same grade"] == found["overall"]["same_grade"]["mean"]
    assert main(["audit", str(finished_run)]) == 0
    assert "the queries it did not learn from" in capsys.readouterr().out


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "products.csv").write_text("product_id,title\np1,red shoe\np2,blue shoe\np3,lamp\n")
    (tmp_path / "judgements.csv").write_text(
        "query,product_id,grade,split\nshoe,p1,E,train\nred shoe,p1,E,test\nred shoe,p2,S,test\nred shoe,p3,I,test\n"
    )
    return tmp_path


def test_a_file_of_labels(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = shop / "labels.csv"
    labels.write_text("query,product_id,grade\nRed  Shoe,p1,E\nred shoe,p2,E\nred shoe,p9,E\nshoe,p1,E\n")
    command = ["audit", "--labels", str(labels), "--judgements", str(shop)]
    assert main([*command, "--split", "test", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["overall"]["same_grade"]["mean"] == 0.5
    assert found["overall"]["brier"] == pytest.approx(0.25 / 2)
    assert found["confusion"] == [[1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert main([*command, "--split", "test"]) == 0
    assert "2 labels of pairs that nobody judged, 1 judged pairs without a label" in capsys.readouterr().out
    labels.write_text("query,product_id,grade,p_E,p_S,p_C,p_I\nred shoe,p1,E,.6,.4,0,0\nred shoe,p3,I,0,0,0,1\n")
    assert main([*command, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["overall"]["brier"] == pytest.approx(0.2**2 / 2)  # .6 · 1 + .4 · .5 = .8 for an E
    labels.write_text("query,product_id,grade,p_E,p_S,p_C,p_I\nred shoe,p1,E,.6,.9,0,0\n")
    assert main(command) == 2
    labels.write_text("query,product_id,grade\nred shoe,p1,E\nred shoe,p1,S\n")
    assert main(command) == 2
    assert "expected a sum of 1" in " ".join(capsys.readouterr().err.split())


def test_what_to_audit_must_be_said(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit"]) == 2
    assert main(["audit", "--labels", str(shop / "judgements.csv")]) == 2
    assert "--judgements PATH" in capsys.readouterr().err


def test_the_grade_said_is_the_likeliest_or_the_nearest() -> None:
    assert [nearest_grade(x, ESCI) for x in (0.0, 0.04, 0.2, 0.6, 0.75, 0.9)] == [0, 0, 1, 10, 100, 100]
    query, products = Query("q", "x"), [Product(name, {}) for name in "abc"]
    labels = [Label(0.0, (0.4, 0.3, 0.3, 0.0)), Label(0.0), Label(float("nan"), None, "failed", "no answer")]
    found = labelled_pairs([(query, one) for one in products], labels, {"q": dict.fromkeys("abc", 10)}, ESCI)
    assert [(one.product_id, one.said, one.expected) for one in found] == [("a", 100, 0.5), ("b", 10, 0.5)]
