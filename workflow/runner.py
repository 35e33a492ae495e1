"""Runs the stages that are not up to date, in order, each with its progress, its time and its budget."""

import time

from rich.console import Console

from workflow.config import Config, save_config
from workflow.inputs import input_fingerprint
from workflow.pipeline import stages
from workflow.progress import StageProgress
from workflow.run_directory import RunDirectory
from workflow.stages import begin, finish, is_up_to_date, stage_keys, write_manifest
from workflow.work import Work


def run_stages(
    config: Config,
    run: RunDirectory,
    last: str,
    console: Console,
    *,
    accept: frozenset[str],
    retry_failed: bool,
) -> None:
    """Bring every stage up to `last` up to date; stages that are stay as they are.

    With `retry_failed` the label stage runs again, to ask for failed labels only.
    """
    source = input_fingerprint(config)
    options = config.model_dump(mode="json")
    every = stages(config)
    keys = stage_keys(every, options, source)
    needed = _needed(every, last)
    with run.lock():
        save_config(config, run.config)
        for stage in every:
            if stage.name not in needed:
                continue
            again = retry_failed and stage.name == "label"
            if is_up_to_date(run, stage, keys[stage.name]) and not again:
                console.print(f"[dim]{stage.name:8} up to date[/]")
                continue
            resumed = begin(run, stage, keys[stage.name])
            console.print(f"[bold]{stage.name:8}[/] {stage.title}" + (" (going on)" if resumed else ""))
            begun = time.monotonic()
            with StageProgress(stage.name, console, getattr(config.budget_minutes, stage.name)) as progress:
                facts = stage.work(Work(config, run, progress, accept, retry_failed))
            seconds = time.monotonic() - begun
            finish(run, stage, keys[stage.name], seconds, facts)
            write_manifest(run, every, options, source)
            console.print(f"{'':8} done in {seconds:.0f} s")


def _needed(every: list, last: str) -> set[str]:
    by_name = {stage.name: stage for stage in every}
    found: set[str] = set()
    waiting = [last]
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting += [before for before in by_name[name].after if before not in found]
    return found
