from collections import Counter

import numpy as np
import pytest

from augment.selection import Candidate, Stratum, sample, select_products, select_queries

STRATA = (Stratum(1, 4, 4), Stratum(5, 20, 3), Stratum(21, 80, 2))
IDS = [f"p{number}" for number in range(500)]
RANKED = [Candidate(f"p{number}", ("dense",), number + 1) for number in range(80)]


def select(coverage: np.ndarray, budget: int, seed: int = 0, **changes: object) -> np.ndarray:
    options = {"well_covered": 0.7, "uncovered_share": 0.1, "by_frequency": False} | changes
    frequency = options.pop("frequency", np.ones(len(coverage), dtype=np.int64))
    return select_queries(coverage, frequency, budget, seed=seed, **options)


def test_most_of_the_budget_goes_to_well_covered_queries() -> None:
    coverage = np.linspace(0, 1, 1001)
    places = select(coverage, 200)
    assert len(np.unique(places)) == 200
    assert (np.diff(places) > 0).all()
    assert (coverage[places] >= 0.7).sum() == 180
    assert np.array_equal(places, select(coverage, 200))
    assert not np.array_equal(places, select(coverage, 200, seed=1))


def test_the_next_best_fill_up_where_too_few_are_well_covered() -> None:
    coverage = np.array([0.1, 0.9, 0.6, 0.2, 0.65, 0.8, 0.3, 0.0, 0.05, 0.15])
    places = select(coverage, 5, uncovered_share=0.2)
    assert {1, 5, 4, 2} < set(places)
    assert len(places) == 5


def test_well_covered_queries_fill_up_where_too_few_are_not() -> None:
    coverage = np.array([0.9] * 20 + [0.1])
    assert len(select(coverage, 10, uncovered_share=0.5)) == 10
    assert 20 in select(coverage, 10, uncovered_share=0.5)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_a_budget_above_the_log_takes_everything(share: float) -> None:
    assert list(select(np.linspace(0, 1, 30), 100, uncovered_share=share)) == list(range(30))


def test_frequent_queries_are_drawn_more_often_by_the_root_of_their_frequency() -> None:
    frequency = np.array([100] * 50 + [1] * 50)
    drawn = Counter[bool]()
    for seed in range(200):
        places = select(np.ones(100), 5, seed, frequency=frequency, by_frequency=True, uncovered_share=0)
        drawn.update(place < 50 for place in places)
    assert drawn[True] / drawn[False] == pytest.approx(10, rel=0.3)


def test_sampling_is_without_replacement_and_in_proportion() -> None:
    generator = np.random.default_rng(0)
    first = Counter(int(sample(np.arange(3), 1, generator, np.array([1.0, 2.0, 5.0]))[0]) for _ in range(4000))
    assert [first[place] / 4000 for place in range(3)] == pytest.approx([1 / 8, 2 / 8, 5 / 8], abs=0.03)
    assert sorted(sample(np.arange(3), 9, generator)) == [0, 1, 2]


def products(
    ranked: list[Candidate], neighbours: list[Candidate], seed: int = 0, ids: list[str] = IDS, **takes: int
) -> list:
    takes = {"take_neighbours": 2, "take_random": 1} | takes
    return select_products(ranked, neighbours, ids, STRATA, generator=np.random.default_rng(seed), **takes)


def test_products_are_stratified_by_first_stage_rank() -> None:
    neighbours = [Candidate(f"p{number}", ("neighbour",), None) for number in range(100, 110)]
    chosen = products(RANKED, neighbours)
    assert Counter(stratum for _, stratum in chosen) == {"1-4": 4, "5-20": 3, "21-80": 2, "neighbour": 2, "random": 1}
    for candidate, stratum in chosen:
        if "-" in stratum:
            first, last = map(int, stratum.split("-"))
            assert first <= candidate.rank <= last
    assert len({candidate.product_id for candidate, _ in chosen}) == 12
    assert chosen == products(RANKED, neighbours)
    assert chosen != products(RANKED, neighbours, seed=1)


def test_within_a_stratum_every_candidate_is_as_likely() -> None:
    counts = Counter(
        candidate.rank for seed in range(1000) for candidate, stratum in products(RANKED, [], seed) if stratum == "5-20"
    )
    assert sorted(counts) == list(range(5, 21))
    assert all(120 < count < 260 for count in counts.values())  # 3/16 of 1000 is 187


def test_what_only_another_source_found_belongs_to_the_deepest_stratum() -> None:
    ranked = [Candidate("p1", ("dense",), 1), Candidate("p300", ("bm25",), None)]
    chosen = {c.product_id: stratum for c, stratum in products(ranked, [])}
    assert chosen["p1"] == "1-4"
    assert chosen["p300"] == "21-80"


def test_a_short_list_is_filled_at_random_up_to_the_size_asked() -> None:
    chosen = products(RANKED[:3], [])
    assert Counter(stratum for _, stratum in chosen) == {"1-4": 3, "random": 9}
    everything = products(RANKED[:3], [], ids=IDS[:5])
    assert sorted(c.product_id for c, _ in everything) == IDS[:5]


def test_a_neighbour_that_was_taken_already_is_not_taken_again() -> None:
    neighbours = [Candidate(f"p{number}", ("dense", "neighbour"), number + 1) for number in range(4)]
    chosen = products(RANKED, neighbours)
    assert len({c.product_id for c, _ in chosen}) == len(chosen) == 12
    assert all(stratum != "neighbour" for _, stratum in chosen)


def test_a_random_product_that_was_found_too_keeps_its_rank() -> None:
    chosen = products(RANKED[:50], [], ids=IDS[:60], take_random=20)
    drawn = [c for c, stratum in chosen if stratum == "random"]
    assert {c.sources for c in drawn} == {("dense", "random"), ("random",)}
    assert all((c.rank is None) == (c.sources == ("random",)) for c in drawn)
