"""A catalogue of 60 products with vectors, and a fake cluster to build it in, with short pauses."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_elastic import FakeElastic

from retrieval.catalogue import Catalogue
from retrieval.elastic.build import Built, build_elastic_index
from retrieval.elastic.connection import Cluster, Patience, connect
from retrieval.elastic.retriever import ElasticRetriever
from retrieval.product_text import ProductTemplate
from retrieval.types import Product

PATIENCE = Patience(attempts=3, first_s=0.001)
TEMPLATE = ProductTemplate(("title", "brand"))
FAKES = {"elasticsearch 8": ("8.19.3", "elasticsearch"), "elasticsearch 9": ("9.1.0", "elasticsearch")}
FAKES |= {"opensearch 3": ("3.1.0", "opensearch")}


class Letters:
    """An encoder without a model: how often each of 26 letters stands in the text."""

    fingerprint = "letters"
    dim = 26

    def encode_queries(self, texts: Sequence[str], batch_size: int = 128) -> np.ndarray:
        counts = np.array([[text.lower().count(chr(97 + n)) for n in range(26)] for text in texts], dtype=np.float32)
        return counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)


@pytest.fixture(scope="session")
def products() -> list[Product]:
    colours, things = ("red", "blue", "green"), ("shoe", "lamp", "table", "cup")
    return [
        Product(f"p{n}", {"title": f"{colours[n % 3]} {things[n % 4]} {n}", "brand": "ab"[n % 2]}) for n in range(60)
    ]


@pytest.fixture(scope="session")
def catalogue(products: list[Product], tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return Catalogue.write(products, tmp_path_factory.mktemp("elastic") / "catalogue")


@pytest.fixture(params=sorted(FAKES))
def node(request: pytest.FixtureRequest) -> Iterator[FakeElastic]:
    """Each engine in turn."""
    with FakeElastic(*FAKES[request.param]) as started:
        yield started


@pytest.fixture
def cluster(node: FakeElastic) -> Iterator[Cluster]:
    with contextlib.closing(connect([node.url], timeout_s=2.0, patience=PATIENCE)) as opened:
        yield opened


Build = Callable[..., Built]


@pytest.fixture
def build(catalogue: Catalogue, tmp_path: Path) -> Build:
    """Builds the catalogue's index under the alias "shop"."""

    def run(cluster: Cluster, catalogue: Catalogue = catalogue, **options: Any) -> Built:
        texts = catalogue.texts(TEMPLATE, 0, len(catalogue))
        vectors = Letters().encode_queries(texts)
        options = {"directory": tmp_path / "elastic", "batch": 8, "patience": PATIENCE} | options
        return build_elastic_index(cluster, "shop", catalogue, TEMPLATE, TEMPLATE, vectors, "letters", **options)

    return run


@pytest.fixture
def retriever(cluster: Cluster, build: Build, catalogue: Catalogue) -> ElasticRetriever:
    """Hybrid, over an index of two shards."""
    return ElasticRetriever(cluster, build(cluster, shards=2).index, Letters(), catalogue, TEMPLATE)  # type: ignore[arg-type]
