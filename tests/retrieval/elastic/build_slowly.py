"""A process for tests to kill: fills an index, and says after each batch how far it is.

python build_slowly.py CATALOGUE DIRECTORY URL
"""

import sys
import time
from pathlib import Path

import numpy as np

from retrieval.catalogue import Catalogue
from retrieval.elastic.build import build_elastic_index
from retrieval.elastic.connection import connect
from retrieval.product_text import ProductTemplate

TEMPLATE = ProductTemplate(("title", "brand"))


def vectors(count: int) -> np.ndarray:
    """float32 [count, 4], the same in every process."""
    return np.random.default_rng(0).normal(size=(count, 4)).astype(np.float32)


def report(done: int, count: int) -> None:
    """One line a batch."""
    print(done, flush=True)
    time.sleep(0.01)


if __name__ == "__main__":
    catalogue = Catalogue.load(Path(sys.argv[1]))
    made = vectors(len(catalogue))
    build_elastic_index(
        connect([sys.argv[3]]), "shop", catalogue, TEMPLATE, TEMPLATE, made, "e", Path(sys.argv[2]), batch=3,
        progress=report,
    )  # fmt: skip
