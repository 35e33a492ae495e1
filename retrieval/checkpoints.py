"""Checkpoints of a training: whole or not there at all, and never mistaken for another training's."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import torch

from eval.errors import InputError, MachineError
from eval.files import atomic_path


class _Digest(Protocol):
    def update(self, data: Any, /) -> object: ...


def digest_weights(digest: _Digest, weights: Mapping[str, torch.Tensor]) -> None:
    """Take weights, with their names and shapes, into a hash."""
    for name, weight in weights.items():
        digest.update(f"{name}{tuple(weight.shape)}".encode())
        digest.update(weight.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)


class Checkpoints:
    """The checkpoint directory of one training, which `fingerprint` identifies (data, options and first weights).

    `state.pt` is where training stands, `best.pt` the weights of the best epoch so far, `epoch-N.pt` those after epoch
    N while an average needs them. They are written before the state that names them; a kill between the two is
    harmless, since going on from the older state writes them again.
    """

    def __init__(self, path: Path, fingerprint: str) -> None:
        self.path = Path(path)
        self.fingerprint = fingerprint

    def save(self, state: dict[str, Any]) -> None:
        """Replace the state (tensors and plain values)."""
        self._write("state.pt", {**state, "fingerprint": self.fingerprint})

    def load(self) -> dict[str, Any] | None:
        """The state, None when there is none yet.

        Raises:
            InputError: when the checkpoint is another training's.
            MachineError: when it cannot be read.
        """
        if not (self.path / "state.pt").exists():
            return None
        state = self._read("state.pt")
        if state.get("fingerprint") != self.fingerprint:
            raise InputError(
                f"checkpoint {self.path} was written with other data, options or first weights; remove it to train anew"
            )
        return state

    def save_best(self, weights: dict[str, torch.Tensor]) -> None:
        """Replace the best weights."""
        self._write("best.pt", weights)

    def load_best(self) -> dict[str, torch.Tensor]:
        """The best weights."""
        return self._read("best.pt")

    def drop_best(self) -> None:
        """Remove the best weights: a finished state holds them."""
        (self.path / "best.pt").unlink(missing_ok=True)

    def save_epoch(self, epoch: int, weights: dict[str, torch.Tensor]) -> None:
        """Keep the weights after an epoch (from 1)."""
        self._write(f"epoch-{epoch}.pt", weights)

    def load_epoch(self, epoch: int) -> dict[str, torch.Tensor]:
        """The weights after an epoch."""
        return self._read(f"epoch-{epoch}.pt")

    def drop_epochs(self, before: int) -> None:
        """Remove the weights of all epochs before this one."""
        for path in self.path.glob("epoch-*.pt"):
            if int(path.stem.removeprefix("epoch-")) < before:
                path.unlink()

    def _write(self, name: str, value: dict[str, Any]) -> None:
        with atomic_path(self.path / name) as temporary:
            try:
                torch.save(value, temporary)
            except RuntimeError as error:  # torch reports a full disk as one
                raise OSError(f"torch.save failed ({str(error).splitlines()[0]})") from error

    def _read(self, name: str) -> dict[str, Any]:
        try:
            return torch.load(self.path / name, map_location="cpu", weights_only=True)
        except Exception as error:
            raise MachineError(
                f"checkpoint {self.path / name} is damaged ({type(error).__name__}); remove {self.path} to train anew"
            ) from error
