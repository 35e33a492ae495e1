"""Progress of a stage: a bar with a time estimate for a person, a line now and then for a log, and the budget."""

import sys
import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from eval.errors import PartialError

Report = Callable[[int, int], None]
"""Called with (done, total) by whatever does the work."""


class StageProgress:
    """Progress and budget of one stage.

    On a terminal it draws a bar; elsewhere it prints a line every `quiet_seconds`. `budget_minutes` bounds the stage:
    when it is spent, the next report raises PartialError, and what is done is kept.
    """

    def __init__(self, stage: str, console: Console, budget_minutes: float | None = None, quiet_seconds: float = 15.0):
        self.stage = stage
        self.console = console
        self.budget_minutes = budget_minutes
        self.quiet_seconds = quiet_seconds
        self.started = time.monotonic()
        self._bar: Progress | None = None

    def __enter__(self) -> "StageProgress":
        if self.console.is_terminal:
            columns = (
                TextColumn("  {task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
            )
            self._bar = Progress(*columns, console=self.console, transient=True)
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def task(self, description: str) -> Report:
        """A function to report (done, total) of one piece of the stage's work with."""
        bar = self._bar
        task: TaskID | None = bar.add_task(description, total=None) if bar is not None else None
        begun = printed = time.monotonic()
        first_done: int | None = None

        def report(done: int, total: int) -> None:
            nonlocal printed, first_done
            now = time.monotonic()
            if first_done is None:
                first_done = done
            if bar is not None and task is not None:
                bar.update(task, completed=done, total=total, visible=done < total)
            elif now - printed >= self.quiet_seconds and done < total:
                printed = now
                pace = (done - first_done) / max(now - begun, 1e-9)
                left = f", about {(total - done) / pace:.0f} s left" if pace > 0 else ""
                self.console.print(f"  {description}: {done:,} of {total:,}{left}", highlight=False)
                sys.stdout.flush()
            if done < total:
                self.check_budget()

        return report

    def check_budget(self) -> None:
        """Raise PartialError when the stage's budget is spent."""
        if self.budget_minutes is not None and time.monotonic() - self.started > 60 * self.budget_minutes:
            raise PartialError(
                f"stage {self.stage} used its budget of {self.budget_minutes:g} minutes; what is done is kept: "
                f"run again to go on, or raise budget_minutes.{self.stage}"
            )
