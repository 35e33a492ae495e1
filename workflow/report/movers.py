"""The queries where a ranking gains or loses most, both lists side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from retrieval.types import Product
from workflow.report.compared import Comparison, System
from workflow.report.stored import StoredRun

SHOWN = 8
"""Wins and regressions of each kind."""


@dataclass(frozen=True)
class ListedProduct:
    """A product in a list: its text in two parts, its grade's place (0 the best, None unjudged), and how many places
    it rose in the compared list (None: it is new among the first)."""

    product_id: str
    title: str
    details: str
    grade: int | None
    rose: int | None


@dataclass(frozen=True)
class Mover:
    """A query whose value moved from `before` to `after`, and the first products of both rankings."""

    query_id: str
    query: str
    before: float
    after: float
    old: tuple[ListedProduct, ...]
    new: tuple[ListedProduct, ...]

    @property
    def difference(self) -> float:
        return self.after - self.before


def movers(comparison: Comparison, focus: System, cutoff: int) -> tuple[list[Mover], list[Mover]]:
    """The biggest wins of `focus` over the base, and the worst regressions, over the whole catalogue."""
    ours, theirs = (comparison.values(one, "full catalogue", comparison.measure) for one in (focus, comparison.base))
    moved = sorted(ours, key=lambda query_id: (theirs[query_id] - ours[query_id], query_id))
    wins = [i for i in moved[:SHOWN] if ours[i] > theirs[i]]
    losses = [i for i in moved[::-1][:SHOWN] if ours[i] < theirs[i]]
    best = [system.best(cutoff) for system in (comparison.base, focus)]
    describe = ProductTexts(focus.stored, [product for of in best for i in wins + losses for product in of[i]])

    def mover(query_id: str) -> Mover:
        old, new = (of[query_id] for of in best)
        judged = comparison.qrels[query_id]
        return Mover(
            query_id,
            focus.stored.prepared.queries[query_id].text,
            theirs[query_id],
            ours[query_id],
            tuple(describe.listed(product, judged, place, new) for place, product in enumerate(old)),
            tuple(describe.listed(product, judged, place, old) for place, product in enumerate(new)),
        )

    return [mover(i) for i in wins], [mover(i) for i in losses]


class ProductTexts:
    """How products are shown: the student's first field as the title, its other fields as details."""

    def __init__(self, stored: StoredRun, product_ids: Sequence[str]) -> None:
        self._scale = stored.prepared.scale
        self._fields = stored.config.fields.student
        catalogue = stored.prepared.catalogue
        ids = list(dict.fromkeys(product_ids))
        products = catalogue.products([catalogue.row(product) for product in ids])
        self._products: Mapping[str, Product] = {product.id: product for product in products}

    def title(self, product_id: str) -> str:
        """The product's title, or its id where it has none."""
        return self._products[product_id][self._fields[0]] or product_id

    def listed(self, product_id: str, judged: Mapping[str, int], place: int, other: Sequence[str]) -> ListedProduct:
        """The product at `place` (from 0) of a list, beside the `other` list."""
        product = self._products[product_id]
        return ListedProduct(
            product_id,
            self.title(product_id),
            " · ".join(value for name in self._fields[1:] if (value := product[name])),
            self._scale.index(judged[product_id]) if product_id in judged else None,
            other.index(product_id) - place if product_id in other else None,
        )
