"""The student as it is served: a `Reranker` for pairs of texts, a `RowReranker` for products tokenised before.

export/manifest.json   how it was made, the batch plan, the parity report
export/student.onnx    the graph (none where torch computes the student)
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from eval.errors import InputError, MachineError
from eval.files import fingerprint, read_json
from rerank.parent import read_encoder
from rerank.runtime.engines import Engine, OnnxEngine, TorchEngine
from rerank.runtime.pair_tokens import PairInputs, PairLayout, TextIds, TextTokens
from rerank.runtime.plan import Batch, BatchPlan
from rerank.runtime.product_tokens import ProductTokens
from rerank.student_files import STUDENT_FILE
from rerank.types import Pair
from retrieval.product_text import ProductTemplate
from retrieval.quiet import quiet_transformers
from retrieval.types import Products, Query

FORMAT = 1
MANIFEST = "manifest.json"
GRAPH = "student.onnx"
_CHUNK = 16_384
_REMEMBERED = 65_536
_GPU_PLAN = BatchPlan(pad_to=16, token_budget=16_384)


class ExportedStudent:
    """A student's scores, the same for a pair whatever it is asked with, from any number of threads at once.

    Args:
        engine: computes a batch.
        tokenizer: the student's.
        template: how product texts are composed.
        max_length: tokens of query and product together.
        plan: which pairs share a batch.
        tokens: the catalogue's products, tokenised; those of other rows are tokenised when asked for, and remembered.
        threads: how many batches are computed beside each other; None for the cores of this process.
        facts: what the export's manifest says.
    """

    def __init__(
        self,
        engine: Engine,
        tokenizer: PreTrainedTokenizerBase,
        template: ProductTemplate,
        *,
        max_length: int,
        plan: BatchPlan | None = None,
        tokens: ProductTokens | None = None,
        threads: int | None = None,
        facts: dict[str, Any] | None = None,
    ) -> None:
        if threads is not None and threads < 1:
            raise InputError(f"threads is {threads}; expected 1 or more, or None for all cores")
        if tokens is not None:
            tokens.check_length(max_length)
        self.template = template
        self.max_length = max_length
        self.plan = plan or BatchPlan()
        self.tokens = tokens
        self.threads = threads or len(os.sched_getaffinity(0))
        self.facts = facts or {}
        self._engine = engine
        self._words = TextTokens(tokenizer)
        self._layout = PairLayout.of(tokenizer)
        self._workers = ThreadPoolExecutor(self.threads, "student") if self.threads > 1 else None
        self._remembered: OrderedDict[int, tuple[np.ndarray, int]] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def load(cls, path: Path, tokens: ProductTokens | None = None, *, threads: int | None = None) -> "ExportedStudent":
        """Open what `export_student` wrote at `student/export`.

        Raises:
            MachineError: when it is missing, broken or of another format, or the student beside it has changed since.
            InputError: when `tokens` are shorter than the student reads, or `threads` is below 1.
        """
        path, student = Path(path), Path(path).parent
        about = read_json(path / MANIFEST)
        facts = read_json(student / STUDENT_FILE)
        try:
            if about["format"] != FORMAT:
                raise ValueError(f"format {about['format']}, expected {FORMAT}")
            plan = BatchPlan(**about["plan"])
            template = ProductTemplate(tuple(facts["template"]["fields"]), facts["template"]["max_characters"])
            max_length, of, kind = int(facts["max_length"]), about["student"], about["engine"]
        except (KeyError, TypeError, ValueError) as error:
            raise MachineError(f"{path} is no export of this version ({error}); run distilrank export again") from error
        if of != student_fingerprint(student):
            raise MachineError(f"{student} has changed since it was exported; run distilrank export again")
        on_gpu = torch.cuda.is_available()
        engine: Engine
        if on_gpu or kind == "torch":
            model, tokenizer, _ = read_encoder(student)
            engine = TorchEngine(model, takes_types(tokenizer), "cuda" if on_gpu else "cpu")
        else:
            tokenizer = read_tokenizer(student)
            engine = OnnxEngine(path / GRAPH)
        return cls(
            engine,
            tokenizer,
            template,
            max_length=max_length,
            plan=_GPU_PLAN if on_gpu else plan,
            tokens=tokens,
            threads=1 if on_gpu else threads,
            facts=about,
        )

    def __enter__(self) -> "ExportedStudent":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the threads; scores that are being computed are finished first."""
        if self._workers is not None:
            self._workers.shutdown()

    def score(self, pairs: Sequence[Pair]) -> np.ndarray:
        """float32 logits of shape [len(pairs)]; only their order within one query means anything."""
        chunks = [pairs[start : start + _CHUNK] for start in range(0, len(pairs), _CHUNK)]
        scores = [self.compute(self.prepare(chunk), self.plan) for chunk in chunks]
        return np.concatenate(scores) if scores else np.zeros(0, dtype=np.float32)

    def score_rows(self, query: Query, rows: Sequence[int], products: Products) -> np.ndarray:
        """float32 logits of shape [len(rows)] of the catalogue's products in these rows."""
        queries = self._words.encode([" ".join(query.text.split())], self.max_length)
        found = self._products([int(row) for row in rows], products)
        every = np.arange(len(rows))
        inputs = self._layout.assemble(queries, found, np.zeros_like(every), every, self.max_length)
        return self.compute(inputs, self.plan)

    def prepare(self, pairs: Sequence[Pair]) -> PairInputs:
        """The pairs as the engine reads them."""
        queries, whose = self._distinct([" ".join(query.text.split()) for query, _ in pairs])
        products, which = self._distinct([self.template.text(product) for _, product in pairs])
        return self._layout.assemble(queries, products, whose, which, self.max_length)

    def compute(self, inputs: PairInputs, plan: BatchPlan) -> np.ndarray:
        """The scores of inputs, batched by `plan`."""
        scores = np.empty(len(inputs.lengths), dtype=np.float32)
        lengths = inputs.lengths.astype(np.int32)

        def run(batch: Batch) -> None:
            rows, width = batch
            scores[rows] = self._engine.run(inputs.ids[rows, :width], inputs.types[rows, :width], lengths[rows])

        batches = plan.batches(inputs.lengths, self.max_length)
        if self._workers is None or len(batches) < 2:
            for batch in batches:
                run(batch)
        else:
            list(self._workers.map(run, batches))
        return scores

    def _distinct(self, texts: Sequence[str]) -> tuple[TextIds, np.ndarray]:
        """The tokens of each different text, and which of them each text is."""
        places: dict[str, int] = {}
        which = np.array([places.setdefault(text, len(places)) for text in texts], dtype=np.int64)
        return self._words.encode(list(places), self.max_length), which

    def _products(self, rows: Sequence[int], products: Products) -> TextIds:
        """The tokens of the products in these rows: the store's, or remembered, or made now."""
        found = (
            {} if self.tokens is None else {row: self.tokens.tokens.text(row) for row in rows if row < len(self.tokens)}
        )
        beyond = [row for row in dict.fromkeys(rows) if row not in found]
        if beyond:
            found |= self._tokenised(beyond, products)
        return TextIds.of([found[row][0] for row in rows], [found[row][1] for row in rows])

    def _tokenised(self, rows: Sequence[int], products: Products) -> dict[int, tuple[np.ndarray, int]]:
        """The tokens of products that came after the store was made: the latest are remembered."""
        with self._lock:
            found = {row: self._remembered[row] for row in rows if row in self._remembered}
        missing = [row for row in rows if row not in found]
        if missing:
            made = self._words.encode([self.template.text(one) for one in products.products(missing)], self.max_length)
            found |= {row: made.text(place) for place, row in enumerate(missing)}
        with self._lock:
            for row in rows:
                self._remembered[row] = found[row]
                self._remembered.move_to_end(row)
            while len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        return found


def student_fingerprint(student: Path) -> str:
    """16 hex digits over the bytes of a student's own files (not its card, nor what stands in folders beside them)."""
    return fingerprint(sorted(file for file in student.iterdir() if file.suffix in (".json", ".safetensors", ".bin")))


def read_tokenizer(student: Path) -> PreTrainedTokenizerBase:
    """A student's tokenizer.

    Raises:
        MachineError: when the directory holds none.
    """
    try:
        with quiet_transformers():
            return AutoTokenizer.from_pretrained(str(student))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise MachineError(f"{student} holds no tokenizer ({error}); train the student again") from error


def takes_types(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Whether the tokenizer's model reads token types."""
    return "token_type_ids" in tokenizer.model_input_names
