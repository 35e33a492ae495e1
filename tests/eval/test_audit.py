"""The audit against values worked out by hand, and its kappa against scikit-learn's."""

import json
from math import log2

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from eval.audit import Audit, LabelledPair, audit, weighted_kappa
from eval.audit_text import render_audit
from eval.calibration import reliability
from eval.errors import InputError
from eval.grades import ESCI
from eval.segments import Segment


def _pairs() -> list[LabelledPair]:
    """20 queries of two kinds: in the first ten the labels are right, in the others E and S are exchanged."""
    pairs = []
    for number in range(20):
        right = number < 10
        for product, gain in (("e", 100), ("s", 10), ("i", 0)):
            said = gain if right or gain == 0 else 110 - gain
            pairs.append(LabelledPair(f"q{number}", product, gain, said, ESCI.target(said)))
    return pairs


def test_agreement_calibration_and_confusion_by_hand() -> None:
    found = audit(_pairs(), ESCI, seed=1)
    assert (found.overall.queries, found.overall.pairs) == (20, 60)
    assert found.overall.same_grade.mean == pytest.approx(40 / 60)
    assert found.overall.same_grade.low < 40 / 60 < found.overall.same_grade.high
    assert found.confusion == ((10, 10, 0, 0), (10, 10, 0, 0), (0, 0, 0, 0), (0, 0, 0, 20))
    assert found.overall.brier == pytest.approx(20 * 0.25 / 60)
    assert [(one.actual.n, one.predicted, one.actual.mean) for one in found.bins] == [
        (20, 0.0, 0.0),
        (20, 0.5, pytest.approx(0.75)),
        (20, 1.0, pytest.approx(0.75)),
    ]
    assert found.overall.ece == pytest.approx(40 * 0.25 / 60)
    ideal = 100 + 10 / log2(3)
    assert found.ndcg.mean == pytest.approx((1 + (10 + 100 / log2(3)) / ideal) / 2)
    assert found.ndcg_ties == pytest.approx(found.ndcg.mean)


def test_tied_labels_are_told_apart_from_ordered_ones() -> None:
    tied = [LabelledPair("q", "e", 100, 100, 1.0), LabelledPair("q", "s", 10, 100, 1.0)]
    found = audit(tied, ESCI, seed=1)
    ideal = 100 + 10 / log2(3)
    assert found.ndcg.mean == pytest.approx((10 + 100 / log2(3)) / ideal)  # ids from Z to A
    assert found.ndcg_ties == pytest.approx(55 * (1 + 1 / log2(3)) / ideal)


def test_segments_say_where_it_errs_and_small_ones_are_left_out() -> None:
    pairs = [pair._replace(query_id=f"{pair.query_id}{copy}") for pair in _pairs() for copy in "abc"]
    ids = sorted({pair.query_id for pair in pairs})
    first = tuple(i for i in ids if int(i[1:-1]) < 10)
    parts = [
        Segment("kind", "right", first),
        Segment("kind", "wrong", tuple(i for i in ids if i not in first)),
        Segment("kind", "few", first[:5]),
    ]
    found = audit(pairs, ESCI, seed=1, segments=parts)
    assert [(part.name, part.queries) for part in found.segments] == [("kind: right", 30), ("kind: wrong", 30)]
    assert [part.same_grade.mean for part in found.segments] == pytest.approx([1.0, 1 / 3])
    assert found.segments[0].kappa == pytest.approx(1.0)


def test_kappa_is_scikit_learns() -> None:
    generator = np.random.default_rng(5)
    human, said = generator.integers(4, size=300), generator.integers(4, size=300)
    counts = np.zeros((4, 4), dtype=np.int64)
    np.add.at(counts, (human, said), 1)
    assert weighted_kappa(counts) == pytest.approx(cohen_kappa_score(human, said, weights="quadratic"))
    assert weighted_kappa(np.diag([7, 0, 0, 0])) is None


def test_equal_labels_share_a_bin_and_a_calibrated_teacher_has_no_error() -> None:
    generator = np.random.default_rng(2)
    expected = generator.choice([0.1, 0.5, 0.9], 6000, p=[0.5, 0.3, 0.2])
    observed = (generator.random(6000) < expected).astype(float)
    found = reliability(expected, observed, seed=1)
    assert [round(one.predicted, 6) for one in found.bins] == [0.1, 0.5, 0.9]
    assert found.error < 0.02


def test_it_survives_json_and_prints_what_it_holds() -> None:
    found = audit(_pairs(), ESCI, seed=1)
    assert Audit.from_json(json.loads(json.dumps(found.to_json()))) == found
    text = render_audit(found, "teacher")
    assert "60 judged pairs of 20 queries" in text
    assert "66.7%" in text
    assert "nDCG@10, judged-only" in text


def test_nothing_to_audit() -> None:
    with pytest.raises(InputError, match="nothing to audit"):
        audit([], ESCI, seed=1)
