"""What speed is measured on: judged pairs of the synthetic shop, and a cross-encoder that every system loads."""

from pathlib import Path

from rerank.classifier import load_classifier
from rerank.types import Pair
from retrieval.encoder import default_encoder_path
from retrieval.product_text import ProductTemplate
from retrieval.quiet import quiet_transformers
from retrieval.shop.shop import shop_data

TEMPLATE = ProductTemplate(("title", "brand", "colour"))


def shop_pairs(count: int) -> tuple[list[Pair], list[float], list[int]]:
    """The first `count` judged pairs of a shop, their soft targets, and how many there are of each query."""
    judged = 16
    shop = shop_data(products=2000, train=-(-count // judged), dev=1, test=1, log=1, judged=judged, seed=1)
    products = {product.id: product for product in shop.products()}
    pairs: list[Pair] = []
    targets: list[float] = []
    sizes: list[int] = []
    for query_id, gains in shop.qrels.items():
        taken = list(gains.items())[: count - len(pairs)]
        pairs += [(shop.queries[query_id], products[product_id]) for product_id, _ in taken]
        targets += [shop.scale.target(gain) for _, gain in taken]
        sizes += [len(taken)] if taken else []
    return pairs, targets, sizes


def save_cross_encoder(path: Path) -> None:
    """The embedded six-layer MiniLM with a new one-logit head, which sentence-transformers loads too."""
    model, tokenizer, _ = load_classifier(default_encoder_path(), 1, seed=0)
    with quiet_transformers():
        model.save_pretrained(path)
        tokenizer.save_pretrained(path)
