"""What is served: one catalogue that may change, one first stage, one reranker, and what is known of them.

The engine depends on these shapes alone; the workflow fills them from a finished run.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from rerank.types import Reranker
from retrieval.product_text import ProductTemplate
from retrieval.types import Product, Products, Retriever, TextEncoder


class View(Protocol):
    """The shop at one moment; it never changes, so one request sees one state from beginning to end."""

    @property
    def retriever(self) -> Retriever:
        """The first stage over exactly these products."""
        ...

    @property
    def catalogue(self) -> Products:
        """The products, by id and row."""
        ...

    @property
    def version(self) -> int:
        """The last live change that this view holds; 0 for none."""
        ...

    @property
    def products(self) -> int:
        """How many products can be found."""
        ...

    @property
    def delta_rows(self) -> int:
        """Rows that live changes have added to the index."""
        ...

    @property
    def retired(self) -> int:
        """Rows that live changes have taken out of the index."""
        ...


class Shop(Protocol):
    """A catalogue under an index; every method may be called from any thread."""

    def view(self) -> View:
        """The newest view; takes no time."""
        ...

    def refresh(self) -> bool:
        """Take in what any process has changed since; True when the view is a new one. Cheap when nothing changed."""
        ...


@runtime_checkable
class LiveShop(Shop, Protocol):
    """A `Shop` that takes changes; `retrieval.live.shop.LiveShop` is one."""

    def put(self, products: Sequence[Product]) -> int:
        """Add the products, or replace those whose id is there: all or, on an error, none.

        Returns:
            The version that holds them, when they are durable and in `view()`.

        Raises:
            DistilrankError: when they cannot be stored.
        """
        ...

    def delete(self, ids: Sequence[str]) -> int:
        """Take products out; an unknown id is no error. Returns and raises as `put`."""
        ...


@dataclass(frozen=True)
class Versions:
    """What is being served, by fingerprint or name."""

    index: str
    student: str
    config: str


@dataclass(frozen=True)
class Served:
    """All that one generation of the service is made of; a hot swap replaces it whole.

    Args:
        shop: a `LiveShop`, or a `Shop` where products cannot be changed.
        reranker: the student, for any pair, safe to ask from several threads at once; None serves
            the first stage alone.
        reranker_for: gives the reranker that knows the rows of a view, where it reads products by row: rows
            mean another thing after a merge. Must take no time. None asks `reranker` for every view.
        template: what the reranker reads of a product.
        fields: the catalogue's fields: those that filters, facets and changed products may name.
        window: candidates reranked by default, as the run was measured.
        blend_weight: the reranker's share of the final score.
        spread: how far the reranker's scores of a query's candidates lie apart, usually: their standard deviation.
        versions: fingerprints for answers, metrics and logs.
        encoder: for `/v1/embeddings`; None leaves the route unavailable.
        count_tokens: tokens of each text, as the encoder counts them, before truncation; for `usage`.
        merge: builds a new index of `shop` that holds all live changes, and changes over to it; called in a thread of
            its own when there are many. None leaves the changes beside the index.
        close: called once nothing uses this generation any more.
        grades: judged grades, by `query_key` of the query's text and product id.
        built: when the index was made, in seconds since 1970; None when unknown.
        about: more for `/v1/info`, in JSON's types; no paths.
    """

    shop: Shop
    reranker: Reranker | None
    template: ProductTemplate
    fields: tuple[str, ...]
    window: int
    blend_weight: float
    spread: float
    versions: Versions
    reranker_for: Callable[[View], Reranker] | None = None
    encoder: TextEncoder | None = None
    count_tokens: Callable[[Sequence[str]], list[int]] | None = None
    merge: Callable[[], object] | None = None
    close: Callable[[], None] | None = None
    grades: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    built: float | None = None
    about: Mapping[str, object] = field(default_factory=dict)

    def reranker_of(self, view: View) -> Reranker | None:
        """What reranks the products of a view."""
        return self.reranker if self.reranker_for is None else self.reranker_for(view)

    def newest_reranker(self) -> Reranker | None:
        """What scores any products: that of the newest view, which knows its products best."""
        return self.reranker_of(self.shop.view())


@dataclass(frozen=True)
class FixedView:
    """A `View` of products that do not change."""

    retriever: Retriever
    catalogue: Products
    products: int
    version: int = 0
    delta_rows: int = 0
    retired: int = 0


@dataclass(frozen=True)
class FixedShop:
    """A `Shop` whose products do not change: a finished run's index as it stands."""

    fixed: FixedView

    def view(self) -> FixedView:
        """The one view there is."""
        return self.fixed

    def refresh(self) -> bool:
        """Nothing ever changes."""
        return False
