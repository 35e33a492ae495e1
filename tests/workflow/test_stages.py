"""What runs again: a stage whose inputs and options are unchanged does not."""

from pathlib import Path
from typing import Any

import pytest

from eval.errors import InputError, PartialError
from workflow.run_directory import RunDirectory
from workflow.stages import Stage, begin, finish, is_up_to_date, stage_keys


def _nothing(work: Any) -> dict[str, Any]:
    return {}


FIRST = Stage("first", "", _nothing, ("a",), (), ("one",))
SECOND = Stage("second", "", _nothing, ("b",), ("first",), ("two",))


def test_a_key_follows_options_inputs_and_data() -> None:
    def keys(a: int, b: int, source: str) -> list[str]:
        return list(stage_keys([FIRST, SECOND], {"a": a, "b": b}, source).values())

    base = keys(1, 1, "x")
    assert keys(1, 1, "x") == base
    changed_b = keys(1, 2, "x")
    assert changed_b[0] == base[0]
    assert changed_b[1] != base[1]
    for other in (keys(2, 1, "x"), keys(1, 1, "y")):
        assert other[0] != base[0]
        assert other[1] != base[1]


def test_a_stage_is_up_to_date_once_finished_until_its_key_or_its_artefact_goes(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    assert not is_up_to_date(run, FIRST, "k")
    assert begin(run, FIRST, "k") is False
    (tmp_path / "one").mkdir()
    assert begin(run, FIRST, "k") is True  # the same key goes on with what is there
    assert (tmp_path / "one").exists()
    finish(run, FIRST, "k", 1.0, {})
    assert is_up_to_date(run, FIRST, "k")
    assert not is_up_to_date(run, FIRST, "other")
    begin(run, FIRST, "other")
    assert not (tmp_path / "one").exists()  # another key starts afresh


def test_a_removed_artefact_runs_its_stage_again(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    begin(run, FIRST, "k")
    finish(run, FIRST, "k", 1.0, {})
    assert not is_up_to_date(run, FIRST, "k")


def test_a_run_is_held_by_one_process(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run")
    with run.lock(), pytest.raises(InputError, match="in use by another distilrank process"), run.lock():
        pass
    with run.lock():
        assert run.root.is_dir()


def test_a_spent_budget_stops_the_stage_and_says_how_to_go_on() -> None:
    from rich.console import Console

    from workflow.progress import StageProgress

    with StageProgress("label", Console(quiet=True), budget_minutes=1e-9) as progress:
        report = progress.task("labelling")
        with pytest.raises(PartialError, match=r"raise budget_minutes\.label"):
            report(1, 2)
        report(2, 2)  # work that is done is never refused
