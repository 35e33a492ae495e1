"""What to judge next: pairs on which a run's teacher, student, first stage and people differ most."""

import csv
import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from augment.journal import read_labels
from augment.pairs import Pairs
from eval.disagreement import Disputed, Opinions, disputed, diverse
from eval.files import atomic_path
from eval.trec import read_run
from rerank.student import Student
from retrieval.data.splits import text_key
from retrieval.data.writers import write_quepid_queue
from workflow.config.run import Config
from workflow.measure.system_names import STUDENT, TEACHER
from workflow.proof.measured_run import run_file
from workflow.run.directory import RunDirectory
from workflow.run.prepared import Prepared, load_prepared
from workflow.run.progress import StageProgress

JUDGES = ("teacher", "student", "first stage", "people")
_MINED = "mined"


class Queued(NamedTuple):
    """A pair to judge: `source` is the split of its query or "mined"; `grade` what people said, empty if nothing."""

    query: str
    product_id: str
    gap: float
    higher: str
    lower: str
    places: dict[str, float]
    source: str
    grade: str
    title: str


def build_queue(
    config: Config, run: RunDirectory, progress: StageProgress, *, pairs: int, per_query: int, mined: int
) -> list[Queued]:
    """The `pairs` with the largest gap, at most `per_query` of a query.

    Candidates are the measured queries' judged pairs (all four judges) and up to `mined` pairs of the journal, whole
    queries drawn by the seed (teacher, student, first stage).
    """
    prepared = load_prepared(run.data)
    judged = list(_judged(config, run, prepared))
    drawn = list(_mined(config, run, prepared, mined, progress)) if mined else []
    by_text = {text_key(query.text): i for i, query in prepared.queries.items()}
    found = diverse(disputed([*judged, *drawn]), pairs, per_query, key=text_key)
    return [_queued(pair, by_text.get(text_key(pair.query)), prepared) for pair in found]


def write_queue(found: list[Queued], path: Path) -> None:
    """Write the pairs for Quepid at `path`, without a hint to the rater, and who differs at `why_path(path)`."""
    with atomic_path(why_path(path)) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["query", "docid", "title", "gap", "higher", "lower", *JUDGES, "grade", "source"])
        for entry in found:
            places = [f"{entry.places[judge]:.3f}" if judge in entry.places else "" for judge in JUDGES]
            writer.writerow(
                [
                    entry.query,
                    entry.product_id,
                    entry.title,
                    f"{entry.gap:.3f}",
                    entry.higher,
                    entry.lower,
                    *places,
                    entry.grade,
                    entry.source,
                ]
            )
    write_quepid_queue(((entry.query, entry.product_id) for entry in found), path)


def why_path(path: Path) -> Path:
    """Beside the queue: OUT.why.csv."""
    return path.with_suffix(".why.csv")


def _judged(config: Config, run: RunDirectory, prepared: Prepared) -> Iterator[Opinions]:
    systems = {"teacher": TEACHER, "student": STUDENT, "first stage": config.index.first_stage}
    files = {judge: run_file(run.report, "judged-only", name) for judge, name in systems.items()}
    # A teacher that is a file of labels, or may not be asked, has no ranking.
    rankings = {judge: read_run(file) for judge, file in files.items() if file.exists()}
    for query_id in rankings["student"]:
        scores = {judge: ranking[query_id] for judge, ranking in rankings.items() if query_id in ranking}
        people = {product: float(gain) for product, gain in prepared.qrels[query_id].items()}
        yield Opinions(prepared.queries[query_id].text, {**scores, "people": people})


def _mined(
    config: Config, run: RunDirectory, prepared: Prepared, wanted: int, progress: StageProgress
) -> Iterator[Opinions]:
    labelled = list(read_labels(run.root / "journal"))
    random.Random(config.seed).shuffle(labelled)
    ranks = {(pair.query_id, pair.product_id): pair.rank for pair in Pairs(run.pairs)}
    student, report, asked = (
        Student.load(run.root / "student", precision="auto"),
        progress.task("asking the student"),
        0,
    )
    total = min(wanted, sum(len(entry.product_ids) for entry in labelled))
    for entry in labelled:
        if asked + len(entry.product_ids) > wanted:
            break
        asked += len(entry.product_ids)
        products = prepared.catalogue.products([prepared.catalogue.row(i) for i in entry.product_ids])
        scores = student.score([(entry.query, product) for product in products])
        found = [ranks.get((entry.query.id, product_id)) for product_id in entry.product_ids]
        # What the first stage did not find at all stands below all that it found.
        first = [float(-config.mine.depth - 1 if rank is None else -rank) for rank in found]
        said = {"teacher": entry.scores.tolist(), "student": scores.tolist(), "first stage": first}
        yield Opinions(
            entry.query.text,
            {judge: dict(zip(entry.product_ids, own, strict=True)) for judge, own in said.items()},
        )
        report(asked, total)


def _queued(pair: Disputed, query_id: str | None, prepared: Prepared) -> Queued:
    gain = None if query_id is None else prepared.qrels.get(query_id, {}).get(pair.product_id)
    grade = "" if gain is None else prepared.scale.grades[prepared.scale.index(gain)].name
    source = _MINED if query_id is None else prepared.splits[query_id]
    return Queued(*pair, source, grade, prepared.catalogue.product(pair.product_id)["title"])
