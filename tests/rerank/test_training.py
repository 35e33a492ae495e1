"""Training learns, watches itself, and is the same every time."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from training_toy import toy_groups, toy_model, weight_bytes

from eval.errors import InputError, MachineError
from rerank.losses import PAIRED
from rerank.scoring import predict
from rerank.train_options import TrainOptions
from rerank.training import train
from rerank.training_data import Group

OPTIONS = TrainOptions(epochs=30, learning_rate=5e-3, pairs_per_batch=12, precision="float32", seed=1)


def _scores(model: torch.nn.Module, encoder: object, group: Group) -> np.ndarray:
    return predict(model, encoder, [(group.query, product) for product in group.products], precision="float32")[:, 0]


@pytest.mark.parametrize("loss", ["margin_mse", "pointwise_mse", "ranknet", "listwise_kl", "soft_bce"])
def test_every_loss_learns_to_rank(tiny_bert_dir: Path, loss: str) -> None:
    groups = toy_groups()
    if loss == "soft_bce":
        groups = [dataclasses.replace(group, targets=1 / (1 + np.exp(-group.targets))) for group in groups]
    model, encoder = toy_model(tiny_bert_dir)
    result = train(model, encoder, groups, dataclasses.replace(OPTIONS, loss=loss))
    assert result.losses[-1] < 0.8 * result.losses[0]
    assert result.warnings == ()
    assert result.best_epoch == OPTIONS.epochs
    assert not model.training
    for group in groups:
        scores = _scores(model, encoder, group)
        assert scores[0] > scores[1:3].max() + 0.2
        if loss != "listwise_kl":  # where nine tenths of the mass, and so of the gradient, are the best product's
            assert scores[1:3].min() > scores[3:].max() + 0.2


def test_the_same_training_gives_the_same_bits_whatever_the_callers_random_state(tiny_bert_dir: Path) -> None:
    options = dataclasses.replace(OPTIONS, epochs=2)
    finals = []
    for state in (5, 6):
        model, encoder = toy_model(tiny_bert_dir)
        torch.manual_seed(state)
        expected = torch.rand(1)
        torch.manual_seed(state)
        train(model, encoder, toy_groups(), options)
        assert torch.equal(torch.rand(1), expected)
        finals.append(weight_bytes(model))
    assert finals[0] == finals[1]
    model, encoder = toy_model(tiny_bert_dir)
    train(model, encoder, toy_groups(), dataclasses.replace(options, seed=2))
    assert weight_bytes(model) != finals[0]


def test_accumulated_small_batches_are_one_large_batch(tiny_bert_dir: Path) -> None:
    finals = []
    for pairs, accumulate in ((6, 4), (24, 1)):
        model, encoder = toy_model(tiny_bert_dir)
        for module in model.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        model.config.attention_probs_dropout_prob = 0.0
        for layer in model.bert.encoder.layer:
            layer.attention.self.dropout.p = 0.0
        options = dataclasses.replace(OPTIONS, epochs=3, pairs_per_batch=pairs, accumulate=accumulate)
        result = train(model, encoder, toy_groups(), options)
        assert result.steps == 3
        scores = _scores(model, encoder, toy_groups()[0])
        finals.append(scores - scores.mean())  # the loss leaves a query's shift free
    assert np.allclose(finals[0], finals[1], atol=1e-3)


def test_the_mean_of_the_last_epochs_is_validated_and_kept(tiny_bert_dir: Path) -> None:
    def trained(
        average: int, better: tuple[float, ...]
    ) -> tuple[list[dict[str, torch.Tensor]], dict[str, torch.Tensor]]:
        seen: list[dict[str, torch.Tensor]] = []

        def validate(model: torch.nn.Module) -> float:
            seen.append({name: weight.clone() for name, weight in model.state_dict().items()})
            return better[len(seen) - 1]

        model, encoder = toy_model(tiny_bert_dir)
        options = dataclasses.replace(OPTIONS, epochs=4, average=average)
        train(model, encoder, toy_groups(), options, validate=validate)
        return seen, model.state_dict()

    single, _ = trained(1, (1, 2, 3, 4))
    averaged, last = trained(3, (1, 2, 3, 4))
    _, second = trained(3, (1, 4, 3, 2))
    for name, weight in single[0].items():
        assert torch.equal(averaged[0][name], weight)  # the first epoch has none before it
        torch.testing.assert_close(averaged[1][name], (weight + single[1][name]) / 2)
        mean = (single[1][name] + single[2][name] + single[3][name]) / 3
        torch.testing.assert_close(averaged[3][name], mean)
        assert torch.equal(last[name], averaged[3][name])
        assert torch.equal(second[name], averaged[1][name])


def test_the_best_epoch_is_kept(tiny_bert_dir: Path) -> None:
    values = (0.2, 0.7, 0.7, 0.1)
    seen: list[bytes] = []

    def validate(model: torch.nn.Module) -> float:
        assert not model.training
        seen.append(weight_bytes(model))
        return values[len(seen) - 1]

    model, encoder = toy_model(tiny_bert_dir)
    result = train(model, encoder, toy_groups(), dataclasses.replace(OPTIONS, epochs=4), validate=validate)
    assert result.validations == values
    assert result.best_epoch == 2  # the first of equals
    assert weight_bytes(model) == seen[1]


def test_patience_ends_training_early(tiny_bert_dir: Path) -> None:
    values = iter((0.2, 0.7, 0.6, 0.65, 0.9))
    model, encoder = toy_model(tiny_bert_dir)
    options = dataclasses.replace(OPTIONS, epochs=10, patience=2)
    result = train(model, encoder, toy_groups(), options, validate=lambda _: next(values))
    assert (result.best_epoch, len(result.losses)) == (2, 4)


def test_frozen_embeddings_stay(tiny_bert_dir: Path) -> None:
    model, encoder = toy_model(tiny_bert_dir)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    train(model, encoder, toy_groups(), dataclasses.replace(OPTIONS, epochs=1, freeze_embeddings=True))
    changed = {name for name, weight in model.state_dict().items() if not torch.equal(weight, before[name])}
    assert "bert.embeddings.word_embeddings.weight" not in changed
    assert "bert.encoder.layer.0.attention.self.query.weight" in changed


def test_a_label_of_weight_zero_teaches_nothing(tiny_bert_dir: Path) -> None:
    finals = []
    for wrong in (0.0, 1000.0):
        groups = toy_groups(weights=True)
        for group in groups:
            assert group.weights is not None
            group.weights[5] = 0
            group.targets[5] = wrong
        model, encoder = toy_model(tiny_bert_dir)
        train(model, encoder, groups, dataclasses.replace(OPTIONS, epochs=2))
        finals.append(weight_bytes(model))
    assert finals[0] == finals[1]


def test_bfloat16_trains_close_to_float32(tiny_bert_dir: Path) -> None:
    losses = []
    for precision in ("float32", "bfloat16"):
        model, encoder = toy_model(tiny_bert_dir)
        result = train(model, encoder, toy_groups(), dataclasses.replace(OPTIONS, epochs=15, precision=precision))
        losses.append(result.losses)
    assert losses[0] != losses[1]
    assert losses[1][0] == pytest.approx(losses[0][0], rel=0.05)
    assert losses[1][-1] < 0.6 * losses[1][0]


def test_divergence_says_at_which_step_and_what_to_try(tiny_bert_dir: Path) -> None:
    model, encoder = toy_model(tiny_bert_dir)
    with torch.no_grad():
        model.classifier.weight.fill_(float("nan"))
    with pytest.raises(MachineError, match=r"step 1 of 60 \(epoch 1\): loss nan.*lower learning_rate \(0.005\)"):
        train(model, encoder, toy_groups(), OPTIONS)


def test_a_validation_that_is_nan_stops(tiny_bert_dir: Path) -> None:
    model, encoder = toy_model(tiny_bert_dir)
    with pytest.raises(MachineError, match="validation after epoch 1 is nan"):
        train(model, encoder, toy_groups(), OPTIONS, validate=lambda _: float("nan"))


def test_constant_scores_raise_an_alarm(tiny_bert_dir: Path) -> None:
    model, encoder = toy_model(tiny_bert_dir)
    with torch.no_grad():
        model.classifier.weight.zero_()
    result = train(model, encoder, toy_groups(), dataclasses.replace(OPTIONS, epochs=1, learning_rate=1e-9))
    assert len(result.warnings) == 1
    assert "scores all products of a query alike" in result.warnings[0]


@pytest.mark.parametrize("loss", ["margin_mse", "pointwise_mse"])
def test_queries_with_one_product(tiny_bert_dir: Path, loss: str) -> None:
    options = dataclasses.replace(OPTIONS, epochs=1, loss=loss)
    whole = toy_groups()
    single = Group(whole[0].query, whole[0].products[:1], whole[0].targets[:1])
    model, encoder = toy_model(tiny_bert_dir)
    result = train(model, encoder, [single, *whole[1:]], options)
    assert any("1 queries with fewer than 2" in line for line in result.warnings) == (loss in PAIRED)
    if loss in PAIRED:
        with pytest.raises(InputError, match="none of 1 queries has 2 labelled products"):
            train(model, encoder, [single], options)


def test_bad_groups_are_named(tiny_bert_dir: Path) -> None:
    model, encoder = toy_model(tiny_bert_dir)
    good = toy_groups()[0]
    nan = dataclasses.replace(good, targets=good.targets * np.float32("nan"))
    negative = dataclasses.replace(good, weights=np.full(6, -1, dtype=np.float32))
    short = dataclasses.replace(good, targets=good.targets[:2])
    for bad, expected in ((nan, "target that is not finite"), (negative, "negative"), (short, "6 products but 2")):
        with pytest.raises(InputError, match=f"'shirt'.*{expected}"):
            train(model, encoder, [bad], OPTIONS)
    with pytest.raises(InputError, match=r"'margin_msee'; did you mean 'margin_mse'\?"):
        train(model, encoder, [good], dataclasses.replace(OPTIONS, loss="margin_msee"))


def test_logits_are_refused_where_probabilities_are_learnt(tiny_bert_dir: Path) -> None:
    model, encoder = toy_model(tiny_bert_dir)
    with pytest.raises(InputError, match="put a teacher's logits through a sigmoid first"):
        train(model, encoder, toy_groups(), dataclasses.replace(OPTIONS, loss="soft_bce"))


def test_training_and_labelling_import_no_data_set_library() -> None:
    modules = "rerank.teacher, rerank.training, rerank.scoring, rerank.losses, rerank.heads"
    barred = "('datasets', 'faiss', 'ray', 'ir_measures', 'peft')"
    code = f"import sys, {modules}; print([name for name in {barred} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert done.stdout.strip() == "[]"
