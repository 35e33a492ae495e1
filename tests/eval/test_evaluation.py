"""A whole evaluation: its numbers are those of its parts, and its table says how to read them."""

import json
import random

import pytest

from eval.bootstrap import interval, paired_interval
from eval.errors import InputError
from eval.evaluation import evaluate, render
from eval.grades import ESCI
from eval.measures import judged_only, per_query
from eval.significance import holm, paired_test
from eval.trec import Qrels, Run

MEASURES = ["nDCG@10", "R@5"]


@pytest.fixture(scope="module")
def qrels() -> Qrels:
    generator = random.Random(1)
    grades = {f"q{n}": {f"p{place}": generator.choice([100, 10, 1, 0]) for place in range(12)} for n in range(40)}
    for of in grades.values():
        of["p0"] = 100
    return grades | {"only substitutes": {"p1": 10, "p2": 0}}


@pytest.fixture(scope="module")
def runs(qrels: Qrels) -> dict[str, Run]:
    systems: dict[str, Run] = {}
    for seed, (name, noise) in enumerate({"bm25": 80.0, "student [v2]": 40.0, "teacher": 20.0}.items()):
        generator = random.Random(seed)
        systems[name] = {
            query: {product: gain + generator.gauss(0, noise) for product, gain in (of | {"unjudged": 60}).items()}
            for query, of in qrels.items()
        }
    del systems["bm25"]["q7"]
    systems["bm25"]["q8"] = {"unjudged": 1.0}
    return systems


@pytest.mark.parametrize("condensed", [True, False])
def test_every_number_is_that_of_the_parts(qrels: Qrels, runs: dict[str, Run], condensed: bool) -> None:
    evaluation = evaluate(qrels, runs, MEASURES, relevant_gain=100, judged_only=condensed, baseline="bm25", seed=5)
    assert [(row.measure, row.system) for row in evaluation.rows] == [(m, s) for m in MEASURES for s in runs]
    assert (evaluation.queries, evaluation.gains) == (41, (100, 10, 1, 0))
    assert evaluation.left_out == {"nDCG@10": 0, "R@5": 1}
    for measure in MEASURES:
        values = {
            name: per_query(qrels, judged_only(run, qrels) if condensed else run, [measure], relevant_gain=100)[measure]
            for name, run in runs.items()
        }
        others = ["student [v2]", "teacher"]
        p_values = [paired_test(values[name], values["bm25"], 5) for name in others]
        for name, p, p_holm in zip(others, p_values, holm(p_values), strict=True):
            row = evaluation.row(name, measure)
            assert row.value == pytest.approx(interval(values[name], seed=5))
            assert row.difference == pytest.approx(paired_interval(values[name], values["bm25"], seed=5))
            assert (row.p, row.p_holm, row.missing_queries) == (p, p_holm, 0)
        baseline = evaluation.row("bm25", measure)
        assert (baseline.difference, baseline.p, baseline.p_holm) == (None, None, None)
        assert baseline.missing_queries == (2 if condensed else 1)
        assert evaluation.values["bm25"][measure]["q7"] == 0.0


def test_unjudged_products_hurt_only_in_the_full_catalogue(qrels: Qrels, runs: dict[str, Run]) -> None:
    means = [
        evaluate(qrels, runs, ["nDCG@10"], relevant_gain=100, judged_only=condensed, baseline=None, seed=0)
        .row("teacher", "nDCG@10")
        .value.mean
        for condensed in (True, False)
    ]
    assert means[0] > means[1] + 0.01


def test_the_table_says_how_to_read_it(qrels: Qrels, runs: dict[str, Run]) -> None:
    evaluation = evaluate(qrels, runs, MEASURES, relevant_gain=100, judged_only=True, baseline="bm25", seed=5)
    text = render(evaluation, ESCI.convention)
    caption = " ".join(text.split())
    for said in (
        "gains E 100, S 10, C 1, I 0; linear gain, log2 discount; @k: cutoff at rank k",
        "relevant from gain 100",
        "Judged-only: unjudged products are dropped",
        "41 queries (left out, nothing to find: R@5 1)",
        "percentile bootstrap over queries, 10,000 samples, seed 5",
        "Differences to bm25: paired over queries; p: two-sided randomisation test, Holm's correction over the 2",
    ):
        assert said in caption
    row = evaluation.row("student [v2]", "nDCG@10")
    line = next(line for line in text.splitlines() if "student [v2]" in line)
    assert row.difference is not None
    for number in (
        f"{row.value.mean:.4f}",
        f"[{row.value.low:.4f}, {row.value.high:.4f}]",
        f"{row.difference.mean:+.4f}",
    ):
        assert number in line
    assert "\x1b" not in text


def test_the_table_of_a_single_run_has_no_comparison(qrels: Qrels, runs: dict[str, Run]) -> None:
    teacher = {"teacher": runs["teacher"]}
    evaluation = evaluate(qrels, teacher, ["nDCG@10"], relevant_gain=100, judged_only=False, baseline=None, seed=0)
    caption = " ".join(render(evaluation).split())
    assert "gains 100, 10, 1, 0;" in caption
    assert "Full catalogue: unjudged products are kept, with gain 0. 41 queries." in caption
    assert "Holm" not in caption
    assert "missing" not in caption


def test_json_holds_the_rows_and_the_convention(qrels: Qrels, runs: dict[str, Run]) -> None:
    evaluation = evaluate(qrels, runs, MEASURES, relevant_gain=100, judged_only=True, baseline="bm25", seed=5)
    written = json.loads(json.dumps(evaluation.to_json(), allow_nan=False))
    assert len(written["rows"]) == 6
    assert written["rows"][1]["system"] == "student [v2]"
    assert written["rows"][1]["value"]["mean"] == evaluation.rows[1].value.mean
    assert written["rows"][0]["difference"] is None
    assert (written["gains"], written["judged_only"], written["baseline"]) == ([100, 10, 1, 0], True, "bm25")
    assert written["interval"] == {"method": "percentile bootstrap over queries", "level": 0.95, "samples": 10_000}


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"baseline": "bm26"}, "unknown baseline 'bm26'; the runs are bm25, student"),
        ({"measures": []}, "0 measures"),
        ({"runs": {}}, "0 runs"),
        ({"qrels": {}}, "0 judged queries"),
        ({"measures": ["precision"]}, "unknown measure 'precision'"),
        ({"runs": {"bm25": {"7": {"p1": 1.0}}}}, "run 'bm25' has none of the 41 judged queries"),
        (
            {"relevant_gain": 1000},
            "R@5 is defined for none of the 41 judged queries: none has a product that gains 1000",
        ),
    ],
)
def test_what_cannot_be_evaluated_is_refused(qrels: Qrels, runs: dict[str, Run], changed: dict, complaint: str) -> None:
    given: dict = {"qrels": qrels, "runs": runs, "measures": MEASURES, "relevant_gain": 100, "baseline": "bm25"}
    with pytest.raises(InputError, match=complaint):
        evaluate(**(given | changed), judged_only=True, seed=0)
