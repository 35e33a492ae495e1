"""Charts as inline SVG: axes, lines, bands and marks, nothing more.

Colours are the page's style sheet's (`.s0` … `.s5`, Okabe and Ito's colour-blind safe palette); series also differ in
dash and mark, so that they are told apart in print. Text inherits the page's font and colour.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

Points = Sequence[tuple[float, float]]

_LEFT, _RIGHT, _TOP, _BOTTOM = 58, 14, 12, 44
_LEGEND_ROW, _LETTER = 20, 6.6
_MARKS: tuple[str, ...] = ("circle", "square", "triangle", "diamond")


@dataclass(frozen=True)
class Axis:
    """An axis from `low` to `high` with its label (and unit); `logarithmic` needs low > 0."""

    label: str
    low: float
    high: float
    ticks: Sequence[float]
    logarithmic: bool = False
    names: Callable[[float], str] = lambda tick: f"{tick:g}".replace("-", "−")

    def share(self, value: float) -> float:
        """Where a value lies, 0 at `low` and 1 at `high`."""
        low, high, value = (math.log(v) if self.logarithmic else v for v in (self.low, self.high, value))
        return (value - low) / (high - low) if high != low else 0.5


def linear(label: str, values: Iterable[float], *, ticks: int = 5, pad: float = 0.04) -> Axis:
    """An axis over the values, a little wider, with about `ticks` round ticks."""
    low, high = _span(values)
    margin = (high - low or abs(high) or 1) * pad
    low, high = low - margin, high + margin
    rough = (high - low) / ticks
    power = 10 ** math.floor(math.log10(rough))
    step = next(power * base for base in (1, 2, 5, 10) if power * base >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    at = [round(number * step, 10) for number in range(first, last + 1)]
    return Axis(label, low, high, at, names=lambda tick: f"{tick:.{decimals}f}".replace("-", "−"))


def logarithmic(label: str, values: Iterable[float]) -> Axis:
    """An axis over positive values, a little wider, with ticks at 1, 2 and 5 times powers of ten."""
    low, high = _span(values)
    low, high = low / 1.3, high * 1.3
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [base * 10.0**power for power in powers for base in (1, 2, 5)]
    return Axis(label, low, high, [tick for tick in ticks if low <= tick <= high], logarithmic=True)


def named(labels: Sequence[str]) -> Axis:
    """An axis of one row a label, the first on top."""
    rows = range(len(labels))
    return Axis("", len(labels) - 0.5, -0.5, list(rows), names=lambda tick: labels[int(tick)])


@dataclass
class Chart:
    """A chart of `width` × `height` units; what it shows is told in words by `description`."""

    x: Axis
    y: Axis
    description: str
    width: int = 480
    height: int = 300
    left: int = _LEFT
    _drawn: list[str] = field(default_factory=list)
    _legend: list[tuple[str, int, bool]] = field(default_factory=list)

    def line(self, points: Points, series: int, name: str = "", *, marks: bool = True, steps: bool = False) -> None:
        """A line through the points in the style of `series`; named, it stands in the legend."""
        placed = [self._at(x, y) for x, y in points]
        if steps:
            placed = [
                corner
                for (x0, y0), (x1, y1) in zip(placed, [*placed[1:], placed[-1]], strict=True)
                for corner in ((x0, y0), (x1, y0))
            ]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        self._drawn.append(f'<polyline class="line s{series} d{series}" points="{path}"/>')
        if marks:
            self._drawn += [_mark(x, y, series) for x, y in (self._at(*point) for point in points)]
        if name:
            self._legend.append((name, series, marks))

    def band(self, low: Points, high: Points, series: int) -> None:
        """The area between two lines."""
        placed = [self._at(x, y) for x, y in [*low, *reversed(high)]]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        self._drawn.append(f'<polygon class="band s{series}" points="{path}"/>')

    def bar(self, start: tuple[float, float], end: tuple[float, float], series: int, kind: str = "thin") -> None:
        """A straight stroke: an error bar (`thin`), a box (`thick`)."""
        (x0, y0), (x1, y1) = self._at(*start), self._at(*end)
        line = f'x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}"'
        self._drawn.append(f'<line class="bar {kind} s{series}" {line}/>')

    def mark(self, x: float, y: float, series: int, text: str = "") -> None:
        """One mark, or a short text in a circle."""
        px, py = self._at(x, y)
        if text:
            self._drawn.append(
                f'<circle class="mark s{series}" cx="{px:.1f}" cy="{py:.1f}" r="9"/>'
                f'<text class="in-mark" x="{px:.1f}" y="{py + 4:.1f}">{escape(text)}</text>'
            )
        else:
            self._drawn.append(_mark(px, py, series))

    def render(self) -> str:
        """The SVG element."""
        legend, rows = self._legend_rows()
        top = _TOP + rows * _LEGEND_ROW
        height = self.height + rows * _LEGEND_ROW
        return (
            f'<svg viewBox="0 0 {self.width} {height}" role="img" aria-label="{escape(self.description)}">'
            f'{legend}<g transform="translate(0 {top - _TOP})">{self._axes()}{"".join(self._drawn)}</g></svg>'
        )

    def _at(self, x: float, y: float) -> tuple[float, float]:
        across = self.left + self.x.share(x) * (self.width - self.left - _RIGHT)
        down = self.height - _BOTTOM - self.y.share(y) * (self.height - _BOTTOM - _TOP)
        return across, down

    def _axes(self) -> str:
        bottom, right = self.height - _BOTTOM, self.width - _RIGHT
        parts = []
        for tick in self.y.ticks:
            _, y = self._at(self.x.low, tick)
            parts.append(f'<line class="grid" x1="{self.left}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}"/>')
            text = escape(self.y.names(tick))
            parts.append(f'<text class="tick end" x="{self.left - 6}" y="{y + 4:.1f}">{text}</text>')
        for tick in self.x.ticks:
            x, _ = self._at(tick, self.y.low)
            parts.append(f'<line class="axis" x1="{x:.1f}" y1="{bottom}" x2="{x:.1f}" y2="{bottom + 4}"/>')
            parts.append(f'<text class="tick mid" x="{x:.1f}" y="{bottom + 17}">{escape(self.x.names(tick))}</text>')
        parts.append(f'<line class="axis" x1="{self.left}" y1="{bottom}" x2="{right}" y2="{bottom}"/>')
        middle = (self.left + right) / 2
        parts.append(f'<text class="label mid" x="{middle}" y="{self.height - 8}">{escape(self.x.label)}</text>')
        if self.y.label:
            half = (_TOP + bottom) / 2
            turned = f'transform="rotate(-90 14 {half})"'
            parts.append(f'<text class="label mid" x="14" y="{half}" {turned}>{escape(self.y.label)}</text>')
        return "".join(parts)

    def _legend_rows(self) -> tuple[str, int]:
        parts, x, row = [], float(self.left), 0
        for name, series, marks in self._legend:
            needed = 34 + _LETTER * len(name)
            if x > self.left and x + needed > self.width:
                x, row = float(self.left), row + 1
            y = 11 + row * _LEGEND_ROW
            parts.append(f'<line class="line s{series} d{series}" x1="{x}" y1="{y}" x2="{x + 24}" y2="{y}"/>')
            if marks:
                parts.append(_mark(x + 12, y, series))
            parts.append(f'<text class="tick" x="{x + 29}" y="{y + 4}">{escape(name)}</text>')
            x += needed + 12
        return "".join(parts), row + 1 if self._legend else 0


def whisker(low: float, mean: float, high: float, limit: float, *, width: int = 150, height: int = 16) -> str:
    """A difference and its interval on a line from −limit to limit, 0 in the middle; no axis, for a table's cell."""

    def at(value: float) -> float:
        return width / 2 * (1 + max(-1.0, min(1.0, value / limit)) * 0.96)

    middle = height / 2
    series = 1 if high < 0 else 0 if low > 0 else 2
    return (
        f'<svg class="whisker" viewBox="0 0 {width} {height}" aria-hidden="true">'
        f'<line class="axis" x1="{width / 2}" y1="0" x2="{width / 2}" y2="{height}"/>'
        f'<line class="bar thin s{series}" x1="{at(low):.1f}" y1="{middle}" x2="{at(high):.1f}" y2="{middle}"/>'
        f"{_mark(at(mean), middle, series)}</svg>"
    )


def _mark(x: float, y: float, series: int) -> str:
    shape, size = _MARKS[series % len(_MARKS)], 3.6
    if shape == "circle":
        return f'<circle class="mark s{series}" cx="{x:.1f}" cy="{y:.1f}" r="{size}"/>'
    offsets: dict[str, list[tuple[float, float]]] = {
        "square": [(-1, -1), (1, -1), (1, 1), (-1, 1)],
        "triangle": [(0, -1.25), (1.15, 0.9), (-1.15, 0.9)],
        "diamond": [(0, -1.35), (1.2, 0), (0, 1.35), (-1.2, 0)],
    }
    points = " ".join(f"{x + size * dx:.1f},{y + size * dy:.1f}" for dx, dy in offsets[shape])
    return f'<polygon class="mark s{series}" points="{points}"/>'


def _span(values: Iterable[float]) -> tuple[float, float]:
    known = [value for value in values if math.isfinite(value)]
    return (min(known), max(known)) if known else (0.0, 1.0)
