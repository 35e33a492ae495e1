from collections.abc import Sequence
from pathlib import Path

import pytest

from eval.errors import InputError
from retrieval.catalogue import Catalogue
from retrieval.hybrid import HybridRetriever
from retrieval.types import Filter, Hit, Product, Query

QUERY = Query("q", "hat")


class Fixed:
    """A retriever with one ranking for every query."""

    def __init__(self, **scores: float):
        self.scores = scores
        self.asked: list[tuple[int, Filter | None]] = []

    def search(self, queries: Sequence[Query], k: int, where: Filter | None = None) -> list[list[Hit]]:
        self.asked.append((k, where))
        ranked = sorted(self.scores.items(), key=lambda item: -item[1])
        return [[Hit(*item) for item in ranked[:k]] for _ in queries]

    def score_products(self, query: Query, product_ids: Sequence[str]) -> list[float]:
        return [self.scores.get(product_id, 0.0) for product_id in product_ids]


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue.write((Product(name, {"title": name}) for name in "dcba"), tmp_path / "catalogue")


def _ranks(*parts: Fixed, catalogue: Catalogue) -> HybridRetriever:
    return HybridRetriever([(part, 0.0) for part in parts], catalogue, fusion="ranks")


def test_ranks_fused_by_hand(catalogue: Catalogue) -> None:
    one, two = Fixed(a=9.0, b=5.0, c=1.0), Fixed(b=0.3, d=0.2)
    hits = _ranks(one, two, catalogue=catalogue).search([QUERY, QUERY], 10)
    assert hits[0] == hits[1]
    expected = {"b": 1 / 62 + 1 / 61, "a": 1 / 61, "d": 1 / 62, "c": 1 / 63}
    assert [hit.product_id for hit in hits[0]] == ["b", "a", "d", "c"]
    assert [hit.score for hit in hits[0]] == pytest.approx([expected[name] for name in "badc"])


def test_equal_scores_share_their_mean_rank_and_ties_go_by_catalogue_order(catalogue: Catalogue) -> None:
    hits = _ranks(Fixed(a=2.0, b=2.0, c=2.0, d=1.0), catalogue=catalogue).search([QUERY], 4)[0]
    assert [hit.product_id for hit in hits] == ["c", "b", "a", "d"]  # the catalogue holds d, c, b, a
    assert [hit.score for hit in hits] == pytest.approx([1 / 62, 1 / 62, 1 / 62, 1 / 64])
    scores = _ranks(Fixed(a=2.0, b=2.0), catalogue=catalogue).score_products(QUERY, ["d", "a", "c", "b"])
    assert scores == pytest.approx([1 / 63.5, 1 / 61.5, 1 / 63.5, 1 / 61.5])


def test_scores_fused_by_hand(catalogue: Catalogue) -> None:
    words, cosines = Fixed(a=8.0, b=4.0), Fixed(b=0.6, c=0.2, d=-0.2)
    hits = HybridRetriever([(words, 0.0), (cosines, -1.0)], catalogue).search([QUERY], 10)[0]
    expected = {"b": 4 / 8 + 1, "a": 1.0, "c": 1.2 / 1.6, "d": 0.8 / 1.6}  # a part that ran out of hits adds nothing
    assert {hit.product_id: hit.score for hit in hits} == pytest.approx(expected)
    assert [hit.product_id for hit in hits] == ["b", "a", "c", "d"]


def test_a_product_below_a_full_list_counts_with_its_last_hit(catalogue: Catalogue) -> None:
    words, cosines = Fixed(a=8.0, b=4.0, c=2.0), Fixed(c=0.6, a=0.2)
    hits = HybridRetriever([(words, 0.0), (cosines, -1.0)], catalogue, depth=2).search([QUERY], 2)[0]
    # both lists are full: c, unseen among the words, has b's share there; b, unseen among the cosines, has a's
    expected = {"a": 1 + 1.2 / 1.6, "c": 4 / 8 + 1.0, "b": 4 / 8 + 1.2 / 1.6}
    assert hits == [Hit("a", pytest.approx(expected["a"])), Hit("c", pytest.approx(expected["c"]))]


def test_given_products_are_scaled_among_themselves(catalogue: Catalogue) -> None:
    words, cosines = Fixed(a=8.0, b=4.0), Fixed(a=0.0, b=0.6, c=0.2)
    fused = HybridRetriever([(words, 0.0), (cosines, -1.0)], catalogue)
    assert fused.score_products(QUERY, ["b", "c"]) == pytest.approx([1 + 1, 0 + 1.2 / 1.6])
    assert fused.score_products(QUERY, []) == []
    assert HybridRetriever([(Fixed(), 0.0)], catalogue).score_products(QUERY, ["a", "b"]) == [0, 0]


def test_parts_get_filter_and_depth(catalogue: Catalogue) -> None:
    part = Fixed(a=1.0)
    hybrid = HybridRetriever([(part, 0.0)], catalogue, depth=50)
    hybrid.search([QUERY], 10, {"title": "a"})
    hybrid.search([QUERY], 80)
    hybrid.search([QUERY], 250)
    assert part.asked == [(50, {"title": "a"}), (250, None), (250, None)]  # so that pages of a ranking fit together


def test_no_parts(catalogue: Catalogue) -> None:
    with pytest.raises(InputError, match="at least one part"):
        HybridRetriever([], catalogue)
