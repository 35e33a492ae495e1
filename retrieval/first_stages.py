"""The first stages over one catalogue, by name: BM25, the bi-encoder, and both as one."""

from typing import Literal

from retrieval.demotion import DemotingRetriever, Demotion
from retrieval.expansion import ExpandingRetriever, Expansion, WordRetriever
from retrieval.fusion import BM25_FLOOR, COSINE_FLOOR, Fusion
from retrieval.hybrid import HybridRetriever
from retrieval.product_text import ProductTemplate
from retrieval.types import Products, Retriever

FirstStage = Literal["bm25", "dense", "hybrid"]


def first_stages(
    bm25: WordRetriever,
    dense: Retriever,
    catalogue: Products,
    template: ProductTemplate,
    fusion: Fusion,
    expansion: Expansion | None,
) -> dict[str, Retriever]:
    """Both and their fusion, all of which put behind what mentions, in the template's text, the unwanted; the fusion
    looks twice where there is an `expansion`."""
    demotion = Demotion(catalogue, template)
    words = DemotingRetriever(bm25, demotion, BM25_FLOOR)
    vectors = DemotingRetriever(dense, demotion, COSINE_FLOOR)
    both = HybridRetriever([(words, BM25_FLOOR), (vectors, COSINE_FLOOR)], catalogue, fusion=fusion)
    twice = both if expansion is None else ExpandingRetriever(both, bm25, demotion, template, expansion)
    return {"bm25": words, "dense": vectors, "hybrid": twice}
