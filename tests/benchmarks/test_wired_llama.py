"""The decoder that compares words before it has learnt anything."""

import pytest
import torch

from benchmarks.wired_llama import wired_llama, word_width

FIRST, END, PAD, PRODUCT, QUERY, HOW = range(6)


def _scores(texts: list[list[int]]) -> list[float]:
    torch.manual_seed(1)
    words = torch.eye(60, word_width(128))
    model = wired_llama(words, first=FIRST, end=END, pad=PAD, product=PRODUCT).eval()
    with torch.no_grad():
        return [float(model(input_ids=torch.tensor([text])).logits) for text in texts]


def _prompt(query: list[int], product: list[int]) -> list[int]:
    return [FIRST, QUERY, *query, PRODUCT, *product, HOW]


def test_a_product_scores_by_the_share_of_its_words_that_the_query_has() -> None:
    query = [10, 11, 12]
    none, one, all_three, elsewhere = _scores(
        [_prompt(query, product) for product in ([20, 21, 22], [20, 10, 22], [12, 10, 11], [20, 21, 10])]
    )
    assert none < min(one, elsewhere)
    assert max(one, elsewhere) < all_three


def test_a_word_that_the_product_alone_repeats_does_not_count() -> None:
    repeated, once = _scores([_prompt([10, 11], product) for product in ([20, 20, 20], [20, 21, 22])])
    found = _scores([_prompt([10, 11], [10, 11, 22])])[0]
    assert max(repeated, once) < found


def test_other_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="expected a multiple of 64"):
        wired_llama(torch.randn(60, 80), first=FIRST, end=END, pad=PAD, product=PRODUCT)
