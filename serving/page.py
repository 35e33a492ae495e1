"""The search page at `/`: plain files, no build step, nothing from elsewhere.

The files are read once, served with an ETag, and allowed to load nothing but themselves (Content-Security-Policy), so
that a product's text can never become a script.
"""

import hashlib
import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request, Response
from pydantic import BaseModel, Field

FOLDER = Path(__file__).parent / "page"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
SECURITY = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",  # the address holds the query
    "X-Content-Type-Options": "nosniff",
}


class Offers(BaseModel):
    """What the page offers before anything is typed."""

    queries: list[str] = Field(default_factory=list, description="Searches to try.")
    facets: list[str] = Field(default_factory=list, description="Product fields worth filtering by.")


@dataclass(frozen=True)
class _File:
    content: bytes
    type: str
    etag: str

    def answer(self, request: Request) -> Response:
        """The file, or 304 where the browser has it already."""
        headers = {**SECURITY, "ETag": self.etag, "Cache-Control": "no-cache"}  # no-cache: keep it, but ask each time
        known = {tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")}
        if self.etag in known:
            return Response(status_code=304, headers=headers)
        return Response(self.content, media_type=self.type, headers=headers)


def router(
    examples: Callable[[], Sequence[str]] | None = None,
    facets: Callable[[], Sequence[str]] | None = None,
    title: str = "distilrank",
) -> APIRouter:
    """The page, its files under `page/`, and `GET /v1/examples`.

    Args:
        examples: gives the queries that the empty page offers; None for none.
        facets: gives the product fields that the page offers filters for; None for none. A field whose values are all
            different, such as a title, is not shown.
        title: the shop's name, above the page and in the browser's tab.
    """
    files = {path.name: _read(path, title) for path in sorted(FOLDER.iterdir()) if path.suffix in TYPES}
    page = APIRouter()

    @page.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
    async def index(request: Request) -> Response:
        return files["index.html"].answer(request)

    @page.api_route("/page/{name}", methods=["GET", "HEAD"], include_in_schema=False)
    async def part(name: str, request: Request) -> Response:
        if name not in files:
            raise HTTPException(404, f"the page has no file {name[:80]!r}")
        return files[name].answer(request)

    @page.get("/v1/examples", tags=["search"], summary="Searches to try, and fields to filter by")
    async def offers() -> Offers:
        return Offers(queries=list(examples()) if examples else [], facets=list(facets()) if facets else [])

    return page


def _read(path: Path, title: str) -> _File:
    content = path.read_bytes()
    if path.suffix == ".html":
        content = content.replace(b"{title}", html.escape(title).encode())
    return _File(content, TYPES[path.suffix], f'"{hashlib.sha256(content).hexdigest()[:20]}"')
