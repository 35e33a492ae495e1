"""What belongs to a merged generation follows the run: its student, its export, its score table."""

import argparse
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copytree

import pytest

from distilrank import main
from eval.files import read_json, write_json
from rerank.runtime.exported import ExportedStudent
from rerank.tabled_reranker import TabledReranker
from retrieval.types import Product, Query
from serving.engine import SearchAsk, SearchEngine
from serving.server_settings import ServerSettings
from workflow.commands.upkeep import score_table_command
from workflow.run.directory import RunDirectory
from workflow.run.prepared import load_prepared
from workflow.serve import open_engine
from workflow.served.engine import RunStamp
from workflow.served.score_table import head_queries

NEW = Product("new", {"title": "Zebra striped wool blanket", "brand": "Acme"})
NOT_TOKENISED = "the products are not tokenised yet"


@pytest.fixture
def run(finished_run: Path, tmp_path: Path) -> Path:
    """A copy as `distilrank run` leaves it: its student exported when it was measured, no products tokenised."""
    path = Path(copytree(finished_run, tmp_path / "tiny"))
    assert (path / "student" / "export" / "manifest.json").exists()
    assert not (path / "student" / "tokens").exists()
    return path


@pytest.fixture
def engine(run: Path) -> Iterator[SearchEngine]:
    """A server of the run with a product more, merged."""
    engine = open_engine(run, ServerSettings(deadline_ms=0, accept_student=True))
    engine.put([NEW])
    yield engine
    engine.close()


def merge(engine: SearchEngine) -> None:
    assert engine.served.merge is not None
    assert engine.served.merge()


def generation(run: Path) -> Path:
    (found,) = (run / "live" / "generations").glob("[0-9]*")
    return found


def export(run: Path) -> None:
    assert main(["export", str(run), "--precision", "float32"]) == 0


def build_table(run: Path, queries: int) -> None:
    assert score_table_command(argparse.Namespace(run=run, queries=queries, depth=40, json=True)) == 0


def lengthen(run: Path) -> None:
    """Make the student another one: it reads more of a pair."""
    about = run / "student" / "student.json"
    write_json(about, read_json(about) | {"max_length": 80})


def renumber(run: Path) -> None:
    """Make the student another one: two words of its vocabulary have changed places."""
    path = run / "student" / "tokenizer.json"
    about = read_json(path)
    words = about["model"]["vocab"]
    words["wool"], words["red"] = words["red"], words["wool"]
    write_json(path, about)


def student_of(engine: SearchEngine) -> ExportedStudent:
    """The student of the newest generation."""
    reranker = engine.served.newest_reranker()
    student = reranker.student if isinstance(reranker, TabledReranker) else reranker
    assert isinstance(student, ExportedStudent)
    return student


def assert_served(engine: SearchEngine) -> None:
    """The product put is found, and what is stored of the products scores as their texts do."""
    query, catalogue = Query("typed", "zebra striped wool blanket"), engine.served.shop.view().catalogue
    assert engine.product("new") is not None
    assert "new" in [served.hit.product_id for served in engine.search(SearchAsk(query.text)).hits]
    rows = list(range(0, len(catalogue), 7))
    student = student_of(engine)
    expected = student.score([(query, product) for product in catalogue.products(rows)])
    assert student.score_rows(query, rows, catalogue).tolist() == expected.tolist()


@pytest.mark.parametrize("change", [lengthen, renumber])
def test_another_student_is_served_with_the_changes_that_were_merged_before(
    run: Path, engine: SearchEngine, change: Callable[[Path], None]
) -> None:
    export(run)
    engine.reload()
    merge(engine)
    change(run)
    export(run)
    engine.reload()
    student = student_of(engine)
    assert student.tokens is not None
    assert student.tokens.max_length == student.max_length
    assert_served(engine)


def test_servers_that_open_a_merge_at_once_all_have_its_tokens_and_table(run: Path, engine: SearchEngine) -> None:
    export(run)
    merge(engine)
    lengthen(run)
    export(run)
    build_table(run, 1)
    settings = ServerSettings(deadline_ms=0, accept_student=True)
    with ThreadPoolExecutor(3) as threads:
        opened = list(threads.map(open_engine, [run] * 3, [settings] * 3))
    for one in opened:
        assert student_of(one).tokens is not None
        assert isinstance(one.served.newest_reranker(), TabledReranker)
        assert_served(one)
        one.close()


def test_where_tokens_cannot_be_made_anew_products_are_tokenised_when_asked_for(
    run: Path, engine: SearchEngine, caplog: pytest.LogCaptureFixture
) -> None:
    export(run)
    engine.reload()
    merge(engine)
    lengthen(run)
    export(run)
    lock = generation(run) / "tokens.lock"
    lock.unlink()
    lock.mkdir()  # as a disk that refuses
    with caplog.at_level(logging.WARNING, "distilrank.serving"):
        engine.reload()
    assert f"cannot write {lock}" in caplog.text
    assert NOT_TOKENISED in caplog.text
    assert student_of(engine).tokens is None
    assert_served(engine)


def test_changes_are_merged_without_tokens_and_get_them_with_the_next_export(
    run: Path, engine: SearchEngine, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "distilrank.serving"):
        merge(engine)
    assert NOT_TOKENISED in caplog.text
    assert not (generation(run) / "tokens").exists()
    assert_served(engine)
    stamp = RunStamp(RunDirectory(run))
    before = stamp()
    assert main(["export", str(run)]) == 0  # only tokens: the export was made when the student was measured
    assert stamp() != before
    engine.reload()
    assert (generation(run) / "tokens" / "tokens.json").exists()
    assert student_of(engine).tokens is not None
    assert_served(engine)


def test_a_score_table_that_is_built_after_a_merge_is_used(run: Path, engine: SearchEngine) -> None:
    export(run)
    first, _, third = (one.query.text for one in head_queries(load_prepared(run / "data").log)[:3])
    merge(engine)
    assert engine.search(SearchAsk(first)).route == "student"
    for built, routes in ((1, ["score_table", "student"]), (3, ["score_table", "score_table"])):
        build_table(run, built)
        engine.reload()
        assert [engine.search(SearchAsk(query)).route for query in (first, third)] == routes
    assert_served(engine)


def test_a_score_table_of_another_student_is_not_used_until_it_is_built_again(
    run: Path, engine: SearchEngine, caplog: pytest.LogCaptureFixture
) -> None:
    export(run)
    head = head_queries(load_prepared(run / "data").log)[0].query.text
    build_table(run, 1)
    merge(engine)
    assert engine.search(SearchAsk(head)).route == "score_table"
    lengthen(run)
    export(run)
    with caplog.at_level(logging.WARNING, "distilrank.serving"):
        engine.reload()
    assert f"made with another student; run distilrank score-table {run}" in caplog.text
    assert engine.search(SearchAsk(head)).route == "student"
    build_table(run, 1)
    engine.reload()
    assert engine.search(SearchAsk(head)).route == "score_table"
