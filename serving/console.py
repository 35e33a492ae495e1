"""A search result for the terminal: first stage and reranked hits side by side, with what moved."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rerank.pipeline import RankedHit, SearchResult
from retrieval.product_text import ProductTemplate
from retrieval.types import Products


def render_side_by_side(
    result: SearchResult, catalogue: Products, template: ProductTemplate | None = None
) -> RenderableType:
    """The first stage's hits on the left, the final ranking on the right; made for 80 columns and more.

    Each product is one line, cut to fit: its text by `template`, or without one its first non-empty field. On the right
    "↑3" says that a product rose three places, "↓2" that it fell two, "=" that it stayed; its score is what the ranking
    is ordered by, or "·" beyond the reranked window. On the left, a dimmed product has left the list.
    """
    title = Text.assemble(("Query: ", "bold"), result.query.text)
    if not result.hits:
        return Group(title, Text("No product found.", style="yellow"))
    ids = list(dict.fromkeys([hit.product_id for hit in result.first] + [hit.product_id for hit in result.hits]))
    products = catalogue.products([catalogue.row(product_id) for product_id in ids])
    names = {
        product.id: template.text(product) if template else next((text for text in product.fields.values() if text), "")
        for product in products
    }
    final = {hit.product_id for hit in result.hits}

    table = Table(expand=True, pad_edge=False, padding=(0, 1), header_style="bold")
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("First stage", ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("move", justify="right", no_wrap=True)
    table.add_column("Reranked", ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column("score", justify="right", no_wrap=True)
    for place in range(max(len(result.first), len(result.hits))):
        row: list[RenderableType] = [str(place + 1)]
        if place < len(result.first):
            found = result.first[place]
            row += [_name(found.product_id, names, dim=found.product_id not in final), f"{found.score:.3f}"]
        else:
            row += ["", ""]
        if place < len(result.hits):
            hit = result.hits[place]
            score = "·" if _beyond_window(hit, result) else f"{hit.score:.3f}"
            row += [_move(hit.first_rank - place - 1), _name(hit.product_id, names), score]
        table.add_row(*row)
    timings = " · ".join(f"{stage} {value:.1f} ms" for stage, value in result.timings_ms.items())
    return Group(title, table, Text(timings, style="dim"))


def _name(product_id: str, names: dict[str, str], *, dim: bool = False) -> Text:
    # Whitespace is folded so that one product stays one line whatever its text holds.
    return Text(" ".join(names[product_id].split()) or product_id, style="dim" if dim else "")


def _move(places: int) -> Text:
    if places == 0:
        return Text("=", style="dim")
    return Text(f"↑{places}", style="green") if places > 0 else Text(f"↓{-places}", style="red")


def _beyond_window(hit: RankedHit, result: SearchResult) -> bool:
    reranked = any(other.rerank_score is not None for other in result.hits)
    return reranked and hit.rerank_score is None
