"""Where each artefact of a run stands: one run, one directory."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from eval.errors import InputError, MachineError


@dataclass(frozen=True)
class Chain:
    """The teacher → labels → student chain of the run itself or of one fold, and the queries it may learn from."""

    directory: Path
    train_ids: tuple[str, ...]
    dev_ids: tuple[str, ...]
    fold: int | None = None

    @property
    def name(self) -> str:
        return "main" if self.fold is None else f"fold {self.fold}"

    @property
    def teacher(self) -> Path:
        return self.directory / "teacher"

    @property
    def journal(self) -> Path:
        return self.directory / "journal"

    @property
    def student(self) -> Path:
        return self.directory / "student"

    @property
    def student_without(self) -> Path:
        """The student trained on the judgements alone, for comparison."""
        return self.directory / "student-without"

    def round(self, number: int) -> Path:
        """What round `number` (from 2) labelled, and the student that chose it."""
        return self.directory / "rounds" / str(number)


@dataclass(frozen=True)
class RunDirectory:
    """Paths of a run's artefacts."""

    root: Path

    @property
    def config(self) -> Path:
        return self.root / "config.yaml"

    @property
    def manifest(self) -> Path:
        return self.root / "manifest.json"

    @property
    def stages(self) -> Path:
        return self.root / "stages"

    @property
    def data(self) -> Path:
        return self.root / "data"

    @property
    def encoder(self) -> Path:
        return self.root / "encoder"

    @property
    def index(self) -> Path:
        return self.root / "index"

    @property
    def pairs(self) -> Path:
        return self.root / "pairs"

    @property
    def pretrained(self) -> Path:
        return self.root / "pretrained"

    @property
    def pretrained_pairs(self) -> Path:
        """The pairs whose first-stage scores the starts learn."""
        return self.pretrained / "pairs"

    def pretrained_teacher(self, number: int) -> Path:
        """What the teacher starts from; of an ensemble, its models' starts by number."""
        return self.pretrained / f"teacher-{number}"

    @property
    def pretrained_student(self) -> Path:
        """What the students start from, where they do not start from the teacher."""
        return self.root / "pretrained-student"

    @property
    def labels_teacher(self) -> Path:
        """The teacher that has learnt only the given labels (`teacher.labels`); each chain's starts from it."""
        return self.root / "labels-teacher"

    @property
    def written(self) -> Path:
        """A language model's answers with queries: paid for, so they outlive every stage."""
        return self.root / "written.sqlite"

    @property
    def answers(self) -> Path:
        """What an API teacher has answered; it belongs to no stage, so that nothing is paid for twice."""
        return self.root / "answers.sqlite"

    @property
    def folds(self) -> Path:
        return self.root / "folds"

    def scratch(self, stage: str) -> Path:
        """Where a stage keeps what it needs only until it is done (checkpoints)."""
        return self.stages / f"{stage}.work"

    @property
    def report(self) -> Path:
        return self.root / "report"

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the run for this process alone; the lock ends with the process, however it ends.

        Raises:
            InputError: when another process holds the run.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            stream = (self.root / ".lock").open("a")
        except OSError as error:
            raise MachineError(f"cannot write in {self.root}: {error.strerror}; choose another --runs") from error
        with stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise InputError(
                    f"{self.root} is in use by another distilrank process; wait for it or stop it"
                ) from None
            yield
