import pytest

from retrieval.tokens import fold, tokenize, trace


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Red WOOL hats", ["red", "wool", "hat"]),
        ("10mm", ["10", "mm", "10mm"]),
        ("10 mm", ["10", "mm", "10mm"]),
        ("10-mm drill", ["10", "mm", "10mm", "drill"]),
        ("5.5 ounces", ["5.5", "oz", "5.5oz"]),
        ('27" monitor', ["27", "inch", "27inch", "monitor"]),
        ("12-Pack of 4k tv", ["12", "pack", "12pack", "of", "4k", "tv"]),
        ("iPhone13 3080ti", ["iphone13", "3080ti"]),
        ("2023 2,000 1/2", ["2023", "2,000", "1/2"]),
        ("ounces of gold", ["ounce", "of", "gold"]),
        ("café crème", ["cafe", "creme"]),
        ("women's dresses, boxes, batteries", ["women", "dress", "box", "battery"]),
        ("boy’s watches brushes", ["boy", "watch", "brush"]),
        ("glass bus gas shoes", ["glass", "bus", "gas", "shoe"]),
        ("shoes without laces", ["shoe", "without", "lace"]),
        ("red red", ["red", "red"]),
        ("日本 靴", ["日本", "靴"]),
        ("", []),
        (" -- !!! _", []),
    ],
)
def test_tokenize(text: str, tokens: list[str]) -> None:
    assert tokenize(text) == tokens


@pytest.mark.parametrize(
    "text",
    [
        "women's dresses, boxes, batteries, boy’s watches; glass dies",
        "O’Brien's 10 mm drill, 27\" monitor, 5.5 ounces, 12-Pack 4k",
        "CAFÉ crème ﬁnishes ℡ ½ straße 日本 靴",
    ],
)
def test_a_text_with_a_token_holds_its_trace(text: str) -> None:
    assert all(trace(token) in fold(text) for token in tokenize(text))


def test_a_trace_tells_texts_apart_where_a_token_has_one_spelling() -> None:
    assert [trace(token) for token in ("handle", "battery", "oz", "10mm", "o'brien")] == ["handl", "batter", "", "", ""]
