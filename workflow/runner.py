"""Runs the stages that are not up to date, in order, each with its progress, its time and its budget."""

import time
from collections.abc import Mapping
from typing import Any

from rich.console import Console

from eval.errors import InputError
from eval.files import read_json
from workflow.config.run import Config, save_config
from workflow.pipeline import stages
from workflow.run.directory import RunDirectory
from workflow.run.finished import is_finished
from workflow.run.inputs import key_options
from workflow.run.manifest import write_manifest
from workflow.run.progress import StageProgress
from workflow.run.stage import Stage, basis_of, begin, finish, is_up_to_date, key_of, record_path
from workflow.run.work import Work


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

    The config is saved as soon as the run is what it says: what serves a finished run goes by it, so one that would
    measure the run again is not saved before the run is no longer finished.

    With `retry_failed` the label stage runs again, to ask for failed labels only; where that changes a label, the
    stages after it run again too.

    Raises:
        InputError: when runs of this config have no stage `last`.
    """
    options = key_options(config)
    every = stages(config)
    if last not in {stage.name for stage in every}:
        raise InputError(f"runs of this config have no stage {last}; expected {', '.join(s.name for s in every)}")
    needed = _needed(every, last)
    with run.lock():
        _save(config, run, every, options)
        for stage in every:
            if stage.name not in needed:
                continue
            basis = _basis(run, stage, options)
            again = retry_failed and stage.name == "label"
            if is_up_to_date(run, stage, key_of(basis)) and not again:
                console.print(f"[dim]{stage.name:8} up to date[/]")
                continue
            begun = begin(run, stage, basis, _dependents(every, stage.name))
            _save(config, run, every, options)
            if begun.reason:
                kept = f"; the old result is in {begun.kept}" if begun.kept else ""
                _say(console, f"{stage.name:8} is redone: {begun.reason}{kept}")
            console.print(f"[bold]{stage.name:8}[/] {stage.title}" + (" (going on)" if begun.resumed else ""))
            started = time.monotonic()
            with StageProgress(stage.name, console, _budget(config, stage)) as progress:
                facts = stage.work(Work(config, run, progress, accept, retry_failed))
            seconds = time.monotonic() - started
            finish(run, stage, basis, seconds, facts)
            write_manifest(run, every, options)
            for warning in facts.get("warnings", ()):
                _say(console, f"{'':8} warning: {warning}", "yellow")
            console.print(f"{'':8} done in {seconds:.0f} s")
        if outdated := _save(config, run, every, options):
            stale = f"{', '.join(outdated)} would be made again, which distilrank run does"
            _say(console, f"what is served stays as it was measured, with the config.yaml it has: {stale}", "yellow")


def _save(config: Config, run: RunDirectory, every: list[Stage], options: Mapping[str, Any]) -> list[str]:
    """Save the config, or name the stages of the finished run that it would make again."""
    outdated = _outdated(run, every, options) if is_finished(run) else []
    if not outdated:
        save_config(config, run.config)
    return outdated


def _outdated(run: RunDirectory, every: list[Stage], options: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    for stage in every:
        after_outdated = any(name in found for name in stage.after)
        if after_outdated or not is_up_to_date(run, stage, key_of(_basis(run, stage, options))):
            found.append(stage.name)
    return found


def _basis(run: RunDirectory, stage: Stage, options: Mapping[str, Any]) -> dict[str, Any]:
    return basis_of(stage, options, {name: read_json(record_path(run, name)) for name in stage.after})


def _budget(config: Config, stage: Stage) -> float | None:
    """Minutes; the rounds share one option, each has as many."""
    budget: float | None = getattr(config.budget_minutes, stage.name.partition("-")[0])
    return budget


def _say(console: Console, line: str, style: str | None = None) -> None:
    """One line, whatever it holds and however long it is."""
    console.print(line, style=style, markup=False, soft_wrap=True)


def _dependents(every: list[Stage], name: str) -> list[str]:
    """The stages that depend on this one."""
    return [stage.name for stage in every if stage.name != name and name in _needed(every, stage.name)]


def _needed(every: list[Stage], last: str) -> set[str]:
    by_name = {stage.name: stage for stage in every}
    found: set[str] = set()
    waiting = [last]
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting += [before for before in by_name[name].after if before not in found]
    return found
