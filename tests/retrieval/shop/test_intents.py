"""Grades against cases worked out by hand, on hand-made records."""

import pytest

from retrieval.shop.intents import Constraint, Intent, grade
from retrieval.shop.records import Record
from retrieval.shop.shop import load_world

WORLD = load_world("main")


def record(kind: str, **values: str) -> Record:
    """A record of that type; attributes that are not given take their first value."""
    product_type = WORLD.by_name[kind]
    chosen = {a.name: a.value(values[a.name]) if a.name in values else a.values[0] for a in product_type.attributes}
    assert set(values) <= set(chosen)
    return Record(0, product_type, chosen)


def intent(concept: str, *constraints: tuple[str, str, str]) -> Intent:
    return Intent(WORLD.concepts[concept], tuple(Constraint(*one) for one in constraints))  # type: ignore[arg-type]


NAVY_SOFA = intent("sofa", ("colour", "family", "blue"), ("fabric", "not", "leather"), ("seats", "is", "3"))


@pytest.mark.parametrize(
    ("product", "expected"),
    [
        (record("sofa", colour="navy", fabric="velvet", seats="3"), "E"),
        (record("sofa", colour="sky", fabric="faux leather", seats="3"), "E"),  # faux leather is no leather
        (record("sofa", colour="navy", fabric="leather", seats="3"), "S"),
        (record("sofa", colour="navy", fabric="linen", seats="2"), "S"),
        (record("sofa", colour="crimson", fabric="leather", seats="5"), "S"),
        (record("loveseat", colour="navy"), "S"),
        (record("throw pillow", colour="navy"), "C"),
        (record("slipcover", colour="navy", seats="3"), "C"),
        (record("dog bed", colour="navy"), "I"),
    ],
)
def test_a_sofa_that_is_blue_not_leather_and_seats_three(product: Record, expected: str) -> None:
    assert grade(NAVY_SOFA, product) == expected


@pytest.mark.parametrize(
    ("operator", "bound", "size", "expected"),
    [
        ("below", "50", "43", "E"),
        ("below", "50", "50", "S"),
        ("at most", "50", "50", "E"),
        ("at most", "50", "55", "S"),
        ("above", "50", "50", "S"),
        ("above", "50", "55", "E"),
        ("at least", "50", "50", "E"),
        ("is", "55", "65", "S"),
    ],
)
def test_amounts_are_compared_as_numbers(operator: str, bound: str, size: str, expected: str) -> None:
    assert grade(intent("tv", ("inch", operator, bound)), record("tv", inch=size)) == expected


def test_a_case_for_another_phone_is_irrelevant_but_another_phone_is_a_substitute() -> None:
    wanted = ("phone", "is", "Orbi 12")
    assert grade(intent("phone case", wanted), record("phone case", phone="Orbi 12")) == "E"
    assert grade(intent("phone case", wanted), record("phone case", phone="Orbi 12 Pro")) == "I"
    assert grade(intent("phone case", wanted), record("wallet case", phone="Orbi 12")) == "S"
    assert grade(intent("phone case", wanted), record("wallet case", phone="Pixon 7")) == "I"
    assert grade(intent("smartphone", wanted), record("smartphone", phone="Orbi 13")) == "S"
    assert grade(intent("smartphone", wanted), record("phone case", phone="Orbi 12")) == "C"
    assert grade(intent("smartphone", wanted), record("phone case", phone="Orbi 13")) == "I"


def test_a_feature_can_be_wanted_or_unwanted() -> None:
    assert grade(intent("hoodie", ("pockets", "is", "yes")), record("hoodie", pockets="yes")) == "E"
    assert grade(intent("hoodie", ("pockets", "is", "yes")), record("hoodie", pockets="no")) == "S"
    assert grade(intent("hoodie", ("pockets", "is", "no")), record("hoodie", pockets="yes")) == "S"
    assert grade(intent("hoodie", ("pockets", "is", "no")), record("hoodie", pockets="no")) == "E"


def test_a_broader_word_covers_its_types() -> None:
    lamps = intent("lamp", ("colour", "family", "gold"))
    assert grade(lamps, record("desk lamp", colour="brass")) == "E"
    assert grade(lamps, record("floor lamp", colour="brass")) == "E"
    assert grade(lamps, record("floor lamp", colour="chrome")) == "S"
    assert grade(lamps, record("light bulb")) == "C"
    assert grade(lamps, record("desk mat")) == "I"


def test_intents_that_mean_the_same_have_one_key() -> None:
    below = intent("tv", ("inch", "below", "50"), ("brand", "is", "Vistara"))
    at_most = intent("tv", ("brand", "is", "Vistara"), ("inch", "at most", "43"))
    other = intent("tv", ("brand", "is", "Vistara"), ("inch", "at most", "50"))
    assert below.key(WORLD) == at_most.key(WORLD)
    assert below.key(WORLD) != other.key(WORLD)
