"""Training a cross-encoder on groups of scored pairs: resumable, repeatable, watched.

Knows nothing of teachers and students: a group brings its targets, an option names the loss.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from transformers import PreTrainedModel

from rerank.alarms import constant_scores_alarm
from rerank.inputs import PairEncoder
from rerank.losses import LOSSES
from rerank.precision import forward_precision
from rerank.train_options import TrainOptions, TrainResult
from rerank.training_data import Group, TrainingData
from retrieval.batching import Part
from retrieval.checkpoints import Checkpoints
from retrieval.training_loop import TrainingLoop, trainable_weights
from retrieval.training_mode import training_mode

__all__ = ["Group", "TrainOptions", "TrainResult", "train"]


def train(
    model: PreTrainedModel,
    pair_encoder: PairEncoder,
    groups: Sequence[Group],
    options: TrainOptions,
    *,
    checkpoints: Path | None = None,
    validate: Callable[[PreTrainedModel], float] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> TrainResult:
    """Train `model` in place; it ends in eval mode with the best epoch's weights (without `validate`, the last one's).
    Where `average` is above 1, an epoch's weights are the mean over it and the ones before.

    AdamW with linear warm-up and decay, gradients clipped to `gradient_norm`. A run killed at any moment and started
    again with the same arguments (and a model with the same first weights) goes on from its last checkpoint and ends
    with the same bits, on the CPU and with the same number of threads; a finished one returns at once. The caller's
    random state is untouched.

    Args:
        model: a sequence classifier on its device.
        checkpoints: a directory of this training's own; None trains without.
        validate: called with the model (in eval mode) after each epoch; higher is better.
        progress: called with (steps done, all steps). When it raises a DistilrankError, a checkpoint is written first.

    Raises:
        InputError: on an unknown loss, a target that is not finite, nothing to learn from, or another run's checkpoint.
        MachineError: when loss, gradient or validation stop being finite, or the disk is full.
    """
    if options.freeze_embeddings:
        model.get_input_embeddings().requires_grad_(False)
    data = TrainingData(pair_encoder, groups, options.loss)
    cuda = [model.device] if model.device.type == "cuda" else []
    with torch.random.fork_rng(devices=cuda):
        torch.manual_seed(options.seed)
        loop = TrainingLoop(
            model,
            lambda epoch: _batches(data, options, epoch),
            lambda batch: _loss(model, data, options, batch),
            options,
            None if checkpoints is None else _checkpoints(model, data, options, checkpoints),
            average=options.average,
        )
        with training_mode(model, options.dropout, pair_encoder.max_length):
            loop.go_on(None if validate is None else lambda: validate(model), progress)
    warnings = data.warnings + constant_scores_alarm(model, pair_encoder, data.groups, options.precision)
    state = loop.state
    return TrainResult(state.steps, state.losses, state.validations, state.best_epoch, warnings)


def _batches(data: TrainingData, options: TrainOptions, epoch: int) -> list[list[Part]]:
    return data.epoch(epoch, group_size=options.group_size, pairs_per_batch=options.pairs_per_batch, seed=options.seed)


def _loss(model: PreTrainedModel, data: TrainingData, options: TrainOptions, batch: list[Part]) -> torch.Tensor:
    with forward_precision(model, options.precision):
        inputs, targets, weights, (rows, places) = data.batch(batch, model.device)
        logits = model(**inputs).logits.float()
        scores = torch.zeros((*weights.shape, logits.shape[-1]), device=logits.device).index_put((rows, places), logits)
        if targets.ndim == 2:
            scores = scores.squeeze(-1)
        return LOSSES[options.loss](scores, targets, weights)


def _checkpoints(model: PreTrainedModel, data: TrainingData, options: TrainOptions, path: Path) -> Checkpoints:
    settings = {name: value for name, value in asdict(options).items() if name != "checkpoint_seconds"}
    return Checkpoints(path, data.fingerprint(trainable_weights(model), settings))
