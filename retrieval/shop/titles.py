"""Words a record as a product's text fields: title, brand, colour, category and description.

Everything that a grade can rest on stands in title, brand and colour; a feature that a product has not is the one thing
left unsaid (and said nowhere). The description repeats facts in other words and adds some that no query asks for.
"""

import random
import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from retrieval.shop.records import Record
from retrieval.shop.vocabulary import Value, World, goes_back, title_case
from retrieval.types import Product

_T = TypeVar("_T")
_SLOT = re.compile(r"\{(\w+)\}")
_MODEL_LETTERS = "ABCDEFGHKLMNPRSTVWXZ"


class TitleWriter:
    """Writes products; `budget` is about how many wordpiece tokens title, brand and colour may take together."""

    def __init__(self, world: World, budget: int) -> None:
        self.world = world
        self.budget = budget
        self.patterns = tuple(tuple(_SLOT.split(pattern)) for pattern in world.title_patterns)
        self.costs: dict[str, int] = {}
        self.backs: dict[str, bool] = {}

    def write(self, record: Record, product_id: str, rng: random.Random) -> Product:
        """The product of a record; `rng` goes on after the record's own draws."""
        random_ = rng.random
        kind = record.type
        noun = _pick(kind.title_nouns, random_)
        brand = record.values["brand"].titles[0]
        colour = ""
        front: list[str] = []
        back: list[str] = []
        facts: list[str] = []
        cost = self._cost(noun) + self._cost(brand)
        for attribute in kind.attributes[1:]:
            value: Value = record.values[attribute.name]
            if not value.titles:
                continue
            wording = _pick(value.titles, random_)
            facts.append(_pick(value.titles, random_))
            cost += self._cost(wording)
            if attribute.kind == "colour":
                colour = wording
                if random_() < 0.6:
                    continue
                cost += self._cost(wording)
            behind = self.backs.get(wording)
            if behind is None:
                behind = self.backs[wording] = goes_back(wording)
            (back if behind or random_() < 0.45 else front).append(wording)
        if len(front) > 1 and random_() < 0.5:
            front.reverse()
        room = self.budget - cost
        slots = {"noun": title_case(noun), "front": " ".join(front), "back": ", ".join(back), "brand": brand}
        # Budget brands shout: they stuff more of the words shoppers type.
        noise = 0.75 if self.world.tiers[brand] == 2 else 0.4
        if room >= 8 and random_() < noise and kind.serves:
            slots["use"] = _pick(kind.serves, random_)
            room -= self._cost(slots["use"])
        if room >= 8 and random_() < noise:
            slots["marketing"] = title_case(_pick(self.world.marketing, random_))
            room -= self._cost(slots["marketing"])
        if room >= 8 and random_() < noise:
            number = int(random_() * 900) + 100
            slots["model"] = f"{_MODEL_LETTERS[int(random_() * 20)]}{_MODEL_LETTERS[int(random_() * 20)]}-{number}"
        if room < self._cost(brand):
            slots["brand"] = ""  # it stands in its own field
        title = _fill(_pick(self.patterns, random_), slots)
        detail = _pick(self.world.details, random_), _pick(self.world.details, random_)
        listed = ", ".join(facts)
        description = f"{brand} {_pick(kind.title_nouns, random_)}: {listed}. {detail[0]} {detail[1]}"
        return Product(
            product_id,
            {
                "title": title,
                "brand": brand,
                "colour": colour,
                "category": f"{kind.department} > {title_case(kind.name)}",
                "description": description,
            },
        )

    def _cost(self, text: str) -> int:
        """About how many wordpieces: one for a word or sign, more for long words and invented names."""
        cost = self.costs.get(text)
        if cost is None:
            pieces = re.findall(r"[a-z]+|[0-9]+|[^\sa-z0-9]", text.lower())
            known = text not in self.world.tiers
            cost = sum((len(piece) + 7) // 8 if known else (len(piece) + 2) // 3 for piece in pieces) + 1
            self.costs[text] = cost
        return cost


def _pick(options: Sequence[_T], draw: Callable[[], float]) -> _T:
    return options[int(draw() * len(options))]


def _fill(pattern: tuple[str, ...], slots: dict[str, str]) -> str:
    """Fill a split pattern (text, slot, text, slot …); an empty slot takes the text before it along."""
    parts: list[str] = []
    for place in range(1, len(pattern), 2):
        word = slots.get(pattern[place], "")
        if word:
            if parts:
                parts.append(pattern[place - 1])
            parts.append(word)
    text = "".join(parts)
    return text + pattern[-1] if "(" in text else text
