"""What a shopper means, as structure; and the true grade of any product for it.

Grades by construction:
  E  the product's type is one the query names, and every requirement is met;
  S  such a type with a requirement missed, or a type that can stand in for it;
  C  a type that goes with it (a case for the phone, ink for the printer);
  I  everything else; also what was made for another device than the one the query names.
"""

import bisect
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from retrieval.shop.records import Record
from retrieval.shop.vocabulary import Attribute, Concept, Value, World

GradeName = Literal["E", "S", "C", "I"]
Operator = Literal["is", "not", "family", "not family", "at most", "at least", "below", "above"]


@dataclass(frozen=True, slots=True)
class Constraint:
    """One requirement. `value` is a value's key, a colour family, or the number that an amount is compared with."""

    attribute: str
    operator: Operator
    value: str

    def met(self, value: Value | None) -> bool:
        """Whether a product with this value meets it; a product without the attribute meets no requirement on it."""
        if value is None:
            return False
        match self.operator:
            case "is":
                return value.key == self.value
            case "not":
                return value.key != self.value
            case "family":
                return value.family == self.value
            case "not family":
                return value.family != self.value
            case "at most":
                return value.number <= float(self.value)
            case "at least":
                return value.number >= float(self.value)
            case "below":
                return value.number < float(self.value)
            case "above":
                return value.number > float(self.value)


@dataclass(frozen=True, slots=True)
class Intent:
    """A noun's meaning and what is required of the product; the order of the constraints means nothing."""

    concept: Concept
    constraints: tuple[Constraint, ...]

    def key(self, world: World) -> tuple[object, ...]:
        """Equal for intents that mean the same: "under 50 inch" and "at most 43 inch" where no size lies between."""
        allowed = []
        for constraint in self.constraints:
            keys: list[str] = []
            for name in self.concept.types:
                attribute = world.by_name[name].attribute(constraint.attribute)
                values = attribute.values if attribute else ()
                keys += [f"{name}={value.key}" for value in values if constraint.met(value)]
            allowed.append((constraint.attribute, tuple(keys)))
        return (self.concept.name, tuple(sorted(allowed)))

    def misses(self, record: Record) -> int:
        """How many requirements the product misses."""
        return sum(not constraint.met(record.values.get(constraint.attribute)) for constraint in self.constraints)


def grade(intent: Intent, record: Record) -> GradeName:
    """The true grade of a product for an intent."""
    concept = intent.concept
    name = record.type.name
    if name in concept.types:
        if _for_another_device(intent, record, ("fits",)):
            return "I"
        return "S" if intent.misses(record) else "E"
    if name in concept.siblings:
        return "I" if _for_another_device(intent, record, ("fits",)) else "S"
    if name in concept.complements:
        return "I" if _for_another_device(intent, record, ("fits", "model")) else "C"
    return "I"


def _for_another_device(intent: Intent, record: Record, kinds: Sequence[str]) -> bool:
    for constraint in intent.constraints:
        attribute = record.type.attribute(constraint.attribute)
        if attribute and attribute.kind in kinds and not constraint.met(record.values[constraint.attribute]):
            return True
    return False


_NUMBERS_OF_CONSTRAINTS = (0.06, 0.40, 0.76, 0.95, 1.0)
"""Cumulative shares of intents with 0, 1, 2, 3 and 4 requirements."""

_EAGERNESS = {"brand": 0.35, "colour": 0.9, "feature": 0.6, "fits": 3.0, "model": 1.5}
"""How often a requirement is on such an attribute, against 1 for others."""


def draw_intent(world: World, record: Record, rng: random.Random) -> Intent:
    """An intent that this record satisfies (grade E)."""
    concept = world.concepts[record.type.name]
    broader = world.broader_of[record.type.name]
    if broader and rng.random() < 0.2:
        concept = world.concepts[broader[int(rng.random() * len(broader))]]
    wanted = bisect.bisect_left(_NUMBERS_OF_CONSTRAINTS, rng.random())
    weighted = []
    for attribute in record.type.attributes:
        if all(world.by_name[name].attribute(attribute.name) for name in concept.types):
            weight = _EAGERNESS.get(attribute.kind, 1.0)
            weighted.append((rng.random() ** (1 / weight), attribute))
    weighted.sort(key=lambda pair: pair[0], reverse=True)
    constraints: list[Constraint] = []
    for _, attribute in weighted:
        if len(constraints) == wanted:
            break
        taken = {constraint.attribute for constraint in constraints}
        if attribute.name == "brand" and any(a.kind == "model" and a.name in taken for a in record.type.attributes):
            continue  # the model's name says the brand
        constraint = _draw_constraint(attribute, record.values[attribute.name], rng)
        if constraint:
            constraints.append(constraint)
    return Intent(concept, tuple(constraints))


def _draw_constraint(attribute: Attribute, value: Value, rng: random.Random) -> Constraint | None:
    """A requirement that `value` meets, or None where shoppers would not ask."""
    name, roll = attribute.name, rng.random()
    others = [other for other in attribute.values if other.key != value.key]
    if attribute.kind == "feature":
        if value.titles:
            return Constraint(name, "is", value.key)
        return Constraint(name, "is", value.key) if attribute.values[1].lacks and roll < 0.6 else None
    if attribute.kind == "colour":
        if roll < 0.6 or not value.queries:
            return Constraint(name, "family", value.family)
        if roll < 0.85:
            return Constraint(name, "is", value.key)
        families = sorted({other.family for other in others} - {value.family})
        return Constraint(name, "not family", families[int(rng.random() * len(families))]) if families else None
    if attribute.kind == "number" and attribute.ranged and roll < 0.4 and others:
        return _draw_range(attribute, value, rng)
    if attribute.negatable and roll < 0.28 and others:
        return Constraint(name, "not", others[int(rng.random() * len(others))].key)
    return Constraint(name, "is", value.key)


def _draw_range(attribute: Attribute, value: Value, rng: random.Random) -> Constraint:
    """A bound that leaves at least one of the type's amounts out."""
    numbers = sorted(other.number for other in attribute.values)
    lower = [n for n in numbers if n < value.number]
    upper = [n for n in numbers if n > value.number]
    if upper and (not lower or rng.random() < 0.5):
        if rng.random() < 0.5:
            return Constraint(attribute.name, "below", f"{upper[0]:g}")
        return Constraint(attribute.name, "at most", f"{value.number:g}")
    if rng.random() < 0.5:
        return Constraint(attribute.name, "above", f"{lower[-1]:g}")
    return Constraint(attribute.name, "at least", f"{value.number:g}")
