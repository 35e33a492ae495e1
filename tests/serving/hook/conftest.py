"""The student behind its real rerank routes, over a real socket, and the student itself as the oracle."""

import http.client
import os
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

import numpy as np
import pytest
from pydantic import SecretStr

from retrieval.types import Query
from serving.app import create_app
from serving.documents import as_products
from serving.engine import SearchEngine, Served
from serving.hook.endpoint import Endpoint
from serving.settings import ServeSettings
from tests.serving.sockets import serving_at

KEY = "the-key"
Post = Callable[[str, Mapping[str, str], bytes], tuple[int, bytes]]


@pytest.fixture(scope="session")
def endpoint(served: Served) -> Iterator[Endpoint]:
    """Our server, with a key; where a real cluster asks it, HOOK_ENDPOINT_HOST is this machine as that sees it."""
    app = create_app(SearchEngine(lambda: served, ServeSettings(workers=2, api_keys=(SecretStr(KEY),))))
    seen_as = os.environ.get("HOOK_ENDPOINT_HOST")
    with serving_at(app, "0.0.0.0" if seen_as else "127.0.0.1") as url:
        yield Endpoint(url.replace("127.0.0.1", seen_as or "127.0.0.1"), KEY)


@pytest.fixture(scope="session")
def post() -> Post:
    """What a cluster's HTTP client does."""

    def send(url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        try:
            connection.request("POST", f"{parts.path}?{parts.query}", body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    return send


@pytest.fixture(scope="session")
def logits(opened) -> Callable[[str, list[str]], np.ndarray]:
    """What the student itself says of texts, in the server's parts: in torch a score depends a little on its batch."""

    def score(query: str, documents: list[str]) -> np.ndarray:
        products = as_products(documents, opened.template)
        pairs = [(Query("1", query), product) for product in products]
        parts = [pairs[start : start + 512] for start in range(0, len(pairs), 512)]
        return np.concatenate([opened.pipeline.reranker.score(part) for part in parts])

    return score
