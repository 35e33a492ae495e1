"""Indexes over the small catalogue, flat and HNSW."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from retrieval.bm25 import BM25Retriever
from retrieval.catalogue import Catalogue
from retrieval.embeddings import embed_catalogue
from retrieval.encoder import Encoder
from retrieval.faiss_index import build_index
from retrieval.index_kinds import KINDS, Kind
from retrieval.live.shop import LiveShop
from retrieval.product_text import ProductTemplate
from retrieval.types import Product
from tests.retrieval.live.live_base import Base

BuildBase = Callable[..., Base]


@pytest.fixture(scope="session")
def build_base() -> BuildBase:
    """Builds a run's catalogue and indexes into a directory."""

    def build(
        path: Path, products: list[Product], encoder_dir: Path, template: ProductTemplate, kind: Kind = "flat"
    ) -> Base:
        encoder = Encoder(str(encoder_dir), device="cpu")
        catalogue = Catalogue.write(products, path / "catalogue")
        vectors = embed_catalogue(encoder, catalogue, template, path / "embeddings", batch_size=16)
        build_index(vectors, path / "vectors", catalogue, template, kind=kind, encoder_fingerprint=encoder.fingerprint)
        BM25Retriever.build(catalogue, template, path / "bm25")
        return Base(path / "catalogue", path / "vectors", path / "bm25", encoder_dir)

    return build


@pytest.fixture(scope="session")
def bases(
    build_base: BuildBase,
    small_products: list[Product],
    tiny_encoder_dir: Path,
    template: ProductTemplate,
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, Base]:
    """By kind of vector index."""
    root = tmp_path_factory.mktemp("live-bases")
    return {kind: build_base(root / kind, small_products, tiny_encoder_dir, template, kind) for kind in KINDS}


@pytest.fixture(scope="session")
def base(bases: dict[str, Base]) -> Base:
    return bases["flat"]


OpenShop = Callable[..., LiveShop]


@pytest.fixture
def open_shop(base: Base, tiny_encoder: Encoder, tmp_path: Path) -> Iterator[OpenShop]:
    """Opens shops over `base` and one live directory, as several processes would; closes them all."""
    opened: list[LiveShop] = []

    def open_one(**options: object) -> LiveShop:
        opened.append(base.open(tmp_path / "live", encoder=tiny_encoder, **options))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for shop in opened:
        shop.close()
