"""Reading worlds: the tables that ship are sound, and unsound ones are refused."""

import dataclasses

import pytest

from eval.errors import InputError
from retrieval.shop.main_world import MAIN
from retrieval.shop.shop import load_world
from retrieval.shop.vocabulary import read_world

WORLDS = ("main", "second")


def test_the_worlds_are_big_enough_and_share_no_type_brand_or_department() -> None:
    main, second = (load_world(name) for name in WORLDS)
    assert len({kind.department for kind in main.types}) >= 12
    assert len(main.types) >= 120
    assert len(second.types) >= 40
    assert {kind.department for kind in main.types}.isdisjoint(kind.department for kind in second.types)
    assert set(main.by_name).isdisjoint(second.by_name)
    assert set(main.tiers).isdisjoint(second.tiers)


@pytest.mark.parametrize("name", WORLDS)
def test_relations_work_both_ways_and_never_overlap(name: str) -> None:
    world = load_world(name)
    for kind in world.types:
        assert not set(kind.siblings) & set(kind.complements)
        assert all(kind.name in world.by_name[other].siblings for other in kind.siblings)
        assert all(kind.name in world.by_name[other].complements for other in kind.complements)


@pytest.mark.parametrize("name", WORLDS)
def test_every_title_pattern_shows_the_noun_and_all_values(name: str) -> None:
    for pattern in load_world(name).title_patterns:
        assert all(slot in pattern for slot in ("{noun}", "{front}", "{back}"))


@pytest.mark.parametrize(
    ("table", "before", "after", "named"),
    [
        ("types", "| loveseat, futon |", "| lovesaet, futon |", "lovesaet"),
        ("types", "| fabric seats=2/3/4/5", "| fabrick seats=2/3/4/5", "fabrick"),
        ("types", "sofa, couch;", "sofa, tablet;", "tablet"),
        ("attributes", "velvet, plush velvet", "velvet, linen", "linen"),
        ("broader", "lamp, lamps: desk lamp", "lamp, lamps: disk lamp", "disk lamp"),
    ],
)
def test_an_unsound_table_is_refused_by_name(table: str, before: str, after: str, named: str) -> None:
    text = getattr(MAIN, table)
    assert before in text
    with pytest.raises(InputError, match=named):
        read_world(dataclasses.replace(MAIN, **{table: text.replace(before, after, 1)}))


def test_an_unknown_world_is_refused() -> None:
    with pytest.raises(InputError, match=r"third.*main, second"):
        load_world("third")
