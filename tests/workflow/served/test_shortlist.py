"""`serve.shortlist`, from the configuration to each route: against the run's own student and vectors."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from fastapi.testclient import TestClient

from distilrank import main
from eval.files import read_json
from eval.trec import read_run
from rerank.shortlist import scores_below
from rerank.types import Pair, Reranker
from retrieval.types import Product, Query
from serving.app import create_app
from serving.deadline import Deadline
from serving.engine import SearchAsk, SearchEngine
from serving.server_settings import ServerSettings
from workflow.config.run import load_config, save_config
from workflow.run.directory import RunDirectory
from workflow.serve import open_engine, open_student
from workflow.served.opened import OpenedRun, open_run

KEEP = 4
QUERY = "red cotton shirt"


class Counting:
    """The student, and how many pairs each call made it read."""

    def __init__(self, student: Reranker) -> None:
        self.student = student
        self.read: list[int] = []

    def score(self, pairs: Sequence[Pair]) -> np.ndarray:
        self.read.append(len(pairs))
        return self.student.score(pairs)


@pytest.fixture(scope="module")
def run(finished_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy whose first stage is BM25 alone: what a shortlist is for."""
    path = Path(copytree(finished_run, tmp_path_factory.mktemp("shortlist") / "tiny"))
    save_config(load_config(path / "config.yaml", {"index.first_stage": "bm25"}), path / "config.yaml")
    return path


@pytest.fixture(scope="module")
def opened(run: Path) -> OpenedRun:
    return open_run(load_config(run / "config.yaml"), RunDirectory(run))


@contextmanager
def serving(run: Path, **settings: object) -> Iterator[tuple[SearchEngine, Counting]]:
    student = Counting(open_student(run))
    chosen = ServerSettings(**{"deadline_ms": 0, "accept_student": True, "shortlist": KEEP} | settings)
    engine = open_engine(run, chosen, student)
    yield engine, student
    engine.close()


Expect = Callable[[Sequence[Product]], np.ndarray]


@pytest.fixture(scope="module")
def expected(run: Path, opened: OpenedRun) -> Expect:
    """The scores of products for `QUERY`, the nearest by vectors that are encoded here."""

    def scores(products: Sequence[Product]) -> np.ndarray:
        with serving(run, shortlist=None) as (engine, student):
            encoder = engine.served.encoder
            assert encoder is not None
            texts = [opened.template.text(product) for product in products]
            cosines = encoder.encode_products(texts) @ encoder.encode_queries([QUERY])[0]
            every = student.score([(Query("1", QUERY), product) for product in products])
        near = np.argsort(-cosines, kind="stable")
        found = every.copy()
        found[near[KEEP:]] = scores_below(every[near[:KEEP]], cosines[near], KEEP)
        return found

    return scores


def test_a_search_reads_the_nearest_alone(run: Path, opened: OpenedRun, expected: Expect) -> None:
    hits = opened.pipeline.retriever.search([Query("1", QUERY)], 10)[0]
    scores = expected([opened.catalogue.product(hit.product_id) for hit in hits])
    with serving(run) as (engine, student):
        found = {one.hit.product_id: one.hit for one in engine.search(SearchAsk(QUERY, size=10)).hits}
        assert student.read == [KEEP]
        answered = [found[hit.product_id].rerank_score for hit in hits]
        assert answered == pytest.approx(scores.tolist(), abs=1e-4)
        plain = {hit.product_id: hit.rerank_score for hit in opened.pipeline.search([Query("1", QUERY)], 10)[0].hits}
        assert answered != pytest.approx([plain[hit.product_id] for hit in hits], abs=1e-4)  # so it has its own name
        few = engine.search(SearchAsk(QUERY, size=10, window=KEEP)).hits
        exact = opened.pipeline.search([Query("1", QUERY)], 10, window=KEEP)[0].hits
        assert [one.hit.product_id for one in few] == [hit.product_id for hit in exact]
        with TestClient(create_app(engine)) as http:
            assert http.get("/v1/info").json()["about"]["shortlist"] == KEEP


@pytest.mark.parametrize("route", ["/v1/rerank", "/v2/rerank", "/rerank"])
def test_rerank_routes_know_the_products_by_their_text(
    run: Path, opened: OpenedRun, expected: Expect, route: str
) -> None:
    products = opened.catalogue.products(range(40, 60))
    texts = [opened.template.text(product) for product in products]
    name = "texts" if route == "/rerank" else "documents"
    at = f"{route}?order=input&raw_scores=true"

    def scores(http: TestClient, given: Sequence[object], query: str = QUERY) -> list[float]:
        answer = http.post(at, json={"query": query, name: given}).json()
        found = answer if route == "/rerank" else answer["results"]
        return [one.get("score", one.get("relevance_score")) for one in found]

    with serving(run) as (engine, student), TestClient(create_app(engine)) as http:
        found = scores(http, texts)
        assert student.read == [KEEP]
        assert found == pytest.approx(expected(products).tolist(), abs=1e-4)
        if route != "/rerank":  # objects with the catalogue's fields are the same products
            assert scores(http, [dict(product.fields) for product in products]) == found
        student.read.clear()
        scores(http, [*texts, "a lamp that is no product"])
        scores(http, [f"{text}, but changed" for text in texts])
        scores(http, texts, " ")
        assert student.read == [KEEP, len(texts), len(texts)]


def test_what_a_cluster_found_is_read_as_far_as_the_shortlist(run: Path, opened: OpenedRun, expected: Expect) -> None:
    products = opened.catalogue.products(range(30))
    found = [(Product(str(place), one.fields), 30.0 - place) for place, one in enumerate(products)]
    with serving(run, proxy={"blend_weight": 1}) as (engine, student):
        ranked = engine.rerank_found(QUERY, found, 20, Deadline(None))
        assert student.read == [KEEP]
        scores = {int(hit.product_id): hit.rerank_score for hit in ranked.result.hits if hit.rerank_score is not None}
        assert [scores[place] for place in range(20)] == pytest.approx(expected(products[:20]).tolist(), abs=1e-4)


def test_products_that_change_have_cosines_at_once_and_texts_after_the_merge(
    run: Path, opened: OpenedRun, tmp_path: Path
) -> None:
    path = Path(copytree(run, tmp_path / "tiny"))
    lamp = Product("lamp", {"title": "red cotton shirt, new"})
    texts = [opened.template.text(product) for product in opened.catalogue.products(range(12))]
    documents = [Product(str(place), {opened.template.fields[0]: text}) for place, text in enumerate(texts)]
    with serving(path) as (engine, student):
        engine.put([lamp])

        def searched() -> float | None:
            hits = {one.hit.product_id: one.hit for one in engine.search(SearchAsk(QUERY, size=10)).hits}
            return hits["lamp"].rerank_score

        before = [searched(), *engine.rerank(QUERY, [lamp]), engine.rerank(QUERY, [*documents, lamp])[-1]]
        assert engine.served.merge is not None
        assert engine.served.merge()
        after = [searched(), engine.rerank(QUERY, [*documents, lamp])[-1]]
        assert before + after == pytest.approx(before[:1] * 5, abs=1e-4)
        assert student.read == [KEEP, 1, KEEP, KEEP, KEEP]
        known = engine.served.newest_reranker().cosines.rows([lamp])
        assert known.tolist() == [engine.served.shop.view().catalogue.row("lamp")]


def test_the_run_measures_it_as_a_system_of_its_own(finished_run: Path, tmp_path: Path) -> None:
    path = Path(copytree(finished_run, tmp_path / "tiny"))
    accept = ["--accept", "teacher", "--accept", "student", "--set", f"measure.shortlist={KEEP}"]
    assert main(["run", str(path / "config.yaml"), "--runs", str(tmp_path), *accept]) == 0
    found = read_run(path / "report" / "full-catalogue" / "student-blended-shortlist.run")
    config = load_config(path / "config.yaml", {"serve.shortlist": KEEP, "serve.deadline_ms": 0})
    engine = open_engine(path, config.serve)
    queries = open_run(config, RunDirectory(path)).prepared.queries
    for query_id, places in found.items():  # what is served with it is what was measured
        hits = engine.search(SearchAsk(queries[query_id].text, size=20)).hits
        assert [one.hit.product_id for one in hits] == sorted(places, key=lambda one: -places[one])
    engine.close()
    metrics = path / "report" / "metrics.json"
    assert read_json(metrics)["milliseconds"]["student, blended, shortlist"] > 0
    assert f"serve.window=10 --set serve.shortlist={KEEP}" in metrics.read_text()
    assert f"window 10, shortlist of {KEEP}" in (path / "report" / "report.html").read_text()


def test_an_exported_student_with_a_deadline_reads_what_fits(run: Path, tmp_path: Path, opened: OpenedRun) -> None:
    path = Path(copytree(run, tmp_path / "tiny"))
    assert main(["export", str(path), "--precision", "float32"]) == 0
    engine = open_engine(path, ServerSettings(deadline_ms=0, accept_student=True, shortlist=KEEP))
    with serving(path) as (other, _):
        ours, theirs = (one.search(SearchAsk(QUERY, size=10)).hits for one in (engine, other))
    scores = [[one.hit.rerank_score for one in hits] for hits in (ours, theirs)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-3)
    cost = engine._current.newest.cost("student")
    for _ in range(60):
        cost.observe(KEEP, KEEP * 10.0)  # 10 ms a product that is read
    answer = engine.search(SearchAsk(QUERY, size=10), Deadline(100.0))
    assert (answer.window, answer.degraded) == (10, None)  # four of ten are read: there is time for all
    engine.close()
