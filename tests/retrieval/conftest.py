"""A small catalogue and a tiny bi-encoder, made from a configuration and a seed."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer, BertConfig, BertModel

from retrieval.catalogue import Catalogue
from retrieval.encoder import Encoder
from retrieval.product_text import ProductTemplate
from retrieval.types import Product

WriteEncoder = Callable[[Path, int], Path]


@pytest.fixture(scope="session")
def write_encoder(tiny_bert_dir: Path) -> WriteEncoder:
    """Writes a sentence-transformers directory: a two-layer BERT and mean pooling, vectors of any length."""

    def write(path: Path, seed: int) -> Path:
        config = BertConfig.from_pretrained(tiny_bert_dir)
        config.num_hidden_layers = 2
        config.initializer_range = 0.3
        torch.manual_seed(seed)
        BertModel(config).save_pretrained(path)
        AutoTokenizer.from_pretrained(tiny_bert_dir).save_pretrained(path)
        modules = [("", "models.Transformer"), ("1_Pooling", "models.Pooling")]
        listed = [
            {"idx": number, "name": str(number), "path": folder, "type": f"sentence_transformers.{kind}"}
            for number, (folder, kind) in enumerate(modules)
        ]
        pooling = {"word_embedding_dimension": config.hidden_size, "pooling_mode_mean_tokens": True}
        (path / "1_Pooling").mkdir()
        (path / "modules.json").write_text(json.dumps(listed))
        (path / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
        (path / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 64, "do_lower_case": False}))
        return path

    return write


@pytest.fixture(scope="session")
def tiny_encoder_dir(write_encoder: WriteEncoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_encoder(tmp_path_factory.mktemp("encoder") / "tiny", 0)


@pytest.fixture(scope="session")
def tiny_encoder(tiny_encoder_dir: Path) -> Encoder:
    return Encoder(str(tiny_encoder_dir), device="cpu")


@pytest.fixture(scope="session")
def template() -> ProductTemplate:
    return ProductTemplate(("title", "brand", "colour"))


@pytest.fixture(scope="session")
def small_products() -> list[Product]:
    """400 products: repeated texts under different ids, two without any text, one colour that only three have."""
    rng = random.Random(5)
    colours, things = ("red", "blue", "green", "black"), ("shirt", "shoes", "lamp", "cable", "cups", "tables", "knife")
    words = (
        "cotton",
        "wool",
        "steel",
        "small",
        "large",
        "kids",
        "women",
        "without",
        "leather",
        "10mm",
        "2 pack",
        "5 oz",
    )
    made = []
    for number in range(400):
        title = f"{rng.choice(things)} {' '.join(rng.sample(words, rng.randint(1, 5)))}"
        fields = {"title": title, "brand": rng.choice(("acme", "zenith", "")), "colour": rng.choice(colours)}
        if number % 10 == 9:
            fields = dict(made[-1].fields)
        if number in (120, 250):
            fields = {"title": "", "brand": "", "colour": ""}
        if number in (7, 201, 399):
            fields["colour"] = "white"
        made.append(Product(f"p{(number * 7919) % 100_000:05d}", fields))
    return made


@pytest.fixture(scope="session")
def small_catalogue(small_products: list[Product], tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    return Catalogue.write(small_products, tmp_path_factory.mktemp("catalogue") / "small")
