"""The student as it is served: exported, its products tokenised, and how close it is to the student.

    student/export/   the runtime, its batch plan, its parity report
    student/tokens/   the catalogue's products, tokenised

Both stand inside the student's directory: a student that is made again takes them away with it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from augment.pairs import Pairs
from eval.errors import DistilrankError, GateRefusedError, InputError
from eval.files import fingerprint, read_json
from eval.trec import Run
from rerank.runtime.export import Precision, export_student
from rerank.runtime.exported import MANIFEST, ExportedStudent, student_fingerprint
from rerank.runtime.parity import LARGEST_LOSS, Parity, compare
from rerank.runtime.product_tokens import ProductTokens
from rerank.runtime.weights import has_graph
from rerank.student import Student
from rerank.types import Pair
from retrieval.types import Query
from workflow.config.run import Config
from workflow.measure.systems import reranker_judged
from workflow.run.chains import chains
from workflow.run.directory import Chain, RunDirectory
from workflow.run.prepared import Prepared, load_prepared
from workflow.run.stage import code_version

Wanted = Literal["auto", "int8", "float32"]

EXPORT = "export"
_CALIBRATION = 512
_QUERIES = 400
"""The most dev queries that parity is measured on."""


@dataclass(frozen=True)
class Exported:
    """Where an export stands and what its manifest says; `made` tells whether it was made now or stood already."""

    path: Path
    tokens: Path
    facts: dict[str, Any]
    made: bool

    @property
    def parity(self) -> Parity:
        """How close the export is to the student."""
        return Parity.from_json(self.facts["parity"])


def export_run(
    config: Config, run: RunDirectory, precision: Wanted = "auto", *, progress: Callable[[str], None] = lambda _: None
) -> Exported:
    """Export a run's student and tokenise its catalogue; what is there and up to date stays.

    "auto" takes int8 where it loses at most 1 % of the student's nDCG on dev, else float32. The scales of int8 come
    from mined pairs, none of them held out.

    Args:
        progress: told what is being done, a line at a time.

    Raises:
        InputError: when the run has no student yet, or int8 is asked of an architecture that only torch computes.
        GateRefusedError: when the export loses more; nothing is written then.
        MachineError: when a package is missing, or the disk refuses.
    """
    student = run.root / "student"
    if not (run.stages / "student.json").exists():
        raise InputError(f"{run.root} has no finished student; distilrank run its config to go on")
    with run.lock():
        prepared = load_prepared(run.data)
        model = Student.load(student, device="cpu")
        tokens = _tokens(student / "tokens", prepared, model, progress)
        dev = dev_queries(chains(config, prepared, run))
        facts, made = export_model(run, prepared, student, dev, precision, progress=progress)
        return Exported(student / EXPORT, tokens, facts, made)


def export_model(
    run: RunDirectory,
    prepared: Prepared,
    student: Path,
    dev: Sequence[str],
    precision: Wanted = "auto",
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[dict[str, Any], bool]:
    """Export one of the run's students to `export/` in its directory; what is there and up to date stays.

    Args:
        dev: the queries that parity is measured on.

    Returns:
        What the manifest says, and whether the export was made now.

    Raises:
        as `export_run`.
    """
    basis = _basis(run, student, precision)
    path = student / EXPORT
    if (path / MANIFEST).exists() and read_json(path / MANIFEST).get("basis") == basis:
        return read_json(path / MANIFEST), False
    model = Student.load(student, device="cpu")
    progress(f"scoring {len(dev):,} dev queries in float32")
    expected = reranker_judged(model, prepared, dev)
    check = partial(_checked, expected=expected, prepared=prepared)
    calibration = _calibration(run, prepared)
    for tried in _tries(precision, model):
        progress(f"exporting in {tried}")
        try:
            return export_student(student, path, tried, calibration, check=check, facts={"basis": basis}), True
        except GateRefusedError as error:
            if precision != "auto" or tried == "float32":
                raise
            progress(f"{error}; trying float32")
    raise AssertionError("every precision either exports or raises")


def dev_queries(made: Sequence[Chain]) -> list[str]:
    """The dev queries of all chains (the folds', where the data has no dev split), as many as parity looks at."""
    return [query_id for chain in made for query_id in chain.dev_ids][:_QUERIES]


def _basis(run: RunDirectory, student: Path, precision: Wanted) -> dict[str, str]:
    """What an export depends on."""
    return {
        "student": student_fingerprint(student),
        "pairs": Pairs(run.pairs).fingerprint,
        "judgements": fingerprint([run.data / "qrels.parquet", run.data / "queries.parquet"]),
        "precision": precision,
        "distilrank": code_version(),
    }


def _tokens(path: Path, prepared: Prepared, model: Student, progress: Callable[[str], None]) -> Path:
    """Tokenise the catalogue, unless that is done."""
    tokenizer = model.pair_encoder.tokenizer
    if path.exists():
        try:
            found = ProductTokens.load(path)
            found.check(prepared.catalogue, model.template, tokenizer)
            if found.max_length == model.max_length:
                return path
        except DistilrankError:
            pass
    progress(f"tokenising {len(prepared.catalogue):,} products")
    ProductTokens.build(path, prepared.catalogue, model.template, tokenizer, max_length=model.max_length)
    return path


def _calibration(run: RunDirectory, prepared: Prepared) -> list[Pair]:
    """Mined pairs, spread over all of them."""
    pairs = Pairs(run.pairs)
    step = max(1, len(pairs) // _CALIBRATION)
    chosen = [pair for place, pair in enumerate(pairs) if place % step == 0][:_CALIBRATION]
    rows = [prepared.catalogue.row(pair.product_id) for pair in chosen]
    products = prepared.catalogue.products(rows)
    return [(Query(pair.query_id, pair.query), product) for pair, product in zip(chosen, products, strict=True)]


def _tries(precision: Wanted, model: Student) -> list[Precision]:
    if precision == "auto":
        return ["int8", "float32"] if has_graph(model.model) else ["float32"]
    return [precision]


def _checked(exported: ExportedStudent, *, expected: Run, prepared: Prepared) -> dict[str, Any]:
    """The parity report.

    Raises:
        GateRefusedError: when too much nDCG is lost.
    """
    found = reranker_judged(exported, prepared, list(expected))
    parity = compare(expected, found, prepared.qrels)
    if not parity.passed:
        raise GateRefusedError(
            f"the export loses {100 * parity.loss:.2f} % of the student's nDCG on dev, at most "
            f"{100 * LARGEST_LOSS:.0f} % is allowed ({parity.text()}); export with --precision float32"
        )
    return parity.to_json()
