"""What runs again: a stage whose inputs and options are unchanged does not; what it replaces is put aside."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from eval.errors import InputError, PartialError
from eval.files import read_json
from workflow.run import stage as machinery
from workflow.run.directory import RunDirectory
from workflow.run.stage import Begun, Stage, basis_of, begin, finish, is_up_to_date, key_of

Basis = dict[str, Any]


def _nothing(work: Any) -> dict[str, Any]:
    return {}


FIRST = Stage("first", "", _nothing, ("a", "-a.speed", "-*.seconds"), (), ("one", "two"), {"a.alone": ("two",)})
SECOND = Stage("second", "", _nothing, ("b.x",), ("first",), ("three",))


def _basis(**a: Any) -> Basis:
    return basis_of(FIRST, {"a": {"x": 1, **a}}, {})


def _make(run: RunDirectory, stage: Stage, basis: Basis, end: bool = True, **facts: Any) -> Begun:
    """Begin a stage, write what is missing of its artefacts, and end it."""
    begun = begin(run, stage, basis, ["second"] if stage is FIRST else [])
    for name in stage.writes:
        if not (run.root / name).exists():
            (run.root / name).mkdir()
            (run.root / name / "made").write_text(key_of(basis))
    if end:
        finish(run, stage, basis, 1.0, facts)
    return begun


def _made(run: RunDirectory, *path: str) -> str:
    return run.root.joinpath(*path, "made").read_text()


def test_a_key_follows_the_options_that_are_named_and_no_other() -> None:
    base = key_of(_basis())
    assert key_of(_basis()) == base
    assert key_of(_basis(x=2)) != base
    assert key_of(_basis(deep={"er": 1})) != base
    assert key_of(_basis(speed=9)) == base  # left out by name
    assert key_of(_basis(deep={"seconds": 9})) != key_of(_basis(deep={"er": 9}))
    assert key_of(_basis(deep={"seconds": 9})) == key_of(_basis(deep={"seconds": 8}))  # left out by pattern
    assert key_of(basis_of(FIRST, {"a": {"x": 1}, "ab": 2, "b": {"x": 1}}, {})) == base  # "ab" is not within "a"


def test_a_key_follows_the_stages_that_are_read_and_their_results() -> None:
    def key(**record: Any) -> str:
        return key_of(basis_of(SECOND, {"b": {"x": 1, "y": 1}}, {"first": {"key": "k", "facts": {}, **record}}))

    assert key() == key(seconds=3)
    assert len({key(), key(key="other"), key(facts={"fingerprint": "after a retry"})}) == 3


def test_another_distilrank_makes_another_key_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunDirectory(tmp_path)
    old = _basis()
    _make(run, FIRST, old)
    monkeypatch.setattr(machinery, "code_version", lambda: "9.9 (abc)")
    assert not is_up_to_date(run, FIRST, key_of(_basis()))
    assert "by another distilrank" in begin(run, FIRST, _basis()).reason


def test_the_code_counts_by_its_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "eval").mkdir()
    (tmp_path / "eval" / "measures.py").write_text("a = 1")
    monkeypatch.setattr(machinery, "_ROOT", tmp_path)
    before = machinery.code_version.__wrapped__()
    (tmp_path / "eval" / "notes.md").write_text("no code")
    assert machinery.code_version.__wrapped__() == before
    (tmp_path / "eval" / "measures.py").write_text("a = 2")
    assert machinery.code_version.__wrapped__() != before


def test_a_stage_is_up_to_date_once_finished_until_its_key_or_its_artefact_goes(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    key = key_of(_basis())
    assert not is_up_to_date(run, FIRST, key)
    assert _make(run, FIRST, _basis(), end=False) == Begun(resumed=False)
    assert not is_up_to_date(run, FIRST, key)
    assert _make(run, FIRST, _basis()) == Begun(resumed=True)  # the same key goes on with what is there
    assert is_up_to_date(run, FIRST, key)
    assert not is_up_to_date(run, FIRST, key_of(_basis(x=2)))
    shutil.rmtree(tmp_path / "one")
    assert not is_up_to_date(run, FIRST, key)


def test_what_is_replaced_is_put_aside_and_the_reason_is_said(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    _make(run, FIRST, _basis())
    begun = _make(run, FIRST, _basis(x=2))
    assert begun == Begun(False, "a.x was 1, is 2", tmp_path / ".replaced" / "first")
    assert _made(run, ".replaced", "first", "one") == key_of(_basis())
    assert _made(run, "one") == key_of(_basis(x=2))
    _make(run, FIRST, _basis(x=3))  # one generation is kept
    assert _made(run, ".replaced", "first", "one") == key_of(_basis(x=2))


def test_unfinished_artefacts_do_not_replace_finished_ones_that_were_put_aside(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    _make(run, FIRST, _basis())
    _make(run, FIRST, _basis(x=2), end=False)
    begun = begin(run, FIRST, _basis())
    assert begun.reason == "a.x was 2, is 1"
    assert begun.kept is None
    assert not (tmp_path / "one").exists()
    assert _made(run, ".replaced", "first", "one") == key_of(_basis())


def test_a_stage_begun_afresh_unfinishes_the_stages_after_it_and_their_result_is_still_put_aside(
    tmp_path: Path,
) -> None:
    run = RunDirectory(tmp_path)
    _make(run, FIRST, _basis())
    options = {"b": {"x": 1}}
    record = read_json(tmp_path / "stages" / "first.json")
    _make(run, SECOND, basis_of(SECOND, options, {"first": record}))
    _make(run, FIRST, _basis(x=2))
    assert not (tmp_path / "stages" / "second.json").exists()
    record = read_json(tmp_path / "stages" / "first.json")
    begun = begin(run, SECOND, basis_of(SECOND, options, {"first": record}))
    assert begun.reason == "the first stage has another result"
    assert (tmp_path / ".replaced" / "second" / "three" / "made").exists()


def test_an_option_of_few_artefacts_leaves_the_others_alone(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    _make(run, FIRST, _basis(alone={"epochs": 1}))
    first = key_of(_basis(alone={"epochs": 1}))
    _make(run, FIRST, _basis(alone={"epochs": 2}), end=False)
    assert (_made(run, "one"), _made(run, "two")) == (first, key_of(_basis(alone={"epochs": 2})))
    begun = begin(run, FIRST, _basis(alone={"epochs": 2}, x=5))  # "one" was finished, "two" was not
    assert begun.kept is not None
    assert _made(run, ".replaced", "first", "one") == first
    assert _made(run, ".replaced", "first", "two") == first
    assert not (tmp_path / "two").exists()


def test_artefacts_that_are_no_longer_made_are_put_aside(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    _make(run, FIRST, _basis(alone=1))
    fewer = Stage("first", "", _nothing, FIRST.options, (), ("one",), {"a.alone": ()})
    begin(run, fewer, _basis(alone=None))
    assert (tmp_path / "one").exists()
    assert not (tmp_path / "two").exists()
    assert (tmp_path / ".replaced" / "first" / "two").exists()


@pytest.mark.parametrize("moment", [1, 2])
def test_a_kill_while_a_stage_begins_leaves_nothing_that_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    run = RunDirectory(tmp_path)
    _make(run, FIRST, _basis())
    moved = 0
    rename = os.rename

    def killed(*places: Any) -> None:
        nonlocal moved
        if Path(places[1]).parent.name == "first":
            moved += 1
            if moved == moment:
                raise KeyboardInterrupt
        rename(*places)

    monkeypatch.setattr(os, "rename", killed)
    with pytest.raises(KeyboardInterrupt):
        begin(run, FIRST, _basis(x=2))
    monkeypatch.undo()
    for basis in (_basis(), _basis(x=2)):
        assert not is_up_to_date(run, FIRST, key_of(basis))
    assert begin(run, FIRST, _basis()).reason == "its last beginning was cut off"
    assert not (tmp_path / "one").exists()
    assert {path.name for path in (tmp_path / ".replaced" / "first").iterdir()} == {"one", "two"}


def test_artefacts_that_cannot_be_removed_stop_the_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = RunDirectory(tmp_path)
    _make(run, FIRST, _basis(), end=False)

    def refused(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(shutil, "rmtree", refused)
    with pytest.raises(PermissionError):
        begin(run, FIRST, _basis(x=2))


def test_a_run_of_an_earlier_format_is_put_aside(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    _make(run, FIRST, _basis())
    (tmp_path / "stages" / "first.begun.json").write_text('{"key": "old"}')
    begun = begin(run, FIRST, _basis())
    assert begun.reason == "it is not known what it was made from"
    assert (tmp_path / ".replaced" / "first" / "one").exists()


def test_a_run_is_held_by_one_process(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path / "run")
    with run.lock(), pytest.raises(InputError, match="in use by another distilrank process"), run.lock():
        pass
    with run.lock():
        assert run.root.is_dir()


def test_a_spent_budget_stops_the_stage_and_says_how_to_go_on() -> None:
    from rich.console import Console

    from workflow.run.progress import StageProgress

    with StageProgress("label", Console(quiet=True), budget_minutes=1e-9) as progress:
        report = progress.task("labelling")
        with pytest.raises(PartialError, match=r"raise budget_minutes\.label"):
            report(1, 2)
        report(2, 2)  # work that is done is never refused
