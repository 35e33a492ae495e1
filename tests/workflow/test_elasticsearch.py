"""A run whose first stage is in a cluster: everything else works as it does without one."""

import json
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from typing import Any
from unittest import mock

import pytest
import yaml
from fake_elastic import FakeElastic

from distilrank import main
from eval.errors import MachineError
from eval.files import read_json
from eval.trec import read_run
from retrieval.live.shop import LiveShop
from serving.engine import SearchAsk
from serving.server_settings import ServerSettings
from workflow.checks.cluster import check_cluster
from workflow.config.run import Config, load_config
from workflow.pipeline import stages
from workflow.run.directory import RunDirectory
from workflow.serve import open_engine
from workflow.served.opened import open_run

ACCEPT = ["--accept", "teacher", "--accept", "student"]


@pytest.fixture(scope="module")
def node() -> Iterator[FakeElastic]:
    with FakeElastic() as started:
        yield started


@pytest.fixture(scope="module")
def local(finished_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run without a cluster that one in a cluster agrees with: it looks once."""
    path = Path(copytree(finished_run, tmp_path_factory.mktemp("local") / "tiny"))
    assert again(path, "index.expansion=null") == 0
    return path


@pytest.fixture(scope="module")
def run(local: Path, node: FakeElastic, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, gone on with in a cluster."""
    runs = tmp_path_factory.mktemp("elastic")
    path = Path(copytree(local, runs / "tiny"))
    assert again(path, f"elastic.urls=[{node.url}]", "index.first_stage=elasticsearch") == 0
    return path


def again(path: Path, *options: str, stage: str = "run") -> int:
    chosen = [part for option in options for part in ("--set", option)]
    accept = ACCEPT if stage == "run" else []
    return main([stage, str(path / "config.yaml"), "--runs", str(path.parent), *accept, *chosen])


def test_the_cluster_holds_the_catalogue(run: Path, node: FakeElastic) -> None:
    (index,) = node.store.aliased("distilrank-tiny")
    catalogue = open_run(load_config(run / "config.yaml"), RunDirectory(run)).catalogue
    assert list(index.searchable) == list(catalogue.ids)
    facts = read_json(run / "stages" / "index.json")["facts"]
    assert (facts["documents"], facts["rejected"], facts["index"]) == (len(catalogue), 0, index.name)
    assert not (run / "index" / "vectors").exists()


def test_the_ranking_is_the_one_without_a_cluster(run: Path, local: Path) -> None:
    for mode in ("judged-only", "full-catalogue"):
        found = {path.stem for path in (run / "report" / mode).glob("*.run")}
        assert {"bm25", "dense", "elasticsearch", "student"} <= found
        assert "hybrid" not in found  # it would be the same, under another name
        theirs, ours = (
            read_run(path / "report" / mode / f"{name}.run")
            for path, name in ((local, "hybrid"), (run, "elasticsearch"))
        )
        assert set(ours) == set(theirs)
        for query_id, scores in theirs.items():
            assert ours[query_id] == pytest.approx(scores, abs=1e-4)


def test_search_and_serve_rank_alike(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", str(run), "lamp", "--where", "category=lamps"]) == 0
    opened = open_run(load_config(run / "config.yaml"), RunDirectory(run))
    engine = open_engine(run, ServerSettings(deadline_ms=0, accept_student=True))
    assert not isinstance(engine.served.shop, LiveShop)
    assert not engine.takes_changes()
    for query in list(opened.prepared.queries.values())[:5]:
        expected = opened.pipeline.search([query], 10)[0]
        answer = engine.search(SearchAsk(query.text, size=10))
        assert [served.hit for served in answer.hits] == expected.hits
    engine.close()


def test_a_shortlist_needs_no_index_of_its_own(run: Path, local: Path, tmp_path: Path) -> None:
    without = Path(copytree(local, tmp_path / "tiny"))  # serving makes the directory of live changes
    settings = ServerSettings(deadline_ms=0, accept_student=True, shortlist=3)
    ours, theirs = open_engine(run, settings), open_engine(without, settings)
    for text in ("lamp", "red cotton shirt"):
        found, expected = (
            {one.hit.product_id: one.hit.rerank_score for one in engine.search(SearchAsk(text, size=10)).hits}
            for engine in (ours, theirs)
        )
        assert found == pytest.approx(expected, abs=1e-4)
    ours.close()
    theirs.close()


def test_the_cluster_is_compared_with_exact_indexes(
    run: Path, finished_run: Path, node: FakeElastic, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["evaluate", "--via", "elasticsearch", node.url, "--json", "--clients", "1", "--run"]
    assert main([*command, str(run), "--max-loss", "0.001"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["answered"] == found["agreement"]["queries"] == 8
    assert found["agreement"]["overlap"] == found["agreement"]["same"] == 1.0  # the fake is exact, its lengths too
    (index,) = node.store.aliased("distilrank-tiny")
    lost = dict(list(index.searchable.items())[::2])
    with mock.patch.object(index, "_searchable", lost), mock.patch.object(index, "_shards", None):
        assert main([*command, str(run), "--min-same", "0.99"]) == 8
    assert json.loads(capsys.readouterr().out)["agreement"]["overlap"] < 0.9
    index._shards = None
    node.faults.status("_msearch", 500, times=2)
    assert main([*command, str(run)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["answered"], found["failed"]) == (6, {"status 500": 2})
    assert main([*command, str(finished_run)]) == 2
    assert "searches indexes of its own (hybrid)" in capsys.readouterr().err


def test_what_does_not_decide_the_result_runs_nothing_again(
    run: Path, node: FakeElastic, capsys: pytest.CaptureFixture[str]
) -> None:
    node.requests.clear()
    assert again(run, "elastic.timeout_s=3", "elastic.remove_old=true", "elastic.rejected_share=0.5") == 0
    assert capsys.readouterr().out.count("up to date") == len(stages(load_config(run / "config.yaml")))
    assert node.requests == []


def test_a_cluster_that_is_gone_is_one_line(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with FakeElastic() as other:
        url = other.url
    path = Path(copytree(run, tmp_path / "tiny"))
    tree = yaml.safe_load((path / "config.yaml").read_text())
    (path / "config.yaml").write_text(yaml.safe_dump({**tree, "elastic": {"urls": [url], "attempts": 1}}))
    capsys.readouterr()
    assert main(["search", str(path), "lamp"]) == MachineError.exit_code
    said = capsys.readouterr().err
    assert f"no answer from {url}" in said
    assert len(said.splitlines()) == 1


def test_an_index_that_was_deleted_is_filled_again_once_its_record_is_removed(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(copytree(run, tmp_path / "tiny"))
    with FakeElastic("3.1.0", "opensearch") as other:
        tree = yaml.safe_load((path / "config.yaml").read_text())
        (path / "config.yaml").write_text(yaml.safe_dump({**tree, "elastic": {"urls": [other.url]}}))
        assert main(["search", str(path), "lamp"]) == MachineError.exit_code
        assert f"remove {path / 'index' / 'elastic'} and run again" in capsys.readouterr().err
        for file in (path / "index" / "elastic").iterdir():
            file.unlink()
        (path / "index" / "elastic").rmdir()
        assert again(path) == 0
        assert "up to date" in capsys.readouterr().out
        assert len(other.store.aliased("distilrank-tiny")) == 1
        assert main(["search", str(path), "lamp"]) == 0


def test_doctor_looks_at_the_cluster(node: FakeElastic) -> None:
    def found(**elastic: Any) -> tuple[str, str]:
        tree = {"name": "other", "index": {"first_stage": "elasticsearch"}, "elastic": {"attempts": 1, **elastic}}
        (finding,) = check_cluster(Config.model_validate(tree))
        return finding.state, finding.detail

    assert found(urls=[node.url]) == (
        "ok",
        f"elasticsearch 8.19.3 at {node.url}; the alias distilrank-other is free: the index stage makes it",
    )
    with FakeElastic("7.17.0") as old:
        state, detail = found(urls=[old.url])
        assert (state, "is too old, expected 8.4 or later" in detail) == ("error", True)
    assert found(urls=[old.url])[0] == "error"
    assert check_cluster(Config.model_validate({"name": "other"})) == []
