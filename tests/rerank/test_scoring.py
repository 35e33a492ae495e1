"""Logits of many pairs: in input order, close to the plain forward pass, always float32."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import CrossEncoder

from rerank.classifier import load_classifier
from rerank.inputs import PairEncoder
from rerank.precision import forward_precision
from rerank.scoring import predict
from rerank.types import Pair
from retrieval.product_text import ProductTemplate
from retrieval.types import Product, Query

WORDS = "red blue cotton wool steel shirt jacket shoe lamp desk phone case with for women".split()  # noqa: SIM905


def _pairs(count: int) -> list[Pair]:
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(WORDS, size=size)) for size in random.integers(1, 25, size=2 * count)]
    return [(Query("q", texts[2 * i]), Product("p", {"title": texts[2 * i + 1]})) for i in range(count)]


def _encoder(path: Path, outputs: int = 1) -> tuple[torch.nn.Module, PairEncoder]:
    model, tokenizer, kind = load_classifier(path, outputs)
    return model, PairEncoder(tokenizer, kind, ProductTemplate(("title",)), 48 if kind == "encoder" else 200)


def test_scores_are_cross_encoders_in_input_order(tiny_bert_dir: Path) -> None:
    model, encoder = _encoder(tiny_bert_dir)
    pairs = _pairs(60)
    scores = predict(model, encoder, pairs, token_budget=300, precision="float32")
    reference = CrossEncoder(str(tiny_bert_dir), max_length=48, device="cpu", activation_fn=torch.nn.Identity())
    expected = reference.predict([(query.text, product["title"]) for query, product in pairs])
    assert scores.shape == (60, 1)
    assert scores.dtype == np.float32
    assert np.allclose(scores[:, 0], expected, atol=1e-5)


@pytest.mark.parametrize("fixture", ["tiny_bert_dir", "tiny_llama_dir"])
def test_batching_does_not_change_a_score(fixture: str, request: pytest.FixtureRequest) -> None:
    model, encoder = _encoder(request.getfixturevalue(fixture), outputs=3)
    model.config.pad_token_id = encoder.pad_id
    pairs = _pairs(20)
    together = predict(model, encoder, pairs, token_budget=2000, precision="float32")
    alone = np.concatenate([predict(model, encoder, [pair], precision="float32") for pair in pairs])
    assert np.allclose(together, alone, atol=1e-5)
    assert together.std() > 0.01


def test_bfloat16_is_close_and_does_not_round_the_logits(tiny_bert_dir: Path) -> None:
    model, encoder = _encoder(tiny_bert_dir)
    with torch.no_grad():
        model.classifier.bias.fill_(300.0)  # where bfloat16 knows only every second integer
    pairs = _pairs(60)
    exact = predict(model, encoder, pairs, precision="float32")
    quick = predict(model, encoder, pairs, precision="bfloat16")
    assert not np.array_equal(exact, quick)
    assert np.abs(exact - quick).max() < 0.1 * exact.std() + 0.02
    assert len(np.unique(quick)) > 50


def test_the_same_call_gives_the_same_bits_and_leaves_the_mode(tiny_bert_dir: Path) -> None:
    model, encoder = _encoder(tiny_bert_dir)
    model.train()
    pairs = _pairs(30)
    assert np.array_equal(predict(model, encoder, pairs), predict(model, encoder, pairs))
    assert model.training
    assert predict(model, encoder, []).shape == (0, 1)


def test_progress_reaches_the_end(tiny_bert_dir: Path) -> None:
    model, encoder = _encoder(tiny_bert_dir)
    seen: list[tuple[int, int]] = []
    predict(model, encoder, _pairs(30), token_budget=200, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (30, 30)
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})


def test_the_precision_context_leaves_no_trace(tiny_bert_dir: Path) -> None:
    model, _ = _encoder(tiny_bert_dir)
    with forward_precision(model, "bfloat16"):
        assert "forward" in vars(model.classifier)
    assert "forward" not in vars(model.classifier)
