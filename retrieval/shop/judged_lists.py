"""Which products a query is judged on: a mix of grades as a first stage would serve it, hard cases first.

Needs the structured records of a pool of products, sorted by type. A list costs one pass over the records of the types
that the query names or is related to.
"""

import random
import re
from collections.abc import Sequence

from retrieval.shop.intents import GradeName, Intent, grade
from retrieval.shop.records import Record
from retrieval.shop.vocabulary import World


class Judge:
    """Draws judged lists from a pool of records."""

    def __init__(self, world: World, records: Sequence[Record]) -> None:
        self.world = world
        self.records = records
        self.by_type: dict[str, list[Record]] = {kind.name: [] for kind in world.types}
        self.by_department: dict[str, list[Record]] = {kind.department: [] for kind in world.types}
        for record in records:
            self.by_type[record.type.name].append(record)
            self.by_department[record.type.department].append(record)
        self.alike = _alike(world)

    def exact(self, intent: Intent) -> list[Record]:
        """Every product of the pool with grade E, in catalogue order within each type."""
        return [r for name in intent.concept.types for r in self.by_type[name] if grade(intent, r) == "E"]

    def draw(self, intent: Intent, judged: int, rng: random.Random) -> dict[int, GradeName]:
        """`judged` product numbers with their grades, in random order; fewer only where the pool is smaller.

        Up to 8 of 20 are E. S are mostly near misses (one requirement), C goes with the product, and I is mostly what
        shares words with the query: another type with the query's noun, brand or values in its title.
        """
        named = [record for name in intent.concept.types for record in self.by_type[name]]
        exact = [record for record in named if grade(intent, record) == "E"]
        near = sorted(
            ((intent.misses(r) + rng.random(), r) for r in named if grade(intent, r) == "S"), key=lambda pair: pair[0]
        )
        wrong_device = [record for record in named if grade(intent, record) == "I"]
        siblings = self._related(intent, sorted(intent.concept.siblings), "S", rng)
        complements = self._related(intent, sorted(intent.concept.complements), "C", rng)
        alike = self._related(intent, self._alike_types(intent), "I", rng)

        chosen: dict[int, GradeName] = {}

        def take(records: Sequence[Record], count: int) -> None:
            for record in records:
                if count <= 0 or len(chosen) == judged:
                    return
                if record.index not in chosen:
                    chosen[record.index] = grade(intent, record)
                    count -= 1

        rng.shuffle(exact)
        rng.shuffle(wrong_device)
        take(exact, rng.randint(2, max(2, round(judged * 0.4))))
        left = judged - len(chosen)
        take([record for _, record in near], round(left * 0.55))
        take(siblings, round(left * 0.16))
        take(complements, round(left * 0.15))
        take(wrong_device, round(left * 0.15))
        take(alike, max(1, round(left * 0.25)))
        take(self._neighbours(intent, rng), judged - len(chosen) - rng.randint(1, 3))
        while len(chosen) < min(judged, len(self.records)):
            record = self.records[rng.randrange(len(self.records))]
            # A random product that happens to fit would count as one more exact match than was drawn.
            if grade(intent, record) != "E" or len(self.records) <= 2 * judged:
                take([record], 1)
        order = list(chosen.items())
        rng.shuffle(order)
        return dict(order)

    def _related(self, intent: Intent, types: Sequence[str], wanted: GradeName, rng: random.Random) -> list[Record]:
        """Records of these types with the wanted grade, those that meet more of the requirements first."""
        scored = [
            (intent.misses(record) + 1.5 * rng.random(), record)
            for name in types
            for record in self.by_type[name]
            if grade(intent, record) == wanted
        ]
        return [record for _, record in sorted(scored, key=lambda pair: pair[0])]

    def _neighbours(self, intent: Intent, rng: random.Random) -> list[Record]:
        """Irrelevant products of the same department, those that meet most of the requirements first."""
        department = self.by_department[self.world.by_name[intent.concept.types[0]].department]
        some = [department[rng.randrange(len(department))] for _ in range(min(60, 2 * len(department)))]
        scored = [(intent.misses(record) + 0.5 * rng.random(), record) for record in some]
        return [r for _, r in sorted(scored, key=lambda pair: pair[0]) if grade(intent, r) == "I"]

    def _alike_types(self, intent: Intent) -> list[str]:
        concept = intent.concept
        related = {*concept.types, *concept.siblings, *concept.complements}
        names = {other: None for name in concept.types for other in self.alike[name]}
        return [name for name in names if name not in related]


def _alike(world: World) -> dict[str, list[str]]:
    """For each type, the other types whose nouns share a word with its nouns ("coffee table", "coffee maker")."""
    words = {
        kind.name: {w for noun in (*kind.title_nouns, *kind.query_nouns) for w in re.findall(r"[a-z]{3,}", noun)}
        for kind in world.types
    }
    common = {"for", "set", "and", "with", "replacement"}
    return {
        name: [other for other in words if other != name and (words[other] & own) - common]
        for name, own in words.items()
    }
