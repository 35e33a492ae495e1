"""How a product stands in the cluster: one document, with the text that the models read, filters, words and vector.

product_text     the text that bi-encoder and student read, made by the same template; for the cluster's own queries
                 and rerankers
product_words    the words that BM25 reads (its template may be another), as `retrieval.tokens` cuts them: so it
                 ranks as `BM25Retriever` does
product_vector   the bi-encoder's unit vector, at full precision (newer Elasticsearch would round it by default)
product_row      the catalogue's row, which decides ties
…                the catalogue's fields, exact, for filters and facets
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from eval.errors import InputError
from retrieval.elastic.connection import Engine
from retrieval.product_text import ProductTemplate
from retrieval.tokens import tokenize
from retrieval.types import Product

TEXT, WORDS, VECTOR, ROW = "product_text", "product_words", "product_vector", "product_row"

_KEYWORD = {"type": "keyword", "ignore_above": 8191}
"""A longer value would be refused with its document (Lucene takes 32,766 bytes); it is kept, but no filter finds it."""
_CONNECTIONS, _CONSTRUCTION = 16, 128


def index_body(
    engine: Engine,
    fields: Sequence[str],
    dimension: int,
    *,
    shards: int = 1,
    replicas: int = 1,
    meta: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Settings and mappings of an index over products with these catalogue fields; `meta` is kept with it.

    Raises:
        InputError: a field whose name is one of ours.
    """
    ours = (TEXT, WORDS, VECTOR, ROW)
    taken = [name for name in fields if name in ours]
    if taken:
        raise InputError(f"the catalogue has a field {taken[0]!r}, a name that the index needs; give it another name")
    settings: dict[str, Any] = {
        "number_of_shards": shards,
        "number_of_replicas": replicas,
        "refresh_interval": "-1",  # while it is filled
    }
    if engine == "opensearch":
        settings["knn"] = True
    properties = {
        ROW: {"type": "long"},
        TEXT: {"type": "text"},
        WORDS: {"type": "text", "analyzer": "whitespace", "index_options": "freqs"},
        VECTOR: _vector(engine, dimension),
        **dict.fromkeys(fields, _KEYWORD),
    }
    mappings = {"dynamic": "strict", "_meta": {"distilrank": dict(meta or {})}, "properties": properties}
    return {"settings": {"index": settings}, "mappings": mappings}


def document(
    product: Product, row: int, vector: np.ndarray, template: ProductTemplate, words_template: ProductTemplate
) -> dict[str, Any]:
    """A product's document; `vector` float32 [dim]. A vector of zeros, which has no direction, is left out."""
    text, read = template.text(product), words_template.text(product)
    made: dict[str, Any] = {**product.fields, ROW: row, TEXT: text, WORDS: words(read)}
    if vector.any():
        made[VECTOR] = vector.tolist()
    return made


def words(text: str) -> str:
    """The words of a product text or a query, as both sides of BM25 need them."""
    return " ".join(tokenize(text))


def _vector(engine: Engine, dimension: int) -> dict[str, Any]:
    if engine == "elasticsearch":
        graph = {"type": "hnsw", "m": _CONNECTIONS, "ef_construction": _CONSTRUCTION}
        return {
            "type": "dense_vector",
            "dims": dimension,
            "index": True,
            "similarity": "cosine",
            "index_options": graph,
        }
    parameters = {"m": _CONNECTIONS, "ef_construction": _CONSTRUCTION}
    # Lucene's engine scores (1 + cosine) / 2, as Elasticsearch does, in every version of OpenSearch.
    method = {"name": "hnsw", "engine": "lucene", "space_type": "cosinesimil", "parameters": parameters}
    return {"type": "knn_vector", "dimension": dimension, "method": method}
