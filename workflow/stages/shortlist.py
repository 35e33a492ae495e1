"""A shortlist over a catalogue whose vectors stand somewhere: what is served, and what is measured, alike."""

from collections.abc import Callable
from functools import partial

from rerank.shortlist import ShortlistedReranker
from rerank.types import Reranker
from retrieval.catalogue import Catalogue
from retrieval.live.cosines import RowScores, StoredCosines
from retrieval.product_text import ProductTemplate
from retrieval.text_rows import TextRows
from retrieval.types import TextEncoder

Shortlisted = Callable[[Reranker], Reranker]
"""Puts a shortlist around a student."""


def shortlist(
    keep: int, encoder: TextEncoder, scores: RowScores, catalogue: Catalogue, template: ProductTemplate
) -> Shortlisted:
    """Of `keep` products of a list, those of the highest cosines.

    Args:
        encoder: of queries.
        scores: cosines of the catalogue's vectors with one.
        template: what the student reads of a product. All texts of the catalogue are read once.
    """
    cosines = StoredCosines(encoder, scores, TextRows(catalogue, template))
    return partial(ShortlistedReranker, cosines, keep=keep)
