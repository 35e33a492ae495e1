"""What Elasticsearch does with a rerank endpoint: its `custom` and `hugging_face` services, and the retriever on them.

Written after the server's own sources (x-pack/plugin/inference): CustomRequest, ValidatingSubstitutor,
MapPathExtractor, RerankResponseParser, DenseEmbeddingResponseParser, CustomResponseHandler,
HuggingFaceRerankRequestEntity, HuggingFaceRerankResponseEntity, TextSimilarityRankFeaturePhaseRankCoordinatorContext.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from tests.serving.hook.string_substitutor import StringSubstitutor

Post = Callable[[str, Mapping[str, str], bytes], tuple[int, bytes]]
"""URL, headers and body to status and body."""

_RETRY_S = 30.0


class InferenceError(Exception):
    """The inference failed, and with it the search, unless that allows it."""


class RankedDoc(NamedTuple):
    index: int
    relevance_score: np.float32


class Service(Protocol):
    def rerank(self, query: str, documents: Sequence[str]) -> list[RankedDoc]: ...


def to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def extract(data: Any, path: str) -> Any:
    """MapPathExtractor: `.field` and `[*]` alone, inner lists kept."""
    if not path.startswith("$"):
        raise InferenceError(f"Path [{path}] must start with a dollar sign ($)")
    return _navigate(data, path[1:])


def _navigate(current: Any, path: str) -> Any:
    if current is None or not path:
        return current
    if field := re.match(r"^\.([^.\[]+)(.*)", path):
        if not isinstance(current, dict):
            raise InferenceError(f"Current path [{path}] matched the dot field pattern but the object is not a map")
        if current.get(field[1]) is None:
            raise InferenceError(f"Unable to find field [{field[1]}] in map")
        return _navigate(current[field[1]], field[2])
    if each := re.match(r"^\[\*\](.*)", path):
        if not isinstance(current, list):
            raise InferenceError(f"Current path [{path}] matched the array field pattern but the object is not a list")
        found = (_navigate(item, each[1]) for item in current)
        return [one for one in found if one is not None]
    raise InferenceError(f"Invalid path received [{path}], unable to extract a field name.")


class CustomService:
    """The `custom` service with the settings of one endpoint.

    Args:
        body: of `PUT /_inference/…`.
        post: the HTTP client.
        clock: seconds; `sleep` waits.
    """

    def __init__(self, body: Mapping[str, Any], post: Post, sleep: Callable[[float], None] = lambda _: None) -> None:
        assert body["service"] == "custom"
        self.settings = body["service_settings"]
        if not isinstance(self.settings["request"], str):
            raise InferenceError("[service_settings] request is not a string")
        self.secrets = self.settings.get("secret_parameters", {})
        self._post = post
        self._sleep = sleep

    def rerank(self, query: str, documents: Sequence[str], top_n: int | None = None) -> list[RankedDoc]:
        parameters = {"query": to_json(query)} | ({} if top_n is None else {"top_n": to_json(top_n)})
        answer = self._infer(parameters, documents)
        parser = self.settings["response"]["json_parser"]
        scores = [_float(one) for one in _list(extract(answer, parser["relevance_score"]))]
        indices = list(range(len(scores)))
        if "reranked_index" in parser:
            indices = [int(_number(one)) for one in _list(extract(answer, parser["reranked_index"]))]
        if len(indices) != len(scores):
            raise InferenceError("The number of index fields was not the same as the number of scores")
        return [RankedDoc(index, score) for index, score in zip(indices, scores, strict=True)]

    def embed(self, texts: Sequence[str], input_type: str) -> list[list[np.float32]]:
        """One batch; `input_type` is "ingest" or "search"."""
        translation = self.settings.get("input_type", {})
        value = translation.get("translation", {}).get(input_type, translation.get("default", ""))
        answer = self._infer({"input_type": to_json(value)}, texts)
        vectors = _list(extract(answer, self.settings["response"]["json_parser"]["text_embeddings"]))
        return [[_float(one) for one in _list(vector)] for vector in vectors]

    def _infer(self, parameters: Mapping[str, str], inputs: Sequence[str]) -> Any:
        strings = {name: value for name, value in self.secrets.items() if isinstance(value, str)}
        encoded = {name: to_json(value) for name, value in self.secrets.items()}
        encoded |= {**parameters, "input": to_json(list(inputs))}
        url = _replace(strings, self.settings["url"], "url")
        headers = {"Content-Type": "application/json"}
        for name, value in self.settings.get("headers", {}).items():
            headers[name] = _replace(strings, value, f"header.{name}")
        body = _replace(encoded, self.settings["request"], "request").encode()
        waited, delay = 0.0, 1.0
        while True:
            status, answer = self._post(url, headers, body)
            if 200 <= status < 300:
                break
            if status != 429 or waited >= _RETRY_S:  # 429 alone is tried again
                raise InferenceError(f"Received status [{status}] from [{url}]: {answer[:200]!r}")
            self._sleep(delay)
            waited, delay = waited + delay, min(2 * delay, 5.0)
        try:
            value = json.loads(answer)
        except ValueError as error:
            raise InferenceError(f"the answer is not JSON: {error}") from None
        if not isinstance(value, dict):
            raise InferenceError("Failed to parse object: expecting token of type [START_OBJECT]")
        return value


class HuggingFaceService:
    """The `hugging_face` service for reranking: it writes its own request, and sorts what it is answered."""

    def __init__(self, body: Mapping[str, Any], post: Post) -> None:
        assert body["service"] == "hugging_face"
        self.settings = body["service_settings"]
        if not self.settings.get("api_key"):
            raise InferenceError("[service_settings] Invalid value empty string. [api_key] must be a non-empty string")
        self._post = post

    def rerank(self, query: str, documents: Sequence[str]) -> list[RankedDoc]:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.settings['api_key']}"}
        body = to_json({"texts": list(documents), "query": query}).encode()
        status, answer = self._post(self.settings["url"], headers, body)
        if not 200 <= status < 300:
            raise InferenceError(f"Received status [{status}]: {answer[:200]!r}")
        ranked = []
        for one in _list(json.loads(answer)):
            unknown = set(one) - {"index", "score", "relevance_score", "text", "document"}
            if unknown:
                raise InferenceError(f"unknown field {unknown}")
            ranked.append(RankedDoc(int(_number(one["index"])), _float(one["score"])))
        return sorted(ranked, key=lambda one: -one.relevance_score)


def normalise(score: np.float32) -> np.float32:
    """The `_score` that a hit shows: `max(s, 0) + min(exp(s), 1)`, in float32."""
    with np.errstate(over="ignore", under="ignore"):
        exponential = np.float32(np.exp(np.float64(score)))
    return np.maximum(score, np.float32(0)) + np.minimum(exponential, np.float32(1))


def text_similarity_reranker(
    service: Service, query: str, documents: Sequence[str], *, allow_rerank_failures: bool = False
) -> list[tuple[int, np.float32 | None]]:
    """The hits of the window in their new order, each with its `_score` (None where it kept the first stage's)."""
    if not documents:
        return []
    try:
        ranked = service.rerank(query, documents)
        scores = [np.float32(0)] * len(ranked)
        try:
            for one in ranked:
                scores[one.index] = one.relevance_score
        except IndexError:
            raise InferenceError("Index out of bounds") from None
        if len(scores) != len(documents):
            raise InferenceError(
                f"Reranker input document count and returned score count mismatch: [{len(documents)}] vs "
                f"[{len(scores)}]"
            )
    except Exception:
        if not allow_rerank_failures:
            raise
        return [(place, None) for place in range(len(documents))]
    shown = [normalise(score) for score in scores]
    return sorted(((place, score) for place, score in enumerate(shown)), key=lambda hit: -hit[1])


def chunk_scores(service: Service, query: str, snippets: Sequence[Sequence[str]]) -> list[np.float32]:
    """`chunk_rescorer`: each document's best snippet; it maps scores to snippets by position, not by index."""
    flat = [snippet for one in snippets for snippet in one]
    owner = [place for place, one in enumerate(snippets) for _ in one]
    ranked = service.rerank(query, flat)
    best: list[np.float32 | None] = [None] * len(snippets)
    for position, one in enumerate(ranked):
        held = best[owner[position]]
        best[owner[position]] = one.relevance_score if held is None else max(held, one.relevance_score)
    return [np.float32(0) if score is None else score for score in best]


def _replace(values: Mapping[str, str], source: str, field: str) -> str:
    replaced = StringSubstitutor(values, "${").replace(source)
    if left := re.search(r"\$\{.*?\}", replaced):
        raise InferenceError(
            f"Found placeholder [{left.group()}] in field [{field}] after replacement call, please check that all "
            "templates have a corresponding field definition."
        )
    return replaced


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise InferenceError(f"Extracted field is an invalid type, expected a list but received [{type(value)}]")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InferenceError(f"Unable to convert field of type [{type(value)}] to Number")
    return value


def _float(value: Any) -> np.float32:
    return np.float32(_number(value))
