"""`distilrank hook` as it is typed: what it prints, what it writes, how it ends."""

import json
from pathlib import Path

import pytest
from fake_elastic import FakeElastic

from distilrank import main


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("ELASTICSEARCH_URL", "OPENSEARCH_URL", "DISTILRANK_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def _said(capsys: pytest.CaptureFixture[str]) -> str:
    out, err = capsys.readouterr()
    return " ".join((out + err).split())


def test_print_shows_requests_and_no_key(capsys, monkeypatch):
    monkeypatch.setenv("DISTILRANK_API_KEY", "a-secret")
    assert main(["hook", "print", "custom", "--endpoint", "http://ranker:8000", "--name", "shop"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("PUT /_inference/rerank/shop-rerank\n{\n")
    assert "PUT /_inference/text_embedding/shop-embed" in text
    assert '"api_key": "<DISTILRANK_API_KEY>"' in text
    assert "a-secret" not in text
    assert '"allow_rerank_failures": true' in text
    assert main(["hook", "print", "opensearch", "--json", "--window", "50"]) == 0
    calls = json.loads(capsys.readouterr().out)
    assert calls[3]["body"]["request_processors"] == [{"oversample": {"sample_factor": 5.0}}]
    assert calls[-1]["path"] == "/products/_search?search_pipeline=distilrank"


def test_vectors_need_the_embedding_endpoint(capsys):
    assert main(["hook", "print", "hugging-face", "--vectors", "v"]) == 2
    assert "--vectors needs the embedding endpoint" in _said(capsys)
    assert main(["hook", "print", "custom", "--vectors", "v"]) == 0
    assert '"model_id": "distilrank-embed"' in capsys.readouterr().out


def test_install_and_remove_a_way(capsys, monkeypatch):
    """The model of the way `inside` is the cluster's own, so no server of ours is needed."""
    with FakeElastic("9.1.0") as node:
        node.route("POST", "/_inference/rerank/{name}", lambda request, name: {"rerank": [{"index": 0}, {"index": 1}]})
        monkeypatch.setenv("ELASTICSEARCH_URL", node.url)
        assert main(["hook", "install", "inside"]) == 0
        said = _said(capsys)
        assert "installed in Elasticsearch 9.1.0" in said
        assert "made rerank endpoint distilrank-rerank" in said
        assert Path("hooks/distilrank.json").exists()
        assert main(["hook", "install", "inside", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["made"] is False
        assert main(["hook", "install", "custom"]) == 2
        assert "holds an installation of the way inside" in _said(capsys)
        assert main(["hook", "remove"]) == 0
        assert "removed rerank endpoint distilrank-rerank" in _said(capsys)
        assert node.store.inference == {}
        assert main(["hook", "remove"]) == 2
        assert "nothing is known to be installed" in _said(capsys)


def test_the_wrong_cluster_is_refused(capsys):
    with FakeElastic("3.1.0", "opensearch") as node:
        assert main(["hook", "install", "custom", "--cluster", node.url]) == 2
        assert "is OpenSearch 3.1.0, and the way custom is for elasticsearch" in _said(capsys)
    assert main(["hook", "doctor"]) == 2
    assert "no cluster is named" in _said(capsys)
    assert main(["hook", "doctor", "--cluster", "http://127.0.0.1:9"]) == 3
    assert "no answer from http://127.0.0.1:9" in _said(capsys)


def test_a_record_of_another_cluster_is_refused(capsys):
    with FakeElastic("9.1.0") as node:
        node.route("POST", "/_inference/rerank/{name}", lambda request, name: {"rerank": [{}, {}]})
        assert main(["hook", "install", "inside", "--cluster", node.url]) == 0
        record = Path("hooks/distilrank.json")
        facts = json.loads(record.read_text())
        record.write_text(json.dumps({**facts, "cluster": "another"}))
        for command in (["install", "inside"], ["remove"]):
            capsys.readouterr()
            assert main(["hook", *command, "--cluster", node.url]) == 2
            assert "is of the cluster another" in _said(capsys)
        assert list(node.store.inference) == ["distilrank-rerank"]


def test_doctor_says_which_ways_there_are(capsys):
    with FakeElastic("8.17.0", licence="basic") as node:
        assert main(["hook", "doctor", "--cluster", node.url]) == 2
        said = _said(capsys)
        assert "no custom" in said
        assert "lacks: Elasticsearch 8.17.0 is too old: 8.19, or 9.1 and later, is needed" in said
        assert "yes in-front" in said
    with FakeElastic("9.1.0") as node:
        assert main(["hook", "doctor", "--cluster", node.url, "--endpoint", "http://r:1", "--json"]) == 0
        ways = {one["way"]: one["runs"] for one in json.loads(capsys.readouterr().out)}
        assert ways == {"custom": True, "hugging-face": True, "inside": True, "opensearch": False, "in-front": True}


def test_names_are_such_as_clusters_take(capsys):
    for name in ("Shop", "shop/1", "-shop", "a" * 61, "${x}"):
        assert main(["hook", "print", "custom", f"--name={name}"]) == 2
        assert "is none for a cluster" in _said(capsys)


def test_export_needs_a_run(capsys, tmp_path):
    assert main(["hook", "export", str(tmp_path), "out"]) != 0
    assert not Path("out").exists()
