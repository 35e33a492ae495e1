"""Each tool's convention against values worked out by hand and, where the tool is installed, against the tool."""

import random
import shutil
from math import log2

import ir_measures
import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from eval.conventions import Convention, conventions, ndcg, reconcile
from eval.errors import InputError
from eval.measures import judged_only, per_query
from eval.trec import Qrels, Run

QRELS: Qrels = {"1": {"e": 100, "s": 10, "c": 1, "i": 0}, "2": {"e": 100, "c": 1}, "3": {"i": 0}}
RUN: Run = {"1": {"x": 5.0, "s": 4.0, "c": 3.0, "e": 2.0}, "3": {"i": 1.0}}
D2, D3, D4, D5 = 1 / log2(3), 1 / 2, 1 / log2(5), 1 / log2(6)
IDEAL = 100 + 10 * D2 + D3


def _value(**settings: object) -> dict[str, float]:
    return ndcg(QRELS, RUN, Convention("by hand", **settings))  # type: ignore[arg-type]


def test_each_setting_by_hand() -> None:
    full = (10 * D2 + D3 + 100 * D4) / IDEAL  # x has no gain and keeps rank 1
    assert _value() == pytest.approx({"1": full, "2": 0.0})
    assert _value(no_gain="count 0") == pytest.approx({"1": full, "2": 0.0, "3": 0.0})
    assert _value(no_results="left out") == pytest.approx({"1": full})
    assert _value(unjudged="dropped")["1"] == pytest.approx((10 + D2 + 100 * D3) / IDEAL)
    assert _value(cutoff=2)["1"] == pytest.approx(10 * D2 / (100 + 10 * D2))
    assert _value(gains="swapped")["1"] == pytest.approx((D2 + 10 * D3 + 100 * D4) / IDEAL)
    assert _value(gains="exponential")["1"] == pytest.approx((3 * D2 + D3 + 7 * D4) / (7 + 3 * D2 + D3))
    assert _value(decimals=2)["1"] == round(full, 2)
    assert _value(ideal="retrieved")["1"] == pytest.approx(full)  # all that gains was retrieved
    short: Run = {"1": {"s": 2.0, "c": 1.0}}
    assert ndcg(QRELS, short, Convention("", ideal="retrieved"))["1"] == pytest.approx(1.0)
    cut = ndcg(QRELS, short, Convention("", ideal="cut to the list's length"))["1"]
    assert cut == pytest.approx((10 + D2) / (100 + 10 * D2))


def test_ties_by_id_and_averaged() -> None:
    tied: Run = {"1": {"e": 1.0, "s": 1.0, "x": 0.5}}
    by_id = ndcg(QRELS, tied, Convention("", ties="by id"))["1"]
    assert by_id == pytest.approx((10 + 100 * D2) / IDEAL)  # ids from Z to A: s, then e
    averaged = ndcg(QRELS, tied, Convention("", ties="averaged"))["1"]
    assert averaged == pytest.approx((55 + 55 * D2) / IDEAL)


@pytest.fixture(scope="module")
def large() -> tuple[Qrels, Run]:
    """60 queries with everything in them: unjudged products, ties, no gains, no results."""
    draw = random.Random(3)
    qrels, run = {}, {}
    for number in range(60):
        products = [f"p{place}" for place in range(draw.randint(8, 30))]
        grades = [0] if number % 10 == 0 else [100, 10, 1, 0]
        qrels[str(number)] = {product: draw.choice(grades) for product in products}
        if number % 7:
            listed = draw.sample([*products, *(f"x{place}" for place in range(10))], 18)
            run[str(number)] = {product: float(draw.randint(0, 12)) for product in listed}
    return qrels, run


def _tool(name: str, **options: bool) -> Convention:
    return next(one for one in conventions(10, judged_only=options.get("judged_only", False)) if one.tool == name)


@pytest.mark.parametrize("judged", [False, True])
def test_our_own_is_what_evaluate_says(large: tuple[Qrels, Run], judged: bool) -> None:
    qrels, run = large
    ours = conventions(10, judged_only=judged)[0]
    expected = per_query(qrels, judged_only(run, qrels) if judged else run, ["nDCG@10"])["nDCG@10"]
    assert ndcg(qrels, run, ours) == pytest.approx(expected, abs=1e-12)


def test_trec_eval(large: tuple[Qrels, Run]) -> None:
    qrels, run = large
    for judged in (False, True):
        measure = ir_measures.nDCG(judged_only=judged) @ 10
        theirs = {m.query_id: m.value for m in ir_measures.pytrec_eval.iter_calc([measure], qrels, run)}
        ours = ndcg(qrels, run, _tool("trec_eval -c -J" if judged else "trec_eval -c; ir_measures"))
        assert ours == pytest.approx(theirs, abs=1e-12)
        assert np.mean(list(ours.values())) == pytest.approx(
            ir_measures.calc_aggregate([measure], qrels, run)[measure], abs=1e-12
        )
    import pytrec_eval

    found = pytrec_eval.RelevanceEvaluator(qrels, {"ndcg_cut.10"}).evaluate(
        run
    )  # averages what both hold, as without -c
    assert ndcg(qrels, run, _tool("trec_eval")) == pytest.approx(
        {query: values["ndcg_cut_10"] for query, values in found.items()}, abs=1e-12
    )


def test_amazons_script(large: tuple[Qrels, Run]) -> None:
    qrels, run = large
    positions = {100: 4, 10: 2, 1: 3, 0: 1}  # prepare_trec_eval_files.py: E 4, S 2, C 3, I 1
    gains = {1: 0, 2: 1, 3: 10, 4: 100}  # launch-predictions-task1.sh: 1=0, 2=.01, 3=.1, 4=1, times 100
    theirs = {q: {p: gains[positions[gain]] for p, gain in judged.items()} for q, judged in qrels.items()}
    measure = ir_measures.nDCG(judged_only=True)
    expected = {m.query_id: m.value for m in ir_measures.pytrec_eval.iter_calc([measure], theirs, run)}
    assert ndcg(qrels, run, _tool("Amazon's ESCI script")) == pytest.approx(expected, abs=1e-12)


@pytest.mark.skipif(shutil.which("perl") is None, reason="gdeval is a Perl script")
def test_gdeval(large: tuple[Qrels, Run]) -> None:
    qrels, run = large
    level = {100: 3, 10: 2, 1: 1, 0: 0}
    levels = {query: {product: level[gain] for product, gain in judged.items()} for query, judged in qrels.items()}
    measure = ir_measures.nDCG(dcg="exp-log2") @ 10
    found = {m.query_id: m.value for m in ir_measures.gdeval.iter_calc([measure], levels, run)}
    ours = ndcg(qrels, run, _tool("gdeval"))
    # ir_measures adds zeros for queries that gdeval itself does not print
    assert {query: found[query] for query in ours} == pytest.approx(ours, abs=1e-9)
    assert {found[query] for query in found.keys() - ours.keys()} <= {0.0}


def test_scikit_learn(large: tuple[Qrels, Run]) -> None:
    qrels, run = large
    theirs = {
        query: ndcg_score([[qrels[query].get(product, 0) for product in run[query]]], [list(run[query].values())], k=10)
        for query in run
    }
    assert ndcg(qrels, run, _tool("scikit-learn ndcg_score")) == pytest.approx(theirs, abs=1e-12)


def test_the_steps_add_up_and_name_every_setting(large: tuple[Qrels, Run]) -> None:
    qrels, run = large
    for judged in (False, True):
        tools = reconcile(qrels, run, conventions(10, judged_only=judged))
        assert tools[0].steps == ()
        for tool in tools:
            assert tool.value == pytest.approx(tools[0].value + tool.difference, abs=1e-12)
            assert tool.value == pytest.approx(np.mean(list(ndcg(qrels, run, tool.convention).values())))
    script = next(tool for tool in tools if tool.convention.tool == "Amazon's ESCI script")
    assert [step.reason.split(":")[0] for step in script.steps] == [
        "gains of S and C exchanged",
        "all ranks in place of a cutoff",
        "queries without any gain count 0 in place of being left out",
    ]


def test_a_grade_that_nobody_gave_has_its_level_all_the_same() -> None:
    qrels: Qrels = {"1": {"a": 100, "b": 10, "c": 0}}  # no C, so S must not slip down to its level
    run: Run = {"1": {"b": 2.0, "a": 1.0}}
    expected = (3 + 7 * D2) / (7 + 3 * D2)
    assert ndcg(qrels, run, _tool("gdeval"))["1"] == pytest.approx(expected, abs=1e-5)
    other: Qrels = {"1": {"a": 3, "b": 2}}
    found = reconcile(other, run, conventions(10, judged_only=False), scale=[3, 2, 1])
    gdeval = next(tool for tool in found if tool.convention.tool == "gdeval")
    assert gdeval.value == pytest.approx(expected, abs=1e-5)


def test_other_scales_have_no_swap_and_strangers_are_refused() -> None:
    found = reconcile({"1": {"a": 2, "b": 1}}, {"1": {"a": 1.0}}, conventions(10, judged_only=False))
    assert "Amazon's ESCI script" not in [tool.convention.tool for tool in found]
    with pytest.raises(InputError, match="same ids"):
        reconcile({"1": {"a": 2}}, {"2": {"a": 1.0}}, conventions(10, judged_only=False))
