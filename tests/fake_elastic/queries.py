"""The query language: which documents of a shard match, and with which score."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fake_elastic.mappings import VECTORS
from fake_elastic.more_queries import MORE_QUERIES, decayed, looked_up, scripted
from fake_elastic.protocol import ElasticError
from fake_elastic.store import Shard

Scores = dict[str, float]

_K1, _B = 1.2, 0.75
_PARTS = {"boost", "_name"}
_FUNCTIONS = ("exp", "field_value_factor", "gauss", "linear", "script_score")


class Searcher:
    """Runs queries over one shard; word statistics are those of `statistics` (all shards for dfs_query_then_fetch)."""

    def __init__(self, shard: Shard, statistics: Sequence[Shard]):
        self.shard = shard
        self.statistics = statistics

    def run(self, query: Mapping[str, Any]) -> Scores:
        """Score by matching document."""
        if len(query) != 1:
            raise _unparsed(f"[{next(iter(query), '')}] malformed query, expected one query, found {list(query)}")
        (kind, body), *_ = query.items()
        handler = _QUERIES.get(kind) or MORE_QUERIES[self.shard.index.engine].get(kind)
        if handler is None:
            raise _unparsed(f"unknown query [{kind}]")
        boost = body.get("boost", 1.0) if isinstance(body, Mapping) else 1.0
        found = handler(self, body)
        return found if boost == 1.0 else {document: score * boost for document, score in found.items()}

    # Full text

    def match(self, body: Mapping[str, Any]) -> Scores:
        name, options = _field(body, "match")
        text = options if not isinstance(options, Mapping) else options["query"]
        more = options if isinstance(options, Mapping) else {}
        _known(
            more, {"query", "operator", "minimum_should_match", "boost", "analyzer", "fuzziness", "lenient"}, "match"
        )
        found = self._terms(name, self.shard.index.tokens(name, str(text), searching=True), more)
        return _boosted(found, more)

    def multi_match(self, body: Mapping[str, Any]) -> Scores:
        _known(
            body,
            {"query", "fields", "type", "operator", "tie_breaker", "minimum_should_match", "fuzziness", *_PARTS},
            "multi_match",
        )
        lists = []
        for named in body["fields"]:
            name, _, boost = named.partition("^")
            tokens = self.shard.index.tokens(name, str(body["query"]), searching=True)
            found = self._terms(name, tokens, body)
            lists.append({document: score * float(boost or 1) for document, score in found.items()})
        if body.get("type", "best_fields") in ("most_fields", "cross_fields"):
            return _summed(lists)
        return _best(lists, body.get("tie_breaker", 0.0))

    def match_phrase(self, body: Mapping[str, Any]) -> Scores:
        name, options = _field(body, "match_phrase")
        text = options["query"] if isinstance(options, Mapping) else options
        tokens = self.shard.index.tokens(name, str(text), searching=True)
        found = self._terms(name, tokens, {"operator": "and"})
        return {d: score for d, score in found.items() if self._holds_phrase(d, name, tokens)}

    def query_string(self, body: Mapping[str, Any]) -> Scores:
        words = re.sub(r"[^\w\s.'-]", " ", str(body["query"]))
        fields = body.get("fields") or [body.get("default_field", "*")]
        if fields == ["*"]:
            fields = [name for name in self.shard._fields if self.shard.type_of(name) == "text"]
        return self.multi_match(
            {"query": words, "fields": fields, "operator": body.get("default_operator", "or"), "type": "best_fields"}
        )

    def _terms(self, name: str, tokens: Sequence[str], options: Mapping[str, Any]) -> Scores:
        lists = [self._word(name, token) for token in tokens]
        if not lists:
            return {}
        wanted = _minimum(options.get("minimum_should_match", 1), len(lists))
        if str(options.get("operator", "or")).lower() == "and":
            wanted = len(lists)
        return _summed(lists, wanted)

    def _word(self, name: str, token: str) -> Scores:
        """BM25 of one word, with the factor k1 + 1 that Elasticsearch has kept."""
        if self.shard.type_of(name) not in ("text", "match_only_text"):
            return self._exact(name, [token])
        holding = sum(len(shard.postings(name)[0].get(token, ())) for shard in self.statistics)
        lengths = [length for shard in self.statistics for length in shard.postings(name)[1].values()]
        if not holding:
            return {}
        idf = math.log(1 + (len(lengths) - holding + 0.5) / (holding + 0.5))
        mean = sum(lengths) / len(lengths)
        terms, own = self.shard.postings(name)
        return {
            document: float(np.float32((_K1 + 1) * idf * tf / (tf + _K1 * (1 - _B + _B * own[document] / mean))))
            for document, tf in terms.get(token, {}).items()
        }

    def _holds_phrase(self, document: str, name: str, tokens: Sequence[str]) -> bool:
        for value in self.shard.documents[document].fields.get(name, ()):
            found = self.shard.index.tokens(name, value)
            if any(found[start : start + len(tokens)] == list(tokens) for start in range(len(found))):
                return True
        return False

    # Exact values

    def term(self, body: Mapping[str, Any]) -> Scores:
        name, options = _field(body, "term")
        value = options["value"] if isinstance(options, Mapping) else options
        if self.shard.type_of(name) in ("text", "match_only_text"):
            return self._word(name, str(value))
        return _boosted(self._exact(name, [value]), options if isinstance(options, Mapping) else {})

    def terms(self, body: Mapping[str, Any]) -> Scores:
        name, wanted = _field({key: value for key, value in body.items() if key not in _PARTS}, "terms")
        if isinstance(wanted, Mapping):
            wanted = looked_up(self, wanted)
        if not isinstance(wanted, list):
            raise _unparsed(f"[terms] query requires an array for [{name}]")
        if len(wanted) > 65_536:
            raise ElasticError(400, "illegal_argument_exception", "the number of terms exceeds index.max_terms_count")
        return self._exact(name, wanted)

    def ids(self, body: Mapping[str, Any]) -> Scores:
        return {document: 1.0 for document in body["values"] if document in self.shard.documents}

    def exists(self, body: Mapping[str, Any]) -> Scores:
        return self._where(lambda fields: bool(fields.get(body["field"])))

    def prefix(self, body: Mapping[str, Any]) -> Scores:
        name, options = _field(body, "prefix")
        start = options["value"] if isinstance(options, Mapping) else options
        return self._where(lambda fields: any(str(value).startswith(start) for value in fields.get(name, ())))

    def range(self, body: Mapping[str, Any]) -> Scores:
        name, limits = _field(body, "range")
        _known(limits, {"gt", "gte", "lt", "lte", "boost", "format", "time_zone"}, "range")

        def within(fields: Mapping[str, list[Any]]) -> bool:
            return any(_within(value, limits) for value in fields.get(name, ()))

        return self._where(within)

    def _exact(self, name: str, wanted: Sequence[Any]) -> Scores:
        if name == "_id":
            return self.ids({"values": wanted})
        said = {str(value).lower() if isinstance(value, bool) else str(value) for value in wanted}

        def holds(fields: Mapping[str, list[Any]]) -> bool:
            return any(
                (str(value).lower() if isinstance(value, bool) else str(value)) in said
                for value in fields.get(name, ())
            )

        return self._where(holds)

    def _where(self, holds: Callable[[Mapping[str, list[Any]]], bool]) -> Scores:
        return {document.id: 1.0 for document in self.shard.documents.values() if holds(document.fields)}

    # Compounds

    def match_all(self, body: Mapping[str, Any]) -> Scores:
        return dict.fromkeys(self.shard.documents, 1.0)

    def match_none(self, body: Mapping[str, Any]) -> Scores:
        return {}

    def bool(self, body: Mapping[str, Any]) -> Scores:
        _known(body, {"must", "should", "filter", "must_not", "minimum_should_match", *_PARTS}, "bool")
        must, should, kept, excluded = (_list(body.get(k)) for k in ("must", "should", "filter", "must_not"))
        required = [self.run(query) for query in must]
        optional = [self.run(query) for query in should]
        minimum = body.get("minimum_should_match", 0 if must or kept else 1)
        wanted = _minimum(minimum, len(should)) if should else 0
        found = dict.fromkeys(self.shard.documents, 0.0)
        for query in kept:
            allowed = self.run(query)
            found = {document: score for document, score in found.items() if document in allowed}
        for scores in required:
            found = {document: score + scores[document] for document, score in found.items() if document in scores}
        counted = {document: sum(document in scores for scores in optional) for document in found}
        found = {
            document: score + sum(scores.get(document, 0.0) for scores in optional)
            for document, score in found.items()
            if counted[document] >= wanted
        }
        for query in excluded:
            out = self.run(query)
            found = {document: score for document, score in found.items() if document not in out}
        if not (must or should or kept or excluded):
            return dict.fromkeys(self.shard.documents, 1.0)
        return found

    def dis_max(self, body: Mapping[str, Any]) -> Scores:
        return _best([self.run(query) for query in body["queries"]], body.get("tie_breaker", 0.0))

    def constant_score(self, body: Mapping[str, Any]) -> Scores:
        return dict.fromkeys(self.run(body["filter"]), 1.0)

    def boosting(self, body: Mapping[str, Any]) -> Scores:
        negative = self.run(body["negative"])
        factor = body["negative_boost"]
        return {d: score * (factor if d in negative else 1) for d, score in self.run(body["positive"]).items()}

    def function_score(self, body: Mapping[str, Any]) -> Scores:
        found = self.run(body.get("query", {"match_all": {}}))
        functions = body.get("functions") or [
            {key: body[key] for key in ("weight", "random_score", *_FUNCTIONS) if key in body}
        ]
        made: dict[str, list[float]] = {document: [] for document in found}
        for function in functions:
            allowed = self.run(function["filter"]) if "filter" in function else found
            for document in found:
                if document in allowed:
                    made[document].append(self._function(document, function))
        mode, boost_mode = body.get("score_mode", "multiply"), body.get("boost_mode", "multiply")
        joined = {d: _joined(values, mode) if values else None for d, values in made.items()}
        return {
            d: score if (value := joined[d]) is None else _joined([score, value], boost_mode)
            for d, score in found.items()
        }

    def script_score(self, body: Mapping[str, Any]) -> Scores:
        script = body["script"]
        if "doc['" in script["source"] and "cosineSimilarity" not in script["source"]:
            return {d: self._scripted(d, script, score) for d, score in self.run(body["query"]).items()}
        form = re.fullmatch(
            r"(?:1(?:\.0)? \+ )?cosineSimilarity\(params\.(\w+), (?:'(\w+)'|doc\['(\w+)'\])\)(?: \+ 1(?:\.0)?)?",
            script["source"],
        )
        if form is None:
            raise ElasticError(400, "script_exception", f"compile error in [{script['source']}]")
        if (form[2] is None) == (self.shard.index.engine == "elasticsearch"):
            raise ElasticError(400, "script_exception", f"wrong form of the vector field in [{script['source']}]")
        found = self.run(body["query"])
        similar = self._cosines(form[2] or form[3], script["params"][form[1]], found)
        if len(similar) < len(found):
            raise ElasticError(400, "script_exception", "A document doesn't have a value for a vector field!")
        return {document: float(np.float32(1 + score)) for document, score in similar.items()}

    def _scripted(self, document: str, script: Mapping[str, Any], score: float) -> float:
        return scripted(self.shard.documents[document], script["source"], score, script.get("params", {}))

    def _function(self, document: str, function: Mapping[str, Any]) -> float:
        weight = float(function.get("weight", 1.0))
        for shape in ("exp", "gauss", "linear"):
            if shape in function:
                return weight * decayed(self.shard.documents[document], function[shape], shape)
        if "script_score" in function:
            return weight * self._scripted(document, function["script_score"]["script"], 1.0)
        if "field_value_factor" in function:
            factor = function["field_value_factor"]
            found = self.shard.documents[document].fields.get(factor["field"], [factor.get("missing", 1)])
            value = float(found[0]) * factor.get("factor", 1.0)
            modifiers = {"log1p": math.log10(1 + value), "sqrt": math.sqrt(value), "none": value}
            return weight * modifiers[factor.get("modifier", "none")]
        unknown = set(function) - {"weight", "filter", "random_score"}
        if unknown:
            raise _unparsed(f"no function with name [{unknown.pop()}] is registered.")
        return weight

    # Vectors

    def knn(self, body: Mapping[str, Any]) -> Scores:
        """The best k of this shard; both engines' forms."""
        if self.shard.index.engine == "opensearch":
            name, options = _field(body, "knn")
            _known(options, {"vector", "k", "filter", "method_parameters", "boost"}, "knn")
            return nearest(self.neighbours(name, options["vector"], options.get("filter")), options["k"])
        _known(
            body,
            {"field", "query_vector", "k", "num_candidates", "filter", "similarity", *_PARTS},
            "knn",
        )
        found = self.neighbours(body["field"], body["query_vector"], body.get("filter"))
        return nearest(found, body.get("k", body.get("num_candidates", 10)))

    def neighbours(self, name: str, vector: Sequence[float], kept: Any) -> Scores:
        """(1 + cosine) / 2 of every document that matches the filter."""
        if self.shard.type_of(name) not in VECTORS:
            if not self.shard.documents:
                return {}
            raise ElasticError(400, "illegal_argument_exception", f"[{name}] is not a vector field")
        allowed = self.bool({"filter": _list(kept)}) if kept else dict.fromkeys(self.shard.documents, 0.0)
        similar = self._cosines(name, vector, allowed)
        return {document: float(np.float32((1 + score) / 2)) for document, score in similar.items()}

    def _cosines(self, name: str, vector: Sequence[float], among: Mapping[str, float]) -> Scores:
        wanted = np.asarray(vector, dtype=np.float64)
        found = {}
        for document in among:
            held = self.shard.documents[document].fields.get(name)
            if held:
                other = np.asarray(held[0])
                if len(other) != len(wanted):
                    reason = f"the query vector has a different dimension [{len(wanted)}] than the index vectors"
                    raise ElasticError(400, "query_shard_exception", f"{reason} [{len(other)}]")
                found[document] = float(wanted @ other / np.linalg.norm(wanted) / np.linalg.norm(other))
        return found


def nearest(scores: Scores, k: int) -> Scores:
    """The best `k`."""
    return dict(sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:k])


def _field(body: Mapping[str, Any], kind: str) -> tuple[str, Any]:
    if len(body) != 1:
        raise _unparsed(f"[{kind}] query malformed, expected one field, found {list(body)}")
    return next(iter(body.items()))


def _known(body: Mapping[str, Any], names: set[str], kind: str) -> None:
    unknown = set(body) - names - _PARTS
    if unknown:
        raise _unparsed(f"[{kind}] query does not support [{sorted(unknown)[0]}]")


def _unparsed(reason: str) -> ElasticError:
    return ElasticError(400, "parsing_exception", reason, line=1, col=1)


def _list(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]


def _minimum(value: Any, count: int) -> int:
    text = str(value)
    if text.endswith("%"):
        share = int(text[:-1])
        return int(count * share / 100) if share >= 0 else count + int(count * share / 100)
    return int(text) if int(text) >= 0 else count + int(text)


def _summed(lists: Sequence[Scores], wanted: int = 1) -> Scores:
    found: Scores = {}
    counted: dict[str, int] = {}
    for scores in lists:
        for document, score in scores.items():
            found[document] = float(np.float32(found.get(document, 0.0) + score))
            counted[document] = counted.get(document, 0) + 1
    return {document: score for document, score in found.items() if counted[document] >= wanted}


def _best(lists: Sequence[Scores], tie_breaker: float) -> Scores:
    found = {}
    for document in dict.fromkeys(document for scores in lists for document in scores):
        scores = [scores[document] for scores in lists if document in scores]
        found[document] = max(scores) + tie_breaker * (sum(scores) - max(scores))
    return found


def _joined(values: Sequence[float], mode: str) -> float:
    match mode:
        case "sum":
            return sum(values)
        case "avg":
            return sum(values) / len(values)
        case "max" | "min":
            return max(values) if mode == "max" else min(values)
        case "first":
            return values[0]
        case "replace":
            return values[-1]
        case _:
            return math.prod(values)


def _boosted(found: Scores, options: Mapping[str, Any]) -> Scores:
    boost = options.get("boost", 1.0)
    return {document: score * boost for document, score in found.items()}


def _within(value: Any, limits: Mapping[str, Any]) -> bool:
    compare: dict[str, Callable[[Any, Any], bool]] = {
        "gt": lambda a, b: a > b,
        "gte": lambda a, b: a >= b,
        "lt": lambda a, b: a < b,
        "lte": lambda a, b: a <= b,
    }
    for name, holds in compare.items():
        if name in limits and limits[name] is not None:
            limit = limits[name] if isinstance(value, str) else float(limits[name])
            if not holds(value, str(limit) if isinstance(value, str) else limit):
                return False
    return True


_NAMES = (
    "match match_all match_none match_phrase multi_match query_string term terms ids exists prefix range bool dis_max "
    "constant_score boosting function_score script_score knn"
)
_QUERIES: dict[str, Callable[[Searcher, Any], Scores]] = {
    **{name: getattr(Searcher, name) for name in _NAMES.split()},
    "simple_query_string": Searcher.query_string,
}
