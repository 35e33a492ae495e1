"""Dropout as asked for while training and the model's own again after; plain attention computes the same."""

from pathlib import Path

import pytest
import torch
from torch import nn
from transformers import AutoModelForSequenceClassification, PreTrainedModel

from retrieval.training_mode import training_mode

INPUTS = {"input_ids": torch.tensor([[2, 40, 41, 3, 42, 43, 44, 3], [2, 45, 3, 46, 47, 3, 0, 0]])}
MASK = (INPUTS["input_ids"] > 0).long()


@pytest.fixture
def model(tiny_bert_dir: Path) -> PreTrainedModel:
    return AutoModelForSequenceClassification.from_pretrained(tiny_bert_dir).eval()


def _logits(model: PreTrainedModel) -> torch.Tensor:
    with torch.no_grad():
        return model(**INPUTS, attention_mask=MASK).logits


def test_without_dropout_training_computes_what_inference_does(model: PreTrainedModel) -> None:
    expected = _logits(model)
    with training_mode(model, 0.0, 8):
        assert model.training
        torch.testing.assert_close(_logits(model), expected, atol=1e-6, rtol=0)
    assert not model.training


def test_the_models_own_dropout_is_kept_and_given_back(model: PreTrainedModel) -> None:
    own = [layer.p for layer in model.modules() if isinstance(layer, nn.Dropout)]
    assert max(own) > 0
    with training_mode(model, None, 8):
        assert not torch.equal(_logits(model), _logits(model))
    with training_mode(model, 0.5, 8):
        assert {layer.p for layer in model.modules() if isinstance(layer, nn.Dropout)} == {0.5}
    assert [layer.p for layer in model.modules() if isinstance(layer, nn.Dropout)] == own


def test_short_inputs_are_trained_with_plain_attention_on_a_cpu(model: PreTrainedModel) -> None:
    before = model.config._attn_implementation
    with training_mode(model, None, 64):
        assert model.config._attn_implementation == "eager"
    with training_mode(model, None, 512):
        assert model.config._attn_implementation == before
    with pytest.raises(RuntimeError, match="stop"), training_mode(model, 0.0, 64):
        raise RuntimeError("stop")
    assert model.config._attn_implementation == before
