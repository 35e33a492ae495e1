import pytest

from retrieval.data.markup import strip_markup


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain text", "plain text"),
        ("Soft &amp; warm, 25&ldquo; &#39;wide&#x27;", "Soft & warm, 25“ 'wide'"),
        ("<p class='x'>Soft<br/>and <B>warm</B></p>", "Soft and  warm"),
        ("<!-- hidden --><style>p {color: red}</style><script>alert('<b>')</script>Shown", "Shown"),
        ("impedance <200Ω, level >115dB, i <3 it, a < b > c", "impedance <200Ω, level >115dB, i <3 it, a < b > c"),
        ("AT&T, salt&pepper, AT&notes", "AT&T, salt&pepper, AT&notes"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("<unknown>kept</unknown>", "<unknown>kept</unknown>"),
    ],
)
def test_markup_goes_and_text_stays(text: str, expected: str) -> None:
    assert strip_markup(text) == expected
