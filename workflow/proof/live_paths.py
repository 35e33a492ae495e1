"""The live paths: the search endpoint, the search proxy with a shop's own body, a first stage in a cluster."""

import http.client
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import quote

from eval.errors import InputError
from rerank.pipeline import SearchPipeline
from retrieval.elastic.connection import ClusterError
from retrieval.types import Query
from workflow.proof.via import Ask, LiveAnswer, LiveError

PLACEHOLDER = "{{query}}"
"""Where a query's text stands in a body file."""


def endpoint(url: str, size: int, headers: dict[str, str], deadline_ms: int, timeout: float) -> Ask:
    """`POST /v1/search`."""

    def ask(query: Query) -> LiveAnswer:
        body = {"query": query.text, "size": size, "deadline_ms": deadline_ms, "explain": True}
        answer, _ = _post(f"{url}/v1/search", body, headers, timeout)
        first = [hit["id"] for hit in answer["first_stage"]]
        return LiveAnswer([hit["id"] for hit in answer["hits"]], answer["degraded_reason"], first)

    return ask


def proxy(
    url: str, index: str, template: Any, size: int, headers: dict[str, str], deadline_ms: int, timeout: float
) -> Ask:
    """`POST /INDEX/_search` with a body whose texts hold `{{query}}`; products are called by their documents' ids."""
    path = f"{url}/{quote(index, safe=',*')}/_search"

    def ask(query: Query) -> LiveAnswer:
        body = filled_in(template, query.text) | {"from": 0, "size": size}
        body["ext"] = {**body.get("ext", {}), "distilrank": {"query": query.text, "deadline_ms": deadline_ms}}
        answer, told = _post(path, body, headers, timeout)
        hits = answer["hits"]["hits"]
        ids = [hit["_id"] for hit in hits]
        if told.get("x-distilrank") != "reranked":
            return LiveAnswer(ids, told.get("x-distilrank-reason"), ids)
        return LiveAnswer(ids, None, _in_cluster_order(hits))

    return ask


def _in_cluster_order(hits: list[dict[str, Any]]) -> list[str] | None:
    """The hits' ids as the cluster ranked them; None where others of its hits belong between them."""
    ranks = {hit["fields"]["_distilrank.cluster_rank"][0]: hit["_id"] for hit in hits}
    return [ranks[rank] for rank in sorted(ranks)] if sorted(ranks) == list(range(1, len(hits) + 1)) else None


def cluster(pipeline: SearchPipeline, size: int) -> Ask:
    """A run's own pipeline over its first stage in a cluster, one query a request."""

    def ask(query: Query) -> LiveAnswer:
        try:
            (found,) = pipeline.search([query], size)
        except ClusterError as error:
            raise LiveError("no answer" if error.status is None else f"status {error.status}") from None
        first = [hit.product_id for hit in found.first]
        return LiveAnswer([hit.product_id for hit in found.hits], None, first)

    return ask


def multi_match(fields: list[str]) -> dict[str, Any]:
    """The body for shops that give none of their own."""
    return {"query": {"multi_match": {"query": PLACEHOLDER, "fields": fields}}, "_source": False}


def read_body(path: Path) -> dict[str, Any]:
    """A body file.

    Raises:
        InputError: when it is no JSON object, or the query stands nowhere in it.
    """
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"{path} cannot be read as JSON: {error}; expected a search body") from None
    if not isinstance(body, dict) or PLACEHOLDER not in json.dumps(body):
        raise InputError(f"{path} holds no {PLACEHOLDER}; write it where the query's text belongs")
    return body


def filled_in(template: Any, text: str) -> Any:
    """A body with the query's text in its places."""
    if isinstance(template, dict):
        return {name: filled_in(value, text) for name, value in template.items()}
    if isinstance(template, list):
        return [filled_in(value, text) for value in template]
    return template.replace(PLACEHOLDER, text) if isinstance(template, str) else template


def _post(url: str, body: Any, headers: dict[str, str], timeout: float) -> tuple[Any, dict[str, str]]:
    """The answer, and its headers by lower-case name.

    Raises:
        LiveError: when there is none, or its status is not 200.
    """
    content = {"Content-Type": "application/json", **headers}
    request = urllib.request.Request(url, data=json.dumps(body).encode(), headers=content)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return json.load(response), {name.lower(): value for name, value in response.headers.items()}
    except urllib.error.HTTPError as error:
        raise LiveError(f"status {error.code}: {_said(error.read())}") from None
    except TimeoutError:
        raise LiveError("timeout") from None
    except (OSError, http.client.HTTPException) as error:
        late = isinstance(getattr(error, "reason", None), TimeoutError)
        raise LiveError("timeout" if late else "unreachable") from None
    except ValueError:
        raise LiveError("an answer that is no JSON") from None


def _said(body: bytes) -> str:
    """What an error says, in a few words."""
    try:
        error = json.loads(body)["error"]
        return str(error.get("message") or error["reason"])[:120]
    except (ValueError, LookupError, TypeError, AttributeError):
        return "no reason given"
