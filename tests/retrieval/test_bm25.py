import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from eval.errors import InputError, MachineError
from eval.files import read_json
from retrieval.bm25 import BM25Retriever
from retrieval.catalogue import Catalogue
from retrieval.product_text import ProductTemplate
from retrieval.types import Product, Query

TITLE = ProductTemplate(("title",))
CHILD = """
import sys
from retrieval.bm25 import BM25Retriever
from retrieval.catalogue import Catalogue
from retrieval.product_text import ProductTemplate

BM25Retriever.build(Catalogue.load(sys.argv[1]), ProductTemplate(("title", "brand", "colour")), sys.argv[2])
"""


def titles(path: Path, *texts: str) -> Catalogue:
    return Catalogue.write((Product(f"p{row}", {"title": text}) for row, text in enumerate(texts)), path)


def test_scores_by_hand(tmp_path: Path) -> None:
    catalogue = titles(tmp_path / "catalogue", "red hat", "red red shoe", "", "blue hat for kids")
    retriever = BM25Retriever.build(catalogue, TITLE, tmp_path / "index", k1=1.2, b=0.75)
    # N 4, mean length 9/4; "red" is in two products: idf = ln(1 + 2.5 / 2.5) = ln 2
    first = np.log(2) * 1 / (1 + 1.2 * (0.25 + 0.75 * 2 / 2.25))
    second = np.log(2) * 2 / (2 + 1.2 * (0.25 + 0.75 * 3 / 2.25))
    hits = retriever.search([Query("q", "RED"), Query("q2", "red red")], 10)
    assert [hit.product_id for hit in hits[0]] == ["p1", "p0"]
    np.testing.assert_allclose([hit.score for hit in hits[0]], [second, first], rtol=1e-6)
    np.testing.assert_allclose([hit.score for hit in hits[1]], [2 * second, 2 * first], rtol=1e-6)
    np.testing.assert_allclose(
        retriever.score_products(Query("q", "red"), ["p3", "p0", "p0"]), [0, first, first], rtol=1e-6
    )


def test_options_change_the_scores(tmp_path: Path) -> None:
    catalogue = titles(tmp_path / "catalogue", "red hat", "red red shoe for kids")
    flat = BM25Retriever.build(catalogue, TITLE, tmp_path / "index", k1=0.0, b=0.0)
    scores = flat.score_products(Query("q", "red"), ["p0", "p1"])
    np.testing.assert_allclose(scores, [np.log(1.2)] * 2, rtol=1e-6)  # neither frequency nor length counts


@pytest.mark.parametrize("k", [1, 3, 100])
def test_ties_at_the_cut_come_in_catalogue_order(k: int, tmp_path: Path) -> None:
    catalogue = titles(tmp_path / "catalogue", *["red hat"] * 50, "blue hat")
    retriever = BM25Retriever.build(catalogue, TITLE, tmp_path / "index")
    hits = retriever.search([Query("q", "red")], k)[0]
    assert [hit.product_id for hit in hits] == [f"p{row}" for row in range(min(k, 50))]


def test_loaded_is_built_and_memory_mapped(
    small_catalogue: Catalogue, template: ProductTemplate, tmp_path: Path
) -> None:
    calls: list[tuple[int, int]] = []
    built = BM25Retriever.build(
        small_catalogue, template, tmp_path / "index", progress=lambda done, total: calls.append((done, total))
    )
    loaded = BM25Retriever.load(tmp_path / "index", small_catalogue)
    queries = [Query("a", "red wool shirt"), Query("b", "10mm steel cable")]
    assert loaded.search(queries, 30) == built.search(queries, 30)
    assert calls == [(400, 400)]
    if sys.platform == "linux":
        assert f"{tmp_path}/index/data.csc.index.npy" in Path("/proc/self/maps").read_text()
    stored = read_json(tmp_path / "index/manifest.json")
    assert (stored["kind"], stored["count"], stored["fields"]) == ("bm25", 400, ["title", "brand", "colour"])


def test_every_process_builds_the_same_bytes(
    small_catalogue: Catalogue, template: ProductTemplate, tmp_path: Path
) -> None:
    BM25Retriever.build(small_catalogue, template, tmp_path / "here")
    command = [sys.executable, "-c", CHILD, str(small_catalogue.path), str(tmp_path / "there")]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "77"})
    names = sorted(file.name for file in (tmp_path / "here").iterdir())
    assert len(names) >= 5
    for name in names:
        assert (tmp_path / "here" / name).read_bytes() == (tmp_path / "there" / name).read_bytes()


def test_no_words_at_all(tmp_path: Path) -> None:
    catalogue = titles(tmp_path / "catalogue", "", "--", "!")
    with pytest.raises(InputError, match="no product of 3 has a word in the fields title"):
        BM25Retriever.build(catalogue, TITLE, tmp_path / "index")
    assert not (tmp_path / "index").exists()


def test_what_is_no_index_of_this_catalogue(
    small_catalogue: Catalogue, template: ProductTemplate, tmp_path: Path
) -> None:
    with pytest.raises(MachineError, match=r"manifest\.json is missing"):
        BM25Retriever.load(tmp_path / "nowhere", small_catalogue)
    BM25Retriever.build(small_catalogue, template, tmp_path / "index")
    with pytest.raises(InputError, match="holds 400 products of another catalogue than this one of 2"):
        BM25Retriever.load(tmp_path / "index", titles(tmp_path / "other", "a", "b"))
    (tmp_path / "index/data.csc.index.npy").write_bytes(b"cut")
    with pytest.raises(MachineError, match=r"cannot be read .*; build the index again"):
        BM25Retriever.load(tmp_path / "index", small_catalogue)


def test_an_index_of_an_older_tokenizer_is_refused(
    small_catalogue: Catalogue, template: ProductTemplate, tmp_path: Path
) -> None:
    BM25Retriever.build(small_catalogue, template, tmp_path / "index")
    manifest = tmp_path / "index/manifest.json"
    manifest.write_text(manifest.read_text().replace("tokens-1", "tokens-0"))
    with pytest.raises(InputError, match="tokens-0, now tokens-1"):
        BM25Retriever.load(tmp_path / "index", small_catalogue)
