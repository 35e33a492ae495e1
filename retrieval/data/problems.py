"""Counted warnings: what was wrong in the data where going on is right, so that nothing is dropped in silence."""

from dataclasses import dataclass, field
from typing import Any

EXAMPLES = 3
"""How many examples of each kind are kept: the first ones, so that the same data say the same."""


@dataclass
class Problems:
    """Kinds of problem, in the order they were met, with their counts and first examples."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, example: str) -> None:
        """Count one problem; `kind` says what and what was done about it, `example` where (an id, a line)."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        kept = self.examples.setdefault(kind, [])
        if len(kept) < EXAMPLES:
            kept.append(example)

    def lines(self) -> list[str]:
        """One line a kind: count, kind, first examples."""
        return [
            f"{count:,} {kind}: {', '.join(self.examples[kind])}{', …' if count > EXAMPLES else ''}"
            for kind, count in self.counts.items()
        ]

    def to_json(self) -> list[dict[str, Any]]:
        """The same for programs."""
        return [{"kind": kind, "count": count, "examples": self.examples[kind]} for kind, count in self.counts.items()]
