"""`distilrank serve`: the run as it is served is the run as it is searched, and its options change no stage."""

import asyncio
import threading
from functools import partial
from pathlib import Path
from shutil import copytree, rmtree

import numpy as np
import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from distilrank import main
from eval.errors import GateRefusedError, InputError, MachineError
from eval.files import read_json, write_json
from retrieval.tokens import tokenize
from retrieval.types import Product, Query
from serving.app import create_app
from serving.engine import SearchAsk
from serving.problems import ProblemError
from serving.server_settings import ServerSettings
from workflow.config.run import load_config, save_config
from workflow.measure.files import PAIRS, read_table
from workflow.pipeline import stages
from workflow.run.directory import RunDirectory
from workflow.serve import ServeArguments, application, open_engine, open_student, threads_of
from workflow.served.engine import RunStamp, with_keys
from workflow.served.extras import SERVING, require
from workflow.served.opened import open_run

RAY = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of pydantic, as Ray is imported


@pytest.fixture(scope="module")
def run(finished_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that is exported; changes of products are the tests' to take back."""
    path = Path(copytree(finished_run, tmp_path_factory.mktemp("serve") / "tiny"))
    assert main(["export", str(path), "--precision", "float32"]) == 0
    return path


@pytest.fixture(scope="module")
def refused(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that accepts no student; the gate refused this one when it was measured."""
    path = Path(copytree(run, tmp_path_factory.mktemp("refused") / "tiny"))
    assert not read_json(path / "report" / "metrics.json")["gate"]["passed"]
    save_config(load_config(path / "config.yaml", {"serve.accept_student": False}), path / "config.yaml")
    return path


@pytest.mark.parametrize("exported", [True, False])
def test_the_engine_ranks_as_search_does(run: Path, tmp_path: Path, exported: bool) -> None:
    path = Path(copytree(run, tmp_path / "tiny"))
    if not exported:
        rmtree(path / "student" / "export")
    opened = open_run(load_config(path / "config.yaml"), RunDirectory(path))
    engine = open_engine(path, ServerSettings(deadline_ms=0, accept_student=True))
    assert engine.served.about["runtime"] == ("onnxruntime, float32" if exported else "torch")
    assert engine.served.about["encoder"] == "onnxruntime"
    without = Query("without", "toothbrush without bristles")
    for query in [*list(opened.prepared.queries.values())[:20], without]:
        expected = opened.pipeline.search([query], 10)[0]
        found = engine.search(SearchAsk(query.text, size=10))
        assert [served.hit for served in found.hits] == expected.hits
    candidates = opened.pipeline.retriever.search([without], 50)[0]
    assert any(
        "bristle" in tokenize(opened.template.text(opened.catalogue.product(one.product_id))) for one in candidates
    )
    engine.close()


def test_the_rerank_routes_lower_by_what_scores_of_a_measured_query_differ(run: Path) -> None:
    engine = open_engine(run, ServerSettings(deadline_ms=0, accept_student=True))
    lists: dict[str, list[float]] = {}
    for row in read_table(run / "report" / PAIRS).to_pylist():
        if row["mode"] == "full catalogue" and row["student"] is not None:
            lists.setdefault(row["query_id"], []).append(row["student"])
    assert engine.served.spread == pytest.approx(np.median([np.std(scores) for scores in lists.values()]), rel=1e-6)
    assert engine.served.spread > 0
    engine.close()


def test_judged_grades_are_shown(run: Path) -> None:
    opened = open_run(load_config(run / "config.yaml"), RunDirectory(run))
    engine = open_engine(run, ServerSettings(deadline_ms=0, accept_student=True))
    names = {grade.gain: grade.name for grade in opened.prepared.scale.grades}
    shown = 0
    for query_id, gains in opened.prepared.qrels.items():
        for hit in engine.search(SearchAsk(opened.prepared.queries[query_id].text, size=50)).hits:
            expected = gains.get(hit.hit.product_id)
            assert hit.grade == (None if expected is None else names[expected])
            shown += hit.grade is not None
    assert shown > 0
    engine.close()


def test_a_merge_keeps_products_tokenised_and_the_ranking_as_it_was(run: Path, tmp_path: Path) -> None:
    path = Path(copytree(run, tmp_path / "tiny"))
    engine = open_engine(path, ServerSettings(deadline_ms=0, accept_student=True))
    product = Product("new", {"title": "Zebra striped wool blanket", "brand": "Acme"})
    engine.put([product])
    before = [served.hit for served in engine.search(SearchAsk("zebra striped wool blanket", size=10)).hits]
    assert before[0].product_id == "new" or "new" in [hit.product_id for hit in before]
    merge = engine.served.merge
    assert merge is not None
    assert merge()
    after = [served.hit for served in engine.search(SearchAsk("zebra striped wool blanket", size=10)).hits]
    assert [hit.product_id for hit in after] == [hit.product_id for hit in before]
    assert [hit.rerank_score for hit in after] == [hit.rerank_score for hit in before]
    generation = next((path / "live" / "generations").glob("[0-9]*"))
    assert (generation / "tokens" / "tokens.json").exists()
    engine.close()


def test_the_stamp_follows_the_run_and_keeps_still_while_it_is_redone(run: Path, tmp_path: Path) -> None:
    path = Path(copytree(run, tmp_path / "tiny"))
    stamp = RunStamp(RunDirectory(path))
    first = stamp()
    assert stamp() == first
    record = path / "stages" / "measure.json"
    content = read_json(record)
    record.unlink()
    assert stamp() == first
    write_json(record, content)
    second = stamp()
    assert second != first
    seen = [first, second]
    for manifest in ("export/manifest.json", "tokens/tokens.json"):
        write_json(path / "student" / manifest, read_json(path / "student" / manifest))
        assert stamp() not in seen
        seen.append(stamp())


def test_once_prints_the_address_and_the_answer_and_ends(run: Path, capfd: pytest.CaptureFixture[str]) -> None:
    threads = {thread.name for thread in threading.enumerate()}
    assert main(["serve", str(run), "--bare", "--port", "18431", "--once", "red shirt"]) == 0
    said = capfd.readouterr().out
    assert "tiny is served at http://127.0.0.1:18431" in said
    assert 'POST /v1/search "red shirt"' in said
    assert main(["serve", str(run), "--bare", "--port", "18431", "--once"]) == 0  # the port is free again
    assert "uvicorn" not in {thread.name for thread in threading.enumerate()} - threads


def test_a_refused_student_is_served_only_by_name(refused: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for how in (["--bare"], []):
        assert main(["serve", str(refused), *how, "--port", "18431", "--once", "red shirt"]) == 4
        captured = capfd.readouterr()
        assert "is served at" not in captured.out
        said = " ".join(captured.err.split())
        assert "the student is clearly worse than the first stage: -0." in said
        assert "over 6 dev queries. The student, blended is " in said
        assert "--set serve.window=0, or go on all the same with --accept student" in said
    for way in (["--accept", "student"], ["--set", "serve.window=0"]):
        assert main(["serve", str(refused), "--bare", "--port", "18431", "--once", "red shirt", *way]) == 0
        assert "is served at" in capfd.readouterr().out


def test_a_server_does_not_change_over_to_a_refused_student(refused: Path, tmp_path: Path) -> None:
    path = Path(copytree(refused, tmp_path / "tiny"))
    metrics = read_json(path / "report" / "metrics.json")
    write_json(path / "report" / "metrics.json", metrics | {"gate": metrics["gate"] | {"passed": True}})
    engine = open_engine(path, ServerSettings(deadline_ms=0))
    write_json(path / "report" / "metrics.json", metrics)
    with pytest.raises(GateRefusedError, match="clearly worse"):
        engine.reload()
    assert engine.search(SearchAsk("red shirt")).route == "student"
    engine.close()


def test_a_window_of_0_opens_no_student(refused: Path, tmp_path: Path) -> None:
    path = Path(copytree(refused, tmp_path / "tiny"))
    opened = open_run(load_config(path / "config.yaml"), RunDirectory(path))
    rmtree(path / "student" / "export")
    (path / "student" / "model.safetensors").unlink()
    engine = open_engine(path, ServerSettings(deadline_ms=0, window=0))
    for query in list(opened.prepared.queries.values())[:5]:
        expected = opened.pipeline.search([query], 10, window=0)[0]
        for window in (None, 10):
            found = engine.search(SearchAsk(query.text, size=10, window=window))
            assert [served.hit for served in found.hits] == expected.hits
            assert (found.route, found.window, found.degraded) == ("first_stage", 0, None)
    with pytest.raises(ProblemError, match="no reranker"):
        engine.rerank("red shirt", [Product("a", {"title": "red shirt"})])
    with TestClient(create_app(engine)) as http:
        about = http.get("/v1/info").json()
        assert (about["window"], about["about"]["runtime"]) == (0, "none")
        facets = http.post("/v1/search", json={"query": "red", "facets": ["brand"]}).json()
        assert facets["total_in_window"] == 10
    engine.close()
    with pytest.raises(ValueError, match=r"serve\.window is 0"):
        ServerSettings(window=0, split_reranker=True)


def test_a_missing_package_is_named_with_its_extra() -> None:
    require(SERVING, "serve")
    with pytest.raises(MachineError, match=r"nowhere is not installed; run: pip install 'distilrank\[serve\]'"):
        require(("nowhere",), "serve")


def test_the_serve_section_is_no_stages_business() -> None:
    config = load_config(Path(__file__).parents[3] / "configs" / "demo.yaml")
    named = [option for stage in stages(config) for option in stage.options]
    assert not [option for option in named if option.lstrip("-").startswith("serve")]


def test_plain_keys_stay_out_of_the_run_and_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = "sha256:" + "0" * 64
    path = tmp_path / "c.yaml"
    path.write_text(f"name: a\nserve: {{api_keys: ['{digest}']}}\n")
    config = load_config(path)
    save_config(config, tmp_path / "resolved.yaml")
    assert load_config(tmp_path / "resolved.yaml") == config
    with pytest.raises(InputError, match="DISTILRANK_API_KEYS"):
        load_config(path, {"serve.api_keys": ["plain"]})
    monkeypatch.setenv("DISTILRANK_API_KEYS", "reader, second ,")
    monkeypatch.setenv("DISTILRANK_WRITE_KEYS", "writer")
    found = with_keys(config.serve)
    assert found.api_keys == tuple(map(SecretStr, (digest, "reader", "second")))
    assert found.write_keys == (SecretStr("writer"),)
    assert "reader" not in repr(found)


def test_keys_are_asked_for(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISTILRANK_API_KEYS", "reader")
    engine = open_engine(run)
    with TestClient(create_app(engine)) as http:
        assert http.post("/v1/search", json={"query": "red"}).status_code == 401
        answer = http.post("/v1/search", json={"query": "red"}, headers={"Authorization": "Bearer reader"})
        assert answer.status_code == 200


def test_replicas_share_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)))
    assert threads_of(ServerSettings()) == 8
    assert threads_of(ServerSettings(replicas=3)) == 2
    assert threads_of(ServerSettings(replicas=1, max_replicas=16)) == 1
    assert threads_of(ServerSettings(threads=5, replicas=3)) == 5
    with pytest.raises(ValueError, match="is 2, below"):
        ServerSettings(replicas=3, max_replicas=2)


@RAY
def test_a_ray_application_is_described_without_opening_anything(run: Path, refused: Path) -> None:
    from ray.serve._private.build_app import build_app

    arguments = ServeArguments(
        run=run, serve={"replicas": 2, "max_replicas": 4, "workers": 3, "queue": 10, "split_reranker": True}
    )
    built = build_app(application(arguments), name="distilrank")
    found = {deployment.name: deployment for deployment in built.deployments}
    assert set(found) == {"search", "rerank"}
    assert built.ingress_deployment_name == "search"
    scaling = found["search"]._deployment_config.autoscaling_config
    assert scaling is not None
    assert (scaling.min_replicas, scaling.max_replicas) == (2, 4)
    assert found["search"].max_ongoing_requests >= 13  # what the application queues is refused by the application
    assert 0 < found["search"].max_queued_requests < 1000
    assert found["rerank"].ray_actor_options["num_gpus"] == 1
    with pytest.raises(InputError, match="did you mean 'replicas'"):
        application(ServeArguments(run=run, serve={"replica": 2}))
    with pytest.raises(GateRefusedError, match="clearly worse"):
        application(ServeArguments(run=refused))
    application(ServeArguments(run=refused, serve={"accept_student": True}))


@RAY
def test_a_reranker_of_its_own_gives_the_same_scores(run: Path) -> None:
    from ray import serve

    from serving.ray_app import RemoteReranker, RerankReplica

    opened = open_run(load_config(run / "config.yaml"), RunDirectory(run))
    products = opened.catalogue.products(range(5))
    pairs = [(opened.example, product) for product in products]
    deployment = serve.deployment(RerankReplica).bind(partial(open_student, run, threads=1))
    handle = serve.run(deployment, _local_testing_mode=True)

    async def ask() -> np.ndarray:
        remote = RemoteReranker(handle, asyncio.get_running_loop())
        return await asyncio.to_thread(remote.score, pairs)

    assert asyncio.run(ask()).tolist() == open_student(run).score(pairs).tolist()
