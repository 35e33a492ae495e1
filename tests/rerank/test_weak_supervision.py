"""Weak supervision: the first stage's scores as logits within a query, and a model that learns its order."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import kendalltau

from rerank.student import train_student
from rerank.train_options import TrainOptions
from rerank.weak_supervision import LOSS, weak_group
from retrieval.product_text import ProductTemplate
from retrieval.types import Product, Query

QUERY = Query("q", "red cotton shirt")
TEXTS = ("red cotton shirt", "red wool jacket", "steel knife", "leather boot", "red cotton dress", "wooden table")
PRODUCTS = [Product(text, {"title": text}) for text in TEXTS]


def test_scores_are_standardised_within_the_query_whatever_their_scale() -> None:
    for scale, shift in ((1, 0), (250, 3), (0.001, -7)):
        targets = weak_group(QUERY, PRODUCTS[:3], [shift + scale * value for value in (3.0, 1.0, -1.0)]).targets
        assert targets == pytest.approx([2 * 1.224745, 0.0, -2 * 1.224745], abs=1e-4)
        assert targets.dtype == np.float32


def test_where_the_first_stage_prefers_nothing_nothing_is_preferred() -> None:
    assert weak_group(QUERY, PRODUCTS[:3], [0.5, 0.5, 0.5]).targets.tolist() == [0.0, 0.0, 0.0]


def test_a_model_learns_the_first_stages_order(tiny_bert_dir: Path, tmp_path: Path) -> None:
    scores = [5.0, 2.0, -2.0, -3.0, 3.5, 0.0]
    group = weak_group(QUERY, PRODUCTS, scores)
    options = TrainOptions(loss=LOSS, epochs=150, learning_rate=2e-3, dropout=0.0, seed=0)
    template = ProductTemplate(("title",))
    student, _ = train_student(tiny_bert_dir, [group], options, tmp_path / "start", template, layers=2, max_length=32)
    found = student.score([(QUERY, product) for product in PRODUCTS])
    assert kendalltau(found, scores).statistic > 0.8
