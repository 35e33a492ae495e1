"""The Pareto frontier of quality and time: the settings that no other beats on both."""

from collections.abc import Sequence
from typing import NamedTuple


class Setting(NamedTuple):
    """A way to answer a search: its median milliseconds and its quality."""

    name: str
    milliseconds: float
    quality: float


def frontier(settings: Sequence[Setting]) -> list[Setting]:
    """Those that no other setting matches in quality in as little time, fastest first."""
    best: list[Setting] = []
    for setting in sorted(settings, key=lambda one: (one.milliseconds, -one.quality)):
        if not best or setting.quality > best[-1].quality:
            best.append(setting)
    return best
