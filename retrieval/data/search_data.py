"""What every reader yields: catalogue, queries, judgements, splits, grade scale and query log."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from eval.grades import GradeScale
from eval.trec import Qrels
from retrieval.data.problems import Problems
from retrieval.types import Product, Query

Split = Literal["train", "dev", "test"]
SPLITS: tuple[Split, ...] = ("train", "dev", "test")


class LogQuery(NamedTuple):
    """A query of the log and how often shoppers typed it (1 where the log does not say)."""

    text: str
    frequency: int = 1


@dataclass
class SearchData:
    """A data set in memory, but for the products, which are streamed.

    `products()` starts a new pass over the catalogue each time: same products, same order, ids unique. `queries`,
    `qrels` and `splits` have the same keys, in the order of the data: every query has a judged product that the
    catalogue holds. `qrels` hold the gains of `scale`. A "full" query is one whose judgements have two gains or more:
    only those can be ranked well or badly.
    """

    name: str
    products: Callable[[], Iterator[Product]]
    queries: dict[str, Query]
    qrels: Qrels
    splits: dict[str, Split]
    scale: GradeScale
    log: list[LogQuery] = field(default_factory=list)
    problems: Problems = field(default_factory=Problems)
