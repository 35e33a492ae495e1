import pytest

from retrieval.tokens import tokenize
from retrieval.wanted import affirmed, unwanted, wanted


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("paper bags without handles", "paper bags"),
        ("lights without wiring with switch", "lights with switch"),
        ("Water bottle WITHOUT a straw pink", "Water bottle pink"),
        ("cake w/o eggs", "cake"),
        ("sofa without armrests without legs", "sofa"),
        ("without a trace dvd", "without a trace dvd"),
        ("shoes without", "shoes without"),
        ("withoutside table", "withoutside table"),
        ("jacket without buttons or zipper", "jacket"),
        ("milk without lactose and sugar vanilla", "milk vanilla"),
        ("kit without led lamp or dryer pink", "kit pink"),
        ("pool without pump and with filter", "pool and with filter"),
        ("paper bags without handles, or brown", "paper bags or brown"),
        ("", ""),
    ],
)
def test_what_is_unwanted_is_not_searched_for(query: str, asked: str) -> None:
    assert wanted(query) == asked


@pytest.mark.parametrize(
    ("query", "things"),
    [
        ("paper bags without handles", [("handle",)]),
        ("nail kit without led lamp", [("led", "lamp")]),
        ("lights without wiring with switch", [("wiring",)]),
        ("Water bottle WITHOUT a straw for kids", [("straw",)]),
        ("tortillas without interesterified soybean oil", [("interesterified", "soybean")]),
        ("sofa without armrests w/o legs", [("armrest",), ("leg",)]),
        ("cake without egg without eggs", [("egg",)]),
        ("paper bags without handles, brown", [("handle",)]),
        ("jacket without buttons or a zipper", [("button",), ("zipper",)]),
        ("kit without led lamp nor dryer", [("led", "lamp"), ("dryer",)]),
        ("jacket without a hood that is warm", [("hood",)]),
        ("pool without pump and with filter", [("pump",)]),
        ("headphones without wire and no noise", [("wire",)]),
        ("without a trace dvd", []),
        ("shoes without", []),
        ("lamp without ???", []),
        ("", []),
    ],
)
def test_what_is_unwanted_is_named_by_at_most_two_words(query: str, things: list[tuple[str, ...]]) -> None:
    assert unwanted(query) == things


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Nail kit, no UV lamp", "nail kit"),
        ("Nail kit without led lamp, pink", "nail kit pink"),
        ("Handle-free paper bags", "paper bags"),
        ("Paper bags, no handles with logo", "paper bags with logo"),
        ("Paper bags with handles", "paper bags with handles"),
    ],
)
def test_what_a_product_says_it_has_not_is_not_affirmed(text: str, said: str) -> None:
    assert tokenize(affirmed(text)) == tokenize(said)
