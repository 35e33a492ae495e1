import pytest

from retrieval.query_key import query_key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("  Men's\tRunning   SHOES!! ", "mens running shoes"),
        ("men’s running-shoes", "mens running shoes"),
        ("black &amp; decker drill", "black decker drill"),
        ("black &amp;amp; decker drill", "black decker drill"),
        ("ｉＰｈｏｎｅ １３", "iphone 13"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("ca\u00adble\u200b 2\u00a0m", "cable 2 m"),
        ("cafe\u0301", "caf\u00e9"),
        ("a_b/c", "a b c"),
        ("!!! …", ""),
        ("किताब", "किताब"),
    ],
)
def test_key_folds_what_a_shopper_would_not_notice(text: str, key: str) -> None:
    assert query_key(text) == key
