"""A picture of an experiment as an SVG: an arm a line, its mean as a dot and its interval as a bar."""

from collections.abc import Mapping
from html import escape
from pathlib import Path

from eval.bootstrap import Interval
from eval.files import write_text

_LEFT, _WIDTH, _ROW, _TOP, _FOOT = 250, 460, 30, 56, 44


def draw(title: str, measure: str, arms: Mapping[str, Interval], reference: float, path: Path) -> None:
    """Write the picture; `reference` is the first stage's mean, a dashed line."""
    low = min([reference, *(interval.low for interval in arms.values())])
    high = max([reference, *(interval.high for interval in arms.values())])
    margin = 0.08 * (high - low) or 0.01
    low, high = low - margin, high + margin

    def x(value: float) -> float:
        return _LEFT + _WIDTH * (value - low) / (high - low)

    bottom = _TOP + _ROW * len(arms)
    parts = [f'<text x="12" y="24" font-size="15" font-weight="600">{escape(title)}</text>']
    for step in range(5):
        value = low + (high - low) * step / 4
        parts.append(f'<line x1="{x(value):.1f}" y1="{_TOP - 8}" x2="{x(value):.1f}" y2="{bottom}" stroke="#ddd"/>')
        parts.append(f'<text x="{x(value):.1f}" y="{bottom + 16}" text-anchor="middle">{value:.3f}</text>')
    parts.append(
        f'<line x1="{x(reference):.1f}" y1="{_TOP - 8}" x2="{x(reference):.1f}" y2="{bottom}" stroke="#555" '
        f'stroke-dasharray="5 4"/><text x="{x(reference):.1f}" y="{_TOP - 14}" text-anchor="middle">first stage</text>'
    )
    for place, (name, interval) in enumerate(arms.items()):
        y = _TOP + _ROW * (place + 0.5)
        parts.append(f'<text x="{_LEFT - 12}" y="{y + 4:.1f}" text-anchor="end">{escape(name)}</text>')
        parts.append(
            f'<line x1="{x(interval.low):.1f}" y1="{y}" x2="{x(interval.high):.1f}" y2="{y}" stroke="#1f5fa8" '
            f'stroke-width="3"/><circle cx="{x(interval.mean):.1f}" cy="{y}" r="5" fill="#1f5fa8"/>'
        )
    parts.append(f'<text x="{_LEFT}" y="{bottom + 34}">{escape(measure)}; bars: 95 % intervals</text>')
    size = f'width="{_LEFT + _WIDTH + 40}" height="{bottom + _FOOT}"'
    style = 'font-family="system-ui, sans-serif" font-size="12" fill="#222"'
    body = "\n".join(parts)
    write_text(path, f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>\n'
               f'<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n')  # fmt: skip
