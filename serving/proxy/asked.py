"""A request for a search as it arrived: its body read, and what in it is for the proxy alone."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from serving.json_body import parse
from serving.problems import ProblemError, invalid
from serving.proxy.passing import PassThroughError, Reason
from serving.schemas.base import Count, NotNegative, Shape
from serving.validation import first_error

Parameters = Sequence[tuple[str, str]]


class Wishes(Shape):
    """`ext.distilrank` of a body: what a client that knows of the proxy may ask of it. The cluster never sees it."""

    query: str | None = None
    window: Count | None = None
    deadline_ms: NotNegative | None = None
    rerank: bool = True


@dataclass(frozen=True)
class Asked:
    """A search.

    Args:
        body: without `ext.distilrank`; None where it is no JSON object, for the reason `unread`.
        sent: the bytes for the cluster when the search is not changed: those that came, but for `ext.distilrank`.
        rewritten: whether `sent` is another body than came: JSON, not compressed.
    """

    parameters: Parameters
    body: Mapping[str, Any] | None
    unread: Reason | None
    wishes: Wishes
    sent: bytes
    rewritten: bool = False

    def parameter(self, name: str) -> str | None:
        """The URL's parameter of this name; the last of several, as Elasticsearch reads them."""
        return next((value for key, value in reversed(self.parameters) if key == name), None)


def read(parameters: Parameters, headers: Mapping[str, str], content: bytes, *, named: str | None, most: int) -> Asked:
    """Read a request.

    Args:
        headers: by lower-case name.
        named: the query's text as a header names it; what the body names goes before it.
        most: bytes that a compressed body may come to.

    Raises:
        ProblemError: when `ext.distilrank` is not as it should be. (The rest of a body is the cluster's to judge.)
    """
    wishes = Wishes(query=named or None)
    try:
        body = _body(parameters, headers, content, most)
    except PassThroughError as passed:
        return Asked(parameters, None, passed.reason, wishes, content)
    ext = body.get("ext")
    if not isinstance(ext, dict) or "distilrank" not in ext:
        return Asked(parameters, body, None, wishes, content)
    own = _wishes(ext["distilrank"])
    rest = {name: value for name, value in ext.items() if name != "distilrank"}
    body = {name: value for name, value in body.items() if name != "ext"} | ({"ext": rest} if rest else {})
    if own.query is None:
        own = own.model_copy(update={"query": named or None})
    kept = [(name, value) for name, value in parameters if name not in ("source", "source_content_type")]
    return Asked(kept, body, None, own, json.dumps(body).encode(), rewritten=True)


def _body(parameters: Parameters, headers: Mapping[str, str], content: bytes, most: int) -> dict[str, Any]:
    """The body as an object; one in the URL (`source`) where there is no other, an empty one where there is none.

    Raises:
        PassThroughError: it is none that can be read here.
    """
    given = dict(parameters)
    if not content and "source" in given:
        content = given["source"].encode()
    elif content and "json" not in headers.get("content-type", "json"):
        raise PassThroughError("format")
    if given.get("format", "json") != "json" or not _takes_json(headers.get("accept")):
        raise PassThroughError("format")
    encoding = headers.get("content-encoding", "identity")
    if encoding == "gzip":
        content = _unzipped(content, most)
    elif encoding != "identity":
        raise PassThroughError("format")
    try:
        body = parse(content) if content.strip() else {}
    except ProblemError:
        body = None
    if not isinstance(body, dict):
        raise PassThroughError("body")
    return body


def _takes_json(accept: str | None) -> bool:
    return accept is None or "json" in accept or "*/*" in accept or "application/*" in accept


def _unzipped(content: bytes, most: int) -> bytes:
    unzipping = zlib.decompressobj(wbits=31)  # gzip's form
    try:
        plain = unzipping.decompress(content, most)
    except zlib.error:
        raise PassThroughError("body") from None
    if not unzipping.eof:  # larger than `most`, or cut off
        raise PassThroughError("body")
    return plain


def _wishes(given: Any) -> Wishes:
    try:
        return Wishes.model_validate(given)
    except ValidationError as error:
        where, message = first_error(error.errors())
        field = "ext.distilrank" if where is None else f"ext.distilrank.{where}"
        raise invalid(f"ext.distilrank: {message}", field) from None
