"""The products as the student reads them, tokenised before: those of the run's index, and of the generations of it.

`distilrank export` writes the run's own. A generation, a merge of live changes, has its own, and outlives the student
that it was made with: where its tokens do not fit the present one they are made anew when it is opened.
"""

import logging
from pathlib import Path

from transformers import PreTrainedTokenizerBase

from eval.errors import DistilrankError
from eval.files import read_json
from rerank.runtime.exported import read_tokenizer
from rerank.runtime.product_tokens import ProductTokens
from rerank.student_files import STUDENT_FILE
from retrieval.catalogue import Catalogue
from retrieval.live.locks import file_lock
from retrieval.product_text import ProductTemplate

_log = logging.getLogger("distilrank.serving")

_LONGEST_BUILD_SECONDS = 600.0


class StoredTokens:
    """Opens, and makes, what is stored of the products for one student.

    Args:
        student: its directory.
        template: what it reads of a product.
    """

    def __init__(self, student: Path, template: ProductTemplate) -> None:
        self._student = student
        self._template = template

    @property
    def own(self) -> Path:
        """Where `distilrank export` writes those of the run's index."""
        return self._student / "tokens"

    def open_own(self, catalogue: Catalogue) -> ProductTokens | None:
        """Those of the run's index; None before they are made.

        Raises:
            MachineError: when they are broken.
            InputError: when they are of other products, or of another student.
        """
        return self._fitting(self.own, catalogue) if self.own.exists() else None

    def open_merged(self, path: Path, catalogue: Catalogue) -> ProductTokens | None:
        """Those of a generation; where they are missing, broken or of another student they are made, or else None.

        One process of the host makes them, the others wait: all of them open a generation at the same time.
        """
        try:
            with file_lock(path.with_suffix(".lock"), seconds=_LONGEST_BUILD_SECONDS):
                try:
                    return self._fitting(path, catalogue)
                except DistilrankError as error:
                    _log.info("the stored tokens are not used: %s", error)
                    return self.build(path, catalogue)
        except DistilrankError as error:
            _log.warning("the products of the merged live changes cannot be tokenised: %s", error)
            return None

    def build(self, path: Path, catalogue: Catalogue) -> ProductTokens | None:
        """Tokenise a generation's products; None, and nothing written, where not even the run's own products are.

        Raises:
            MachineError: when the disk refuses.
        """
        if not self.own.exists():
            return None
        return ProductTokens.build(path, catalogue, self._template, self._tokenizer(), max_length=self._max_length())

    def _fitting(self, path: Path, catalogue: Catalogue) -> ProductTokens:
        tokens = ProductTokens.load(path)
        tokens.check(catalogue, self._template, self._tokenizer())
        tokens.check_length(self._max_length())
        return tokens

    def _tokenizer(self) -> PreTrainedTokenizerBase:
        return read_tokenizer(self._student)

    def _max_length(self) -> int:
        return int(read_json(self._student / STUDENT_FILE)["max_length"])
