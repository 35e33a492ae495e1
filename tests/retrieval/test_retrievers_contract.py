"""Every first stage against brute force: what the protocol promises, with and without filters.

Those in a cluster run against the one at ELASTICSEARCH_URL or OPENSEARCH_URL, or else against the fake server.
"""

import contextlib
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from fake_elastic.clusters import ENGINES, own_alias, running_cluster
from sentence_transformers import SentenceTransformer

from eval.errors import InputError
from retrieval.bm25 import BM25Retriever
from retrieval.catalogue import Catalogue
from retrieval.dense import DenseRetriever
from retrieval.elastic.build import build_elastic_index
from retrieval.elastic.retriever import MODES, ElasticRetriever
from retrieval.embeddings import embed_catalogue
from retrieval.encoder import Encoder
from retrieval.faiss_index import build_index
from retrieval.hybrid import HybridRetriever
from retrieval.product_text import ProductTemplate
from retrieval.tokens import tokenize
from retrieval.types import Filter, Product, Query, Retriever

DENSE = ("flat", "hnsw", "ivf_flat", "ivf_pq")
LOCAL = (*DENSE, "bm25", "hybrid")
PARTS = {"hybrid": ("flat", "bm25")}
PARTS |= {f"{engine} hybrid": (f"{engine} dense", f"{engine} bm25") for engine in ENGINES}
CLUSTER = [f"{engine} {mode}" for engine in ENGINES for mode in MODES]
KINDS = [*LOCAL, *(pytest.param(kind, marks=pytest.mark.elasticsearch) for kind in CLUSTER)]
SINGLE = [*LOCAL[:-1], *(pytest.param(k, marks=pytest.mark.elasticsearch) for k in CLUSTER if k not in PARTS)]
EXACT = ("flat", "bm25", *(f"{engine} bm25" for engine in ENGINES))
BM25_FACTOR = 2.2
"""k1 + 1, which Elasticsearch and OpenSearch have kept in the numerator."""
TOLERANCE = 2e-5  # batches are padded differently from one encoding to the next

QUERIES = [
    Query("one word", "lamp"),
    Query("several", "red cotton shirt women"),
    Query("repeated word", "shoes shoes steel"),
    Query("number and unit", "10 mm cable"),
    Query("known and unknown", "xylophone leather cups"),
]
UNKNOWN = Query("unknown", "xylophone")
BLANK = Query("blank", "  ")
FILTERS: list[Filter | None] = [
    None,
    {"colour": "red"},
    {"colour": ["red", "blue"], "brand": "acme"},
    {"colour": "white"},
]

Oracle = Callable[[Query], np.ndarray]


@pytest.fixture(scope="module")
def retrievers(
    small_catalogue: Catalogue,
    template: ProductTemplate,
    tiny_encoder: Encoder,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Retriever]]:
    path = tmp_path_factory.mktemp("indexes")
    vectors = embed_catalogue(tiny_encoder, small_catalogue, template, path / "vectors", shard_size=64, batch_size=16)
    made: dict[str, Retriever] = {}
    for kind in DENSE:
        build_index(
            vectors,
            path / kind,
            small_catalogue,
            template,
            kind=kind,  # type: ignore[arg-type]
            encoder_fingerprint=tiny_encoder.fingerprint,
        )
        made[kind] = DenseRetriever.load(path / kind, tiny_encoder, small_catalogue)
    made["bm25"] = BM25Retriever.build(small_catalogue, template, path / "bm25")
    made["hybrid"] = HybridRetriever(
        [(made["flat"], -1.0), (made["bm25"], 0.0)], small_catalogue, fusion="ranks", depth=50
    )
    with contextlib.ExitStack() as opened:
        for engine in ENGINES:
            cluster = opened.enter_context(running_cluster(engine))
            alias = opened.enter_context(own_alias(cluster))
            fingerprint = tiny_encoder.fingerprint
            options = {"directory": path / engine, "shards": 3, "replicas": 0}
            index = build_elastic_index(
                cluster, alias, small_catalogue, template, template, vectors, fingerprint, **options
            ).index
            for mode in MODES:
                made[f"{engine} {mode}"] = ElasticRetriever(
                    cluster, index, tiny_encoder, small_catalogue, template, mode=mode, fusion="ranks", candidates=50
                )
        yield made


@pytest.fixture(scope="module")
def oracles(
    small_products: list[Product], template: ProductTemplate, tiny_encoder_dir: Path, retrievers: dict[str, Retriever]
) -> dict[str, Oracle]:
    """By kind, a function from a query to the scores of all products; 0 for what is no hit, but for cosines."""
    texts = [template.text(product) for product in small_products]
    model = SentenceTransformer(str(tiny_encoder_dir), device="cpu")
    products = model.encode(texts, show_progress_bar=False).astype(np.float64)

    def cosine(query: Query) -> np.ndarray:
        vector = model.encode([query.text], show_progress_bar=False)[0].astype(np.float64)
        return products @ vector / np.linalg.norm(products, axis=1) / np.linalg.norm(vector)

    documents = [Counter(tokenize(text)) for text in texts]
    lengths = [sum(document.values()) for document in documents]

    def bm25(query: Query, counted: int = len(documents)) -> np.ndarray:
        scores = np.zeros(len(documents))
        mean = sum(lengths) / counted
        for word in tokenize(query.text):
            holding = sum(word in document for document in documents)
            idf = math.log(1 + (counted - holding + 0.5) / (holding + 0.5))
            for row, document in enumerate(documents):
                tf = document[word]
                scores[row] += idf * tf / (tf + 1.2 * (1 - 0.75 + 0.75 * lengths[row] / mean))
        return scores

    def lucene_bm25(query: Query) -> np.ndarray:  # Lucene does not count documents without a word
        return BM25_FACTOR * bm25(query, sum(length > 0 for length in lengths))

    oracles = {**dict.fromkeys(DENSE, cosine), "bm25": bm25}
    for engine in ENGINES:
        oracles |= {f"{engine} dense": cosine, f"{engine} bm25": lucene_bm25}
    return oracles


def fused(parts: list[Retriever], query: Query, k: int, where: Filter | None) -> list[tuple[str, float]]:
    """Reciprocal rank fusion, the slow way; ties in no order."""
    scores: dict[str, float] = defaultdict(float)
    for part in parts:
        hits = part.search([query], max(k, 50), where)[0]
        for hit in hits:
            ranks = [place for place, other in enumerate(hits, start=1) if other.score == hit.score]
            scores[hit.product_id] += 1 / (60 + sum(ranks) / len(ranks))
    return sorted(scores.items(), key=lambda item: -item[1])[:k]


def matches(product: Product, where: Filter | None) -> bool:
    return all(
        product[field] in ([wanted] if isinstance(wanted, str) else wanted) for field, wanted in (where or {}).items()
    )


@pytest.mark.parametrize("where", FILTERS, ids=str)
@pytest.mark.parametrize("k", [1, 10, 1000])
@pytest.mark.parametrize("kind", KINDS)
def test_search_is_brute_force(
    kind: str,
    k: int,
    where: Filter | None,
    retrievers: dict[str, Retriever],
    oracles: dict[str, Oracle],
    small_products: list[Product],
) -> None:
    row = {product.id: number for number, product in enumerate(small_products)}
    allowed = np.array([number for number, product in enumerate(small_products) if matches(product, where)])
    found = retrievers[kind].search(QUERIES, k, where)
    assert len(found) == len(QUERIES)
    for query, hits in zip(QUERIES, found, strict=True):
        rows = [row[hit.product_id] for hit in hits]
        scores = np.array([hit.score for hit in hits])
        assert len(set(rows)) == len(rows)
        assert set(rows) <= set(allowed.tolist())
        assert sorted(zip(-scores, rows, strict=True)) == list(zip(-scores, rows, strict=True))  # ties in row order
        if kind in PARTS:
            expected = fused([retrievers[part] for part in PARTS[kind]], query, k, where)
            np.testing.assert_allclose(scores, [score for _, score in expected], rtol=1e-6)
            continue
        truth = oracles[kind](query)
        np.testing.assert_allclose(scores, truth[rows], atol=TOLERANCE)
        best = np.sort(truth[allowed])[::-1][:k]
        if kind.endswith("bm25"):
            best = best[best > 0]
        if kind in EXACT:
            np.testing.assert_allclose(scores, best, atol=TOLERANCE)
        else:
            assert len(hits) == len(best)
            assert np.mean(scores >= best[-1] - TOLERANCE) >= 0.95


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_retriever(kind: str, retrievers: dict[str, Retriever]) -> None:
    assert isinstance(retrievers[kind], Retriever)


@pytest.mark.parametrize("kind", KINDS)
def test_a_filter_that_matches_nothing(kind: str, retrievers: dict[str, Retriever]) -> None:
    assert retrievers[kind].search([*QUERIES, BLANK], 10, {"colour": "mauve"}) == [[]] * (len(QUERIES) + 1)
    assert retrievers[kind].search(QUERIES, 10, {"colour": []}) == [[]] * len(QUERIES)


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_filter_is_none(kind: str, retrievers: dict[str, Retriever]) -> None:
    assert retrievers[kind].search(QUERIES, 10, {}) == retrievers[kind].search(QUERIES, 10)


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_filter_field_lists_the_fields(kind: str, retrievers: dict[str, Retriever]) -> None:
    with pytest.raises(InputError, match="'color' is not in the catalogue; its fields are brand, colour, title"):
        retrievers[kind].search(QUERIES, 10, {"color": "red"})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("k", [0, -3])
def test_k_must_be_positive(kind: str, k: int, retrievers: dict[str, Retriever]) -> None:
    with pytest.raises(InputError, match=f"k is {k}"):
        retrievers[kind].search(QUERIES, k)


@pytest.mark.parametrize("kind", KINDS)
def test_no_queries_and_blank_queries(kind: str, retrievers: dict[str, Retriever]) -> None:
    assert retrievers[kind].search([], 5) == []
    hits = retrievers[kind].search([BLANK, QUERIES[0], BLANK], 5)
    assert hits[0] == hits[2] == []
    assert len(hits[1]) == 5
    if kind not in PARTS:
        assert retrievers[kind].score_products(BLANK, ["p00000"]) == [0.0]


def test_bm25_finds_nothing_for_unknown_words(retrievers: dict[str, Retriever]) -> None:
    for kind in ("bm25", *(f"{engine} bm25" for engine in ENGINES)):
        assert retrievers[kind].search([UNKNOWN], 5) == [[]]
        assert retrievers[kind].score_products(UNKNOWN, ["p00000"]) == [0.0]
    assert len(retrievers["flat"].search([UNKNOWN], 5)[0]) == 5


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_answers_as_its_queries_alone(kind: str, retrievers: dict[str, Retriever]) -> None:
    together = retrievers[kind].search(QUERIES, 20)
    for query, hits in zip(QUERIES, together, strict=True):
        alone = retrievers[kind].search([query], 20)[0]
        np.testing.assert_allclose([hit.score for hit in hits], [hit.score for hit in alone], atol=TOLERANCE)


@pytest.mark.parametrize("kind", KINDS)
def test_fewer_hits_are_the_beginning_of_more(kind: str, retrievers: dict[str, Retriever]) -> None:
    for query in QUERIES:
        more = retrievers[kind].search([query], 40)[0]
        assert retrievers[kind].search([query], 7)[0] == more[:7]


@pytest.mark.parametrize("kind", SINGLE)
def test_score_products_is_the_score_of_the_search(kind: str, retrievers: dict[str, Retriever]) -> None:
    for query in QUERIES:
        hits = retrievers[kind].search([query], 15)[0][::-1]
        scores = retrievers[kind].score_products(query, [hit.product_id for hit in hits])
        assert scores == pytest.approx([hit.score for hit in hits], abs=TOLERANCE if kind in CLUSTER else 0, rel=0)


@pytest.mark.parametrize("kind", PARTS)
def test_hybrid_score_products_fuses_the_given_products(kind: str, retrievers: dict[str, Retriever]) -> None:
    ids = ["p00000", "p07919", "p15838", "p23757"]
    parts = [retrievers[part].score_products(QUERIES[1], ids) for part in PARTS[kind]]
    expected = [
        sum(
            1 / (60 + sum(o > scores[i] for o in scores) + (1 + sum(o == scores[i] for o in scores)) / 2)
            for scores in parts
        )
        for i in range(len(ids))
    ]
    np.testing.assert_allclose(retrievers[kind].score_products(QUERIES[1], ids), expected, rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_score_products_of_none_and_of_an_unknown_one(kind: str, retrievers: dict[str, Retriever]) -> None:
    assert retrievers[kind].score_products(QUERIES[0], []) == []
    with pytest.raises(InputError, match="nowhere"):
        retrievers[kind].score_products(QUERIES[0], ["p00000", "nowhere"])


@pytest.mark.parametrize("kind", SINGLE)
def test_products_of_equal_text_tie_in_catalogue_order(
    kind: str, retrievers: dict[str, Retriever], small_products: list[Product], template: ProductTemplate
) -> None:
    texts = defaultdict(list)
    for product in small_products:
        texts[template.text(product)].append(product.id)
    text, twins = max(texts.items(), key=lambda item: (len(item[0]) > 0) * len(item[1]))
    assert len(twins) > 1
    hits = retrievers[kind].search([Query("exact", text)], 400)[0]
    places = [place for place, hit in enumerate(hits) if hit.product_id in twins]
    scores = [hits[place].score for place in places]
    assert max(scores) - min(scores) < TOLERANCE
    if kind.endswith("bm25"):
        assert [hits[place].product_id for place in places] == twins
