"""A catalogue that changes while it is searched, shared by the processes of a host through one directory, `live/`.

    CURRENT            which generation, and from which segment of the log on (replaced atomically)
    log/00000007.wal   what has changed since, appended and synced by whichever process takes the write
    generations/000003 the newest merged catalogue and indexes; without one, the run's own `data/` and `index/` are it
    lock, merge.lock   held to append or to read the log, and to merge

**Writing.** A change is encoded, appended under the lock, synced, and only then acknowledged; the vectors of new
products travel in the log, so that no other process encodes them. A bulk is one record: one sync, in whole or not at
all. When the disk is full nothing is accepted, and the log stays as it was.

**Reading.** `view` answers an immutable view: a request takes one and keeps it. `refresh` applies what others have
written; called every few tenths of a second, it makes every change visible on the whole host within one. Across hosts,
`live/` has to lie on shared storage with working flock.

**Merging.** `merge` builds the next generation from a view while searches and writes go on, and swaps CURRENT; other
processes go on with their old files, open the new ones in the background, and change over. Whatever is killed, at
whatever moment: CURRENT and the log together always make up all that was acknowledged.

**A new index.** When the run was built anew (other products, fields, encoder), the first process to open it carries
the live changes over (`retrieval.live.rebase`). Processes that still serve the old index answer searches as before,
but their `refresh` and writes raise `RebuiltError`: they must open the run again. To drop the live changes instead,
stop the server and remove `live/`.
"""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from eval.errors import DistilrankError, InputError, MachineError
from retrieval.bm25 import BM25Retriever
from retrieval.dense import DenseRetriever
from retrieval.expansion import Expansion
from retrieval.first_stages import FirstStage
from retrieval.fusion import Fusion
from retrieval.live.accept import accepted
from retrieval.live.directory import LiveDirectory, RebuiltError
from retrieval.live.generation import (
    Attach,
    Finish,
    Generation,
    base_fingerprint,
    build_generation,
    first_generation,
    generation_path,
    open_generation,
    texts_fingerprint,
)
from retrieval.live.locks import LockedError
from retrieval.live.pointer import Pointer, pointer_stamp
from retrieval.live.records import Change
from retrieval.live.state import State
from retrieval.live.view import View
from retrieval.types import Product
from retrieval.vector_index import normalise

_READ_SECONDS = 0.5  # how long a refresh waits for a writer before it leaves the news to the next one


__all__ = ["LiveShop", "RebuiltError", "Removed"]


class Removed(NamedTuple):
    """What `LiveShop.remove` has done: the version without the products, and the ids that there were."""

    version: int
    found: tuple[str, ...]


class LiveShop:
    """The catalogue of a run with its live changes; every method may be called from any thread.

    Args:
        dense, bm25: the run's own indexes, over the same catalogue.
        directory: `live/`; made where there is none.
        first_stage: which retriever the views have; `fusion`: how its parts are fused; `expansion`: how it looks twice.
        attach: opens what else belongs to a generation (tokenised products, say) from its directory, None for the
            run's own, and its vectors; the result is the view's `attached`. It is called again when the files vanish
            underneath it.

    Raises:
        InputError: the indexes are over two catalogues.
        MachineError: the directory cannot be written, or its files are damaged.
    """

    def __init__(
        self,
        dense: DenseRetriever,
        bm25: BM25Retriever,
        directory: Path,
        *,
        first_stage: FirstStage = "hybrid",
        fusion: Fusion = "scores",
        expansion: Expansion | None = None,
        attach: Attach | None = None,
    ) -> None:
        if dense.catalogue.path != bm25.catalogue.path:
            raise InputError(f"the indexes are over two catalogues, {dense.catalogue.path} and {bm25.catalogue.path}")
        self.directory = Path(directory)
        self.fields = dense.catalogue.fields
        self._own: tuple[DenseRetriever, BM25Retriever] | None = (dense, bm25)  # as long as they may be needed
        self._encoder = dense.encoder
        self._template = dense.index.manifest.template
        self._live = LiveDirectory(self.directory, base_fingerprint(dense, bm25), texts_fingerprint(dense))
        self._first_stage = first_stage
        self._fusion = fusion
        self._expansion = expansion
        self._attach = attach
        self._mutex = threading.Lock()  # guards the state; taken before the lock file, never while that is held
        self._follower: threading.Thread | None = None
        self._trouble: Exception | None = None
        self._closed = False
        self._live.begin(dense)
        self._stamp = pointer_stamp(self._live.path)
        self._state = self._opened()
        self._refreshed = self._state.view

    def view(self) -> View:
        """The newest view; takes no time."""
        return self._state.view

    def put(self, products: Sequence[Product]) -> int:
        """Add the products, or replace those whose id is there; all of them or, on an error, none.

        A field that is not given is empty. Of an id that comes twice, the last counts.

        Returns:
            The version that holds them: durable, in this process's view, and in every view of at least this version.

        Raises:
            InputError: an empty id, a field that the catalogue lacks, or text that is none.
            MachineError: the disk is full or refuses, or the log is damaged; `RebuiltError` see there.
        """
        whole = list({product.id: accepted(product, self.fields) for product in products}.values())
        if not whole:
            return self.view().version
        texts = [self._template.text(product) for product in whole]
        change = Change(whole, normalise(self._encoder.encode_products(texts)))
        _ = change.payload  # made before the lock is taken
        with self._writing() as state:
            return state.append(change)

    def delete(self, ids: Sequence[str]) -> int:
        """Take products out; an id that is not there is no error (`remove` tells). Returns and raises as `put`."""
        return self.remove(ids).version

    def remove(self, ids: Sequence[str]) -> Removed:
        """`delete`, and which of the ids there were."""
        with self._writing() as state:
            found = [product_id for product_id in dict.fromkeys(ids) if product_id in state.view.catalogue]
            return Removed(state.append(Change(deleted=found)) if found else state.version, tuple(found))

    def refresh(self) -> bool:
        """Apply what other processes have written; True when the view has changed since the last call.

        Cheap when nothing has. What somebody is writing just now, and for long, is left to the next call.

        Raises:
            MachineError: the log or a new generation is damaged; `RebuiltError` see there. The view stays as it was.
        """
        with self._mutex:
            if self._closed:
                return False
            if self._trouble is not None:
                trouble, self._trouble, self._stamp = self._trouble, None, None
                raise trouble
            if pointer_stamp(self._live.path) != self._stamp or self._state.has_news():
                with contextlib.suppress(LockedError), self._live.lock(shared=True, seconds=_READ_SECONDS):
                    self._catch_up()
            changed = self._state.view is not self._refreshed
            self._refreshed = self._state.view
            return changed

    def merge(self, finish: Finish | None = None) -> bool:
        """Build the next generation from the newest view, and change over; other processes follow when they refresh.

        Takes as long as building the index does, in this thread; searches and writes go on meanwhile, though searches
        of this process more slowly (much of the work is Python's). Any process may merge, also one that serves nothing.

        Args:
            finish: writes what else belongs to the generation into its directory, before the change.

        Returns:
            False when there was nothing to merge, no product is left (an index needs one), or another process merges.

        Raises:
            MachineError: the disk is full or refuses; the old generation stays. `RebuiltError` see there.
        """
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(self._live.merge_lock())
            except LockedError:
                return False
            with self._writing() as state:
                pointer, view, changed = self._live.pointer(), state.view, set(state.touched)
                if view.version == pointer.sequence or view.products == 0:
                    return False
                generation = state.generation
                state.rotate()
                segment = state.segment.number
            self._live.remove_old(pointer)
            self._live.remove_unfinished()
            number = pointer.generation + 1
            build_generation(generation, view.catalogue, changed, generation_path(self._live.path, number), finish)
            following = Pointer(number, segment, view.version, self._live.base, self._live.texts)
            merged = self._generation(following)
            with self._writing():
                state = self._made(merged, following)
                try:
                    state.advance()
                    following.write(self._live.path)
                except BaseException:
                    state.close()
                    raise
                self._adopt(state)
                self._stamp = pointer_stamp(self._live.path)
            self._live.remove_old(following)
        return True

    def close(self) -> None:
        """Take no more changes, and follow no others'; views go on working."""
        if self._follower is not None:
            self._follower.join()
        with self._mutex:
            self._closed = True
            self._state.close()

    def _made(self, generation: Generation, pointer: Pointer) -> State:
        return State(generation, self._live.log, pointer, self._first_stage, self._fusion, self._expansion)

    def _generation(self, pointer: Pointer) -> Generation:
        if pointer.generation == 0:
            if self._own is None:  # rebuilt, and rebuilt once more to what it was
                raise self._live.rebuilt()
            return first_generation(*self._own, self._attach)
        directory = generation_path(self._live.path, pointer.generation)
        return open_generation(directory, pointer.generation, self._encoder, self._attach)

    def _opened(self) -> State:
        """The newest generation with the log applied to it; takes the lock file itself, and never for long."""
        while True:
            pointer = self._live.pointer()
            try:
                state = self._made(self._generation(pointer), pointer)
                if self._read_all(state):
                    return state
            except (DistilrankError, OSError) as error:
                if self._live.pointer() != pointer:  # merged meanwhile, and the old files removed
                    continue
                if isinstance(error, FileNotFoundError):
                    raise MachineError(
                        f"{error.filename} is missing; restore it from a copy, or remove {self._live.path} to go back "
                        "to the index of the run"
                    ) from None
                raise

    def _read_all(self, state: State) -> bool:
        """Apply all of the log to a new state; False, and the state closed, when a part of it has been merged away."""
        try:
            while True:
                with self._live.lock(shared=True):
                    changes = state.read()
                    reached = state.segment.number >= self._live.pointer().segment
                state.apply(changes)
                if not changes:
                    break
        except BaseException:
            state.close()
            raise
        if not reached:
            state.close()
        return reached

    def _adopt(self, state: State) -> None:
        self._state.close()
        self._state = state
        if state.generation.number:
            self._own = None

    def _catch_up(self) -> bool:
        """Apply the log, and see to it that the newest generation is followed; False when the log is out of reach.

        The caller holds the mutex and the lock file.
        """
        stamp, pointer = pointer_stamp(self._live.path), self._live.pointer()
        self._state.advance()
        reached = self._state.segment.number >= pointer.segment
        if not (reached and pointer.generation == self._state.generation.number) and not self._following():
            self._follower = threading.Thread(target=self._follow, name="live-generation", daemon=True)
            self._follower.start()
        self._stamp = stamp
        return reached

    def _following(self) -> bool:
        return self._follower is not None and self._follower.is_alive()

    def _follow(self) -> None:
        """Open the newest generation, beside the one that is searched, and change over to it."""
        try:
            state = self._opened()
            with self._mutex, self._live.lock(shared=True):
                state.advance()
                if state.version >= self._state.version:
                    self._adopt(state)
                else:  # merged twice meanwhile
                    self._stamp = None
                    state.close()
        except Exception as error:  # told to the next refresh
            self._trouble = error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[State]:
        """Hold the log alone, with a state that has all of it applied."""
        with self._mutex:
            if self._closed:
                raise MachineError(f"{self.directory} has been closed in this process; open the run again")
            while True:
                with self._live.lock():
                    if self._catch_up():
                        yield self._state
                        return
                self._adopt(self._opened())
