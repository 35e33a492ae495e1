"""A toy catalogue, exact first stages and a teacher that is a plain function of texts; and a process to be killed.

As a script: `augment_toy.py mine|label|retry DIRECTORY [REPLACE before|after]` works in DIRECTORY, prints a line after
each chunk, and kills itself before or after its REPLACE-th rename of a finished file.
"""

import itertools
import os
import signal
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pyarrow as pa

from augment.guard import LeakGuard
from augment.journal import open_journal
from augment.labelling import label_pairs
from augment.mine_options import MineOptions
from augment.mining import mine
from augment.pairs import Pairs
from augment.selection import Stratum
from eval.errors import PartialError
from rerank.types import Label
from retrieval.data.search_data import LogQuery
from retrieval.product_text import ProductTemplate
from retrieval.types import Hit, Product, Query

COLOURS = ["red", "blue", "green", "black", "white", "pink", "grey", "brown"]
MATERIALS = ["cotton", "wool", "leather", "steel", "wooden"]
THINGS = ["shirt", "shoe", "chair", "table", "lamp", "kettle", "jacket", "bag"]
TEMPLATE = ProductTemplate(("title", "category"))
PROTECTED = [Query("t1", "red cotton shirt"), Query("t2", "large wooden chair for the garden")]
OPTIONS = MineOptions(
    queries=40,
    strata=(Stratum(1, 4, 3), Stratum(5, 20, 2)),
    random=1,
    neighbours=1,
    depth=20,
    pool=100,
    chunk_queries=7,
)


class ToyCatalogue:
    """What the catalogue's readers see of it, in a list."""

    def __init__(self, products: list[Product]):
        self._products = products
        self.ids = [product.id for product in products]
        self._rows = {product_id: row for row, product_id in enumerate(self.ids)}
        self.fields = sorted({name for product in products for name in product.fields})

    def __len__(self) -> int:
        return len(self._products)

    def __contains__(self, product_id: str) -> bool:
        return product_id in self._rows

    def row(self, product_id: str) -> int:
        return self._rows[product_id]

    def product(self, product_id: str) -> Product:
        return self._products[self._rows[product_id]]

    def products(self, rows: list[int]) -> list[Product]:
        return [self._products[row] for row in rows]

    def texts(self, template: ProductTemplate, start: int, stop: int) -> list[str]:
        return [template.text(product) for product in self._products[start:stop]]

    def column(self, field: str) -> pa.ChunkedArray:
        return pa.chunked_array([[product[field] for product in self._products]])


class WordRetriever:
    """Exact search: cosine of word counts ("dense"), or the number of shared words ("bm25")."""

    def __init__(self, catalogue: ToyCatalogue, *, cosine: bool):
        self.ids, self.cosine = catalogue.ids, cosine
        self._matrix = np.stack([self._vector(text) for text in catalogue.texts(TEMPLATE, 0, len(catalogue))])

    def _vector(self, text: str) -> np.ndarray:
        vector = np.zeros(256)
        for word in text.lower().split():
            vector[zlib.crc32(word.encode()) % 256] = 1
        return vector / max(1e-9, np.linalg.norm(vector)) if self.cosine else vector

    def search(self, queries: list[Query], k: int, where: object = None) -> list[list[Hit]]:
        results = []
        for query in queries:
            scores = np.round(self._matrix @ self._vector(query.text), 9)
            order = np.argsort(-scores, kind="stable")[:k]
            results.append([Hit(self.ids[row], float(scores[row])) for row in order if scores[row] > 0])
        return results

    def score_products(self, query: Query, product_ids: list[str]) -> list[float]:
        raise NotImplementedError


class WordTeacher:
    """Scores a pair by the share of the query's words in the title; one product in 13 fails unless mended."""

    def __init__(self, version: str = "toy-1", *, mended: bool = False):
        self.version = version
        self.mended = mended
        self.asked: list[tuple[str, str]] = []

    def label(self, pairs: list[tuple[Query, Product]]) -> list[Label]:
        self.asked += [(query.id, product.id) for query, product in pairs]
        return [self.one(query, product) for query, product in pairs]

    def one(self, query: Query, product: Product) -> Label:
        if zlib.crc32(product.id.encode()) % 13 == 0 and not self.mended:
            return Label(float("nan"), None, "failed", "no grade in the answer")
        words = set(query.text.split())
        share = len(words & set(product["title"].split())) / len(words)
        return Label(8 * share - 4, (share, 1 - share))


def toy_catalogue(categories: bool = True) -> ToyCatalogue:
    made = itertools.product(COLOURS, MATERIALS, THINGS)
    return ToyCatalogue(
        [
            Product(f"p{number:03d}", {"title": " ".join(words)} | ({"category": words[2]} if categories else {}))
            for number, words in enumerate(made)
        ]
    )


def toy_retrievers(catalogue: ToyCatalogue) -> dict[str, WordRetriever]:
    return {"dense": WordRetriever(catalogue, cosine=True), "bm25": WordRetriever(catalogue, cosine=False)}


def toy_log() -> list[LogQuery]:
    """Answerable queries of two words, unanswerable ones, repeats, leaks, and one without a word."""
    log = [
        LogQuery(f"{colour} {thing}", 1 + place * 3 % 11)
        for place, (colour, thing) in enumerate(itertools.product(COLOURS, THINGS))
    ]
    log += [LogQuery(f"{word} spare part {number}", 2) for number, word in enumerate(("zebra", "quantum", "opera") * 8)]
    log += [
        LogQuery("Red  Shirt!", 5),
        LogQuery("RED cotton-shirt", 2),
        LogQuery("shirt cotton red", 1),
        LogQuery("???", 9),
    ]
    return log


def toy_mine(path: Path, **changes: object) -> Pairs:
    catalogue = changes.pop("catalogue", None) or toy_catalogue()
    arguments = {
        "log": toy_log(),
        "retrievers": toy_retrievers(catalogue),
        "first_stage": "dense",
        "guard": LeakGuard(PROTECTED),
        "template": TEMPLATE,
        "options": OPTIONS,
        "seed": 3,
    } | changes
    return mine(catalogue=catalogue, path=path, **arguments)


def toy_label(
    root: Path, teacher: WordTeacher, *, retry: bool = False, progress: object = None, share: float = 0.5
) -> object:
    pairs = Pairs(root / "pairs")
    journal = open_journal(
        root / "journal", pairs, teacher_version=teacher.version, prompt_version="p1", shard_pairs=23
    )
    guard = LeakGuard(PROTECTED)
    return label_pairs(
        pairs,
        toy_catalogue(),
        teacher,
        journal,
        guard=guard,
        failed_share=share,
        retry_failed=retry,
        progress=progress,
    )


def main(stage: str, root: Path, replace: int = 0, when: str = "") -> None:
    def report(done: int, total: int) -> None:
        print(done, total, flush=True)
        time.sleep(0.005)

    really, renamed = os.replace, itertools.count(1)

    def deadly(source: Path, target: Path) -> None:
        number = next(renamed)
        if number == replace and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        really(source, target)
        if number == replace:
            os.kill(os.getpid(), signal.SIGKILL)

    os.replace = deadly
    if stage == "mine":
        toy_mine(root / "pairs", progress=report)
    else:
        try:
            toy_label(root, WordTeacher(mended=stage == "retry"), retry=stage == "retry", progress=report, share=0.0)
        except PartialError as error:
            print(error)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *(kind(value) for kind, value in zip((int, str), sys.argv[3:], strict=False)))
