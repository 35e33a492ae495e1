"""The store of product tokens: the tokenizer's own, whole, refused for anything it was not made of."""

from pathlib import Path

import numpy as np
import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from eval.errors import InputError, MachineError
from rerank.runtime.product_tokens import ProductTokens
from retrieval.catalogue import Catalogue
from retrieval.product_text import ProductTemplate
from retrieval.types import Product

TEMPLATE = ProductTemplate(("title", "brand"))


@pytest.fixture
def tokenizer(tiny_bert_dir: Path) -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(tiny_bert_dir)


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    texts = ["red shoe", "", "a " * 60, *(f"case {number}" for number in range(20))]
    products = (Product(f"p{i}", {"title": text, "brand": "steel"}) for i, text in enumerate(texts))
    return Catalogue.write(products, tmp_path / "catalogue")


@pytest.fixture
def store(tmp_path: Path, catalogue: Catalogue, tokenizer: PreTrainedTokenizerBase) -> Path:
    ProductTokens.build(tmp_path / "tokens", catalogue, TEMPLATE, tokenizer, max_length=40)
    return tmp_path / "tokens"


def test_it_holds_each_products_tokens_cut_and_its_uncut_length(
    store: Path, catalogue: Catalogue, tokenizer: PreTrainedTokenizerBase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rerank.runtime.product_tokens._CHUNK", 7)
    again = ProductTokens.build(store.with_name("again"), catalogue, TEMPLATE, tokenizer, max_length=40)
    for tokens in (ProductTokens.load(store), again):
        assert len(tokens) == len(catalogue)
        for row, product in enumerate(catalogue.products(range(len(catalogue)))):
            expected = tokenizer(TEMPLATE.text(product), add_special_tokens=False)["input_ids"]
            ids, full = tokens.tokens.text(row)
            assert ids.tolist() == expected[:40]
            assert full == len(expected)
            assert ids.dtype == np.uint16


def test_a_store_of_something_else_is_refused(
    store: Path, catalogue: Catalogue, tokenizer: PreTrainedTokenizerBase, tmp_path: Path
) -> None:
    tokens = ProductTokens.load(store)
    tokens.check(catalogue, TEMPLATE, tokenizer)
    with pytest.raises(InputError, match="another template"):
        tokens.check(catalogue, ProductTemplate(("brand", "title")), tokenizer)
    others = [*catalogue.products(range(22)), Product("p22", {"title": "x", "brand": ""})]
    changed = Catalogue.write(iter(others), tmp_path / "other")
    with pytest.raises(InputError, match="another catalogue"):
        tokens.check(changed, TEMPLATE, tokenizer)
    tokenizer.add_tokens(["zzz"])
    with pytest.raises(InputError, match="another tokenizer"):
        tokens.check(catalogue, TEMPLATE, tokenizer)


@pytest.mark.parametrize("spoil", ["ids.bin", "starts.npy", "full.npy", "tokens.json", "emptied"])
def test_a_broken_store_is_refused_in_one_line(store: Path, spoil: str) -> None:
    if spoil == "emptied":
        (store / "ids.bin").write_bytes(b"")
    else:
        (store / spoil).write_bytes((store / spoil).read_bytes()[:-30])
    with pytest.raises(MachineError, match="run") as caught:
        ProductTokens.load(store)
    assert "\n" not in str(caught.value)
