"""A small separable task for the training tests, and a model to learn it."""

from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedModel

from rerank.classifier import load_classifier
from rerank.inputs import PairEncoder
from rerank.training_data import Group
from retrieval.product_text import ProductTemplate
from retrieval.types import Product, Query

TEMPLATE = ProductTemplate(("title",))
COLOURS = ("red", "blue", "green", "black")
THINGS = ("shirt", "lamp", "bag", "desk")


def toy_products() -> dict[str, Product]:
    """Sixteen products by title."""
    titles = [f"{colour} {thing}" for colour in COLOURS for thing in THINGS]
    return {title: Product(title, {"title": title}) for title in titles}


def toy_groups(weights: bool = False) -> list[Group]:
    """Four queries whose shoppers like red (target 3) better than blue (0), and these better than the rest (−3)."""
    products = toy_products()
    groups = []
    for place, thing in enumerate(THINGS):
        other = THINGS[place - 1]
        titles = [
            f"red {thing}",
            f"blue {thing}",
            f"blue {other}",
            f"green {thing}",
            f"green {other}",
            f"black {thing}",
        ]
        targets = np.array([3, 0, 0, -3, -3, -3], dtype=np.float32)
        chosen = np.array([1, 1, 0.5, 1, 0.25, 1], dtype=np.float32) if weights else None
        groups.append(Group(Query(thing, thing), [products[title] for title in titles], targets, chosen))
    return groups


def toy_model(path: Path, outputs: int = 1, layers: int = 2) -> tuple[PreTrainedModel, PairEncoder]:
    """The tiny BERT, cut to `layers`."""
    model, tokenizer, kind = load_classifier(path, outputs)
    model.bert.encoder.layer = model.bert.encoder.layer[:layers]
    return model, PairEncoder(tokenizer, kind, TEMPLATE, 32)


def weight_bytes(model: torch.nn.Module) -> bytes:
    """All weights, bit by bit."""
    return b"".join(weight.detach().numpy().tobytes() for weight in model.state_dict().values())
