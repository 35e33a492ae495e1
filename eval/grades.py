"""Grade scales: what judges may say of a pair, its gain for nDCG and its soft target for training."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from eval.errors import InputError

Shares = Sequence[float]
"""What falls to each grade of a scale, best first; 1 in all."""


@dataclass(frozen=True)
class Grade:
    """One word of a judge: `gain` is what nDCG adds up (an integer ≥ 0), `target` what a teacher learns, in [0, 1]."""

    name: str
    gain: int
    target: float


@dataclass(frozen=True)
class GradeScale:
    """The grades of a data set, best first; a product counts as relevant (recall, RR) from `relevant_from` upwards.

    Qrels hold gains, so gains are distinct and say the grade.

    Raises:
        InputError: fewer than two grades, a repeated name, gains that are not falling integers ≥ 0, targets outside
            [0, 1] or rising, or `relevant_from` that is no grade with a positive gain.
    """

    name: str
    grades: tuple[Grade, ...]
    relevant_from: str

    def __post_init__(self) -> None:
        names = [grade.name for grade in self.grades]
        gains = [grade.gain for grade in self.grades]
        targets = [grade.target for grade in self.grades]
        if len(names) < 2 or len(set(names)) < len(names):
            raise InputError(f"grade scale {self.name!r} has the grades {names}; give at least two, each name once")
        if any(isinstance(gain, bool) or not isinstance(gain, int) or gain < 0 for gain in gains):
            raise InputError(f"grade scale {self.name!r} has the gains {gains}; give whole numbers from 0 upwards")
        if any(worse >= better for better, worse in itertools.pairwise(gains)):
            raise InputError(f"grade scale {self.name!r} has the gains {gains}; list the best first, each once")
        if any(not 0 <= target <= 1 for target in targets):  # also true of NaN
            raise InputError(f"grade scale {self.name!r} has the soft targets {targets}; give numbers from 0 to 1")
        if any(worse > better for better, worse in itertools.pairwise(targets)):
            raise InputError(
                f"grade scale {self.name!r} has the soft targets {targets}; no grade's may exceed a better one's"
            )
        if self.gain(self.relevant_from) == 0:
            raise InputError(
                f"grade scale {self.name!r} has {self.relevant_from!r}, gain 0, as relevant; name a better one"
            )

    def with_targets(self, targets: Mapping[str, float]) -> "GradeScale":
        """The same grades with other soft targets, by name.

        Raises:
            InputError: when they are not one for each grade, or no soft targets.
        """
        names = [grade.name for grade in self.grades]
        if set(targets) != set(names):
            raise InputError(
                f"soft targets are given for {', '.join(targets)}; expected one for each of {', '.join(names)}"
            )
        return replace(self, grades=tuple(replace(grade, target=targets[grade.name]) for grade in self.grades))

    @property
    def gains(self) -> tuple[int, ...]:
        """The gains, best grade first."""
        return tuple(grade.gain for grade in self.grades)

    @property
    def relevant_gain(self) -> int:
        """The smallest gain that counts as relevant."""
        return self.gain(self.relevant_from)

    @property
    def convention(self) -> str:
        """The gains in words for a table's caption, as in "gains E 100, S 10, C 1, I 0"."""
        return "gains " + ", ".join(f"{grade.name} {grade.gain}" for grade in self.grades)

    def gain(self, name: str) -> int:
        """The gain of the grade called `name`; InputError when the scale has none of that name."""
        for grade in self.grades:
            if grade.name == name:
                return grade.gain
        known = ", ".join(grade.name for grade in self.grades)
        raise InputError(f"unknown grade {name!r}: the scale {self.name!r} knows {known}; correct it or map it")

    def index(self, gain: int) -> int:
        """The place of the grade with this gain, 0 the best; InputError when the scale has none of that gain."""
        if gain in self.gains:
            return self.gains.index(gain)
        known = ", ".join(str(known) for known in self.gains)
        raise InputError(f"unknown gain {gain!r}: the scale {self.name!r} knows {known}; name the judgements' scale")

    def target(self, gain: int, shares: Shares | None = None) -> float:
        """The soft target in [0, 1] of the grade with this gain; with the grades' shares, the expected target.

        Raises:
            InputError: when the scale has no grade of that gain.
        """
        if shares is None:
            return self.grades[self.index(gain)].target
        return min(1.0, sum(share * grade.target for share, grade in zip(shares, self.grades, strict=True)))


ESCI = GradeScale(
    "esci", (Grade("E", 100, 1.0), Grade("S", 10, 0.5), Grade("C", 1, 0.1), Grade("I", 0, 0.0)), relevant_from="E"
)
"""Amazon's shopping queries (Reddy et al., arXiv 2206.06588): Exact, Substitute, Complement, Irrelevant.

The paper's gains are 1, .1, .01 and 0; times 100 they give the same nDCG and fit the whole numbers of TREC files.
"""

WANDS = GradeScale(
    "wands",
    (Grade("Exact", 2, 1.0), Grade("Partial", 1, 0.5), Grade("Irrelevant", 0, 0.0)),
    relevant_from="Exact",
)
"""Wayfair's annotation data set (Chen et al., ECIR 2022)."""
