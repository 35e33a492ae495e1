"""Assembled inputs are PairEncoder's, bit for bit, whatever the lengths and the tokenizer."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import AutoTokenizer, PreTrainedTokenizerBase, PreTrainedTokenizerFast

from eval.errors import MachineError
from rerank.inputs import PairEncoder
from rerank.runtime.pair_tokens import PairLayout, TextTokens, longest_first
from rerank.types import Pair
from retrieval.product_text import ProductTemplate
from retrieval.types import Product, Query

TEMPLATE = ProductTemplate(("title", "brand"))


@pytest.fixture(scope="module")
def bert(tiny_bert_dir: Path) -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(tiny_bert_dir)


@pytest.fixture(scope="module")
def roberta(tiny_bert_dir: Path) -> PreTrainedTokenizerBase:
    """RoBERTa's layout: two separators, no token types."""
    words = {
        "<s>": 0,
        "<pad>": 1,
        "</s>": 2,
        "<unk>": 3,
        **{word: 4 + i for i, word in enumerate(["red", "shoe", "of"])},
    }
    backend = Tokenizer(models.WordLevel(words, unk_token="<unk>"))
    backend.pre_tokenizer = pre_tokenizers.Whitespace()
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=backend,
        pad_token="<pad>",
        unk_token="<unk>",
        model_input_names=["input_ids", "attention_mask"],
    )


def _assemble(tokenizer: PreTrainedTokenizerBase, pairs: list[Pair], max_length: int) -> tuple[np.ndarray, ...]:
    words, layout = TextTokens(tokenizer), PairLayout.of(tokenizer)
    queries = words.encode([" ".join(query.text.split()) for query, _ in pairs], max_length)
    products = words.encode([TEMPLATE.text(product) for _, product in pairs], max_length)
    every = np.arange(len(pairs))
    return layout.assemble(queries, products, every, every, max_length)


@pytest.mark.parametrize("name", ["bert", "roberta"])
@pytest.mark.parametrize("max_length", [8, 9, 24, 31, 64])
def test_inputs_are_the_pair_encoders(
    name: str, max_length: int, pairs: list[Pair], request: pytest.FixtureRequest
) -> None:
    tokenizer = request.getfixturevalue(name)
    ids, types, lengths = _assemble(tokenizer, pairs, max_length)
    expected = PairEncoder(tokenizer, "encoder", TEMPLATE, max_length).encode(pairs)
    assert lengths.tolist() == expected.lengths.tolist()
    assert ids.shape == (len(pairs), max_length)
    for row, (start, end) in enumerate(zip(expected.starts, expected.starts[1:], strict=False)):
        assert ids[row, : end - start].tolist() == expected.ids[start:end].tolist()
        assert (ids[row, end - start :] == tokenizer.pad_token_id).all()
        told = expected.types[start:end].tolist() if expected.types is not None else [0] * (end - start)
        assert types[row].tolist() == told + [0] * (max_length - len(told))


def test_special_tokens_in_a_text_and_odd_characters_are_treated_alike(bert: PreTrainedTokenizerBase) -> None:
    texts = ["[SEP] red", "[CLS]", "  red\n shoe ", "", "héé ﬁ \u200b shoe", "红鞋 😀", "\x00 red", "a" * 300]
    pairs = [(Query("q", one), Product("p", {"title": two})) for one in texts for two in texts]
    ids, _, lengths = _assemble(bert, pairs, 24)
    expected = PairEncoder(bert, "encoder", TEMPLATE, 24).encode(pairs)
    assert np.concatenate([ids[i, :n] for i, n in enumerate(lengths)]).tolist() == expected.ids.tolist()


def test_longest_first_cuts_as_the_tokenizers_library_does(bert: PreTrainedTokenizerBase) -> None:
    first, second = (grid.ravel() for grid in np.meshgrid(np.arange(14), np.arange(14)))
    for room in range(1, 12):
        cut = longest_first(first, second, room)
        bert.backend_tokenizer.enable_truncation(room + 3, strategy="longest_first")
        for one, two, *got in zip(first, second, *cut, strict=True):
            parts = bert.backend_tokenizer.encode(" ".join(["red"] * one), " ".join(["red"] * two)).sequence_ids
            assert got == [parts.count(0), parts.count(1)], (one, two, room)
    bert.backend_tokenizer.no_truncation()


def test_the_fingerprint_does_not_change_with_use(tiny_bert_dir: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert_dir)
    before = TextTokens(tokenizer).fingerprint
    tokenizer(["red shoe"], truncation=True, max_length=9, padding="max_length")
    assert TextTokens(tokenizer).fingerprint == before


def test_any_thread_may_tokenise(bert: PreTrainedTokenizerBase) -> None:
    words = TextTokens(bert)
    texts = [f"red shoe {number}" for number in range(400)]
    expected = [words.encode([text], 30).ids.tolist() for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda text: words.encode([text], 30).ids.tolist(), texts)) == expected


def test_a_tokenizer_that_cuts_on_the_left_is_refused(tiny_bert_dir: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(tiny_bert_dir, truncation_side="left")
    with pytest.raises(MachineError, match="cuts and pads on the right"):
        TextTokens(tokenizer)
