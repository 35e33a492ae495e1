"""What reranks the products of a finished run: its export and score table where there are any, else the student itself.

`distilrank search` and the server both ask here, so that both rank alike.
"""

import contextlib
import logging
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from eval.errors import DistilrankError, InputError
from eval.files import read_json
from rerank.runtime.exported import MANIFEST, ExportedStudent
from rerank.score_table import ScoreTable
from rerank.student import Student
from rerank.tabled_reranker import TabledReranker
from rerank.types import Pair, Reranker
from retrieval.catalogue import Catalogue
from retrieval.product_text import ProductTemplate
from workflow.run.directory import RunDirectory
from workflow.run.prepared import load_prepared
from workflow.served.score_table import carry_score_table, open_carried_table, open_score_table
from workflow.served.stored_tokens import StoredTokens
from workflow.stages.shortlist import Shortlisted

_log = logging.getLogger("distilrank.serving")

_TOKENS = "tokens"
_TABLE = "score-table"


class OneAtATime:
    """A reranker for several threads, around one that is for a single thread."""

    def __init__(self, reranker: Reranker) -> None:
        self._reranker = reranker
        self._lock = threading.Lock()

    def score(self, pairs: Sequence[Pair]) -> np.ndarray:
        """float32 [len(pairs)], as the reranker's."""
        with self._lock:
            return self._reranker.score(pairs)


class Rerankers:
    """The rerankers of a run: of its own index, and of the generations that live changes make of it.

    Args:
        template: what the student reads of a product.
        threads: of a request's arithmetic; None for the cores of this process.
        elsewhere: the student, where it is in another process; None to open it here.
    """

    def __init__(
        self,
        run: RunDirectory,
        template: ProductTemplate,
        *,
        threads: int | None = None,
        elsewhere: Reranker | None = None,
    ) -> None:
        self._run = run
        self._tokens = StoredTokens(run.root / "student", template)
        self._threads = threads
        self._student = elsewhere
        self._opened = contextlib.ExitStack()
        self.exported = elsewhere is None and (self._export / MANIFEST).exists()

    @property
    def _export(self) -> Path:
        return self._run.root / "student" / "export"

    def open(self, directory: Path | None, catalogue: Catalogue, shortlisted: Shortlisted | None = None) -> Reranker:
        """The reranker of the generation in `directory` (None: the run's own), whose rows are those of `catalogue`.

        Args:
            shortlisted: puts a shortlist of this catalogue around the student; None for none.

        Raises:
            MachineError: when the export is broken, or of another student.
            InputError: when the run's own product tokens are of other products.
        """
        student = self._of_rows(directory, catalogue) if self.exported else self._of_pairs()
        if shortlisted is not None:
            student = shortlisted(student)
        table = self._table(directory, catalogue)
        return student if table is None else TabledReranker(table, student)

    def finish(self, directory: Path, catalogue: Catalogue) -> None:
        """Write into a new generation's directory what `open` looks for there."""
        if self.exported:
            self._tokens.build(directory / _TOKENS, catalogue)
        with contextlib.suppress(InputError):  # a table that is out of date stays behind
            carry_score_table(self._run, load_prepared(self._run.data).catalogue, catalogue, directory / _TABLE)

    def student(self) -> Reranker:
        """The student for pairs, whatever the catalogue.

        Raises:
            as `open`.
        """
        if not self.exported:
            return self._of_pairs()
        return self._opened.enter_context(ExportedStudent.load(self._export, threads=self._threads))

    @property
    def runtime(self) -> str:
        """What computes the scores, for people."""
        if self.exported:
            about = read_json(self._export / MANIFEST)
            return f"{about['engine']}, {about['precision']}"
        return "torch" if self._student is None or isinstance(self._student, OneAtATime) else "another deployment"

    def close(self) -> None:
        """End the threads of what was opened."""
        self._opened.close()

    def _of_rows(self, directory: Path | None, catalogue: Catalogue) -> Reranker:
        if directory is None:
            tokens = self._tokens.open_own(catalogue)
        else:
            tokens = self._tokens.open_merged(directory / _TOKENS, catalogue)
        if tokens is None:
            _log.warning("the products are not tokenised yet; it is done as they are asked for")
        student = ExportedStudent.load(self._export, tokens, threads=self._threads)
        return self._opened.enter_context(student)

    def _table(self, directory: Path | None, catalogue: Catalogue) -> ScoreTable | None:
        refused = InputError if directory is None else DistilrankError  # to carry it, a disk may refuse as well
        try:
            if directory is None:
                return open_score_table(self._run, catalogue)
            return open_carried_table(self._run, catalogue, directory / _TABLE)
        except refused as error:
            _log.warning("the score table is not used: %s", error)
            return None

    def _of_pairs(self) -> Reranker:
        if self._student is None:
            self._student = OneAtATime(Student.load(self._run.root / "student", precision="auto"))
        return self._student
