"""A run's indexes for the tests of live changes, openable from any process, and a model of what changes do."""

import random
from dataclasses import dataclass
from pathlib import Path

from retrieval.bm25 import BM25Retriever
from retrieval.catalogue import Catalogue
from retrieval.dense import DenseRetriever
from retrieval.encoder import Encoder
from retrieval.expansion import Expansion
from retrieval.first_stages import FirstStage
from retrieval.hybrid import Fusion
from retrieval.live.generation import Attach
from retrieval.live.shop import LiveShop
from retrieval.types import Product

WORDS = [
    "shirt",
    "shoes",
    "lamp",
    "cable",
    "red",
    "blue",
    "cotton",
    "steel",
    "women",
    "kids",
    "without",
    "10mm",
    "xylophone",
    "zither",
]
BRANDS = ("acme", "zenith", "newcomer", "")
COLOURS = ("red", "white", "mauve", "")


@dataclass(frozen=True)
class Base:
    """Where the run's catalogue, indexes and encoder stand."""

    catalogue: Path
    vectors: Path
    bm25: Path
    encoder: Path

    def open(
        self,
        live: Path,
        first_stage: FirstStage = "hybrid",
        *,
        encoder: Encoder | None = None,
        attach: Attach | None = None,
        fusion: Fusion = "scores",
        expansion: Expansion | None = None,
    ) -> LiveShop:
        """A shop of its own, as each process of a host has one."""
        catalogue = Catalogue.load(self.catalogue)
        dense = DenseRetriever.load(self.vectors, encoder or Encoder(str(self.encoder), device="cpu"), catalogue)
        bm25 = BM25Retriever.load(self.bm25, catalogue)
        return LiveShop(dense, bm25, live, first_stage=first_stage, fusion=fusion, expansion=expansion, attach=attach)


Operation = tuple[list[Product], list[str]]
"""Products to put, or ids to delete."""
Model = dict[str, dict[str, str]]
"""The fields of each product there is, in row order."""


def operation(seed: int, number: int, ids: list[str]) -> Operation:
    """The operation of this number: the same whoever asks."""
    rng = random.Random(f"{seed} {number}")
    if rng.random() < 0.3:
        return [], rng.sample(ids, rng.randint(1, 3))
    put = []
    for product_id in rng.sample(ids, rng.randint(1, 3)):
        fields = {"title": " ".join(rng.choices(WORDS, k=rng.randint(0, 5))), "brand": rng.choice(BRANDS)}
        if rng.random() < 0.7:
            fields["colour"] = rng.choice(COLOURS)
        put.append(Product(product_id, fields))
    return put, []


def perform(shop: LiveShop, operation: Operation) -> int:
    """Do it."""
    put, deleted = operation
    return shop.put(put) if put else shop.delete(deleted)


def follow(model: Model, operation: Operation) -> None:
    """Do it to the model."""
    put, deleted = operation
    for product_id in [*deleted, *(product.id for product in put)]:
        model.pop(product_id, None)
    for product in put:
        model[product.id] = {name: product[name] for name in ("title", "brand", "colour")}


def content(shop: LiveShop) -> Model:
    """What the shop's newest view holds."""
    return {product.id: dict(product.fields) for product in shop.view().catalogue.stream()}
