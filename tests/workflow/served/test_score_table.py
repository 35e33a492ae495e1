import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from eval.errors import InputError
from rerank.blend import blend
from rerank.score_table import ScoreTable
from rerank.student import Student
from rerank.teacher import Teacher
from retrieval.catalogue import Catalogue
from retrieval.data.search_data import LogQuery
from retrieval.types import Product
from workflow.commands.upkeep import score_table_command
from workflow.config.run import load_config
from workflow.run.directory import RunDirectory
from workflow.run.prepared import load_prepared
from workflow.run.progress import Report, StageProgress
from workflow.served.score_table import build_score_table, carry_score_table, head_queries, open_score_table, table_path
from workflow.stages.first_stage import open_first_stages


@pytest.fixture
def run(finished_run: Path, tmp_path: Path) -> RunDirectory:
    shutil.copytree(finished_run, tmp_path / "run")
    return RunDirectory(tmp_path / "run")


def command(run: RunDirectory, queries: int = 6, depth: int | None = None) -> int:
    return score_table_command(argparse.Namespace(run=run.root, queries=queries, depth=depth, json=True))


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}


def test_spellings_are_merged_and_the_most_frequent_comes_first() -> None:
    log = [LogQuery("Red Shoe", 2), LogQuery("c++ book", 4), LogQuery("red shoe!", 3), LogQuery("?!", 99)]
    assert [(one.query.text, one.frequency) for one in head_queries([*log, LogQuery("c book", 4)])] == [
        ("red shoe!", 5),
        ("c++ book", 4),
        ("c book", 4),
    ]


def test_the_table_holds_what_teacher_and_student_say_of_the_window(
    run: RunDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(run) == 0
    facts = json.loads(capsys.readouterr().out)
    config, prepared = load_config(run.config), load_prepared(run.data)
    table = open_score_table(run, prepared.catalogue)
    assert table is not None
    assert (len(table), facts["queries"]) == (6, 6)
    head = head_queries(prepared.log)[:6]
    requests = sum(entry.frequency for entry in prepared.log)
    assert facts["log_share"] == pytest.approx(sum(one.frequency for one in head) / requests)
    first = open_first_stages(config, prepared.catalogue, run)["hybrid"]
    teacher, student = Teacher.load(run.root / "teacher"), Student.load(run.root / "student")
    lists = [[prepared.catalogue.row(hit.product_id) for hit in first.search([one.query], 12)[0]] for one in head]
    ends = np.cumsum([len(rows) for rows in lists])  # 12: one and a quarter windows of 10
    pairs = [(one.query, p) for one, rows in zip(head, lists, strict=True) for p in prepared.catalogue.products(rows)]
    scores = [np.split(model.score(pairs), ends[:-1]) for model in (teacher, student)]
    for one, rows, theirs, ours in zip(head, lists, *scores, strict=True):
        found = table.lookup(one.query.text, rows)
        assert found is not None
        np.testing.assert_allclose(found, blend(ours, theirs, facts["teacher_share"]), atol=1e-4)
    assert table.pairs == ends[-1]


def test_a_build_goes_on_where_another_ended(run: RunDirectory, tmp_path: Path) -> None:
    assert command(run, queries=20) == 0
    whole = contents(table_path(run))
    shutil.rmtree(table_path(run))
    assert command(run, queries=16) == 0  # a chunk, as a kill might leave it
    before = ScoreTable.load(table_path(run))
    assert command(run, queries=20) == 0
    assert contents(table_path(run)) == whole
    assert len(before) == 16
    (run.root / "teacher" / "model.safetensors").unlink()  # nothing to ask the models: they are only opened
    with pytest.raises(Exception, match="teacher"):
        command(run, queries=20)


def test_a_table_of_another_student_or_teacher_is_refused(run: RunDirectory) -> None:
    prepared = load_prepared(run.data)
    assert open_score_table(run, prepared.catalogue) is None
    assert command(run) == 0
    about = run.root / "student" / "student.json"
    about.write_text(about.read_text() + "\n")
    with pytest.raises(InputError, match="another student"):
        open_score_table(run, prepared.catalogue)


def test_a_table_outlives_a_merge_of_live_changes(run: RunDirectory, tmp_path: Path) -> None:
    own = load_prepared(run.data).catalogue
    assert carry_score_table(run, own, own, tmp_path / "carried") is None  # there is no table yet
    assert command(run) == 0
    table = open_score_table(run, own)
    assert table is not None
    query = head_queries(load_prepared(run.data).log)[0].query
    gone, changed, *kept = (own.ids[row] for row in table.known_rows)
    products = {product.id: product for product in own.products(range(len(own))) if product.id != gone}
    products[changed] = Product(changed, {**products[changed].fields, "title": "another title"})
    newer = Catalogue.write([Product("new", {"title": "a hat"}), *products.values()], tmp_path / "catalogue")
    carried = carry_score_table(run, own, newer, tmp_path / "carried")
    assert carried is not None
    assert carried.known_rows.tolist() == sorted(newer.row(product_id) for product_id in kept)
    known = [product_id for product_id in kept if table.lookup(query.text, [own.row(product_id)]) is not None]
    before = table.lookup(query.text, [own.row(product_id) for product_id in known])
    after = carried.lookup(query.text, [newer.row(product_id) for product_id in known])
    assert before is not None
    assert after is not None
    assert known
    assert after.tolist() == before.tolist()
    assert open_score_table(run, newer, tmp_path / "carried") is not None
    with pytest.raises(InputError, match="another catalogue"):
        open_score_table(run, own, tmp_path / "carried")


def test_what_cannot_be_built_is_refused(run: RunDirectory, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="0 queries"):
        command(run, queries=0)
    with pytest.raises(InputError, match="no run directory"):
        command(RunDirectory(tmp_path / "none"))
    (run.stages / "measure.json").unlink()
    with pytest.raises(InputError, match="not finished"):
        command(run)


def test_an_interrupted_build_keeps_what_it_scored_and_leaves_the_old_table_serving(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command(run, queries=20) == 0
    whole = contents(table_path(run))
    shutil.rmtree(table_path(run))
    monkeypatch.setattr("workflow.served.score_table._CHECKPOINT_SECONDS", 0.0)
    assert command(run, queries=2) == 0
    config = load_config(run.config)

    class Stopped(StageProgress):
        def task(self, description: str) -> Report:
            def report(done: int, total: int) -> None:
                if "head" in description and done == total:
                    raise KeyboardInterrupt

            return report

    with pytest.raises(KeyboardInterrupt), Stopped("score-table", Console(quiet=True)) as progress:
        build_score_table(config, run, progress, queries=20)
    served = open_score_table(run, load_prepared(run.data).catalogue)
    assert served is not None
    assert len(served) == 2
    assert len(ScoreTable.load(run.root / "score-table.part")) == 16
    shutil.rmtree(table_path(run))
    assert command(run, queries=20) == 0
    assert contents(table_path(run)) == whole
    assert not (run.root / "score-table.part").exists()
