import pytest

from retrieval.wanted import unwanted, wanted


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
        ("", ""),
    ],
)
def test_what_is_unwanted_is_not_searched_for(query: str, asked: str) -> None:
    assert wanted(query) == asked


@pytest.mark.parametrize(
    ("query", "tokens"),
    [
        ("paper bags without handles", ["handle"]),
        ("nail kit without led lamp", ["led", "lamp"]),
        ("lights without wiring with switch", ["wiring"]),
        ("Water bottle WITHOUT a straw for kids", ["straw"]),
        ("tortillas without interesterified soybean oil", ["interesterified", "soybean"]),
        ("sofa without armrests w/o legs", ["armrest", "leg"]),
        ("cake without egg without eggs", ["egg"]),
        ("without a trace dvd", []),
        ("shoes without", []),
        ("lamp without ???", []),
        ("", []),
    ],
)
def test_what_is_unwanted_is_named_by_at_most_two_words(query: str, tokens: list[str]) -> None:
    assert unwanted(query) == tokens
