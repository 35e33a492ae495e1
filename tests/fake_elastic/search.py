"""A whole `_search` body: hits, their order and what is shown of them, aggregations."""

import fnmatch
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fake_elastic.aggregations import aggregate
from fake_elastic.more_queries import scripted
from fake_elastic.protocol import ElasticError
from fake_elastic.queries import Scores, Searcher, nearest
from fake_elastic.store import Document, Index, Shard

_KNOWN_WORDS = (
    "query knn retriever from size sort aggs aggregations _source fields docvalue_fields stored_fields highlight "
    "post_filter min_score track_total_hits track_scores search_after collapse runtime_mappings explain version "
    "seq_no_primary_term timeout terminate_after rank pit indices_boost profile slice ext suggest rescore stats "
    "script_fields search_pipeline sub_searches"
)
_KNOWN = frozenset(_KNOWN_WORDS.split())
_EXTENSIONS = frozenset(("generative_qa_parameters", "rerank"))
_WINDOW = 10_000


@dataclass
class Found:
    """What a query finds: documents in order, each with its score and sort values."""

    ranked: list[tuple[Document, float | None, list[Any]]]
    scores: Scores
    matching: list[Document] = field(default_factory=list)


class Search:
    """One search over some indices."""

    def __init__(self, indices: Sequence[Index], body: Mapping[str, Any], *, dfs: bool, lost: int):
        unknown = set(body) - _KNOWN
        if unknown:
            reason = f"unknown key [{sorted(unknown)[0]}] for a value in the search request"
            raise ElasticError(400, "parsing_exception", reason, line=1, col=1)
        unknown = set(body.get("ext", ())) - _EXTENSIONS
        if unknown:
            reason = f"unknown named object category [SearchExtBuilder]: [{sorted(unknown)[0]}]"
            raise ElasticError(400, "named_object_not_found_exception", reason)
        self.body = body
        self.engine = indices[0].engine if indices else "elasticsearch"
        self.every = [shard for index in indices for shard in index.shards()]
        self.shards = self.every[lost:]
        self.lost = self.every[:lost]
        self.dfs = dfs
        self.size = int(body.get("size", 10))
        self.start = int(body.get("from", 0))
        if self.size < 0 or self.start < 0:
            raise ElasticError(400, "illegal_argument_exception", f"[size] or [from] is negative: {self.size}")
        if self.start + self.size > _WINDOW:
            reason = f"Result window is too large, from + size must be less than or equal to: [{_WINDOW}] but was "
            raise ElasticError(400, "illegal_argument_exception", f"{reason}[{self.start + self.size}]")

    def response(self) -> dict[str, Any]:
        """The response, without what only the HTTP layer knows."""
        found = self.found()
        page = found.ranked[self.start : self.start + self.size]
        total: dict[str, Any] | None = {"value": len(found.matching), "relation": "eq"}
        tracked = self.body.get("track_total_hits", _WINDOW)
        if tracked is False:
            total = None
        elif tracked is not True and len(found.matching) > int(tracked):
            total = {"value": int(tracked), "relation": "gte"}
        best = [score for _, score, _ in found.ranked if score is not None]
        answer: dict[str, Any] = {
            "took": 1,
            "timed_out": False,
            "_shards": self.shards_answer(),
            "hits": {
                **({"total": total} if total is not None else {}),
                "max_score": max(best) if best else None,
                "hits": [self._hit(*entry) for entry in page],
            },
        }
        aggregations = self.body.get("aggs", self.body.get("aggregations"))
        if "suggest" in self.body:
            answer["suggest"] = {
                name: [{"text": one["text"], "offset": 0, "length": len(one["text"]), "options": []}]
                for name, one in self.body["suggest"].items()
                if isinstance(one, Mapping) and "text" in one
            }
        if self.body.get("profile"):
            answer["profile"] = {"shards": []}
        if aggregations:
            answer["aggregations"] = aggregate(aggregations, self._aggregated(found), self._matching)
        return answer

    def shards_answer(self) -> dict[str, Any]:
        """How many shards answered."""
        answer: dict[str, Any] = {
            "total": len(self.every),
            "successful": len(self.shards),
            "skipped": 0,
            "failed": len(self.lost),
        }
        if self.lost:
            answer["failures"] = self.failures()
        return answer

    def failures(self) -> list[dict[str, Any]]:
        """The shards that were lost on purpose."""
        reason = {"type": "node_disconnected_exception", "reason": "a fault on purpose"}
        return [
            {"shard": number, "index": shard.index.name, "node": None, "reason": reason}
            for number, shard in enumerate(self.lost)
        ]

    def found(self) -> Found:
        """All hits in order, before paging."""
        if "retriever" in self.body:
            return self._retrieved(self.body["retriever"])
        if "rank" in self.body:
            parts = [{"standard": {"query": one["query"]}} for one in self.body.get("sub_searches", ())]
            parts += [{"knn": one} for one in _list(self.body.get("knn"))]
            parts += [{"standard": {"query": self.body["query"]}}] if "query" in self.body else []
            return self._retrieved({"rrf": {"retrievers": parts, **self.body["rank"]["rrf"]}})
        scores = self._rescored(self._scores())
        documents = self._documents(scores)
        matching = documents
        if "min_score" in self.body:
            documents = matching = [d for d in documents if scores[self._key(d)] >= self.body["min_score"]]
        if "post_filter" in self.body:
            kept = self._run(self.body["post_filter"])
            documents = matching = [d for d in documents if self._key(d) in kept]
        self._before_post_filter = self._documents(scores)
        ranked = self._sorted(documents, scores)
        if "search_after" in self.body:
            ranked = [entry for entry in ranked if self._comes_after(entry[2])]
        if "collapse" in self.body:
            ranked = _collapsed(ranked, self.body["collapse"]["field"])
        return Found(ranked, scores, matching)

    # Scores, keyed by index and id

    def _scores(self) -> Scores:
        knn = self.body.get("knn")
        if knn is None:
            return self._run(self.body.get("query", {"match_all": {}}))
        if self.engine == "opensearch":
            raise ElasticError(400, "parsing_exception", "Unknown key for a START_OBJECT in [knn].", line=1, col=1)
        scores = self._run(self.body["query"]) if "query" in self.body else {}
        for one in knn if isinstance(knn, list) else [knn]:
            for document, score in self._nearest(one).items():
                scores[document] = scores.get(document, 0.0) + score * one.get("boost", 1.0)
        return scores

    def _rescored(self, scores: Scores) -> Scores:
        for rescore in _list(self.body.get("rescore")):
            if "learning_to_rank" in rescore or "sltr" in rescore["query"]["rescore_query"]:
                continue  # a model, which is not here
            options = rescore["query"]
            best = sorted(scores, key=lambda key: -scores[key])[: rescore.get("window_size", 10)]
            more = self._run(options["rescore_query"])
            weights = options.get("query_weight", 1.0), options.get("rescore_query_weight", 1.0)
            again = {key: weights[0] * scores[key] + weights[1] * more.get(key, 0.0) for key in best}
            scores = {**scores, **again}
        return scores

    def _nearest(self, knn: Mapping[str, Any]) -> Scores:
        k = int(knn.get("k", max(self.size, 1)))
        candidates = int(knn.get("num_candidates", max(k, 10)))
        if not k <= candidates <= 10_000:
            reason = f"[num_candidates] cannot be less than [k] or exceed [10000]: {candidates}, k {k}"
            raise ElasticError(400, "illegal_argument_exception", reason)
        found: Scores = {}
        for shard in self.shards:
            near = Searcher(shard, [shard]).neighbours(knn["field"], _vector(knn), knn.get("filter"))
            found.update(_keyed(shard, nearest(near, candidates)))
        return nearest(found, k)

    def _run(self, query: Mapping[str, Any]) -> Scores:
        found: Scores = {}
        for shard in self.shards:
            statistics = [other for other in self.every if other.index is shard.index] if self.dfs else [shard]
            found.update(_keyed(shard, Searcher(shard, statistics).run(query)))
        return found

    def _matching(self, query: Mapping[str, Any]) -> set[int]:
        kept = self._run(query)
        return {id(document) for document in self._documents(kept)}

    def _documents(self, scores: Scores) -> list[Document]:
        return [
            document for shard in self.shards for document in shard.documents.values() if self._key(document) in scores
        ]

    def _aggregated(self, found: Found) -> list[Document]:
        return getattr(self, "_before_post_filter", found.matching)

    @staticmethod
    def _key(document: Document) -> str:
        return f"{document.index}/{document.id}"

    # Order

    def _sorted(self, documents: Sequence[Document], scores: Scores) -> list[tuple[Document, float | None, list[Any]]]:
        order = list(_sort_keys(self.body.get("sort", ["_score"])))
        scored = any(name == "_score" for name, *_ in order) or self.body.get("track_scores", False)
        for name, _, options in order:
            if not name.startswith("_") and "unmapped_type" not in options and self.every:
                known = [shard.type_of(name) for shard in self.every]
                if not any(known):
                    reason = f"No mapping found for [{name}] in order to sort on"
                    raise ElasticError(400, "query_shard_exception", reason)
                if "text" in known:
                    reason = f"Fielddata is disabled on [{name}]. Use a keyword field instead."
                    raise ElasticError(400, "illegal_argument_exception", reason)
        entries = []
        for document in documents:
            score = scores[self._key(document)]
            values = [_sort_value(document, name, score) for name, *_ in order]
            entries.append((document, score if scored else None, values))
        for place in reversed(range(len(order))):
            _, descending, options = order[place]
            first = options.get("missing") == "_first"
            present = [entry for entry in entries if entry[2][place] is not None]
            absent = [entry for entry in entries if entry[2][place] is None]
            present.sort(key=lambda entry: entry[2][place], reverse=descending)
            entries = absent + present if first else present + absent
        if [key[:2] for key in order] == [("_score", True)]:  # there is nothing to go on after
            return [(document, score, []) for document, score, _ in entries]
        return entries

    def _comes_after(self, values: Sequence[Any]) -> bool:
        for (_, descending, _), value, last in zip(
            _sort_keys(self.body["sort"]), values, self.body["search_after"], strict=False
        ):
            if value != last:
                return bool(value is None or (last is not None and (value < last if descending else value > last)))
        return False

    # Retrievers

    def _retrieved(self, retriever: Mapping[str, Any]) -> Found:
        (kind, options), *_ = retriever.items()
        inner = {"size": self.size, "from": self.start}
        if kind == "standard":
            kept = _list(options.get("filter"))
            query: dict[str, Any] = options.get("query", {"match_all": {}})
            query = {"bool": {"must": [query], "filter": kept}} if kept else query
            more = {key: options[key] for key in ("sort", "search_after", "collapse", "min_score") if key in options}
            return self._as({**inner, "query": query, **more}).found()
        if kind == "knn":
            return self._as({**inner, "knn": dict(options)}).found()
        if kind == "rrf":
            lists = [self._retrieved(one.get("retriever", one)) for one in options["retrievers"]]
            window = options.get("rank_window_size", options.get("window_size", 10))
            constant = options.get("rank_constant", 60)
            if window < self.size:
                reason = f"[rrf] [rank_window_size: {window}] must be greater than or equal to [size: {self.size}]"
                raise ElasticError(400, "action_request_validation_exception", reason)
            scores: Scores = {}
            for found in lists:
                for rank, (document, _, _) in enumerate(found.ranked[:window], start=1):
                    scores[self._key(document)] = scores.get(self._key(document), 0.0) + 1 / (constant + rank)
            documents = self._documents(scores)
            ranked = self._as({**inner, "query": {"match_all": {}}})._sorted(documents, scores)
            return Found(ranked, scores, documents)
        if kind in (
            "pinned",
            "text_similarity_reranker",
            "rescorer",
        ):  # as they find, without what they do to the order
            return self._retrieved(options["retriever"])
        raise ElasticError(400, "parsing_exception", f"unknown retriever [{kind}]", line=1, col=1)

    def _as(self, body: Mapping[str, Any]) -> "Search":
        other = Search([], body, dfs=self.dfs, lost=0)
        other.engine, other.every, other.shards, other.lost = self.engine, self.every, self.shards, self.lost
        return other

    # What is shown of a hit

    def _hit(self, document: Document, score: float | None, values: list[Any]) -> dict[str, Any]:
        hit: dict[str, Any] = {"_index": document.index, "_id": document.id, "_score": score}
        if self.body.get("version"):
            hit["_version"] = document.version
        source = filtered_source(document.source, self.body.get("_source", True))
        if source is not None and self.body.get("stored_fields") is None:
            hit["_source"] = source
        asked = [*self.body.get("fields", ()), *self.body.get("docvalue_fields", ())]
        if asked:
            patterns = [one["field"] if isinstance(one, Mapping) else one for one in asked]
            shown = {
                name: held
                for name, held in document.fields.items()
                if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
            }
            if shown:
                hit["fields"] = shown
        if "collapse" in self.body:
            name = self.body["collapse"]["field"]
            hit.setdefault("fields", {})[name] = document.fields.get(name, [])
            if "inner_hits" in self.body["collapse"]:
                inner = {"total": {"value": 1, "relation": "eq"}, "max_score": score, "hits": [{**hit, "fields": {}}]}
                hit["inner_hits"] = {self.body["collapse"]["inner_hits"]["name"]: {"hits": inner}}
        for name, made in self.body.get("script_fields", {}).items():
            value = scripted(document, made["script"]["source"], 1.0, made["script"].get("params", {}))
            hit.setdefault("fields", {})[name] = [value]
        if self.body.get("explain"):
            hit["_explanation"] = {"value": score, "description": "sum of:", "details": []}
        if "highlight" in self.body:
            marked = self._highlighted(document)
            if marked:
                hit["highlight"] = marked
        if values:
            hit["sort"] = values
        return hit

    def _highlighted(self, document: Document) -> dict[str, list[str]]:
        options = self.body["highlight"]
        before, after = (_list(options.get(k, d))[0] for k, d in (("pre_tags", "<em>"), ("post_tags", "</em>")))
        index = next(shard.index for shard in self.every if shard.index.name == document.index)
        words = " ".join(_texts(self.body.get("query", self.body.get("retriever", {}))))
        found: dict[str, list[str]] = {}
        for pattern in options["fields"]:
            for name in [name for name in document.fields if fnmatch.fnmatchcase(name, pattern)]:
                wanted = set(index.tokens(name, words, searching=True))
                marked = [
                    "".join(
                        f"{before}{part}{after}" if set(index.tokens(name, part)) & wanted else part
                        for part in re.split(r"(\W+)", str(value))
                    )
                    for value in document.fields[name]
                ]
                if any(before in value for value in marked):
                    found[name] = [value for value in marked if before in value]
        return found


def filtered_source(source: Mapping[str, Any], asked: Any) -> dict[str, Any] | None:
    """What `_source` asks for; None for none of it."""
    if asked is False or asked == "false":
        return None
    if asked is True or asked == "true":
        return dict(source)
    if isinstance(asked, Mapping):
        includes = _list(asked.get("includes", asked.get("include")))
        excludes = _list(asked.get("excludes", asked.get("exclude")))
    else:
        includes, excludes = _list(asked), []

    def wanted(path: str) -> bool:
        kept = not includes or any(_covers(pattern, path) for pattern in includes)
        return kept and not any(_covers(pattern, path) for pattern in excludes)

    def pruned(part: Mapping[str, Any], prefix: str) -> dict[str, Any]:
        found = {}
        for name, value in part.items():
            path = f"{prefix}{name}"
            if isinstance(value, Mapping):
                inner = pruned(value, f"{path}.")
                if inner:
                    found[name] = inner
            elif wanted(path):
                found[name] = value
        return found

    return pruned(source, "")


def _vector(knn: Mapping[str, Any]) -> Sequence[float]:
    """The query's vector; a text's is made of its letters."""
    if "query_vector_builder" not in knn:
        return knn["query_vector"]
    letters = knn["query_vector_builder"]["text_embedding"]["model_text"].encode()
    return [1.0 + sum(letters[place::4]) % 7 for place in range(4)]


def _covers(pattern: str, path: str) -> bool:
    return fnmatch.fnmatchcase(path, pattern) or path.startswith(f"{pattern}.")


def _texts(query: Any) -> Iterator[str]:
    """The words that a query looks for, wherever they stand in it."""
    if isinstance(query, Mapping):
        for name, value in query.items():
            if name in ("match", "match_phrase") and isinstance(value, Mapping):
                for options in value.values():
                    yield str(options["query"] if isinstance(options, Mapping) else options)
            elif name in ("multi_match", "query_string", "simple_query_string"):
                yield str(value["query"])
            elif name not in ("filter", "must_not"):
                yield from _texts(value)
    elif isinstance(query, list):
        for one in query:
            yield from _texts(one)


def _keyed(shard: Shard, scores: Scores) -> Scores:
    return {f"{shard.index.name}/{document}": score for document, score in scores.items()}


def _sort_keys(sort: Any) -> Iterator[tuple[str, bool, Mapping[str, Any]]]:
    """Field, whether descending, options."""
    for one in _list(sort):
        if isinstance(one, str):
            name, _, order = one.partition(":")
            options: Mapping[str, Any] = {"order": order} if order else {}
        else:
            name, options = next(iter(one.items()))
            options = {"order": options} if isinstance(options, str) else options
        yield name, options.get("order", "desc" if name == "_score" else "asc") == "desc", options


def _sort_value(document: Document, name: str, score: float) -> Any:
    if name == "_score":
        return score
    if name in ("_doc", "_shard_doc"):
        return document.sequence
    if name == "_id":
        return document.id
    held = document.fields.get(name)
    return held[0] if held else None


def _collapsed(ranked: list[Any], name: str) -> list[Any]:
    seen: set[Any] = set()
    kept = []
    for entry in ranked:
        value = next(iter(entry[0].fields.get(name, [])), None)
        if value not in seen:
            seen.add(value)
            kept.append(entry)
    return kept


def _list(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, (list, tuple)) else [value]
