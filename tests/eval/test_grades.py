"""Grade scales: what they know, and what they refuse."""

import pytest

from eval.errors import InputError
from eval.grades import ESCI, WANDS, Grade, GradeScale


def test_esci_and_wands_are_as_published() -> None:
    assert ESCI.gains == (100, 10, 1, 0)
    assert [ESCI.target(gain) for gain in ESCI.gains] == [1.0, 0.5, 0.1, 0.0]
    assert ESCI.relevant_gain == ESCI.gain("E") == 100
    assert ESCI.convention == "gains E 100, S 10, C 1, I 0"
    assert [WANDS.gain(name) for name in ("Exact", "Partial", "Irrelevant")] == [2, 1, 0]
    assert WANDS.index(1) == 1
    assert WANDS.target(1) == 0.5


def test_a_scale_takes_other_targets_for_all_its_grades() -> None:
    steep = ESCI.with_targets({"I": 0, "S": 0.1, "E": 1, "C": 0.01})
    assert [steep.target(gain) for gain in steep.gains] == [1, 0.1, 0.01, 0]
    assert (steep.gains, steep.relevant_gain) == (ESCI.gains, ESCI.relevant_gain)
    with pytest.raises(InputError, match="given for E, S; expected one for each of E, S, C, I"):
        ESCI.with_targets({"E": 1, "S": 0.5})
    with pytest.raises(InputError, match="no grade's may exceed a better one's"):
        ESCI.with_targets({"E": 0.1, "S": 0.5, "C": 0, "I": 0})


def test_an_unknown_grade_lists_the_known_ones() -> None:
    with pytest.raises(InputError, match=r"'Exact'.*E, S, C, I"):
        ESCI.gain("Exact")
    with pytest.raises(InputError, match=r"unknown gain 3.*2, 1, 0"):
        WANDS.target(3)


@pytest.mark.parametrize(
    ("grades", "relevant_from", "complaint"),
    [
        ([("a", 1, 1.0)], "a", "at least two"),
        ([("a", 2, 1.0), ("a", 1, 0.0)], "a", "each name once"),
        ([("a", 2, 1.0), ("b", 2, 0.0)], "a", "best first"),
        ([("a", 1, 1.0), ("b", 2, 0.0)], "a", "best first"),
        ([("a", 1, 1.0), ("b", -1, 0.0)], "a", "whole numbers"),
        ([("a", 1.5, 1.0), ("b", 0, 0.0)], "a", "whole numbers"),
        ([("a", 2, 1.5), ("b", 0, 0.0)], "a", "from 0 to 1"),
        ([("a", 2, float("nan")), ("b", 0, 0.0)], "a", "from 0 to 1"),
        ([("a", 2, 0.2), ("b", 0, 0.7)], "a", "exceed a better"),
        ([("a", 2, 1.0), ("b", 0, 0.0)], "c", "unknown grade 'c'"),
        ([("a", 2, 1.0), ("b", 0, 0.0)], "b", "as relevant"),
    ],
)
def test_a_broken_scale_is_refused(grades: list, relevant_from: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        GradeScale("own", tuple(Grade(*grade) for grade in grades), relevant_from)
