"""A tiny student of each architecture, products of many lengths, and its export."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rerank.parent import build_student
from rerank.student_files import save_student
from rerank.types import Pair
from retrieval.product_text import ProductTemplate
from retrieval.types import Product, Query

TEMPLATE = ProductTemplate(("title", "brand"))
MAX_LENGTH = 32
WORDS = [
    "red",
    "blue",
    "cotton",
    "steel",
    "shirt",
    "shoe",
    "lamp",
    "phone",
    "case",
    "without",
    "kids",
    "zzgrx",
    "10-mm",
]


@pytest.fixture(scope="session")
def make_student(tiny_parent: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The directory of a student of an architecture, two layers; built anew each time."""

    def make(architecture: str) -> Path:
        path = tmp_path_factory.mktemp("students") / architecture
        start = build_student(tiny_parent(architecture), 2, seed=1)
        save_student(start.model, start.tokenizer, path, TEMPLATE, max_length=MAX_LENGTH)
        return path

    return make


@pytest.fixture(scope="session")
def student_dir(make_student: Callable[[str], Path]) -> Path:
    """A BERT student; read it, do not write it."""
    return make_student("bert")


def some_text(random: np.random.Generator, longest: int) -> str:
    return " ".join(random.choice(WORDS, random.integers(0, longest)).tolist())


@pytest.fixture(scope="session")
def pairs() -> list[Pair]:
    """Pairs from empty to far beyond the student's length, on both sides."""
    random = np.random.default_rng(0)
    made = []
    for number in range(300):
        query = Query(f"q{number % 20}", some_text(random, [4, 8, 40][number % 3]))
        fields = {"title": some_text(random, [6, 15, 60][number % 3]), "brand": some_text(random, 3)}
        made.append((query, Product(f"p{number}", fields)))
    return made
