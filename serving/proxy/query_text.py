"""The text that a shopper typed, as it stands somewhere in an Elasticsearch or OpenSearch search body.

Only clauses that score are read: a filter says what may be found, not what was asked. Where they hold one text, that is
it. Where they hold several, those that must match go before those that should, and among these the clauses that search
several fields, or by meaning, before those of one field. What then is still not one text is nobody's to guess.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from serving.proxy.passing import PassThroughError

_FIELD_TEXT = {  # clause → where its text stands, below the name of a field
    "match": "query",
    "match_bool_prefix": "query",
    "match_phrase": "query",
    "match_phrase_prefix": "query",
}
_MEANING_TEXT = {"neural": "query_text", "neural_sparse": "query_text", "text_expansion": "model_text"}
_BROAD_TEXT = ("combined_fields", "multi_match", "semantic", "sparse_vector")  # with their text as `query`
_LUCENE = ("query_string", "simple_query_string")
_AROUND = {  # clause → where the queries stand that it is about
    "boosting": "positive",
    "constant_score": "filter",
    "dis_max": "queries",
    "function_score": "query",
    "has_child": "query",
    "has_parent": "query",
    "hybrid": "queries",
    "nested": "query",
    "script_score": "query",
}
_PINNED = ("pinned", "rule", "rule_query")


class _Found(NamedTuple):
    """A text in a clause that must match (`required`) or may, and searches several fields, or by meaning (`broad`).

    The text is empty where it is an expression in Lucene's query language that says more than its words.
    """

    text: str
    required: bool
    broad: bool


def query_text(body: Mapping[str, Any], q: str | None = None) -> str:
    """The one text of a search body.

    Args:
        q: the URL's parameter of that name, which takes the place of the body's query.

    Raises:
        PassThroughError: there is no text, or several, or an expression; or the order is decided elsewhere (pinned
            products, a reranker of the cluster's, a retriever that is not known here).
    """
    found = [*_query(body.get("query"), True)] if q is None else [_Found(plain_words(q), True, True)]
    for search in _list(body.get("sub_searches")):
        found += _query(_part(search, "query"), True)
    for vector in _list(body.get("knn")):
        found += _vector(vector, True)
    found += _retriever(body.get("retriever"))
    return _one(found)


def plain_words(expression: str) -> str:
    """The words of a query in Lucene's language, where it says hardly more than they do; else the empty text.

    Quotes, parentheses, boosts, "~2", a final "*", "+", AND and OR are dropped; fields, ranges, regular expressions,
    wildcards within words and exclusions are not.
    """
    words = []
    for word in _MARKS.sub(" ", expression).split():
        bare = _SUFFIX.sub("", word.removeprefix("+"))
        if word in ("AND", "OR", "&&", "||", "|", "+") or not bare:
            continue
        if word == "NOT" or word.startswith(("-", "!")) or _SYNTAX.search(_ESCAPED.sub("", bare)):
            return ""
        words.append(_ESCAPED.sub(r"\1", bare))
    return " ".join(words)


_MARKS = re.compile(r'(?<!\\)["()]')
_ESCAPED = re.compile(r"\\(.)")
_SUFFIX = re.compile(r"(\^[\d.]+|~[\d.]*|(?<!\\)\*)+$")
_SYNTAX = re.compile(r"[:*?/\[\]{}~^]")


def _one(found: list[_Found]) -> str:
    texts = [one for one in found if one.text]
    if not texts:
        raise PassThroughError("query_syntax" if found else "no_query_text")
    chosen = [one for one in texts if one.required] or texts
    if _unlike(chosen):
        chosen = [one for one in chosen if one.broad]
    if not chosen or _unlike(chosen):
        raise PassThroughError("several_query_texts")
    return chosen[0].text


def _unlike(found: list[_Found]) -> bool:
    return len({" ".join(one.text.split()).casefold() for one in found}) > 1


def _query(query: Any, required: bool) -> Iterator[_Found]:
    """The texts of a query's clauses."""
    for clause, part in query.items() if isinstance(query, Mapping) else ():
        if clause in _PINNED:
            raise PassThroughError("pinned")
        if clause == "bool":
            yield from _bool(part, required)
        elif clause == "knn":
            yield from _vector(part, required)
        elif clause in _AROUND:
            for inner in _list(_part(part, _AROUND[clause])):
                yield from _query(inner, required)
        elif clause in _LUCENE:
            text = _part(part, "query")
            if isinstance(text, str) and text.strip():
                yield _Found(plain_words(text), required, True)
        elif clause in _BROAD_TEXT:
            yield from _text(_part(part, "query"), required, True)
        elif clause in _FIELD_TEXT or clause in _MEANING_TEXT:
            name = _FIELD_TEXT.get(clause) or _MEANING_TEXT[clause]
            for options in part.values() if isinstance(part, Mapping) else ():
                text = options if clause in _FIELD_TEXT and isinstance(options, str) else _part(options, name)
                yield from _text(text, required, clause in _MEANING_TEXT)


def _bool(part: Any, required: bool) -> Iterator[_Found]:
    must = [found for inner in _list(_part(part, "must")) for found in _query(inner, required)]
    yield from must
    for inner in _list(_part(part, "should")):
        yield from _query(inner, required and not must)


def _vector(part: Any, required: bool) -> Iterator[_Found]:
    """The text that a vector is made of by the cluster; a vector that is given has none."""
    builder = _part(_part(part, "query_vector_builder"), "text_embedding")
    yield from _text(_part(builder, "model_text"), required, True)


def _retriever(retriever: Any) -> Iterator[_Found]:
    for kind, part in retriever.items() if isinstance(retriever, Mapping) else ():
        if kind in ("pinned", "rule"):
            raise PassThroughError("pinned")
        if kind == "text_similarity_reranker":
            raise PassThroughError("own_rerank")
        if kind == "standard":
            yield from _query(_part(part, "query"), True)
        elif kind == "knn":
            yield from _vector(part, True)
        elif kind == "rescorer":
            yield from _retriever(_part(part, "retriever"))
        elif kind in ("linear", "rrf"):
            yield from _text(_part(part, "query"), True, True)
            for inner in _list(_part(part, "retrievers")):
                yield from _retriever(_part(inner, "retriever") or inner)
        else:
            raise PassThroughError("retriever")


def _text(text: Any, required: bool, broad: bool) -> Iterator[_Found]:
    if isinstance(text, str) and text.strip():
        yield _Found(text.strip(), required, broad)


def _part(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, Mapping) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
