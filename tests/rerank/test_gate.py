import pytest

from eval.bootstrap import paired_interval
from eval.errors import InputError
from rerank.gate import gate

BASELINE = {f"q{i}": 0.5 for i in range(40)}


def _shifted(by: float, spread: float) -> dict[str, float]:
    return {query: 0.5 + by + (spread if i % 2 else -spread) for i, query in enumerate(BASELINE)}


def test_a_clearly_worse_candidate_is_refused():
    decision = gate(_shifted(-0.1, 0.05), BASELINE, seed=7)
    assert not decision.passed
    assert decision.interval.high < 0
    assert decision.reason.startswith("clearly worse than the first stage: -0.1000 [")


def test_a_clearly_better_candidate_passes():
    decision = gate(_shifted(0.1, 0.05), BASELINE, seed=7)
    assert decision.passed
    assert decision.interval.low > 0
    assert decision.reason.startswith("clearly better than the first stage: +0.1000 [")


def test_a_candidate_whose_interval_holds_zero_passes_and_is_told_apart():
    candidate = _shifted(-0.01, 0.2)
    decision = gate(candidate, BASELINE, seed=7)
    assert decision.passed
    assert decision.interval == paired_interval(candidate, BASELINE, seed=7)
    assert decision.interval.low < 0 < decision.interval.high
    assert decision.reason.startswith("not clearly different")
    assert decision.reason.endswith("over 40 dev queries")


def test_other_queries_than_the_baselines_are_refused():
    with pytest.raises(InputError, match="queries"):
        gate({"q0": 0.5}, BASELINE, seed=7)
