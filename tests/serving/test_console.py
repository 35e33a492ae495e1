from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console

from rerank.pipeline import RankedHit, SearchResult
from retrieval.product_text import ProductTemplate
from retrieval.types import Hit, Product, Query
from serving.console import render_side_by_side

PRODUCTS = {
    "a": Product("a", {"title": "Red\n cotton [bold] shirt", "brand": "Acme"}),
    "b": Product("b", {"title": "Blue shirt with a very long name that no narrow terminal can show on one line"}),
    "c": Product("c", {"title": "赤いシャツ " * 10}),
    "d": Product("d", {}),
}
RESULT = SearchResult(
    Query("1", "red [shirt]"),
    [RankedHit("c", 7.25, 0.5, 3, 7.25), RankedHit("b", 1.0, 0.75, 2, 1.0), RankedHit("d", 0.0, 0.25, 4, None)],
    [Hit("a", 0.875), Hit("b", 0.75), Hit("c", 0.5)],
    {"retrieve": 1.25, "rerank": 40.0, "total": 41.25},
)


class Shelf:
    def row(self, product_id: str) -> int:
        return list(PRODUCTS).index(product_id)

    def products(self, rows: Sequence[int]) -> list[Product]:
        return [list(PRODUCTS.values())[row] for row in rows]


def _lines(result: SearchResult, width: int, template: ProductTemplate | None = None) -> list[str]:
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(render_side_by_side(result, Shelf(), template))
    return capture.get().splitlines()


def test_both_rankings_moves_and_timings_fit_80_columns():
    lines = _lines(RESULT, 80)
    first, second, third = [line for line in lines if "│" in line]
    assert "Query: red [shirt]" in lines[0]
    assert "Red cotton [bold] shirt" in first
    assert "0.875" in first
    assert "↑2" in first
    assert "7.250" in first
    assert "=" in second
    assert "Blue shirt" in second
    assert "…" in second
    assert "↑1" in third
    assert "·" in third  # beyond the window: no score of the reranker's
    assert third.rstrip("│ ·").endswith(" d")  # a product without text is shown by its id
    assert lines[-1] == "retrieve 1.2 ms · rerank 40.0 ms · total 41.2 ms"
    # Wide characters take two columns.
    assert all(cell_len(line) <= 80 for line in lines)


def test_the_template_composes_the_text_shown():
    lines = _lines(RESULT, 120, ProductTemplate(("brand", "title")))
    assert any("Acme | Red cotton [bold] shirt" in line for line in lines)


def test_an_empty_result_says_so():
    lines = _lines(SearchResult(Query("1", "zzz"), [], [], {"total": 1.0}), 80)
    assert lines == ["Query: zzz", "No product found."]


def test_a_product_that_fell_shows_how_far():
    result = SearchResult(
        Query("1", "q"),
        [RankedHit("b", 2.0, 0.1, 2, 2.0), RankedHit("a", 1.0, 0.2, 1, 1.0)],
        [Hit("a", 0.2), Hit("b", 0.1)],
        {},
    )
    assert any("↓1" in line for line in _lines(result, 80))
