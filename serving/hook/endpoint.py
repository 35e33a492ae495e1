"""Our endpoint, as a cluster sees it."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

from eval.errors import InputError

NO_KEY = "none"
"""Sent where the endpoint asks for no key: services refuse an empty one, and the endpoint then reads none."""


@dataclass(frozen=True)
class Endpoint:
    """Where a cluster reaches the server, and with which key.

    Args:
        url: scheme, host and port, and a path where a proxy adds one; no query.
        key: an API key that may read; None where the server asks for none.

    Raises:
        InputError: for a URL that is none, or holds a query or a "${".
    """

    url: str
    key: str | None = None

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise InputError(f"--endpoint {self.url!r} is no address of a server; give http://HOST:PORT")
        if "${" in self.url:
            raise InputError(f"--endpoint {self.url!r} holds '${{', which clusters replace; give the address itself")

    @property
    def cohere(self) -> str:
        """Rerank in Cohere's shape, as clusters need it.

        In the order of the input, because Elasticsearch maps by position in places. Logits, because clusters rank by
        float32 numbers, in which sigmoids near 1 are equal.
        """
        return f"{self._base}/v2/rerank?order=input&raw_scores=true"

    @property
    def tei(self) -> str:
        """Rerank in the shape of text-embeddings-inference, alike."""
        return f"{self._base}/rerank?order=input&raw_scores=true"

    @property
    def embeddings(self) -> str:
        """Embeddings in OpenAI's shape."""
        return f"{self._base}/v1/embeddings"

    @property
    def secret(self) -> str:
        """The key as it is sent."""
        return self.key or NO_KEY

    @property
    def is_private(self) -> bool:
        """Whether the address is one of a private network, as far as its text tells."""
        host = urlsplit(self.url).hostname or ""
        try:
            return ipaddress.ip_address(host).is_private
        except ValueError:
            return host == "localhost" or "." not in host or host.endswith((".local", ".internal"))

    @property
    def is_loopback(self) -> bool:
        """Whether the address means the very machine that asks."""
        host = urlsplit(self.url).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    @property
    def _base(self) -> str:
        return self.url.rstrip("/")
