"""The structured record behind every product: its type and the value of each attribute. Grades rest on nothing else."""

import bisect
import itertools
import random
from dataclasses import dataclass

from retrieval.shop.vocabulary import ProductType, Value, World

_POPULARITY_OFFSET = 6.0
"""Types sell like 1 / (rank + offset): the first of 500 has 2 % of the catalogue, the middle one 0.1 %."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is true of product number `index`; `values` has one value for each attribute of the type, by name."""

    index: int
    type: ProductType
    values: dict[str, Value]


class RecordMaker:
    """Makes records; number `index` depends on world, seed and index, not on the shop's size or what came before."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.seed = seed
        self.types = list(world.types)
        stream(seed, "popularity", 0).shuffle(self.types)
        weights = [1 / (rank + _POPULARITY_OFFSET) for rank in range(len(self.types))]
        total = sum(weights)
        self.cumulative = [*itertools.accumulate(weight / total for weight in weights)]
        self.cumulative[-1] = 1.0
        self.brands = {
            value.key: value for kind in world.types for value in kind.attributes[0].values
        }  # a device's brand is that of its model

    def make(self, index: int, rng: random.Random) -> Record:
        """Record number `index`, drawn from `rng` (which must be `stream(seed, "product", index)`, unused)."""
        kind = self.types[bisect.bisect_left(self.cumulative, rng.random())]
        values: dict[str, Value] = {}
        for attribute in kind.attributes:
            value = attribute.values[bisect.bisect_left(attribute.cumulative, rng.random())]
            values[attribute.name] = value
            if attribute.kind == "model":
                values["brand"] = self.brands[value.family]
        return Record(index, kind, values)


_STREAMS = {"popularity": 0, "product": 1, "train": 2, "dev": 3, "test": 4, "log": 5, "frequency": 6}


def stream(seed: int, purpose: str, index: int) -> random.Random:
    """An independent random stream for each purpose and index, the same in every process."""
    return random.Random((seed << 64) | (_STREAMS[purpose] << 56) | index)
