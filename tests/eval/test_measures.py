"""Measures against ir_measures, against a definition written out here, and against a case done by hand."""

import math
import random

import ir_measures
import pytest

from eval.baselines import random_run
from eval.errors import InputError
from eval.measures import judged_only, per_query
from eval.trec import Qrels, Run

HAND_QRELS = {"q": {"exact": 100, "substitute": 10, "complement": 1, "irrelevant": 0}}
HAND_RUN = {"q": {"substitute": 0.9, "unjudged": 0.8, "exact": 0.7, "complement": 0.6}}


def test_a_case_done_by_hand() -> None:
    names = ["nDCG@10", "nDCG@2", "nDCG", "R@2", "R@3", "RR", "RR@2", "RR@10", "Judged@2", "Judged@10", "Judged"]
    values = {name: of["q"] for name, of in per_query(HAND_QRELS, HAND_RUN, names, relevant_gain=100).items()}
    # 10/log2(2) + 0 + 100/log2(4) + 1/log2(5) over 100/log2(2) + 10/log2(3) + 1/log2(4)
    assert values["nDCG@10"] == pytest.approx(60.430676558 / 106.809297536, abs=1e-9)
    assert values["nDCG@2"] == pytest.approx(10 / 106.309297536, abs=1e-9)
    assert values["nDCG"] == values["nDCG@10"]
    assert (values["R@2"], values["R@3"]) == (0.0, 1.0)
    assert values["RR"] == values["RR@10"] == pytest.approx(1 / 3, abs=1e-12)
    assert values["RR@2"] == 0.0
    assert (values["Judged@2"], values["Judged@10"], values["Judged"]) == (0.5, 0.75, 0.75)


def test_judged_only_closes_the_gaps() -> None:
    condensed = judged_only(HAND_RUN | {"unasked": {"x": 1.0}}, HAND_QRELS)
    assert condensed == {"q": {"substitute": 0.9, "exact": 0.7, "complement": 0.6}}
    values = per_query(HAND_QRELS, condensed, ["nDCG@10", "RR", "Judged@10"], relevant_gain=100)
    assert values["nDCG@10"]["q"] == pytest.approx((10 + 100 / math.log2(3) + 0.5) / 106.809297536, abs=1e-9)
    assert values["RR"]["q"] == 0.5
    assert values["Judged@10"]["q"] == 1.0


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("relevant_gain", [1, 10, 100])
def test_equal_to_ir_measures_on_random_runs(seed: int, relevant_gain: int) -> None:
    qrels, run = _random_case(seed, tied=False)
    _, tied = _random_case(seed, tied=True)
    ours = {
        "nDCG@10": ir_measures.nDCG @ 10,
        "nDCG@3": ir_measures.nDCG @ 3,
        "nDCG": ir_measures.nDCG,
        "R@5": ir_measures.R(rel=relevant_gain) @ 5,
        "RR": ir_measures.RR(rel=relevant_gain),
    }
    # ir_measures breaks ties otherwise in these two, so they are compared where there are none.
    untied_only = {"RR@4": ir_measures.RR(rel=relevant_gain) @ 4, "Judged@10": ir_measures.Judged @ 10}
    for given, names in ((run, ours | untied_only), (tied, ours)):
        values = per_query(qrels, given, list(names), relevant_gain=relevant_gain)
        not_empty = {query: scores for query, scores in given.items() if scores}  # Judged divides by their length
        expected = {
            (str(metric.measure), metric.query_id): metric.value
            for metric in ir_measures.iter_calc(list(names.values()), qrels, not_empty)
        }
        for name, measure in names.items():
            assert values[name], name
            for query, value in values[name].items():
                assert value == pytest.approx(expected[str(measure), query], abs=1e-9), (name, query)


@pytest.mark.parametrize("seed", range(20))
def test_equal_to_the_definitions_with_ties(seed: int) -> None:
    qrels, run = _random_case(seed, tied=True)
    values = per_query(qrels, run, ["nDCG@4", "R@4", "RR@4", "Judged@4"], relevant_gain=10)
    for query, judged in qrels.items():
        by_name = sorted(run.get(query, {}), reverse=True)
        top = sorted(by_name, key=lambda product: -run[query][product])[:4]  # stable: ties stay from Z to A
        gains = [judged.get(product, 0) for product in top]
        ideal = _dcg(sorted(judged.values(), reverse=True)[:4])
        relevant = sum(gain >= 10 for gain in judged.values())
        assert values["Judged@4"][query] == pytest.approx(sum(p in judged for p in top) / len(top) if top else 0.0)
        assert (query in values["nDCG@4"]) == (ideal > 0)
        assert (query in values["R@4"]) == (query in values["RR@4"]) == (relevant > 0)
        if ideal:
            assert values["nDCG@4"][query] == pytest.approx(_dcg(gains) / ideal, abs=1e-9)
        if relevant:
            hits = [rank for rank, gain in enumerate(gains, start=1) if gain >= 10]
            assert values["R@4"][query] == pytest.approx(len(hits) / relevant)
            assert values["RR@4"][query] == pytest.approx(1 / hits[0] if hits else 0.0)


def test_every_measure_breaks_ties_alike() -> None:
    # trec_eval puts b before a, ir_measures' RR@k and Judged@k would put a before b.
    values = per_query(
        {"q": {"a": 1}}, {"q": {"a": 0.5, "b": 0.5}}, ["RR", "RR@10", "R@1", "Judged@1"], relevant_gain=1
    )
    assert {name: of["q"] for name, of in values.items()} == {"RR": 0.5, "RR@10": 0.5, "R@1": 0.0, "Judged@1": 0.0}


def test_a_query_that_the_run_misses_counts_0_and_one_without_relevant_products_does_not_count() -> None:
    qrels = {"found": {"a": 100}, "missed": {"a": 100}, "empty": {"a": 100}, "weak": {"a": 1}, "hopeless": {"a": 0}}
    run = {"found": {"a": 1.0}, "empty": {}, "weak": {"a": 1.0}, "hopeless": {"a": 1.0}, "unasked": {"a": 1.0}}
    values = per_query(qrels, run, ["nDCG@10", "R@10", "RR", "RR@10", "Judged@10"], relevant_gain=100)
    assert values["nDCG@10"] == {"found": 1.0, "missed": 0.0, "empty": 0.0, "weak": 1.0}
    for name in ("R@10", "RR", "RR@10"):
        assert values[name] == {"found": 1.0, "missed": 0.0, "empty": 0.0}
    assert values["Judged@10"] == {"found": 1.0, "missed": 0.0, "empty": 0.0, "weak": 1.0, "hopeless": 1.0}


@pytest.mark.parametrize("name", ["ndcg@10", "nDCG@0", "nDCG@", "nDCG@1.5", "R", "MAP", "nDCG(dcg='exp-log2')@10", ""])
def test_an_unknown_measure_lists_the_known_ones(name: str) -> None:
    with pytest.raises(InputError, match=r"unknown measure .*nDCG@k, R@k, RR"):
        per_query(HAND_QRELS, HAND_RUN, [name], relevant_gain=1)


def test_recall_without_a_relevant_grade_and_nan_scores_are_refused() -> None:
    for relevant_gain in (None, 0):
        with pytest.raises(InputError, match="R@10 needs the smallest gain"):
            per_query(HAND_QRELS, HAND_RUN, ["R@10"], relevant_gain=relevant_gain)
    with pytest.raises(InputError, match="NaN"):
        per_query(HAND_QRELS, {"q": {"exact": float("nan")}}, ["nDCG@10"])


def test_the_random_baseline_is_seeded_per_query() -> None:
    qrels, _ = _random_case(0, tied=False)
    run = random_run(qrels, seed=1)
    assert {query: set(scores) for query, scores in run.items()} == {query: set(of) for query, of in qrels.items()}
    assert run != random_run(qrels, seed=2)
    last = list(qrels)[-1]
    shuffled = {last: dict(reversed(qrels[last].items()))}
    assert random_run(shuffled, seed=1)[last] == run[last]
    # With one product in ten relevant the first is so in about one query of ten.
    many = {f"q{number}": {f"p{place}": int(place == 0) for place in range(10)} for number in range(2000)}
    first = per_query(many, random_run(many, seed=3), ["R@1"], relevant_gain=1)["R@1"]
    assert sum(first.values()) / 2000 == pytest.approx(0.1, abs=0.03)


def _random_case(seed: int, *, tied: bool) -> tuple[Qrels, Run]:
    """30 queries with up to 15 judged products, some with nothing relevant, some missing from the run."""
    generator = random.Random(seed)
    products = [f"p{number}" for number in range(25)]
    qrels: Qrels = {}
    run: Run = {}
    for number in range(30):
        query = f"q{number}"
        judged = generator.sample(products, generator.randint(1, 15))
        qrels[query] = {product: generator.choice([100, 10, 1, 0, 0]) for product in judged}
        if generator.random() < 0.1:
            continue
        found = generator.sample(products, generator.randint(0, 20))
        scores = [generator.randint(0, 4) / 4 if tied else place / 64 for place, _ in enumerate(found)]
        run[query] = dict(zip(found, generator.sample(scores, len(scores)), strict=True))
    return qrels, run


def _dcg(gains: list[int]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))
