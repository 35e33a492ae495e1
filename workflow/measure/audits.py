"""Labels audited against human judgements: a teacher's before it labels in bulk, or those of a file."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from eval.audit import Audit, LabelledPair, audit
from eval.errors import InputError
from eval.files import read_json, write_json
from eval.grades import GradeScale
from rerank.types import Label, Pair
from retrieval.data.grading import GainReader
from retrieval.data.search_data import SearchData, Split
from retrieval.data.splits import text_key
from retrieval.data.tables import Table
from workflow.measure.segmentation import text_segments
from workflow.run.finished import run_directory

AUDIT = "audit.json"
"""Beside the teacher of the main chain; `eval.audit.Audit.from_json` reads it."""


class FileAudit(NamedTuple):
    """The audit of a label file, labels whose pair nobody judged, and judged pairs of its queries without a label."""

    audit: Audit
    unjudged: int
    unlabelled: int


def labelled_pairs(
    pairs: Sequence[Pair], labels: Sequence[Label], qrels: Mapping[str, Mapping[str, int]], scale: GradeScale
) -> list[LabelledPair]:
    """Judged pairs with what a teacher said of them; failed labels are left out.

    The grade said is the likeliest one where the teacher has a distribution, else the one whose soft target is nearest
    to the expected one.
    """
    found = []
    for (query, product), label in zip(pairs, labels, strict=True):
        if label.status == "ok":
            expected = float(expit(label.score))
            likeliest = None if label.distribution is None else int(np.argmax(label.distribution))
            said = nearest_grade(expected, scale) if likeliest is None else scale.gains[likeliest]
            found.append(LabelledPair(query.id, product.id, qrels[query.id][product.id], said, expected))
    return found


def nearest_grade(expected: float, scale: GradeScale) -> int:
    """The gain of the grade whose soft target is nearest, the better of two equally near."""
    return min(scale.grades, key=lambda grade: abs(grade.target - expected)).gain


def write_audit(found: Audit, teacher: Path) -> None:
    """Write it into the teacher's directory."""
    write_json(teacher / AUDIT, found.to_json())


def read_audit(run: Path) -> Audit:
    """The audit of a run's teacher.

    Raises:
        InputError: when it is no run directory, or its teacher stage is not done.
    """
    path = run_directory(run).root / "teacher" / AUDIT
    if not path.exists():
        raise InputError(
            f"{path} is missing: the teacher stage writes it, unless the teacher is a file of labels (then --labels)"
        )
    return Audit.from_json(read_json(path))


def audit_file(path: Path, data: SearchData, *, splits: Iterable[Split], cutoff: int, seed: int) -> FileAudit:
    """Audit a file of labels (query, product_id, grade) against the judgements of `splits`.

    Queries are matched by their text. Columns p_GRADE, one for each grade of the scale, are the label's distribution;
    without them a label's expected soft target is its grade's.

    Raises:
        InputError: when a column is missing, a grade is unknown, a pair is labelled twice differently, or no label is
            of a judged pair.
    """
    scale, table = data.scale, Table(path)
    chances = [f"p_{grade.name}" for grade in scale.grades]
    graded = all(name in table.columns for name in chances)
    reader, wanted = GainReader(scale), set(splits)
    ids = {text_key(query.text): i for i, query in data.queries.items() if data.splits[i] in wanted}
    pairs: dict[tuple[str, str], LabelledPair] = {}
    unjudged = 0
    for number, (text, product_id, grade, *shares) in table.rows(
        ["query", "product_id", "grade", *(chances if graded else [])]
    ):
        place = table.place(number)
        said = reader.gain(grade, place)
        query_id, product_id = ids.get(text_key(text or ""), ""), (product_id or "").strip()
        gain = data.qrels.get(query_id, {}).get(product_id)
        if gain is None:
            unjudged += 1
            continue
        expected = _expected(shares, scale, place) if graded else scale.target(said)
        pair = LabelledPair(query_id, product_id, gain, said, expected)
        if pairs.setdefault((query_id, product_id), pair) != pair:
            raise InputError(f"{place}: {text!r} and {product_id!r} are labelled twice, differently; keep one")
    labelled = {query_id for query_id, _ in pairs}
    judged = sum(len(data.qrels[query_id]) for query_id in labelled)
    segments = text_segments({i: data.queries[i].text for i in sorted(labelled)})
    found = audit(list(pairs.values()), scale, seed=seed, segments=segments, cutoff=cutoff)
    return FileAudit(found, unjudged, judged - len(pairs))


def _expected(shares: Sequence[str | None], scale: GradeScale, place: str) -> float:
    try:
        chances = [float(share or "") for share in shares]
    except ValueError:
        chances = [-1.0]
    if min(chances) < 0 or not 0.99 <= sum(chances) <= 1.01:
        raise InputError(f"{place}: the grades' probabilities are {', '.join(map(str, shares))}; expected a sum of 1")
    return float(np.dot(chances, [grade.target for grade in scale.grades])) / sum(chances)
