import pytest

from retrieval.wanted import wanted


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
