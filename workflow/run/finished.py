"""Whether a directory is a run, and a finished one; loads nothing."""

from pathlib import Path

from eval.errors import InputError
from workflow.run.directory import RunDirectory


def run_directory(run: Path) -> RunDirectory:
    """The run, finished or not.

    Raises:
        InputError: when it is no run directory.
    """
    found = RunDirectory(Path(run))
    if not found.config.exists():
        raise InputError(f"{run} is no run directory (config.yaml is missing); distilrank run CONFIG makes one")
    return found


def is_finished(run: RunDirectory) -> bool:
    """Whether the measure stage is done; a report may be an older one, while stages are redone."""
    return (run.stages / "measure.json").exists()


def finished(run: Path) -> RunDirectory:
    """The run, by its absolute path, if it can be searched.

    Raises:
        InputError: when it is no run directory, or not finished.
    """
    found = RunDirectory(run_directory(run).root.absolute())
    if not is_finished(found):
        raise InputError(f"{run} is not finished; distilrank run its config to go on")
    return found
