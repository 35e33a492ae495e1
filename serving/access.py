"""API keys: who may read, and who may change products."""

import hashlib
import hmac
import re
from collections.abc import Sequence

from fastapi import Request
from pydantic import SecretStr

from eval.errors import InputError
from serving.problems import ProblemError
from serving.settings import ServeSettings

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")


class Access:
    """Checks the key of a request: `Authorization: Bearer KEY` or `X-API-Key: KEY`.

    Only digests are kept, every one is compared in constant time, and no message or log holds a key.

    Raises:
        InputError: for an empty key, or a digest that is none.
    """

    def __init__(self, settings: ServeSettings) -> None:
        writers = [_digest(key) for key in settings.write_keys]
        readers = [_digest(key) for key in settings.api_keys]
        self._may_write = writers or readers
        self._may_read = readers and [*readers, *writers]

    async def read(self, request: Request) -> None:
        """Let the request pass if it may read.

        Raises:
            ProblemError: "unauthorized".
        """
        _check(request, self._may_read)

    async def write(self, request: Request) -> None:
        """Let the request pass if it may change products.

        Raises:
            ProblemError: "unauthorized".
        """
        _check(request, self._may_write)

    def was_bearer(self, request: Request) -> bool:
        """Whether what the request has in `Authorization` is a key of this server's, and nobody else's business."""
        return bool(self._may_read) and "x-api-key" not in request.headers


def _digest(key: SecretStr) -> bytes:
    value = key.get_secret_value()
    if value.startswith("sha256:"):
        found = _DIGEST.fullmatch(value)
        if found is None:
            raise InputError('an API key begins with "sha256:" but 64 small hex digits do not follow; give the digest')
        return bytes.fromhex(found.group(1))
    if not value.strip():
        raise InputError("an API key is empty; give a long random one, or none at all")
    return hashlib.sha256(value.encode()).digest()


def _check(request: Request, allowed: Sequence[bytes]) -> None:
    if not allowed:
        return
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    given = request.headers.get("x-api-key") or (bearer.strip() if scheme.lower() == "bearer" else "")
    if not given:
        raise ProblemError(
            "unauthorized", "this server asks for an API key: Authorization: Bearer KEY, or X-API-Key: KEY"
        )
    digest = hashlib.sha256(given.encode("latin-1")).digest()  # headers come as Latin-1: these are the bytes sent
    # A list, not any(): every comparison is made, so that the time tells nothing.
    if True not in [hmac.compare_digest(digest, one) for one in allowed]:
        raise ProblemError("unauthorized", "the API key is not known here")
