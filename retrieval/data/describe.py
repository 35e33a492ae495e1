"""What a data set holds, in figures: the first thing to look at, and what `distilrank data describe` prints."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from retrieval.data.problems import Problems
from retrieval.data.search_data import SearchData

QUANTILES = (0.0, 0.1, 0.5, 0.9, 1.0)
"""Of every distribution shown: least, tenth, median, nine tenths, most."""


@dataclass(frozen=True)
class FieldFigures:
    """A product field: how many products have it, and its quantiles in characters where it is not empty."""

    name: str
    filled: int
    characters: list[int]


@dataclass(frozen=True)
class SplitFigures:
    """A split: queries, "full" queries (two grades or more), judgements by grade name, judged products a query."""

    name: str
    queries: int
    full_queries: int
    judgements: int
    grades: dict[str, int]
    judged_per_query: list[int]


@dataclass(frozen=True)
class Description:
    """The figures of a data set; quantiles are those of `QUANTILES`."""

    name: str
    products: int
    fields: list[FieldFigures]
    scale: dict[str, Any]
    splits: list[SplitFigures]
    query_words: list[int]
    log: dict[str, Any]
    problems: Problems

    def to_json(self) -> dict[str, Any]:
        """The figures for programs."""
        return {**asdict(self), "quantiles": list(QUANTILES), "problems": self.problems.to_json()}

    def text(self) -> str:
        """The figures for people."""
        lines = [f"{self.name}: {self.products:,} products"]
        lines += _aligned(
            [("field", "filled", "characters")]
            + [
                (figures.name, f"{figures.filled / self.products:.1%}", _span(figures.characters))
                for figures in self.fields
            ]
        )
        grades = ", ".join(f"{name} {gain} (target {target:g})" for name, gain, target in self.scale["grades"])
        lines += ["", f"grades, gain and soft target: {grades}; relevant from {self.scale['relevant_from']}"]
        names = [name for name, _, _ in self.scale["grades"]]
        rows = [("split", "queries", "full", "judgements", *names, "judged a query")]
        for split in self.splits:
            counts = [f"{split.grades[name]:,}" for name in names]
            figures = (f"{split.queries:,}", f"{split.full_queries:,}", f"{split.judgements:,}")
            rows.append((split.name, *figures, *counts, _span(split.judged_per_query)))
        lines += _aligned(rows)
        lines.append(f"words a query: {_span(self.query_words)}")
        log = self.log
        typed = f"{log['queries']:,} queries, typed {log['frequency']:,} times; words a query: {_span(log['words'])}"
        lines.append(f"query log: {typed if log['queries'] else 'none'}")
        lines.append(f"spans are {', '.join(f'{q:.0%}' for q in QUANTILES)} quantiles; full: two grades or more")
        lines += ["", "problems:" if self.problems.counts else "problems: none"]
        return "\n".join(lines + [f"  {line}" for line in self.problems.lines()])


def describe(data: SearchData) -> Description:
    """Count everything; one pass over the products, memory of four bytes a product and field."""
    lengths: dict[str, list[int]] = {}
    products = 0
    for product in data.products():
        products += 1
        for name, value in product.fields.items():
            of_field = lengths.setdefault(name, [])
            if value:
                of_field.append(len(value))
    fields = [FieldFigures(name, len(of_field), _quantiles(of_field)) for name, of_field in lengths.items()]
    scale = data.scale
    return Description(
        name=data.name,
        products=products,
        fields=fields,
        scale={
            "name": scale.name,
            "grades": [[grade.name, grade.gain, grade.target] for grade in scale.grades],
            "relevant_from": scale.relevant_from,
        },
        splits=[_split(data, name) for name in ("train", "dev", "test") if name in data.splits.values()],
        query_words=_quantiles(len(query.text.split()) for query in data.queries.values()),
        log={
            "queries": len(data.log),
            "frequency": sum(entry.frequency for entry in data.log),
            "words": _quantiles(len(entry.text.split()) for entry in data.log),
        },
        problems=data.problems,
    )


def _split(data: SearchData, name: str) -> SplitFigures:
    judged = [data.qrels[query_id] for query_id, split in data.splits.items() if split == name]
    gains = Counter(gain for products in judged for gain in products.values())
    return SplitFigures(
        name=name,
        queries=len(judged),
        full_queries=sum(len(set(products.values())) > 1 for products in judged),
        judgements=gains.total(),
        grades={grade.name: gains[grade.gain] for grade in data.scale.grades},
        judged_per_query=_quantiles(map(len, judged)),
    )


def _quantiles(values: Iterable[int]) -> list[int]:
    array = np.fromiter(values, dtype=np.int64)
    if not array.size:
        return []
    return [int(value) for value in np.quantile(array, QUANTILES, method="inverted_cdf")]


def _span(quantiles: Sequence[int]) -> str:
    return " ".join(f"{value:,}" for value in quantiles) or "none"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
