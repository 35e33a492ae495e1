"""Training a cross-encoder on groups of scored pairs: resumable, repeatable, watched.

Knows nothing of teachers and students: a group brings its targets, an option names the loss.
"""

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from eval.errors import DistilrankError, MachineError
from rerank.alarms import constant_scores_alarm
from rerank.batching import Part
from rerank.checkpoints import Checkpoints
from rerank.inputs import PairEncoder
from rerank.losses import LOSSES
from rerank.precision import forward_precision
from rerank.train_options import TrainOptions, TrainResult
from rerank.training_data import Group, TrainingData
from rerank.training_mode import training_mode

__all__ = ["Group", "TrainOptions", "TrainResult", "train"]

_log = logging.getLogger(__name__)


@dataclass
class _State:
    """Where training stands: `step` steps into epoch `epoch` (from 0), `total_loss` their losses' sum."""

    epoch: int = 0
    step: int = 0
    steps: int = 0
    total_loss: float = 0.0
    losses: tuple[float, ...] = ()
    validations: tuple[float, ...] = ()
    best_epoch: int = 0
    finished: bool = False


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
        run = _Run(model, data, options, checkpoints)
        with training_mode(model, options.dropout, pair_encoder.max_length):
            run.go_on(validate, progress)
    warnings = data.warnings + constant_scores_alarm(model, pair_encoder, data.groups, options.precision)
    state = run.state
    return TrainResult(state.steps, state.losses, state.validations, state.best_epoch, warnings)


class _Run:
    """One training on its way: model, optimiser and state, saved and restored together."""

    def __init__(self, model: PreTrainedModel, data: TrainingData, options: TrainOptions, path: Path | None) -> None:
        self.model = model
        self.data = data
        self.options = options
        self.state = _State()
        self.trainable = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
        # Norms and biases are not decayed: pulling them to zero regularises nothing.
        matrices = [weight for weight in self.trainable.values() if weight.ndim >= 2]
        vectors = [weight for weight in self.trainable.values() if weight.ndim < 2]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": matrices, "weight_decay": options.weight_decay},
                {"params": vectors, "weight_decay": 0.0},
            ],
            lr=options.learning_rate,
            fused=model.device.type in ("cpu", "cuda"),
        )
        per_epoch = [-(-len(self._batches(epoch)) // options.accumulate) for epoch in range(options.epochs)]
        self.total_steps = sum(per_epoch)
        self.best: dict[str, torch.Tensor] = {}
        self.checkpoints: Checkpoints | None = None
        self.saved_at = time.monotonic()
        if path is not None:
            settings = {name: value for name, value in asdict(options).items() if name != "checkpoint_seconds"}
            self.checkpoints = Checkpoints(path, data.fingerprint(self.trainable, settings))
            self._restore(self.checkpoints.load())

    def go_on(
        self,
        validate: Callable[[PreTrainedModel], float] | None,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        """Train from wherever the state is to the end."""
        state = self.state
        while not state.finished:
            batches = self._batches(state.epoch)
            steps = [batches[i : i + self.options.accumulate] for i in range(0, len(batches), self.options.accumulate)]
            self.model.train()
            for step in steps[state.step :]:
                state.total_loss += self._step(step)
                state.step += 1
                state.steps += 1
                if time.monotonic() - self.saved_at >= self.options.checkpoint_seconds:
                    self._save()
                if progress is not None:
                    try:
                        progress(state.steps, self.total_steps)
                    except DistilrankError:
                        self._save()
                        raise
            self._end_epoch(len(steps), validate)

    def _step(self, batches: list[list[Part]]) -> float:
        """One optimiser step over some batches; their mean loss."""
        rate = self.options.learning_rate * self._schedule(self.state.steps)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        total = 0.0
        for batch in batches:
            with forward_precision(self.model, self.options.precision):
                loss = self._loss(batch)
            (loss / len(batches)).backward()
            total += loss.item() / len(batches)
        norm = torch.nn.utils.clip_grad_norm_(self.trainable.values(), self.options.gradient_norm).item()
        if not (math.isfinite(total) and math.isfinite(norm)):
            raise MachineError(
                f"training diverged at step {self.state.steps + 1} of {self.total_steps} (epoch "
                f"{self.state.epoch + 1}): loss {total}, gradient norm {norm}; lower learning_rate "
                f"({self.options.learning_rate:g}), raise warmup ({self.options.warmup:g}) "
                f"or set precision: float32 ({self.options.precision})"
            )
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return total

    def _loss(self, batch: list[Part]) -> torch.Tensor:
        inputs, targets, weights, (rows, places) = self.data.batch(batch, self.model.device)
        logits = self.model(**inputs).logits.float()
        scores = torch.zeros((*weights.shape, logits.shape[-1]), device=logits.device).index_put((rows, places), logits)
        if targets.ndim == 2:
            scores = scores.squeeze(-1)
        return LOSSES[self.options.loss](scores, targets, weights)

    def _schedule(self, step: int) -> float:
        warm = math.ceil(self.options.warmup * self.total_steps)
        if step < warm:
            return (step + 1) / warm
        return (self.total_steps - step) / (self.total_steps - warm)

    def _batches(self, epoch: int) -> list[list[Part]]:
        return self.data.epoch(
            epoch,
            group_size=self.options.group_size,
            pairs_per_batch=self.options.pairs_per_batch,
            seed=self.options.seed,
        )

    def _end_epoch(self, steps: int, validate: Callable[[PreTrainedModel], float] | None) -> None:
        state = self.state
        state.epoch += 1
        state.losses += (state.total_loss / steps,)
        state.step, state.total_loss = 0, 0.0
        if validate is None:
            state.best_epoch = state.epoch
        else:
            self._validate(validate)
        waited = state.epoch - state.best_epoch
        state.finished = state.epoch == self.options.epochs or 0 < self.options.patience <= waited
        _log.info("epoch %d: loss %.4f, validation %s", state.epoch, state.losses[-1], state.validations[-1:])
        if state.finished and state.best_epoch < state.epoch:
            self._put(self.best or self._on_disk().load_best())
        self._save()
        if state.finished and self.checkpoints is not None:
            self.checkpoints.drop_best()

    def _validate(self, validate: Callable[[PreTrainedModel], float]) -> None:
        state = self.state
        self.model.eval()
        with torch.random.fork_rng(devices=[self.model.device] if self.model.device.type == "cuda" else []):
            value = float(validate(self.model))
        if not math.isfinite(value):
            raise MachineError(
                f"validation after epoch {state.epoch} is {value}; lower learning_rate or check the dev data"
            )
        if not state.validations or value > max(state.validations):
            state.best_epoch = state.epoch
            weights = self._weights()
            if self.checkpoints is not None:
                self.checkpoints.save_best(weights)
            else:
                self.best = {name: weight.clone() for name, weight in weights.items()}
        state.validations += (value,)

    def _on_disk(self) -> Checkpoints:
        assert self.checkpoints is not None
        return self.checkpoints

    def _weights(self) -> dict[str, torch.Tensor]:
        return {name: weight.detach() for name, weight in self.trainable.items()}

    def _put(self, weights: dict[str, torch.Tensor]) -> None:
        with torch.no_grad():
            for name, weight in self.trainable.items():
                weight.copy_(weights[name])

    def _save(self) -> None:
        if self.checkpoints is None:
            return
        saved: dict[str, Any] = {"state": asdict(self.state), "weights": self._weights()}
        if not self.state.finished:
            saved["optimizer"] = self.optimizer.state_dict()
            saved["random"] = torch.get_rng_state()
            if self.model.device.type == "cuda":
                saved["cuda_random"] = torch.cuda.get_rng_state(self.model.device)
        self.checkpoints.save(saved)
        self.saved_at = time.monotonic()

    def _restore(self, saved: dict[str, Any] | None) -> None:
        if saved is None:
            return
        self.state = _State(**saved["state"])
        self._put(saved["weights"])
        if self.state.finished:
            return
        self.optimizer.load_state_dict(saved["optimizer"])
        torch.set_rng_state(saved["random"])
        if self.model.device.type == "cuda":
            torch.cuda.set_rng_state(saved["cuda_random"], self.model.device)
