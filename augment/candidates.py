"""Where candidates come from: every retriever, and the neighbours of the best hit."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from augment.selection import NEIGHBOUR, Candidate
from retrieval.product_text import ProductTemplate
from retrieval.types import Hit, Query, Retriever

if TYPE_CHECKING:
    from retrieval.catalogue import Catalogue

_NEIGHBOURHOOD = 50


class CandidateSources:
    """Finds the candidates of queries, a chunk at a time.

    `retrievers` maps a source's name to it; `first_stage` names the one whose ranks count. Neighbours of a query's best
    first-stage hit are products with the same value of `category_field`; where the catalogue has no such field, or the
    value is empty or the hit's alone, they are what the retriever named "dense" (else the first stage) finds for its
    title.
    """

    def __init__(
        self,
        retrievers: Mapping[str, Retriever],
        first_stage: str,
        catalogue: "Catalogue",
        template: ProductTemplate,
        category_field: str | None = None,
    ):
        self.retrievers = retrievers
        self.first_stage = first_stage
        self.catalogue = catalogue
        self.template = template
        self._category: _Categories | None = None
        if category_field is not None and category_field in catalogue.fields:
            self._category = _Categories(catalogue, category_field)

    @property
    def independent(self) -> list[str]:
        """The sources whose ranks are compared; the retriever named "hybrid" only repeats the others."""
        single = sorted(name for name in self.retrievers if name != "hybrid")
        return single if len(single) >= 2 else sorted(self.retrievers)

    def ranked(self, queries: Sequence[Query], depth: int) -> list[list[Candidate]]:
        """The union of every retriever's best `depth`: first-stage order, then by source's name and rank there."""
        names = [self.first_stage, *sorted(name for name in self.retrievers if name != self.first_stage)]
        found = {name: self.retrievers[name].search(queries, depth) for name in names}
        results = []
        for place in range(len(queries)):
            sources: dict[str, list[str]] = {}
            for name in names:
                for hit in found[name][place]:
                    sources.setdefault(hit.product_id, []).append(name)
            ranks = {
                name: {hit.product_id: rank for rank, hit in enumerate(found[name][place], start=1)} for name in names
            }
            results.append(
                [
                    Candidate(
                        product_id,
                        tuple(sorted(by)),
                        ranks[self.first_stage].get(product_id),
                        tuple(ranks[name].get(product_id) for name in self.independent),
                    )
                    for product_id, by in sources.items()
                ]
            )
        return results

    def neighbours(
        self, ranked: Sequence[Sequence[Candidate]], size: int, generators: Sequence[np.random.Generator]
    ) -> list[list[Candidate]]:
        """For each query, about fifty neighbours of its best hit at most; none without a hit or at size 0."""
        results: list[list[Candidate]] = [[] for _ in ranked]
        titles: dict[int, str] = {}
        for place, candidates in enumerate(ranked):
            if not size or not candidates:
                continue
            best = candidates[0].product_id
            alike = self._category.alike(best, max(size, _NEIGHBOURHOOD), generators[place]) if self._category else []
            if alike:
                results[place] = self._as_candidates(alike, candidates)
            else:
                product = self.catalogue.product(best)
                titles[place] = product["title"] or self.template.text(product)
        places = [place for place, title in titles.items() if title.strip()]
        if places:
            queries = [Query(f"neighbours of {ranked[place][0].product_id}", titles[place]) for place in places]
            retriever = self.retrievers.get("dense", self.retrievers[self.first_stage])
            for place, hits in zip(places, retriever.search(queries, max(size, _NEIGHBOURHOOD)), strict=True):
                results[place] = self._as_candidates(_without(hits, ranked[place][0].product_id), ranked[place])
        return results

    def _as_candidates(self, product_ids: Sequence[str], ranked: Sequence[Candidate]) -> list[Candidate]:
        known = {candidate.product_id: candidate for candidate in ranked}
        results = []
        for product_id in product_ids:
            before = known.get(product_id, Candidate(product_id, (), None))
            results.append(before._replace(sources=tuple(sorted({*before.sources, NEIGHBOUR}))))
        return results


class _Categories:
    """Rows of the catalogue by the value of one field; 12 bytes a product."""

    def __init__(self, catalogue: "Catalogue", field: str):
        encoded = catalogue.column(field).combine_chunks().dictionary_encode()
        codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        empty = [code for code, value in enumerate(encoded.dictionary.to_pylist()) if not (value or "").strip()]
        self.codes = np.where(np.isin(codes, empty), -1, codes).astype(np.int32)
        self.order = np.argsort(self.codes, kind="stable")
        self.sorted_codes = self.codes[self.order]
        self.catalogue = catalogue

    def alike(self, product_id: str, size: int, generator: np.random.Generator) -> list[str]:
        row = self.catalogue.row(product_id)
        code = self.codes[row]
        if code < 0:
            return []
        begin, end = np.searchsorted(self.sorted_codes, [code, code + 1])
        picked = generator.choice(end - begin, size=min(size + 1, end - begin), replace=False)
        rows = self.order[begin + np.sort(picked)]
        return [self.catalogue.ids[int(other)] for other in rows if other != row][:size]


def _without(hits: Sequence[Hit], product_id: str) -> list[str]:
    return [hit.product_id for hit in hits if hit.product_id != product_id]
