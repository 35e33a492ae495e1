"""New products' BM25 scores: the formula with the index's statistics, and the index's own scores to the last digit."""

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from retrieval.bm25 import BM25Retriever
from retrieval.catalogue import Catalogue
from retrieval.live.words import DeltaWords, WordStatistics
from retrieval.product_text import ProductTemplate
from retrieval.tokens import tokenize
from retrieval.types import Product, Query

QUERIES = ["lamp", "red cotton shirt women", "shoes shoes steel", "10 mm cable", "xylophone lamp", "", "unknown"]


@pytest.fixture(scope="module", params=[(1.2, 0.75), (0.9, 0.4), (2.0, 0.0)], ids=str)
def retriever(
    request: pytest.FixtureRequest,
    small_catalogue: Catalogue,
    template: ProductTemplate,
    tmp_path_factory: pytest.TempPathFactory,
) -> BM25Retriever:
    k1, b = request.param
    return BM25Retriever.build(small_catalogue, template, tmp_path_factory.mktemp("bm25") / "bm25", k1=k1, b=b)


def test_the_mean_length_is_recovered_exactly(
    retriever: BM25Retriever, small_products: list[Product], template: ProductTemplate
) -> None:
    lengths = [len(tokenize(template.text(product))) for product in small_products]
    if retriever.index.b:
        assert WordStatistics(retriever).mean_length == np.mean(lengths)


def test_an_indexed_product_put_again_scores_the_same_to_the_last_digit(
    retriever: BM25Retriever, small_products: list[Product], template: ProductTemplate
) -> None:
    words = DeltaWords(WordStatistics(retriever))
    for product in small_products:
        words.add(template.text(product))
    for text in QUERIES:
        for more in ({}, {"lamp": 0.25, "steel": 0.1, "theremin": 1.0}):
            found = words.scores(text, more, len(small_products))
            np.testing.assert_array_equal(found, retriever.adding(more).scores(Query("q", text)))


def test_new_words_and_new_products_by_the_formula(
    retriever: BM25Retriever, small_products: list[Product], template: ProductTemplate
) -> None:
    documents = [Counter(tokenize(template.text(product))) for product in small_products]
    mean = sum(sum(document.values()) for document in documents) / len(documents)
    texts = ["xylophone red lamp lamp", "", "xylophone xylophone", "zither for kids and women"]
    words = DeltaWords(WordStatistics(retriever))
    for text in texts:
        words.add(text)
    k1, b = retriever.index.k1, retriever.index.b
    for query in ("xylophone lamp", "women zither kids", "lamp lamp"):
        expected = []
        for text in texts:
            times, score = Counter(tokenize(text)), 0.0
            for word in tokenize(query):
                df = sum(word in document for document in documents)
                idf = math.log(1 + (len(documents) - df + 0.5) / (df + 0.5))
                tf = times[word]
                score += idf * tf / (tf + k1 * (1 - b + b * sum(times.values()) / mean)) if tf else 0.0
            expected.append(score)
        np.testing.assert_allclose(words.scores(query, {}, 4), expected, rtol=1e-6)
        np.testing.assert_allclose(words.scores(query, {}, 2), expected[:2], rtol=1e-6)


def test_a_catalogue_of_one_word(tmp_path: Path) -> None:
    template = ProductTemplate(("title",))
    catalogue = Catalogue.write([Product("1", {"title": "lamp"}), Product("2", {"title": ""})], tmp_path / "catalogue")
    assert WordStatistics(BM25Retriever.build(catalogue, template, tmp_path / "bm25")).mean_length == 0.5
