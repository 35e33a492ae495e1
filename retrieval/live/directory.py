"""The directory `live/`: its locks, its pointer, and what may be removed from it."""

import shutil
from contextlib import AbstractContextManager
from pathlib import Path

from eval.errors import MachineError
from eval.files import sync_directory
from retrieval.dense import DenseRetriever
from retrieval.live.generation import generation_path
from retrieval.live.locks import file_lock
from retrieval.live.log import Log
from retrieval.live.pointer import Pointer
from retrieval.live.rebase import rebase


class RebuiltError(MachineError):
    """The run's index was built anew after this process opened it; open the run again."""


class LiveDirectory:
    """`live/`, as a process sees it that has opened the run's index with the fingerprints `base` and `texts`."""

    def __init__(self, path: Path, base: str, texts: str) -> None:
        self.path = Path(path)
        self.base = base
        self.texts = texts
        self.log = Log(self.path / "log")

    def lock(self, *, shared: bool = False, seconds: float = 30.0) -> AbstractContextManager[None]:
        """The lock of log and pointer: shared to read, alone to write; errors as `file_lock`."""
        return file_lock(self.path / "lock", shared=shared, seconds=seconds)

    def merge_lock(self) -> AbstractContextManager[None]:
        """Held by the one process that merges; `LockedError` at once when another does."""
        return file_lock(self.path / "merge.lock", seconds=0)

    def begin(self, dense: DenseRetriever) -> None:
        """See to it that there is a pointer, and that it belongs to the run's index, whose vectors are `dense`.

        Raises:
            MachineError: the directory cannot be written, or is damaged.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            sync_directory(self.path.parent)
        except OSError as error:
            raise MachineError(
                f"cannot write {self.path}: {error.strerror}; give the server a directory it may write"
            ) from None
        with self.lock():
            pointer = Pointer.read(self.path)
            if pointer is None:
                self._begin_anew()
            elif pointer.base != self.base:
                rebased = rebase(pointer, self.log, self.path, dense, self.base, self.texts)
                rebased.write(self.path)
                self.remove_old(rebased)
            else:
                last = self.log.last(pointer.segment)
                for number in self.log.numbers():
                    if number > last:  # left by a rebase that was killed
                        self.log.remove(number)

    def pointer(self) -> Pointer:
        """The current pointer.

        Raises:
            RebuiltError: it belongs to another index of the run.
            MachineError: it is missing or broken.
        """
        pointer = Pointer.read(self.path)
        if pointer is None:
            raise MachineError(f"{self.path}/CURRENT has vanished; restore it, or open the run again")
        if pointer.base != self.base:
            raise self.rebuilt()
        return pointer

    def rebuilt(self) -> RebuiltError:
        """The error that says so."""
        return RebuiltError(f"the run of {self.path} was built anew since this process opened it; open the run again")

    def remove_old(self, pointer: Pointer) -> None:
        """Remove segments and generations that the pointer no longer leads to; who has them open keeps them."""
        for number in self.log.numbers():
            if number < pointer.segment:
                self.log.remove(number)
        for path in (self.path / "generations").glob("[0-9]*"):
            if path != generation_path(self.path, pointer.generation):
                shutil.rmtree(path, ignore_errors=True)

    def remove_unfinished(self) -> None:
        """Remove what killed merges have left; the caller holds the merge lock."""
        for path in (self.path / "generations").glob(".*"):
            shutil.rmtree(path, ignore_errors=True)

    def _begin_anew(self) -> None:
        if any(self.log.path(number).stat().st_size for number in self.log.numbers()):
            raise MachineError(
                f"{self.path} holds a log but no CURRENT; restore that file from a copy, or remove the directory to go "
                "back to the index of the run"
            )
        self.log.create(1)
        Pointer(0, 1, 0, self.base, self.texts).write(self.path)
