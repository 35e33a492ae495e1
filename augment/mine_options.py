"""What to mine: the options of augment.mining, checked."""

from dataclasses import dataclass

from augment.selection import Stratum
from augment.strategies import STRATEGIES
from eval.errors import InputError


@dataclass(frozen=True)
class MineOptions:
    """What to mine.

    `queries`: the budget. `strata`, `neighbours`, `random`: products a query, by first-stage rank, from the best hit's
    category or surroundings, and from anywhere. `selection`: one of `augment.strategies.STRATEGIES`; all but "rank"
    choose as many as the strata say, but in their own way. `depth`: how deep each retriever is asked. `well_covered` in
    [0, 1]: from which coverage a query counts as well covered; `uncovered_share` of the budget goes to the others.
    `by_frequency`: sample in proportion to the square root of the log's frequency. `pool`: at most so many of the log's
    queries, drawn at random, are examined for coverage, each by the best `evidence` products of a retriever.
    `chunk_queries`: queries a shard. `category_field`: what neighbours share. `judged`: whether judged train queries
    may enter (flagged).
    """

    queries: int = 2000
    strata: tuple[Stratum, ...] = (Stratum(1, 4, 4), Stratum(5, 20, 3), Stratum(21, 80, 2))
    random: int = 1
    neighbours: int = 2
    selection: str = "rank"
    depth: int = 80
    uncovered_share: float = 0.1
    # Measured on a small cut of ESCI (MiniLM-L6 and BM25; 1,500 logged queries graded by a language model): a tenth of
    # the log reaches .7; 59 % of those had an exact product among ten labelled ones, against 14 % of the others.
    well_covered: float = 0.7
    by_frequency: bool = True
    pool: int = 50_000
    evidence: int = 3
    chunk_queries: int = 256
    category_field: str | None = "category"
    judged: bool = True

    def __post_init__(self) -> None:
        for name in ("queries", "depth", "pool", "evidence", "chunk_queries"):
            if getattr(self, name) < 1:
                raise InputError(f"mine.{name} is {getattr(self, name)}, expected 1 or more")
        for name in ("uncovered_share", "well_covered"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"mine.{name} is {getattr(self, name)}, expected a share between 0 and 1")
        if self.selection not in STRATEGIES:
            raise InputError(f"mine.selection is {self.selection!r}, expected one of {', '.join(STRATEGIES)}")
        last = 0
        for stratum in self.strata:
            if not last < stratum.first <= stratum.last <= self.depth or stratum.take < 0:
                raise InputError(
                    f"mine.strata has {stratum.name} (take {stratum.take}) after rank {last}, expected rising ranges "
                    f"of ranks that do not overlap and end at mine.depth ({self.depth}) or before"
                )
            last = stratum.last
        if self.products_per_query < 1 or min(self.random, self.neighbours) < 0:
            raise InputError("mine.strata, mine.random and mine.neighbours ask for no product; raise one of them")

    @property
    def groups(self) -> list[str]:
        """What ranked candidates can be taken for: the strata's names, or the strategy."""
        return [stratum.name for stratum in self.strata] if self.selection == "rank" else [f"by {self.selection}"]

    @property
    def products_per_query(self) -> int:
        return sum(stratum.take for stratum in self.strata) + self.random + self.neighbours
