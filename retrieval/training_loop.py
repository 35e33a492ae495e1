"""The optimiser's loop, whatever is trained: resumable to the same bits, repeatable, watched.

Knows batches and a loss, not what they hold; bi-encoder, teacher and student are trained by it.
"""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Generic, TypeVar

import torch
from torch import nn

from eval.errors import DistilrankError, MachineError
from retrieval.checkpoints import Checkpoints
from retrieval.loop_options import LoopOptions
from retrieval.progress import Progress

_log = logging.getLogger(__name__)

Batch = TypeVar("Batch")


@dataclass
class LoopState:
    """Where training stands: `step` steps into epoch `epoch` (from 0), `total_loss` their losses' sum."""

    epoch: int = 0
    step: int = 0
    steps: int = 0
    total_loss: float = 0.0
    losses: tuple[float, ...] = ()
    validations: tuple[float, ...] = ()
    best_epoch: int = 0
    finished: bool = False


def trainable_weights(model: nn.Module) -> dict[str, nn.Parameter]:
    """The weights that training changes, by name."""
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}


class TrainingLoop(Generic[Batch]):
    """One training on its way: model, optimiser and state, saved and restored together.

    AdamW with linear warm-up and decay, gradients clipped to `gradient_norm`. It draws from torch's random state, which
    the caller seeds; where there is a checkpoint, weights, optimiser and random state are set from it.

    Args:
        batches: the batches of an epoch (from 0), a pure function of its number.
        loss: of a batch, a scalar.
        checkpoints: where to go on from; None trains without.
        average: what is validated and kept is the mean of the weights after the last so many epochs (1: the last's).
    """

    def __init__(
        self,
        model: nn.Module,
        batches: Callable[[int], list[Batch]],
        loss: Callable[[Batch], torch.Tensor],
        options: LoopOptions,
        checkpoints: Checkpoints | None,
        *,
        average: int = 1,
    ) -> None:
        self.model = model
        self.state = LoopState()
        self._batches = batches
        self._loss = loss
        self._options = options
        self._checkpoints = checkpoints
        self._trainable = trainable_weights(model)
        self._device = next(model.parameters()).device
        # Norms and biases are not decayed: pulling them to zero regularises nothing.
        matrices = [weight for weight in self._trainable.values() if weight.ndim >= 2]
        vectors = [weight for weight in self._trainable.values() if weight.ndim < 2]
        self._optimizer = torch.optim.AdamW(
            [
                {"params": matrices, "weight_decay": options.weight_decay},
                {"params": vectors, "weight_decay": 0.0},
            ],
            lr=options.learning_rate,
            fused=self._device.type in ("cpu", "cuda"),
        )
        per_epoch = [-(-len(batches(epoch)) // options.accumulate) for epoch in range(options.epochs)]
        self.total_steps = sum(per_epoch)
        self._best: dict[str, torch.Tensor] = {}
        self._average = average
        self._recent: dict[int, dict[str, torch.Tensor]] = {}  # by epoch, from 1: what is averaged
        self._saved_at = time.monotonic()
        if checkpoints is not None:
            self._restore(checkpoints.load())

    def go_on(self, validate: Callable[[], float] | None, progress: Progress | None) -> None:
        """Train from wherever the state is to the end; the best epoch's weights are in the model then.

        Args:
            validate: called after each epoch, the model in eval mode; higher is better. None: the last epoch is best.
            progress: called with (steps done, all steps). When it raises a DistilrankError, a checkpoint is written
                first.

        Raises:
            MachineError: when loss, gradient or validation stop being finite, or the disk is full.
        """
        state = self.state
        while not state.finished:
            batches, accumulate = self._batches(state.epoch), self._options.accumulate
            steps = [batches[i : i + accumulate] for i in range(0, len(batches), accumulate)]
            self.model.train()
            for step in steps[state.step :]:
                state.total_loss += self._step(step)
                state.step += 1
                state.steps += 1
                if time.monotonic() - self._saved_at >= self._options.checkpoint_seconds:
                    self._save()
                if progress is not None:
                    try:
                        progress(state.steps, self.total_steps)
                    except DistilrankError:
                        self._save()
                        raise
            self._end_epoch(len(steps), validate)

    def _step(self, batches: list[Batch]) -> float:
        """One optimiser step over some batches; their mean loss."""
        rate = self._options.learning_rate * self._schedule(self.state.steps)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        total = 0.0
        for batch in batches:
            loss = self._loss(batch)
            (loss / len(batches)).backward()
            total += loss.item() / len(batches)
        norm = torch.nn.utils.clip_grad_norm_(self._trainable.values(), self._options.gradient_norm).item()
        if not (math.isfinite(total) and math.isfinite(norm)):
            raise MachineError(
                f"training diverged at step {self.state.steps + 1} of {self.total_steps} (epoch "
                f"{self.state.epoch + 1}): loss {total}, gradient norm {norm}; lower learning_rate "
                f"({self._options.learning_rate:g}), raise warmup ({self._options.warmup:g}) "
                "or set precision: float32"
            )
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        return total

    def _schedule(self, step: int) -> float:
        warm = math.ceil(self._options.warmup * self.total_steps)
        if step < warm:
            return (step + 1) / warm
        return (self.total_steps - step) / (self.total_steps - warm)

    def _end_epoch(self, steps: int, validate: Callable[[], float] | None) -> None:
        state = self.state
        state.epoch += 1
        state.losses += (state.total_loss / steps,)
        state.step, state.total_loss = 0, 0.0
        latest = self._put_average() if self._average > 1 else None
        if validate is None:
            state.best_epoch = state.epoch
        else:
            self._validate(validate)
        waited = state.epoch - state.best_epoch
        state.finished = state.epoch == self._options.epochs or 0 < self._options.patience <= waited
        _log.info("epoch %d: loss %.4f, validation %s", state.epoch, state.losses[-1], state.validations[-1:])
        if state.finished and state.best_epoch < state.epoch:
            self._put(self._best or self._on_disk().load_best())
        if latest is not None and not state.finished:
            self._put(latest)
        self._save()
        self._tidy()

    def _put_average(self) -> dict[str, torch.Tensor]:
        """Put the mean of the last epochs' weights into the model; the epoch's own, which training goes on from."""
        epoch = self.state.epoch
        latest = {name: weight.clone() for name, weight in self._weights().items()}
        self._recent[epoch] = latest
        self._recent.pop(epoch - self._average, None)
        if self._checkpoints is not None:
            self._checkpoints.save_epoch(epoch, latest)
        recent = [self._recent[number] for number in sorted(self._recent)]
        self._put({name: torch.stack([weights[name] for weights in recent]).mean(0) for name in latest})
        return latest

    def _validate(self, validate: Callable[[], float]) -> None:
        state = self.state
        self.model.eval()
        with torch.random.fork_rng(devices=[self._device] if self._device.type == "cuda" else []):
            value = float(validate())
        if not math.isfinite(value):
            raise MachineError(
                f"validation after epoch {state.epoch} is {value}; lower learning_rate or check the dev data"
            )
        if not state.validations or value > max(state.validations):
            state.best_epoch = state.epoch
            weights = self._weights()
            if self._checkpoints is not None:
                self._checkpoints.save_best(weights)
            else:
                self._best = {name: weight.clone() for name, weight in weights.items()}
        state.validations += (value,)

    def _on_disk(self) -> Checkpoints:
        assert self._checkpoints is not None
        return self._checkpoints

    def _weights(self) -> dict[str, torch.Tensor]:
        return {name: weight.detach() for name, weight in self._trainable.items()}

    def _put(self, weights: dict[str, torch.Tensor]) -> None:
        with torch.no_grad():
            for name, weight in self._trainable.items():
                weight.copy_(weights[name])

    def _save(self) -> None:
        if self._checkpoints is None:
            return
        saved: dict[str, Any] = {"state": asdict(self.state), "weights": self._weights()}
        if not self.state.finished:
            saved["optimizer"] = self._optimizer.state_dict()
            saved["random"] = torch.get_rng_state()
            if self._device.type == "cuda":
                saved["cuda_random"] = torch.cuda.get_rng_state(self._device)
        self._checkpoints.save(saved)
        self._saved_at = time.monotonic()

    def _tidy(self) -> None:
        """Remove the weights that the saved state makes superfluous."""
        if self._checkpoints is None:
            return
        state = self.state
        self._checkpoints.drop_epochs(state.epoch + 1 if state.finished else state.epoch - self._average + 2)
        if state.finished:
            self._checkpoints.drop_best()

    def _restore(self, saved: dict[str, Any] | None) -> None:
        if saved is None:
            return
        self.state = LoopState(**saved["state"])
        self._tidy()  # a kill may have come between the state and this
        self._put(saved["weights"])
        if self.state.finished:
            return
        if self._average > 1:
            for epoch in range(max(1, self.state.epoch - self._average + 2), self.state.epoch + 1):
                stored = self._on_disk().load_epoch(epoch)
                self._recent[epoch] = {name: weight.to(self._device) for name, weight in stored.items()}
        self._optimizer.load_state_dict(saved["optimizer"])
        torch.set_rng_state(saved["random"])
        if self._device.type == "cuda":
            torch.cuda.set_rng_state(saved["cuda_random"], self._device)
