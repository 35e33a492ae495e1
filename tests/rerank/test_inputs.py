"""Tokens: what sentence-transformers would read, a prompt whose end is never cut, padding no further than needed."""

import logging
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import CrossEncoder
from tokenizers import Tokenizer
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from eval.errors import MachineError
from rerank.inputs import PairEncoder, Tokens
from rerank.types import Pair
from retrieval.product_text import ProductTemplate
from retrieval.types import Product, Query

TEMPLATE = ProductTemplate(("title", "brand"))


def _pair(query: str, title: str, brand: str = "") -> Pair:
    return Query("q", query), Product("p", {"title": title, "brand": brand})


def _rows(tokens: Tokens) -> list[list[int]]:
    return [tokens.ids[a:b].tolist() for a, b in zip(tokens.starts[:-1], tokens.starts[1:], strict=True)]


PAIRS = [
    _pair("red shoe", "red leather shoe", "the women"),
    _pair("black steel knife with wooden case", "knife"),
    _pair("cup", "small blue cotton bag for kids and women without a hat " * 6),
    _pair("the of and with " * 12, "yes"),
    _pair("lamp", ""),
]


def test_encoders_read_what_cross_encoder_reads(tiny_bert_dir: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert_dir)
    tokens = PairEncoder(tokenizer, "encoder", TEMPLATE, 24).encode(PAIRS)
    reference = CrossEncoder(str(tiny_bert_dir), max_length=24, device="cpu")
    texts = [(query.text.strip(), TEMPLATE.text(product)) for query, product in PAIRS]
    expected = reference.tokenizer(
        [a for a, _ in texts], [b for _, b in texts], truncation=True, padding=True, return_tensors="np"
    )
    got = tokens.batch(range(len(PAIRS)))
    for name in ("input_ids", "attention_mask", "token_type_ids"):
        assert got[name].tolist() == expected[name].tolist(), name
    assert tokens.lengths.max() == 24
    assert got["token_type_ids"].any()


def test_a_batch_is_padded_to_its_own_longest_input(tiny_bert_dir: Path) -> None:
    tokens = PairEncoder(AutoTokenizer.from_pretrained(tiny_bert_dir), "encoder", TEMPLATE, 24).encode(PAIRS)
    rows = [4, 0]
    batch = tokens.batch(rows)
    assert batch["input_ids"].shape == (2, max(tokens.lengths[4], tokens.lengths[0]))
    for place, row in enumerate(rows):
        length = tokens.lengths[row]
        assert batch["attention_mask"][place].sum() == length
        assert batch["input_ids"][place, :length].tolist() == _rows(tokens)[row]
        assert (batch["input_ids"][place, length:] == tokens.pad_id).all()


def test_padding_baked_into_a_tokenizer_file_is_not_used(tiny_bert_dir: Path, tmp_path: Path) -> None:
    AutoTokenizer.from_pretrained(tiny_bert_dir).save_pretrained(tmp_path)
    raw = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    raw.enable_padding(length=128)
    raw.enable_truncation(8)
    raw.save(str(tmp_path / "tokenizer.json"))
    tokens = PairEncoder(AutoTokenizer.from_pretrained(tmp_path), "encoder", TEMPLATE, 24).encode(PAIRS)
    assert tokens.lengths[0] < 24
    assert tokens.lengths.max() == 24


def _decoder(path: Path, max_length: int) -> tuple[PreTrainedTokenizerBase, Tokens]:
    tokenizer = AutoTokenizer.from_pretrained(path)
    return tokenizer, PairEncoder(tokenizer, "decoder", TEMPLATE, max_length).encode(PAIRS)


def test_decoders_read_a_prompt(tiny_llama_dir: Path) -> None:
    tokenizer, tokens = _decoder(tiny_llama_dir, 200)
    text = tokenizer.decode(_rows(tokens)[0])
    lines = ["<s>Query: red shoe", "Product: red leather shoe | the women", "How relevant is the product to the query?"]
    assert text == "\n".join(lines)


def test_a_long_prompt_keeps_its_end(tiny_llama_dir: Path) -> None:
    _, whole = _decoder(tiny_llama_dir, 250)
    tokenizer, cut = _decoder(tiny_llama_dir, 70)
    assert cut.lengths.max() == 70
    assert whole.lengths.max() > 70
    for row in _rows(cut):
        text = tokenizer.decode(row)
        assert text.startswith("<s>Query: ")
        assert text.endswith("\nHow relevant is the product to the query?")
        assert "\nProduct:" in text


def test_a_prompt_without_room_is_refused(tiny_llama_dir: Path) -> None:
    with pytest.raises(MachineError, match="max_length 24 leaves no room"):
        _decoder(tiny_llama_dir, 24)


def test_a_decoder_without_a_pad_token_pads_with_its_end_token(tiny_llama_dir: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_llama_dir)
    tokenizer.pad_token = None
    assert PairEncoder(tokenizer, "decoder", TEMPLATE, 200).pad_id == tokenizer.eos_token_id


def test_whitespace_and_control_text_do_no_harm(tiny_bert_dir: Path, caplog: pytest.LogCaptureFixture) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert_dir)
    encoder = PairEncoder(tokenizer, "encoder", TEMPLATE, 24)
    with caplog.at_level(logging.WARNING):
        folded, plain, longest = _rows(
            encoder.encode([_pair(" red \n shoe ", "bag"), _pair("red shoe", "bag"), _pair("x" * 10_000, "bag")])
        )
    assert folded == plain
    assert len(longest) <= 24
    assert not caplog.records


def test_no_pairs_are_no_tokens(tiny_bert_dir: Path) -> None:
    tokens = PairEncoder(AutoTokenizer.from_pretrained(tiny_bert_dir), "encoder", TEMPLATE, 24).encode([])
    assert len(tokens) == 0
    assert tokens.ids.dtype == np.int32
