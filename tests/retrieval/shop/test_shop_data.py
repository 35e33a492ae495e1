"""The data set: splits that share nothing, judged lists of every grade, a Zipf log with leaks, and real difficulty."""

import random
import re
from collections import Counter
from collections.abc import Callable, Mapping

import bm25s
import numpy as np
import pytest

from eval.errors import InputError
from eval.grades import ESCI
from retrieval.data.search_data import SearchData
from retrieval.shop.intents import grade
from retrieval.shop.query_log import normalised
from retrieval.shop.shop import JudgedQuery, Shop, product_index, shop_data
from retrieval.shop.wording import misspell

PRODUCTS = 1000


@pytest.fixture(scope="module")
def data() -> SearchData:
    return shop_data(PRODUCTS, train=120, dev=30, test=120, log=2000, seed=11)


@pytest.fixture(scope="module")
def judged() -> list[JudgedQuery]:
    return Shop(11, PRODUCTS).judged_queries({"train": 120, "dev": 30, "test": 120})


def test_the_parts_fit_one_another(data: SearchData) -> None:
    ids = [product.id for product in data.products()]
    assert len(ids) == len(set(ids)) == PRODUCTS
    assert data.queries.keys() == data.qrels.keys() == data.splits.keys()
    assert Counter(data.splits.values()) == {"train": 120, "dev": 30, "test": 120}
    assert all(len(gains) == 20 and gains.keys() <= set(ids) for gains in data.qrels.values())
    assert data.scale is ESCI
    assert not data.problems.counts


def test_judgements_are_the_true_grades(data: SearchData, judged: list[JudgedQuery]) -> None:
    shop = Shop(11, PRODUCTS)
    for one in judged:
        for product_id, gain in data.qrels[one.query.id].items():
            assert gain == ESCI.gain(grade(one.intent, shop.record(product_index(product_id))))


def test_no_two_queries_share_meaning_or_text(judged: list[JudgedQuery]) -> None:
    world = Shop(11, 1).world
    assert len({one.intent.key(world) for one in judged}) == len(judged)
    assert len({normalised(one.query.text) for one in judged}) == len(judged)


def test_lists_mix_all_grades_in_no_telling_order(data: SearchData) -> None:
    gains = [list(of_query.values()) for of_query in data.qrels.values()]
    exact = [one.count(100) for one in gains]
    assert min(exact) >= 1
    assert max(exact) <= 8 + 3  # as drawn, and rarely a random one more in a small shop
    counts = Counter(gain for one in gains for gain in one)
    assert all(counts[gain] > 0.02 * counts.total() for gain in (100, 10, 1, 0))
    first_half = sum(gain == 100 for one in gains for gain in one[:10])
    assert 0.4 < first_half / sum(exact) < 0.6


def test_queries_hold_negations_ranges_synonyms_and_several_requirements(judged: list[JudgedQuery]) -> None:
    operators = Counter(c.operator for one in judged for c in one.intent.constraints)
    assert {"is", "not", "family", "not family"} <= operators.keys()
    assert operators.keys() & {"at most", "below"}
    assert operators.keys() & {"at least", "above"}
    assert {0, 1, 2, 3} <= {len(one.intent.constraints) for one in judged}
    assert any(len(one.intent.concept.types) > 1 for one in judged)
    assert any(one.intent.concept.name not in one.query.text for one in judged)


def test_a_misspelling_is_one_slip_in_a_long_word() -> None:
    rng = random.Random(0)
    for _ in range(200):
        spelt = misspell("sofa 55 inch couch", rng)
        assert spelt.startswith("sofa 55 inch c")
        assert abs(len(spelt) - len("sofa 55 inch couch")) <= 1
    assert misspell("sofa 12", rng) == "sofa 12"


def test_the_log_is_zipf_distinct_and_leaks_some_test_queries(data: SearchData) -> None:
    texts = [entry.text for entry in data.log]
    frequencies = np.array([entry.frequency for entry in data.log])
    assert len(texts) == len(set(texts)) == 2000
    assert (np.diff(frequencies) <= 0).all()
    assert frequencies[-1] == 1
    head = np.arange(1, 101)
    slope = np.polyfit(np.log(head), np.log(frequencies[:100]), 1)[0]
    assert -1.15 < slope < -0.85
    words = {
        tuple(sorted(re.findall(r"\w+", data.queries[qid].text)))
        for qid, split in data.splits.items()
        if split == "test"
    }
    leaked = sum(tuple(sorted(re.findall(r"\w+", text.casefold()))) in words for text in texts)
    assert 0.01 * len(texts) <= leaked <= 0.1 * len(texts)
    verbatim = {data.queries[qid].text for qid, split in data.splits.items() if split == "test"}
    assert verbatim & set(texts)


def test_what_a_logged_text_means_is_known_but_for_repeated_test_queries(data: SearchData) -> None:
    shop = Shop(11, PRODUCTS)
    leaks = [data.queries[qid].text for qid, split in data.splits.items() if split == "test"]
    log, meant = shop.meant_log(2000, leaks)
    assert log == data.log == shop.log(2000, leaks)
    assert meant.keys() <= {entry.text for entry in log}
    assert 0.97 * len(log) <= len(meant) < len(log)
    # Whoever asks without a requirement is answered by every product of a type that the words name.
    plain = next(intent for intent in meant.values() if not intent.constraints)
    named = [record for name in plain.concept.types for record in shop.judge().by_type[name]]
    assert all(grade(plain, record) == "E" for record in named)


def test_some_of_the_log_is_not_answered_by_the_catalogue() -> None:
    shop = Shop(11, PRODUCTS)
    other = Shop(12, PRODUCTS)
    judge = shop.judge()
    intents = [one.intent for one in other.judged_queries({"train": 60})]
    unanswered = sum(not judge.exact(intent) for intent in intents)
    assert 0 < unanswered < 60


def test_a_shop_too_small_for_the_queries_is_refused() -> None:
    with pytest.raises(InputError, match="ask for fewer or for more products"):
        shop_data(1, train=5, dev=0, test=0, log=0, seed=1)


@pytest.mark.parametrize("world", ["main", "second"])
def test_bm25_beats_random_order_and_is_far_from_perfect(world: str) -> None:
    data = shop_data(PRODUCTS, train=0, dev=0, test=120, log=0, seed=5, world=world)
    texts = {p.id: " ".join((p["title"], p["brand"], p["colour"])) for p in data.products()}
    index = bm25s.BM25()
    index.index(bm25s.tokenize(list(texts.values()), stopwords=None, show_progress=False), show_progress=False)
    rows = {product_id: row for row, product_id in enumerate(texts)}

    def bm25(query_id: str) -> Callable[[str], float]:
        words = bm25s.tokenize(data.queries[query_id].text, stopwords=None, return_ids=False, show_progress=False)[0]
        scores = index.get_scores(words)
        return lambda product_id: float(scores[rows[product_id]])

    lexical = np.mean([ndcg(gains, bm25(query_id)) for query_id, gains in data.qrels.items()])
    rng = random.Random(0)
    chance = np.mean([ndcg(gains, lambda _: rng.random()) for gains in data.qrels.values() for _ in range(5)])
    assert 0.3 < chance < 0.5
    assert 0.55 < lexical < 0.78


def ndcg(gains: Mapping[str, int], score: Callable[[str], float]) -> float:
    """nDCG@10 of the judged list: linear gain, log2 discount."""
    discounts = 1 / np.log2(np.arange(2, 12))
    order = sorted(sorted(gains), key=score, reverse=True)[:10]
    ideal = sorted(gains.values(), reverse=True)[:10]
    return float(np.dot([gains[p] for p in order], discounts) / np.dot(ideal, discounts))
