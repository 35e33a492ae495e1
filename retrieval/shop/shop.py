"""The synthetic shop: a catalogue of any size, judged queries and a query log from a seed; no data file behind it.

Grades are true by construction: queries are worded from structured intents, products from structured records, and
`intents.grade` compares the two structures. A model sees the words only.
"""

import functools
import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from eval.errors import InputError
from eval.grades import ESCI
from retrieval.data.search_data import LogQuery, SearchData, Split
from retrieval.shop.intents import GradeName, Intent, draw_intent, grade
from retrieval.shop.judged_lists import Judge
from retrieval.shop.main_world import MAIN
from retrieval.shop.query_log import draw_log, normalised
from retrieval.shop.records import Record, RecordMaker, stream
from retrieval.shop.second_world import SECOND
from retrieval.shop.titles import TitleWriter
from retrieval.shop.vocabulary import World, read_world
from retrieval.shop.wording import QueryWriter
from retrieval.types import Product, Query

POOL = 50_000
"""Intents and judged lists are drawn from the first products only, so that memory does not grow with the catalogue."""

THIN = 0.6
"""Share of the intents with one exact match that are passed over: shoppers mostly ask for what there is a choice of."""

_WORLDS = {"main": MAIN, "second": SECOND}


class JudgedQuery(NamedTuple):
    """A query, what it means, and the grades of its judged products by product id."""

    query: Query
    split: Split
    intent: Intent
    grades: dict[str, GradeName]


@functools.cache
def load_world(name: str) -> World:
    """The world called `name`.

    Raises:
        InputError: when there is none.
    """
    if name not in _WORLDS:
        raise InputError(f"unknown shop world {name!r}; expected one of {', '.join(_WORLDS)}")
    return read_world(_WORLDS[name])


class Shop:
    """A shop of `size` products; product i is the same whatever the size. `seed` ≥ 0; `budget` is about how many
    wordpiece tokens a product's title, brand and colour take at most."""

    def __init__(self, seed: int, size: int, *, world: str = "main", budget: int = 32) -> None:
        if seed < 0 or size < 1:
            raise InputError(f"a shop of {size} products with seed {seed}: give one product or more and a seed from 0")
        self.seed = seed
        self.size = size
        self.world = load_world(world)
        self._maker = RecordMaker(self.world, seed)
        self._titles = TitleWriter(self.world, budget)
        self._queries = QueryWriter(self.world)

    def products(self) -> Iterator[Product]:
        """Every product, in order, made one at a time (constant memory)."""
        for index in range(self.size):
            rng = stream(self.seed, "product", index)
            yield self._titles.write(self._maker.make(index, rng), product_id(index), rng)

    def record(self, index: int) -> Record:
        """What is true of product number `index`."""
        return self._maker.make(index, stream(self.seed, "product", index))

    def grade(self, intent: Intent, product: Product) -> GradeName:
        """The true grade of a product of this shop, found by its id."""
        return grade(intent, self.record(product_index(product.id)))

    def judged_queries(
        self, counts: dict[Split, int], judged: int = 20, *, judge: Judge | None = None
    ) -> list[JudgedQuery]:
        """`counts` queries a split, each with `judged` judged products, one E at least.

        No two queries mean the same or have the same text (case and punctuation aside), within and across splits.

        Raises:
            InputError: when the shop is too small for so many different queries.
        """
        judge = judge or self.judge()
        meanings: set[object] = set()
        texts: set[str] = set()
        drawn: list[JudgedQuery] = []
        for split, count in counts.items():
            made = 0
            for attempt in itertools.count():
                if made == count:
                    break
                if attempt > 50 * count + 1000:
                    raise InputError(
                        f"{count:,} different {split} queries were asked for, but {self.size:,} products yield about "
                        f"{made:,}; ask for fewer or for more products"
                    )
                rng = stream(self.seed, split, attempt)
                intent = draw_intent(self.world, judge.records[rng.randrange(len(judge.records))], rng)
                text = self._queries.write(intent, rng)
                meaning, key = intent.key(self.world), normalised(text)
                if meaning in meanings or key in texts:
                    continue
                grades = judge.draw(intent, judged, rng)
                exact = sum(name == "E" for name in grades.values())
                if exact == len(grades) or (exact == 1 and rng.random() < THIN):
                    continue
                meanings.add(meaning)
                texts.add(key)
                query = Query(f"{split}-{made:05d}", text)
                drawn.append(JudgedQuery(query, split, intent, {product_id(i): g for i, g in grades.items()}))
                made += 1
        return drawn

    def log(self, size: int, leaks: Sequence[str] = (), *, judge: Judge | None = None) -> list[LogQuery]:
        """A query log of `size` distinct texts, most frequent first (see `query_log.draw_log`).

        One query in four comes from a product that the catalogue may not hold: many of these it cannot answer.
        """
        return self.meant_log(size, leaks, judge=judge)[0]

    def meant_log(
        self, size: int, leaks: Sequence[str] = (), *, judge: Judge | None = None
    ) -> tuple[list[LogQuery], dict[str, Intent]]:
        """The log, and what its texts mean, but for those that repeat a test query."""
        judge = judge or self.judge()
        rng = stream(self.seed, "log", 0)
        meant: dict[str, Intent] = {}

        def draw() -> tuple[str, int]:
            if rng.random() < 0.25:
                record = self.record((1 << 40) + rng.randrange(1 << 40))
            else:
                record = judge.records[rng.randrange(len(judge.records))]
            intent = draw_intent(self.world, record, rng)
            text = self._queries.write(intent, rng)
            meant.setdefault(text, intent)  # of two meanings with one text, the first is logged
            return text, len(intent.constraints)

        log = draw_log(size, draw, leaks, rng) if size else []
        return log, {entry.text: meant[entry.text] for entry in log if entry.text in meant}

    def judge(self) -> Judge:
        """The judge over the pool: the first `POOL` products."""
        return Judge(self.world, [self.record(index) for index in range(min(self.size, POOL))])


def product_id(index: int) -> str:
    """The id of product number `index`."""
    return f"P{index:07d}"


def product_index(product_id: str) -> int:
    """The number of the product with this id; InputError when it is none of a shop's."""
    if not (product_id[:1] == "P" and product_id[1:].isdecimal()):
        raise InputError(f"{product_id!r} is no product of a synthetic shop; their ids look like P0000042")
    return int(product_id[1:])


def shop_data(
    products: int,
    train: int,
    dev: int,
    test: int,
    log: int,
    seed: int,
    judged: int = 20,
    *,
    world: str = "main",
    budget: int = 32,
) -> SearchData:
    """A whole data set: `products` products, judged queries in three splits and a log of `log` distinct queries.

    2 % of the log repeats test queries, more or less disguised, so that the leak guard has something to find.

    Raises:
        InputError: when the numbers do not fit one another (too few products for so many queries).
    """
    shop = Shop(seed, products, world=world, budget=budget)
    judge = shop.judge()
    drawn = shop.judged_queries({"train": train, "dev": dev, "test": test}, judged, judge=judge)
    leaks = [one.query.text for one in drawn if one.split == "test"]
    return SearchData(
        name=f"shop-{world}-{seed}-{products}",
        products=shop.products,
        queries={one.query.id: one.query for one in drawn},
        qrels={one.query.id: {pid: ESCI.gain(g) for pid, g in one.grades.items()} for one in drawn},
        splits={one.query.id: one.split for one in drawn},
        scale=ESCI,
        log=shop.log(log, leaks, judge=judge),
    )
