"""From what a judge wrote to the gain of a grade; and the scale of judgements that come without one."""

from collections.abc import Iterable

from eval.errors import InputError
from eval.grades import ESCI, WANDS, Grade, GradeScale

_LONG_NAMES = {"E": "exact", "S": "substitute", "C": "complement", "I": "irrelevant"}


class GainReader:
    """Reads grades by name (upper or lower case), by ESCI's long names, or by gain."""

    def __init__(self, scale: GradeScale) -> None:
        self._scale = scale
        self._gains = {str(grade.gain): grade.gain for grade in scale.grades}
        if {grade.name for grade in scale.grades} == set(_LONG_NAMES):
            self._gains.update({_LONG_NAMES[grade.name]: grade.gain for grade in scale.grades})
        self._gains.update({grade.name.casefold(): grade.gain for grade in scale.grades})  # a name wins over a gain

    def gain(self, text: str | None, place: str) -> int:
        """The gain of the grade written at `place`.

        Raises:
            InputError: when the scale has no such grade; lists those it has.
        """
        gain = self._gains.get((text or "").strip().casefold())
        if gain is None:
            known = ", ".join(f"{grade.name} (gain {grade.gain})" for grade in self._scale.grades)
            raise InputError(f"{place}: grade {text or ''!r} is unknown; the scale {self._scale.name!r} has {known}")
        return gain


def infer_scale(grades: Iterable[str], source: str) -> GradeScale:
    """The scale that the distinct `grades` belong to: ESCI, WANDS, or whole numbers read as gains.

    Of numbers, the soft target is gain / highest gain, and every gain above 0 is relevant (as trec_eval has it).

    Raises:
        InputError: when they are of no known scale.
    """
    found = sorted({grade.strip() for grade in grades})
    for scale in (ESCI, WANDS):
        names = {grade.name.casefold() for grade in scale.grades}
        if scale is ESCI:
            names |= set(_LONG_NAMES.values())
        if found and all(grade.casefold() in names for grade in found):
            # "Exact" and "Irrelevant" are words of both; only "Partial" and the like tell: WANDS where all fit.
            wands = {grade.name.casefold() for grade in WANDS.grades}
            return WANDS if all(grade.casefold() in wands for grade in found) else scale
    if found and all(grade.isascii() and grade.isdigit() for grade in found):
        gains = sorted({int(grade) for grade in found} | {0}, reverse=True)
        if gains[0] > 0:
            named = tuple(Grade(str(gain), gain, gain / gains[0]) for gain in gains)
            return GradeScale("gains", named, named[-2].name)
        raise InputError(f"{source}: every grade is 0; expected at least one relevant product")
    shown = ", ".join(repr(grade) for grade in found[:8]) or "none"
    raise InputError(
        f"{source}: the grades {shown} belong to no known scale; give each grade's name, gain (a whole "
        "number) and soft target (0 to 1)"
    )
