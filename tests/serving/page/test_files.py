"""The page's files, without a browser: types, caching, and nothing that its security policy would refuse."""

import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from serving import page


@pytest.fixture
def http() -> TestClient:
    app = FastAPI()
    app.include_router(page.router(lambda: ["red shoe"], lambda: ["brand"], title="Shoes & <Socks>"))
    return TestClient(app)


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/page/page.css", "text/css; charset=utf-8"),
        ("/page/page.js", "text/javascript; charset=utf-8"),
        ("/page/icon.svg", "image/svg+xml"),
    ],
)
def test_files_have_their_type_and_are_asked_for_once(http, place, kind):
    first = http.get(place)
    assert (first.status_code, first.headers["content-type"]) == (200, kind)
    assert "default-src 'self'" in first.headers["content-security-policy"]
    assert first.headers["x-content-type-options"] == "nosniff"
    tag = first.headers["etag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}'):
        again = http.get(place, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert http.get(place, headers={"If-None-Match": '"other"'}).content == first.content
    head = http.head(place)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(first.content)))


def test_every_file_that_the_page_names_is_served(http):
    named = re.findall(r'(?:src|href)="(page/[^"]+)"', http.get("/").text)
    modules = [path.name for path in page.FOLDER.glob("*.js")]
    code = "".join((page.FOLDER / name).read_text() for name in modules)
    imported = set(re.findall(r'from "\./([^"]+)"', code))
    assert imported | {"page.js"} == set(modules)
    for place in [*named, *(f"page/{name}" for name in imported)]:
        assert http.get(f"/{place}").status_code == 200, place


@pytest.mark.parametrize("name", ["page.py", "..%2Fpage.py", "%2e%2e/settings.py", "index", "page.js%00", "x" * 5000])
def test_nothing_else_is_served(http, name):
    assert http.get(f"/page/{name}").status_code == 404


def test_nothing_comes_from_elsewhere_and_nothing_is_inline():
    for path in page.FOLDER.iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|//[a-z]+\.|@import|url\(", text), path.name
        assert not re.search(r"(inner|outer|Adjacent)HTML|document\.write|eval\(|new Function", text), path.name
    index = (page.FOLDER / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]* src=)", index)


def test_the_title_is_text(http):
    index = http.get("/").text
    assert index.count("Shoes &amp; &lt;Socks&gt;") == 2
    assert "<Socks>" not in index


def test_examples(http):
    assert http.get("/v1/examples").json() == {"queries": ["red shoe"], "facets": ["brand"]}
    bare = FastAPI()
    bare.include_router(page.router())
    assert TestClient(bare).get("/v1/examples").json() == {"queries": [], "facets": []}
