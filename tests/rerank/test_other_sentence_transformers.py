"""A saved student scores alike in another sentence-transformers, transformers and Python environment.

Runs when `DISTILRANK_ST5_PYTHON` names an interpreter that has one. To make it (about 1 GB):

    python3.11 -m venv st5
    st5/bin/pip install "sentence-transformers==5.0.0" "transformers<5" torch
    DISTILRANK_ST5_PYTHON=st5/bin/python python -m pytest tests/rerank/test_other_sentence_transformers.py
"""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rerank.parent import build_student
from rerank.student import Student, save_student
from retrieval.product_text import ProductTemplate
from retrieval.types import Product, Query

OTHER_PYTHON = os.environ.get("DISTILRANK_ST5_PYTHON", "")
SCRIPT = Path(__file__).with_name("score_with_cross_encoder.py")
TEMPLATE = ProductTemplate(("title", "brand"))
PAIRS = [
    (Query(f"q{i}", query), Product(f"p{i}", {"title": title, "brand": "acme"}))
    for i, (query, title) in enumerate(
        [
            ("red cotton shirt", "red shirt for men"),
            ("usb cable", "black leather jacket"),
            ("kids toy", "wooden toy table for kids " * 20),
            ("", "lamp"),
            ("wool hat without brand", ""),
        ]
    )
]


@pytest.mark.slow
@pytest.mark.skipif(not OTHER_PYTHON, reason="DISTILRANK_ST5_PYTHON names no interpreter")
@pytest.mark.parametrize("architecture", ["bert", "roberta", "xlm-roberta", "distilbert", "electra", "modernbert"])
def test_scores_are_the_same_elsewhere(architecture: str, tiny_parent: Callable[[str], Path], tmp_path: Path):
    start = build_student(tiny_parent(architecture), 2, seed=1)
    save_student(start.model, start.tokenizer, tmp_path / "student", TEMPLATE, max_length=48)
    ours = Student.load(tmp_path / "student", device="cpu").score(PAIRS)

    texts = [[query.text, TEMPLATE.text(product)] for query, product in PAIRS]
    (tmp_path / "pairs.json").write_text(json.dumps(texts), encoding="utf-8")
    done = subprocess.run(
        [OTHER_PYTHON, str(SCRIPT), str(tmp_path / "student"), str(tmp_path / "pairs.json")],
        capture_output=True,
        text=True,
        timeout=300,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert int(answer["sentence_transformers"].split(".")[0]) >= 5
    assert answer["activation"] == "Identity"
    assert answer["max_length"] == 48
    assert np.ptp(ours) > 1e-3
    np.testing.assert_allclose(answer["scores"], ours, atol=1e-5)
