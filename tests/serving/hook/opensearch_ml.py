"""What OpenSearch does with a connector that has Cohere's rerank functions, and the rerank processor on it.

Written after the sources of ml-commons (CohereRerankPreProcessFunction, ConnectorUtils, HttpConnector,
CohereRerankPostProcessFunction), json-smart (JSONParserBase) and neural-search (RescoringRerankProcessor).
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from tests.serving.hook.string_substitutor import StringSubstitutor

Post = Callable[[str, Mapping[str, str], bytes], tuple[int, bytes]]

_DOUBLE_CHARACTERS = 18


class ConnectorError(Exception):
    """The model's answer could not be had or read."""


def escape_json(text: str) -> str:
    """Commons Text's escapeJson: ASCII alone, "/" too."""
    return json.dumps(text, ensure_ascii=True)[1:-1].replace("/", "\\/")


def to_json(value: Any) -> str:
    """Gson, which also escapes what HTML gives a meaning to."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return re.sub(r"[<>&='\u2028\u2029]", lambda found: f"\\u{ord(found.group()):04x}", text)


def is_json(text: str) -> bool:
    """Whether the text is an object or an array."""
    try:
        return isinstance(json.loads(text), dict | list)
    except ValueError:
        return False


def read_number(text: str) -> float | Decimal:
    """json-smart: a number that is written in more than 18 characters is no Double."""
    return float(text) if len(text) <= _DOUBLE_CHARACTERS else Decimal(text)


class Connector:
    """A remote model's connector.

    Args:
        body: of `POST /_plugins/_ml/connectors/_create`.
    """

    def __init__(self, body: Mapping[str, Any], post: Post) -> None:
        if not body.get("credential"):
            raise ConnectorError("Connector credential is null or empty list")
        self.body = body
        (self.action,) = body["actions"]
        assert self.action["pre_process_function"] == "connector.pre_process.cohere.rerank"
        assert self.action["post_process_function"] == "connector.post_process.cohere.rerank"
        self._post = post

    def similarities(self, query: str, documents: Sequence[str]) -> list[float]:
        """One score a document, in the order of the documents."""
        parameters = {"query": query, "documents": to_json(list(documents)), "top_n": to_json(len(documents))}
        filled = dict(self.body["parameters"])
        filled |= {name: value if is_json(value) else escape_json(value) for name, value in parameters.items()}
        payload = StringSubstitutor(filled, "${parameters.").replace(self.action["request_body"])
        if not is_json(payload):
            raise ConnectorError(f"Invalid payload: {payload}")
        headers = {
            name: StringSubstitutor(self.body["credential"], "${credential.").replace(value)
            for name, value in self.action["headers"].items()
        }
        status, answer = self._post(self.action["url"], headers, payload.encode())
        if not 200 <= status <= 300:
            raise ConnectorError(f"Error from remote service: {answer[:200]!r}")
        return _cohere_scores(json.loads(answer, parse_float=read_number)["results"])


def _cohere_scores(results: Any) -> list[float]:
    if not isinstance(results, list):
        raise ConnectorError("Post process function input is not a List.")
    if not results:
        return []
    if not {"index", "relevance_score"} <= set(results[0]):
        raise ConnectorError("The rerank result should contain index and relevance_score.")
    scores: list[float | None] = [None] * len(results)
    for one in results:
        index, score = one["index"], one["relevance_score"]
        if type(index) is not int:
            raise ConnectorError(f"ClassCastException: {type(index)} cannot be cast to Integer")
        if type(score) is not float:
            raise ConnectorError(f"ClassCastException: {type(score)} cannot be cast to Double")
        if index >= len(results):
            raise ConnectorError("ArrayIndexOutOfBoundsException")
        scores[index] = score
    return [score for score in scores if score is not None]


def rerank_processor(
    connector: Connector, query: str, documents: Sequence[str], *, ignore_failure: bool = False
) -> list[tuple[int, np.float32 | None]]:
    """The hits in their new order, each with its `_score` (None where it kept the first stage's)."""
    if not documents:
        return []
    try:
        scores = [np.float32(score) for score in connector.similarities(query, documents)]
        if len(scores) != len(documents):
            raise ConnectorError("scores and hits are not the same length")
    except Exception:
        if not ignore_failure:
            raise
        return [(place, None) for place in range(len(documents))]
    return sorted(enumerate(scores), key=lambda hit: -hit[1])
