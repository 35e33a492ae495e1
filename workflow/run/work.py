"""What every stage works with."""

from dataclasses import dataclass

from augment.guard import LeakGuard
from workflow.config.run import Config
from workflow.run.chains import chains, protected_queries
from workflow.run.directory import Chain, RunDirectory
from workflow.run.prepared import Prepared, load_prepared
from workflow.run.progress import StageProgress


@dataclass
class Work:
    """What a stage works with: the config, the run's directory, where to report, and what the user allows."""

    config: Config
    run: RunDirectory
    progress: StageProgress
    accept: frozenset[str]
    retry_failed: bool

    def prepared(self) -> Prepared:
        return load_prepared(self.run.data)

    def chains(self, prepared: Prepared) -> list[Chain]:
        return chains(self.config, prepared, self.run)

    def guard(self, prepared: Prepared) -> LeakGuard:
        """Protects dev, test and fold queries from ever being mined or learnt from given labels."""
        return LeakGuard(prepared.queries[i] for i in protected_queries(prepared, self.chains(prepared)))
