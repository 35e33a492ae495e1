"""Does a small student climb with the number of pairs that a trained teacher labels? (first judge → teacher → student)

    python -m benchmarks.experiments.chain WORK --out FILE [--data ESCI] [--teacher DIR]

A student of --layers bare layers learns mined pairs of so many logged queries, twelve a query, nothing before and
nothing after. What it learns, as an order within each query: the first stage's scores alone; the teacher's; or the sum
of both, each standardised. Sizes are nested. The teacher is a six-layer cross-encoder, trained here on the shop's
judgements or on ESCI's given grades (an hour and less), or the one in DIR: RUN/teacher of a run, or a student. It and
the sum of both are measured too, the lines that the student can hope for.
"""

import dataclasses
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from augment.journal import open_journal, read_labels
from augment.labelling import label_pairs
from augment.mine_options import MineOptions
from augment.pairs import Pairs
from benchmarks.experiments.cells import open_setting, parse, run_cells
from benchmarks.experiments.setting import MAX_LENGTH, TRAIN, WARM, FirstStageScorer, Setting
from eval.files import fingerprint
from rerank.blend import blend
from rerank.student import Student, build_student, train_student
from rerank.student_files import STUDENT_FILE
from rerank.teacher import Teacher
from rerank.training import Group, train
from rerank.types import Label, Pair, Reranker
from rerank.weak_supervision import LOSS, weak_group
from retrieval.types import Query
from workflow.stages.first_stage import model_path
from workflow.stages.training import products_of, soft_groups

SIZES = (500, 1000, 2000, 4000, 8000)
_EVEN = 0.5
_POOL = 3  # logged queries examined for each that is mined


class Chain:
    """The teacher, the mined pairs, and what teacher and first stage say of them."""

    def __init__(self, setting: Setting, teacher: Path | None, largest: int) -> None:
        self.setting = setting
        self._path = teacher or setting.run.root / "chain-teacher"
        self._largest = largest

    @cached_property
    def teacher(self) -> Student | Teacher:
        """The teacher, trained first where none was given."""
        path = self._path
        if not path.exists():
            shop = self.setting.data is None
            loss = "soft_bce" if shop else LOSS
            prepared, setting = self.setting.prepared, self.setting
            train = prepared.split("train")
            groups = soft_groups(prepared, train, loss) if shop else setting.groups(setting.given, loss)
            train_student(
                self.setting.start(6),
                groups,
                dataclasses.replace(TRAIN, loss=loss, epochs=2, learning_rate=5e-5),
                path,
                self.setting.template,
                max_length=MAX_LENGTH,
                checkpoints=self.setting.run.root / "chain-teacher-checkpoints",
            )
        return Student.load(path, precision="auto") if (path / STUDENT_FILE).exists() else Teacher.load(path)

    @cached_property
    def pairs(self) -> Pairs:
        """Mined pairs of the largest size."""
        return self.setting.pairs(MineOptions(queries=self._largest, pool=_POOL * self._largest), seed=0)

    @cached_property
    def lists(self) -> list[tuple[Query, tuple[str, ...], np.ndarray, np.ndarray]]:
        """Each query's products, with the teacher's and the first stage's scores, in an order of its own."""
        labeller = _Labeller(self.teacher, self._path)
        root = self.setting.run.root / "chain-journals"
        journal = open_journal(root / labeller.version, self.pairs, teacher_version=labeller.version)
        label_pairs(
            self.pairs, self.setting.prepared.catalogue, labeller, journal, guard=self.setting.guard, progress=_told
        )
        hybrid = self.setting.stages["hybrid"]
        entries = list(read_labels(journal.path))
        order = np.random.default_rng(0).permutation(len(entries))
        found = [entries[place] for place in order]
        asked = [np.array(hybrid.score_products(entry.query, entry.product_ids)) for entry in found]
        return [(e.query, e.product_ids, e.scores, scores) for e, scores in zip(found, asked, strict=True)]

    def groups(self, size: int, share: float) -> list[Group]:
        """The first `size` queries, their targets both scores blended, `share` of it the teacher's."""
        return [
            weak_group(query, products_of(self.setting.prepared, ids), blend(found, judged, share))
            for query, ids, judged, found in self.lists[:size]
        ]

    def sum_of_both(self) -> Reranker:
        """Teacher and first stage, added as the targets are."""
        return _Sum(self.teacher, self.setting)


class _Labeller:
    """Any reranker as who labels."""

    def __init__(self, reranker: Reranker, path: Path) -> None:
        self._reranker = reranker
        self.version = fingerprint(sorted(path.glob("*.safetensors")))

    def label(self, pairs: Sequence[Pair]) -> list[Label]:
        return [Label(float(score)) for score in self._reranker.score(pairs)]


class _Sum:
    """Teacher and first stage, each standardised within the query; a query's pairs stand together."""

    def __init__(self, teacher: Reranker, setting: Setting) -> None:
        self._teacher, self._first = teacher, FirstStageScorer(setting.stages["hybrid"])

    def score(self, pairs: Sequence[Pair]) -> np.ndarray:
        judged, found, places = self._teacher.score(pairs), self._first.score(pairs), dict[Query, list[int]]()
        for place, (query, _) in enumerate(pairs):
            places.setdefault(query, []).append(place)
        total = np.empty(len(pairs), dtype=np.float32)
        for some in places.values():
            total[some] = blend(found[some], judged[some], _EVEN)
        return total


def _told(done: int, total: int) -> None:
    print(f"<!-- labelled {done:,} of {total:,} -->", flush=True)


TARGETS = {"teacher + first stage": _EVEN, "first stage": 0.0, "teacher": 1.0}


def main() -> None:
    """Train, measure, compare."""
    options = parse(__doc__, {"teacher": Path}, layers=2, largest=SIZES[-1])
    setting = open_setting(options)
    chain = Chain(setting, options.teacher, options.largest)

    def cell(size: int, share: float, seed: int) -> dict[str, float]:
        start = build_student(model_path("default"), options.layers, seed=seed)
        student = Student(start.model, start.tokenizer, setting.template, max_length=MAX_LENGTH, precision="auto")
        train(start.model, student.pair_encoder, chain.groups(size, share), dataclasses.replace(WARM, seed=seed))
        return setting.values(student)

    arms: dict[str, Callable[[int], dict[str, float]]] = {
        f"{size:,} queries, {name}": partial(cell, size, share)
        for size in SIZES
        if size <= options.largest
        for name, share in TARGETS.items()
    }
    arms["(the teacher)"] = lambda _: setting.values(chain.teacher)
    arms["(the teacher + first stage)"] = lambda _: setting.values(chain.sum_of_both())
    run_cells(options, setting, arms, title="Pairs labelled by a trained teacher")


if __name__ == "__main__":
    main()
