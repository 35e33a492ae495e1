"""`distilrank evaluate --via`: the served ranking is the evaluated one, and where it is not, that is said."""

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fake_elastic import FakeElastic

from distilrank import main
from eval.files import read_json, write_json
from retrieval.types import Query
from serving.app import create_app
from serving.local import serving_locally
from serving.server_settings import ServerSettings
from workflow.config.run import load_config
from workflow.proof.live_paths import filled_in, read_body
from workflow.proof.via import LiveAnswer, LiveError, ask_all
from workflow.run.directory import RunDirectory
from workflow.serve import open_engine
from workflow.served.opened import open_run


@contextmanager
def _served(run: Path, **settings: Any) -> Iterator[str]:
    engine = open_engine(run, ServerSettings(writes=False, accept_student=True, **settings))
    with serving_locally(create_app(engine), "127.0.0.1", 0, drain_s=1) as url:
        yield url


@pytest.fixture(scope="module")
def served_run(finished_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of its own: serving makes the directory of live changes. Its student has a say, whatever dev chose."""
    path = Path(shutil.copytree(finished_run, tmp_path_factory.mktemp("live") / "tiny"))
    metrics = read_json(path / "report" / "metrics.json")
    metrics["blend_weights"]["full catalogue"] = 0.5
    write_json(path / "report" / "metrics.json", metrics)
    return path


@pytest.fixture(scope="module")
def cluster(served_run: Path) -> Iterator[FakeElastic]:
    opened = open_run(load_config(served_run / "config.yaml"), RunDirectory(served_run))
    products = opened.catalogue.products(range(len(opened.catalogue)))
    lines = [json.dumps(line) for p in products for line in ({"index": {"_id": p.id}}, dict(p.fields))]
    with FakeElastic("9.1.0") as node:
        written = httpx.post(
            f"{node.url}/shop/_bulk?refresh=true",
            content="\n".join(lines) + "\n",
            headers={"Content-Type": "application/x-ndjson"},
        )
        assert not written.json()["errors"]
        yield node


def test_the_endpoint_ranks_as_the_run_was_measured(served_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with _served(served_run) as url:
        command = ["evaluate", "--via", "endpoint", url, "--run", str(served_run), "--min-same", "1"]
        assert main([*command, "--max-loss", "0", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["answered"] == found["agreement"]["queries"] == found["agreement"]["tau_queries"] == 8
        assert (found["failed"], found["degraded"]) == ({}, {})
        assert (found["agreement"]["same"], found["agreement"]["overlap"]) == (1.0, 1.0)
        assert found["agreement"]["kendall_tau"] == pytest.approx(1.0)
        rows = {row["system"]: row for row in found["evaluation"]["rows"]}
        assert rows["endpoint"]["value"] == rows["offline"]["value"]
        assert rows["endpoint"]["difference"]["low"] == rows["endpoint"]["difference"]["high"] == 0.0
        gain = {row["system"]: row for row in found["gain"]["rows"]}
        assert gain.keys() == {"first stage", "endpoint"}
        assert gain["endpoint"]["value"] == rows["endpoint"]["value"]
        assert main([*command, "--split", "dev", "--limit", "2"]) == 0
        shown = capsys.readouterr().out
        assert "2 queries, first 10 products" in shown
        assert "same, in order    100.0 %" in shown
        assert "linear gain, log2 discount" in shown


def test_a_path_that_ranks_otherwise_ends_with_a_code_of_its_own(
    served_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with _served(served_run, window=1) as url:
        command = ["evaluate", "--via", "endpoint", url, "--run", str(served_run), "--json"]
        assert main([*command, "--min-same", "0.99"]) == 8
        found = json.loads(capsys.readouterr().out)
        assert found["agreement"]["same"] < 0.99
        assert found["agreement"]["overlap"] == 1.0  # the run reranks ten, and ten are compared
        assert found["agreement"]["kendall_tau"] < 1.0
        rows = {row["system"]: row["value"]["mean"] for row in found["evaluation"]["rows"]}
        loss = rows["offline"] - rows["endpoint"]
        assert main([*command, f"--max-loss={loss + 1e-6}"]) == 0
        assert main([*command, f"--max-loss={loss - 1e-6}"]) == 8


def test_the_proxy_is_compared_with_the_run(
    served_run: Path, cluster: FakeElastic, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    section = {"url": cluster.url, "indices": ["shop"]}
    with _served(served_run, proxy=section) as url:
        command = ["evaluate", "--via", "proxy", url, "--run", str(served_run), "--index", "shop"]
        assert main([*command, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert (found["answered"], found["failed"], found["degraded"]) == (8, {}, {})
        assert 0 < found["agreement"]["overlap"] < 1  # another first stage
        cluster = [row["value"]["mean"] for row in found["gain"]["rows"]]
        assert cluster[0] != cluster[1]  # the cluster's order, and the reranked one
        assert main([*command, "--min-same", "1"]) == 8
        assert "of the queries rank the same, below --min-same 1.0" in capsys.readouterr().err
        body = tmp_path / "body.json"
        body.write_text('{"query": {"match": {"title": "{{query}}"}}, "sort": [{"_doc": "asc"}]}')
        capsys.readouterr()
        assert main([*command, "--body", str(body), "--json"]) == 0
        left = json.loads(capsys.readouterr().out)
        assert left["degraded"] == {"sort": 8}
        assert left["gain"]["rows"][0]["value"] == left["gain"]["rows"][1]["value"]
        assert main([*command[:-1], "other"]) == 3
        assert "status 404: the index 'other' is not searched through this proxy" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--via", "endpoint"], "takes one address, not nothing"),
        (["--via", "endpoint", "localhost:8000"], "write http://127.0.0.1:8000"),
        (["--via", "endpoint", "http://127.0.0.1:9"], "--run runs/NAME"),
        (["--via", "proxy", "http://127.0.0.1:9", "--run", "RUN"], "--index products"),
        (["--via", "endpoint", "http://127.0.0.1:9", "--run", "RUN", "--clients", "0"], "--clients is 0"),
        (["--via", "endpoint", "http://127.0.0.1:9", "--qrels", "q"], "--qrels is for run files"),
        (["some.run"], "--qrels"),
        (["--qrels", "q"], "run file"),
    ],
)
def test_mistakes_are_named(
    served_run: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = [str(served_run) if argument == "RUN" else argument for argument in arguments]
    assert main(["evaluate", *given]) == 2
    assert message in capsys.readouterr().err


def test_nobody_there_is_the_machines_fault(served_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--via", "endpoint", "http://127.0.0.1:9", "--run", str(served_run)]) == 3
    assert "answered none of 8 queries (unreachable)" in capsys.readouterr().err


def test_failures_are_counted_and_clients_bounded() -> None:
    inside, most, lock = 0, 0, threading.Lock()

    def ask(query: Query) -> LiveAnswer:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        threading.Event().wait(0.005)
        with lock:
            inside -= 1
        if query.id in ("3", "7"):
            raise LiveError("timeout")
        return LiveAnswer([query.text], "late" if query.id == "5" else None)

    live = ask_all([Query(str(n), f"t{n}") for n in range(12)], ask, clients=3)
    assert live.failed == {"timeout": 2}
    assert live.degraded == {"late": 1}
    assert list(live.rankings) == [str(n) for n in range(12) if n not in (3, 7)]
    assert live.rankings["4"] == ["t4"]
    assert 1 < most <= 3


def test_bodies_are_filled_in(tmp_path: Path) -> None:
    from eval.errors import InputError

    path = tmp_path / "body.json"
    path.write_text('{"query": {"bool": {"must": [{"match": {"t": "{{query}}"}}]}}, "size": 3, "x": "a {{query}}"}')
    body = filled_in(read_body(path), 'red "shoe"')
    assert body == {"query": {"bool": {"must": [{"match": {"t": 'red "shoe"'}}]}}, "size": 3, "x": 'a red "shoe"'}
    for text, message in (("{}", r"holds no \{\{query\}\}"), ("[", "cannot be read as JSON")):
        path.write_text(text)
        with pytest.raises(InputError, match=message):
            read_body(path)
