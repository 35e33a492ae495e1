"""The test bench: few test queries, none at all, a first stage that is asked once, and who chooses a blend."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest
from rich.console import Console

from eval.errors import InputError
from eval.grades import ESCI
from rerank.blend import fit_weight
from rerank.pipeline import SearchPipeline
from retrieval.catalogue import Catalogue
from retrieval.demotion import RERANKER_LOSS
from retrieval.product_text import ProductTemplate
from retrieval.types import Filter, Hit, Product, Query, Retriever
from workflow.config.run import Config
from workflow.measure import bench
from workflow.measure.bench import Bench
from workflow.measure.systems import Part, RememberedRetriever, Scored, as_ranked
from workflow.run.directory import Chain
from workflow.run.prepared import Prepared
from workflow.run.progress import StageProgress
from workflow.served.opened import OpenedRun

PRODUCTS = ("a", "b", "c")


def _prepared(path: Path, splits: dict[str, str]) -> Prepared:
    catalogue = Catalogue.write((Product(name, {"title": name}) for name in PRODUCTS), path)
    return Prepared(
        catalogue=catalogue,
        queries={i: Query(i, f"query {i}") for i in splits},
        splits=splits,
        qrels={i: {"a": 100, "b": 10, "c": 0} for i in splits},
        scale=ESCI,
        log=[],
    )


def _bench(prepared: Prepared, parts: list[Part], min_judged: int) -> Bench:
    config = Config.model_validate({"name": "a", "measure": {"min_judged": min_judged, "timed_queries": 2}})
    progress = StageProgress("measure", Console(quiet=True))
    return Bench(config, prepared, ProductTemplate(("title",)), cast(Retriever, None), parts, progress)


def _folds(path: Path) -> list[Part]:
    folds = [Part(Chain(path, (), (i,), fold), (i,)) for fold, i in enumerate(("q1", "q2"))]
    return [*folds, Part(Chain(path, ("q1", "q2"), ()), ())]


def test_without_a_test_query_the_folds_are_compared_and_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared = _prepared(tmp_path / "catalogue", {"q1": "train", "q2": "train"})
    made = _bench(prepared, _folds(tmp_path), min_judged=3)
    assert made.sets() == {"out-of-fold": ["q1", "q2"]}
    timed: list[str] = []
    monkeypatch.setattr(bench, "milliseconds", lambda _pipeline, _prepared, ids, _depth: timed.extend(ids) or 1.0)
    assert made.milliseconds(cast(SearchPipeline, None)) == 1.0
    assert timed == ["q1", "q2"]


def test_no_query_to_compare_on_names_the_option_before_anything_is_ranked(tmp_path: Path) -> None:
    prepared = _prepared(tmp_path / "catalogue", {"q1": "train", "q2": "train"})
    with pytest.raises(InputError, match=r"measure\.min_judged \(4\)"):
        _bench(prepared, _folds(tmp_path), min_judged=4)
    given = [Part(Chain(tmp_path, ("q1",), ("q2",)), ("q2",))]
    with pytest.raises(InputError, match=r"lower measure\.min_judged"):
        _bench(prepared, given, min_judged=2)


def test_an_opened_run_without_test_queries_answers_what_is_typed(tmp_path: Path) -> None:
    class Echo:
        def search(self, queries: list[Query], k: int, where: object) -> list[str]:
            return [query.text for query in queries]

    def opened(splits: dict[str, str], name: str) -> OpenedRun:
        prepared = _prepared(tmp_path / name, splits)
        return OpenedRun(cast(SearchPipeline, Echo()), prepared, None)  # type: ignore[arg-type]

    assert opened({}, "empty").search("red shoe", 1, {}) == "red shoe"
    with pytest.raises(InputError, match="no query to try"):
        opened({}, "none").search(None, 1, {})
    assert opened({"q1": "train"}, "train").search(None, 1, {}) == "query q1"
    assert opened({"q1": "train", "q2": "test"}, "test").search(None, 1, {}) == "query q2"


def test_a_query_out_of_fold_has_no_part_in_the_weight_it_is_blended_with(tmp_path: Path) -> None:
    dev, rng = [f"q{place}" for place in range(23)], random.Random(3)
    prepared = _prepared(tmp_path / "catalogue", {**dict.fromkeys(dev, "train"), "t": "test"})
    folds = [Part(Chain(tmp_path, (), tuple(dev[fold::2]), fold), tuple(dev[fold::2])) for fold in (0, 1)]
    made = _bench(prepared, [*folds, Part(Chain(tmp_path, tuple(dev), ()), ("t",))], min_judged=2)
    first, second = ({i: {name: rng.random() for name in PRODUCTS} for i in [*dev, "t"]} for _ in range(2))
    weights = made.blend_weights(Scored({}, first, second))
    everything = {i: prepared.qrels[i] for i in dev}
    assert weights.served == weights.of["t"] == fit_weight(first, second, everything).weight
    assert weights.of.keys() == {*dev, "t"}
    # The dealing: places 0, 10, 20 of the folds' queries one after the other, and so on.
    order = [*dev[0::2], *dev[1::2]]
    for deal in range(10):
        own = order[deal::10]
        others = {i: qrels for i, qrels in everything.items() if i not in own}
        assert {weights.of[i] for i in own} == {fit_weight(first, second, others).weight}
    assert len(set(weights.of.values())) > 1  # the draw has queries that matter, else nothing is tested


class _Counting:
    """A retriever double that counts what it is asked; its hits tell the query."""

    def __init__(self) -> None:
        self.searched: list[str] = []
        self.scored: list[str] = []

    def search(self, queries: Sequence[Query], k: int, where: Filter | None = None) -> list[list[Hit]]:
        self.searched += [query.id for query in queries]
        return [[Hit(f"{query.id}-{place}", -place) for place in range(k)] for query in queries]

    def score_products(self, query: Query, product_ids: Sequence[str]) -> list[float]:
        self.scored.append(query.id)
        return [float(len(product_id)) for product_id in product_ids]


def test_a_remembered_first_stage_is_asked_once_and_answers_the_same() -> None:
    counting = _Counting()
    remembered = RememberedRetriever(counting)
    one, two = Query("1", "a"), Query("2", "b")
    expected = _Counting().search([one, two], 3)
    assert remembered.search([one], 3) == expected[:1]
    assert remembered.search([one, two], 3) == expected
    assert remembered.search([two, one], 3) == expected[::-1]
    assert counting.searched == ["1", "2"]
    assert remembered.search([one], 2) == [expected[0][:2]]  # another depth is another question
    remembered.search([one], 3, {"brand": "x"})
    assert counting.searched == ["1", "2", "1", "1"]
    assert remembered.score_products(one, ["p", "qq"]) == remembered.score_products(one, ["p", "qq"]) == [1.0, 2.0]
    assert counting.scored == ["1"]


def test_a_models_scores_are_ranked_by_as_a_search_ranks(tmp_path: Path) -> None:
    prepared = _prepared(tmp_path / "catalogue", {"q1": "dev", "q2": "dev"})
    prepared.queries["q2"] = Query("q2", "a without b")
    scores = {"q1": {"a": 3.0, "b": 1.0}, "q2": {"a": 3.0, "b": 1.0}}
    found = as_ranked(scores, prepared, ProductTemplate(("title",)))
    assert found == {"q1": {"a": 3.0, "b": 1.0}, "q2": {"a": 3.0, "b": 1.0 - RERANKER_LOSS}}  # a deviation of 1
