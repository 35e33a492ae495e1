"""What every stage works with."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from augment.guard import LeakGuard
from workflow.config.run import Config
from workflow.run.chains import chains, protected_queries
from workflow.run.directory import Chain, RunDirectory
from workflow.run.prepared import Prepared, load_prepared
from workflow.run.progress import StageProgress


class Trial(NamedTuple):
    """Models trained by the run's recipe beside its own: a name for their checkpoints, and a seed of their own.

    Queries are dealt by the run's seed all the same: what a trial may learn from is what the run may.
    """

    name: str
    seed: int


@dataclass
class Work:
    """What a stage works with: the config, the run's directory, where to report, and what the user allows."""

    config: Config
    run: RunDirectory
    progress: StageProgress
    accept: frozenset[str]
    retry_failed: bool
    trial: Trial | None = None

    @property
    def seed(self) -> int:
        """What models are trained with."""
        return self.config.seed if self.trial is None else self.trial.seed

    def scratch(self, stage: str) -> Path:
        """Where the work of a stage keeps what it needs only until it is done (checkpoints)."""
        return self.run.scratch(stage) if self.trial is None else self.run.scratch(self.trial.name) / stage

    def prepared(self) -> Prepared:
        return load_prepared(self.run.data)

    def chains(self, prepared: Prepared) -> list[Chain]:
        return chains(self.config, prepared, self.run)

    def guard(self, prepared: Prepared) -> LeakGuard:
        """Protects dev, test and fold queries from ever being mined or learnt from given labels."""
        return LeakGuard(prepared.queries[i] for i in protected_queries(prepared, self.chains(prepared)))
