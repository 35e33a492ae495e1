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


def test_fusion_by_hand(catalogue: Catalogue) -> None:
    one, two = Fixed(a=9.0, b=5.0, c=1.0), Fixed(b=0.3, d=0.2)
    hits = HybridRetriever([one, two], catalogue).search([QUERY, QUERY], 10)
    assert hits[0] == hits[1]
    expected = {"b": 1 / 62 + 1 / 61, "a": 1 / 61, "d": 1 / 62, "c": 1 / 63}
    assert [hit.product_id for hit in hits[0]] == ["b", "a", "d", "c"]
    assert [hit.score for hit in hits[0]] == pytest.approx([expected[name] for name in "badc"])


def test_equal_scores_share_their_mean_rank_and_ties_go_by_catalogue_order(catalogue: Catalogue) -> None:
    hits = HybridRetriever([Fixed(a=2.0, b=2.0, c=2.0, d=1.0)], catalogue, constant=0).search([QUERY], 4)[0]
    assert hits == [Hit("c", 0.5), Hit("b", 0.5), Hit("a", 0.5), Hit("d", 0.25)]  # the catalogue holds d, c, b, a
    scores = HybridRetriever([Fixed(a=2.0, b=2.0)], catalogue, constant=0).score_products(QUERY, ["d", "a", "c", "b"])
    assert scores == pytest.approx([1 / 3.5, 1 / 1.5, 1 / 3.5, 1 / 1.5])


def test_parts_get_filter_and_depth(catalogue: Catalogue) -> None:
    part = Fixed(a=1.0)
    hybrid = HybridRetriever([part], catalogue, depth=50)
    hybrid.search([QUERY], 10, {"title": "a"})
    hybrid.search([QUERY], 80)
    assert part.asked == [(50, {"title": "a"}), (80, None)]


def test_no_parts(catalogue: Catalogue) -> None:
    with pytest.raises(InputError, match="at least one part"):
        HybridRetriever([], catalogue)
