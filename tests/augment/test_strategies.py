"""The strategies of selection on cases worked out by hand, and in mining at an equal budget."""

import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from augment_toy import OPTIONS, TEMPLATE, WordRetriever, toy_catalogue, toy_mine, toy_retrievers

from augment.strategies import across_range, by_weight, disagreement, farthest_first
from eval.errors import InputError
from retrieval.types import Hit, Product, Query


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_across_the_range_takes_rare_values_first_and_fills_up_with_common_ones() -> None:
    values = np.array(
        [0.0] * 50 + [4.9, 10.0]
    )  # bins of width 2.5: fifty in the first, one in the second, one in the last
    for seed in range(20):
        taken = across_range(values, 4, rng(seed))
        assert {50, 51} < set(taken.tolist())
        assert len(set(taken.tolist())) == 4


def test_across_the_range_takes_one_of_each_bin_when_all_are_filled() -> None:
    taken = across_range(np.arange(100.0), 5, rng())
    assert sorted(place * 5 // 100 for place in taken.tolist()) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("values", [[], [3.0], [2.0, 2.0, 2.0]])
def test_across_a_range_of_nothing_takes_what_there_is(values: list[float]) -> None:
    assert sorted(across_range(np.array(values), 5, rng()).tolist()) == list(range(len(values)))


def test_farthest_first_goes_round_the_circle() -> None:
    angles = np.radians([0, 10, 180, 90, 100])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert farthest_first(vectors, 3).tolist() == [0, 2, 3]  # 180° away, then 90° from both (100° is 80° from one)
    assert sorted(farthest_first(vectors, 9).tolist()) == [0, 1, 2, 3, 4]
    assert farthest_first(vectors[:0], 3).tolist() == farthest_first(vectors, 0).tolist() == []


def test_farthest_first_takes_no_vector_twice_when_all_are_equal() -> None:
    assert farthest_first(np.tile([[1.0, 0.0]], (4, 1)), 3).tolist() == [0, 1, 2]


def test_disagreement_counts_doublings_of_the_rank() -> None:
    assert disagreement((1, 8), 80) == 3
    assert disagreement((8, 1), 80) == 3
    assert disagreement((5, 5), 80) == 0
    assert disagreement((1, None), 63) == 6
    assert disagreement((None, None), 80) == 0
    assert disagreement((), 80) == 0


def test_by_weight_leaves_what_weighs_nothing_to_the_end() -> None:
    weights = np.array([0.0, 2.0, 0.0, 1.0])
    assert all(set(by_weight(weights, 2, rng(seed)).tolist()) == {1, 3} for seed in range(50))
    assert sorted(by_weight(weights, 9, rng()).tolist()) == [0, 1, 2, 3]
    first = Counter(int(by_weight(weights, 1, rng(seed))[0]) for seed in range(2000))
    assert first[1] / 2000 == pytest.approx(2 / 3, abs=0.04)


class LengthScorer:
    """Scores a product by the letters of its title: a teacher whose scores are known."""

    def score(self, pairs: list[tuple[Query, Product]]) -> np.ndarray:
        return np.array([len(product["title"]) for _, product in pairs], dtype=np.float32)


def vectors() -> np.ndarray:
    return np.stack([toy_retrievers(toy_catalogue())["dense"]._vector(text) for text in toy_texts()])


def toy_texts() -> list[str]:
    return toy_catalogue().texts(TEMPLATE, 0, len(toy_catalogue()))


@pytest.mark.parametrize("selection", ["random", "score", "length", "diversity", "difficulty"])
def test_every_strategy_has_the_same_budget_and_is_repeatable(tmp_path: Path, selection: str) -> None:
    options = dataclasses.replace(OPTIONS, selection=selection)
    needs = {"vectors": vectors()} if selection == "diversity" else {}
    needs |= {"scorer": LengthScorer()} if selection == "score" else {}
    first, again = (toy_mine(tmp_path / name, options=options, **needs) for name in ("a", "b"))
    rows = list(first)
    assert first.fingerprint == again.fingerprint
    assert len(rows) == len({(row.query_id, row.product_id) for row in rows}) == 40 * OPTIONS.products_per_query
    assert {row.query_id for row in rows} == {row.query_id for row in toy_mine(tmp_path / "rank")}
    assert set(first.manifest["strata"]) == {f"by {selection}", "neighbour", "random"}
    assert first.manifest["strata"][f"by {selection}"] >= 160  # 40 queries, some of them found by nothing


def test_score_spreads_over_the_scores_where_random_follows_what_is_common(tmp_path: Path) -> None:
    lengths = {product_id: len(toy_catalogue().product(product_id)["title"]) for product_id in toy_catalogue().ids}

    def spread(selection: str) -> float:
        options = dataclasses.replace(OPTIONS, selection=selection)
        picked: dict[str, list[int]] = {}
        for row in toy_mine(tmp_path / selection, options=options, scorer=LengthScorer()):
            if row.stratum.startswith("by"):
                picked.setdefault(row.query_id, []).append(lengths[row.product_id])
        return float(np.mean([max(some) - min(some) for some in picked.values()]))

    assert spread("score") > spread("random") + 1


class Backwards:
    """Finds what another retriever finds, worst first; as a scorer, prefers what it is shown last."""

    def __init__(self, retriever: WordRetriever):
        self.retriever = retriever

    def search(self, queries: list[Query], k: int, where: object = None) -> list[list[Hit]]:
        return [hits[::-1] for hits in self.retriever.search(queries, k, where)]

    def score(self, pairs: list[tuple[Query, Product]]) -> np.ndarray:
        return np.arange(len(pairs), dtype=np.float32)


@pytest.mark.parametrize("by", ["sources", "scorer"])
def test_difficulty_prefers_what_the_sources_or_the_scorer_disagree_about(tmp_path: Path, by: str) -> None:
    toy = toy_retrievers(toy_catalogue())
    backwards = Backwards(toy["dense"])
    needs = {"retrievers": {"dense": toy["dense"], "bm25": backwards}} if by == "sources" else {"scorer": backwards}

    def extremes(selection: str) -> float:
        """The share of picks at the ends of a list of twenty, where one of the two ranks is 1 to 3."""
        options = dataclasses.replace(OPTIONS, selection=selection)
        rows = [row for row in toy_mine(tmp_path / selection, options=options, **needs) if row.stratum.startswith("by")]
        return sum(row.rank in (1, 2, 3, 18, 19, 20) for row in rows) / len(rows)

    assert extremes("difficulty") > 1.4 * extremes("random")


def test_labelled_queries_are_passed_over(tmp_path: Path) -> None:
    first = {row.query_id for row in toy_mine(tmp_path / "a")}
    second = {row.query_id for row in toy_mine(tmp_path / "b", labelled=first)}
    assert len(second) == 40
    assert not first & second
    everything = dataclasses.replace(OPTIONS, queries=1000)
    known = {row.query_id for row in toy_mine(tmp_path / "c", options=everything)}
    with pytest.raises(InputError, match=r"all 88 usable queries of the log have been labelled"):
        toy_mine(tmp_path / "d", options=everything, labelled=known)


@pytest.mark.parametrize(
    ("selection", "message"),
    [("score", "nothing scores"), ("diversity", "no vectors"), ("difficulty", "one source")],
)
def test_a_strategy_that_lacks_what_it_needs_is_refused(tmp_path: Path, selection: str, message: str) -> None:
    retrievers = {"dense": toy_retrievers(toy_catalogue())["dense"]}
    with pytest.raises(InputError, match=message):
        toy_mine(tmp_path, options=dataclasses.replace(OPTIONS, selection=selection), retrievers=retrievers)
