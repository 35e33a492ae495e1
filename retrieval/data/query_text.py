"""A query's text as it is kept, judged or logged: white space folded, of a length that a shopper could have typed."""

from retrieval.data.problems import Problems

LONGEST_QUERY = 1000
"""Characters; what is longer is a pasted page or an attack, and would only slow everything behind it."""


def clean_query(text: str | None, where: str, problems: Problems) -> str | None:
    """The folded text, cut to `LONGEST_QUERY` characters, or None for an empty one; both are counted."""
    folded = " ".join((text or "").split())
    if not folded:
        problems.add("empty queries (left out)", where)
        return None
    if len(folded) > LONGEST_QUERY:
        problems.add(f"queries longer than {LONGEST_QUERY:,} characters (cut)", f"{where}, {len(folded):,} characters")
        return folded[:LONGEST_QUERY].rstrip()
    return folded
