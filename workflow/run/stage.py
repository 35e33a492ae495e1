"""Which stages have to run: each stage's basis says what its result depends on; the same basis is never worked twice.

    stages/NAME.begun.json   on which basis the artefacts that stand there were made, and which of them are finished
    stages/NAME.json         the record of a finished stage: key, seconds, what it wrote and read, facts
    .replaced/NAME/          finished artefacts that made way for others, one generation

A basis is a flat mapping: options by their dotted names, the stages read, and distilrank itself; its hash is the key. A
stage that was begun on the same basis goes on where it stopped (the work inside is resumable); on another, it starts
afresh and says what changed.
"""

import fnmatch
import functools
import hashlib
import importlib.metadata
import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eval.files import read_json, write_json
from workflow.run.directory import RunDirectory

FINGERPRINT = "sha256:"
"""Begins an option's value that stands for the bytes of files."""

_ROOT = Path(__file__).resolve().parents[2]
_LAYERS = ("eval", "retrieval", "rerank", "augment", "workflow")
_CODE = "distilrank"
_SHOWN = 3


@dataclass(frozen=True)
class Stage:
    """One step of the pipeline.

    `work` does it and returns facts for the record; two of them mean something here: "warnings", lines that the user
    sees, and "fingerprint", what later stages' keys take in where the same key can have another result (a retry).
    `options` are the dotted names of what its result depends on, sections whole; a name that begins with "-" is left
    out again and may hold a *. `after` are the stages it reads, `writes` its artefacts (paths relative to the run).
    `only` names the few artefacts that depend on an option (or on "NAME stage"): no other is made again for it.
    """

    name: str
    title: str
    work: Callable[..., dict[str, Any]]
    options: tuple[str, ...]
    after: tuple[str, ...]
    writes: tuple[str, ...]
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Begun:
    """How a stage begins: going on, or afresh for a reason (empty the first time); `kept`: where the old result is."""

    resumed: bool
    reason: str = ""
    kept: Path | None = None


def basis_of(stage: Stage, options: Mapping[str, Any], records: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What the stage's result depends on; `records` are those of the stages it reads."""
    found = {name: value for name, value in flat(options).items() if _chosen(name, stage.options)}
    for name in stage.after:
        found[f"{name} stage"] = [records[name]["key"], records[name]["facts"].get("fingerprint", "")]
    return {**found, _CODE: code_version()}


def key_of(basis: Mapping[str, Any]) -> str:
    """16 hex digits that change whenever the basis does."""
    return hashlib.sha256(json.dumps(basis, sort_keys=True).encode()).hexdigest()[:16]


def is_up_to_date(run: RunDirectory, stage: Stage, key: str) -> bool:
    """Whether a finished record with this key and all the artefacts are there."""
    record = record_path(run, stage.name)
    return (
        record.exists() and read_json(record)["key"] == key and all((run.root / path).exists() for path in stage.writes)
    )


def begin(run: RunDirectory, stage: Stage, basis: Mapping[str, Any], dependents: Iterable[str] = ()) -> Begun:
    """Make ready to work on a stage. Afresh, the stages in `dependents` are no longer finished either.

    A kill at any moment leaves nothing that would be trusted: the begun file is void before the first artefact goes.
    """
    key, begun = key_of(basis), _begun(run, stage.name)
    before: dict[str, Any] = read_json(begun) if begun.exists() else {}
    record_path(run, stage.name).unlink(missing_ok=True)
    if before.get("key") == key:
        return Begun(resumed=True)
    for name in dependents:
        record_path(run, name).unlink(missing_ok=True)
    every = list(dict.fromkeys([*before.get("wrote", ()), *stage.writes]))
    finished = before.get("finished", every)
    changed = _changed(before.get("basis", {}), basis)
    outdated = _outdated(stage, changed, every) if before.get("key") else every
    write_json(begun, {**before, "key": None})
    kept = None
    for path in outdated:
        if path in finished:
            kept = _put_aside(run, stage, path) or kept
        else:
            _remove(run.root / path)
    _remove(run.scratch(stage.name))
    standing = [path for path in finished if path not in outdated]
    write_json(begun, {"key": key, "basis": basis, "wrote": stage.writes, "finished": standing})
    return Begun(resumed=False, reason=_reason(before, basis, changed) if before or kept else "", kept=kept)


def finish(run: RunDirectory, stage: Stage, basis: Mapping[str, Any], seconds: float, facts: dict[str, Any]) -> None:
    """Record that a stage is done."""
    key = key_of(basis)
    write_json(
        _begun(run, stage.name), {"key": key, "basis": basis, "wrote": stage.writes, "finished": list(stage.writes)}
    )
    record = {
        "key": key,
        "seconds": round(seconds, 1),
        "wrote": list(stage.writes),
        "read": list(stage.after),
        "facts": facts,
    }
    write_json(record_path(run, stage.name), record)
    _remove(run.scratch(stage.name))


def flat(options: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested options by their dotted names."""
    found: dict[str, Any] = {}
    for name, value in options.items():
        if isinstance(value, Mapping) and value:
            found.update(flat(value, f"{prefix}{name}."))
        else:
            found[f"{prefix}{name}"] = value
    return found


@functools.cache
def code_version() -> str:
    """The version of distilrank and a hash over the code of its layers, as this process found them."""
    digest = hashlib.sha256()
    for layer in _LAYERS:
        for file in sorted((_ROOT / layer).rglob("*.py")):
            digest.update(f"{file.relative_to(_ROOT)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return f"{importlib.metadata.version('distilrank')} ({digest.hexdigest()[:8]})"


def record_path(run: RunDirectory, name: str) -> Path:
    """Where the record of a finished stage stands."""
    return run.stages / f"{name}.json"


def _begun(run: RunDirectory, name: str) -> Path:
    return run.stages / f"{name}.begun.json"


def _chosen(name: str, wanted: Sequence[str]) -> bool:
    left_out = (other[1:] for other in wanted if other.startswith("-"))
    return any(_within(name, other) for other in wanted) and not any(fnmatch.fnmatchcase(name, o) for o in left_out)


def _within(name: str, option: str) -> bool:
    return name == option or name.startswith(f"{option}.")


def _changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    before, now = json.loads(json.dumps([before, now]))  # tuples become lists, as they are in the file
    return [name for name in {**before, **now} if (name in before, before.get(name)) != (name in now, now.get(name))]


def _outdated(stage: Stage, changed: Sequence[str], every: Sequence[str]) -> list[str]:
    """The artefacts that must be made again, and those that are no longer made."""
    outdated = [path for path in every if path not in stage.writes]
    for name in changed:
        few = next((paths for option, paths in stage.only.items() if _within(name, option)), None)
        if few is None:
            return list(every)
        outdated += few
    return list(dict.fromkeys(outdated))


def _put_aside(run: RunDirectory, stage: Stage, path: str) -> Path | None:
    """Move an artefact to `.replaced/`, in place of the one before it; where they are kept, None when there is none."""
    kept = run.root / ".replaced" / stage.name
    if not os.path.lexists(run.root / path):
        return None
    _remove(kept / path)
    (kept / path).parent.mkdir(parents=True, exist_ok=True)
    os.rename(run.root / path, kept / path)
    return kept


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _reason(before: Mapping[str, Any], now: Mapping[str, Any], changed: Sequence[str]) -> str:
    if "basis" not in before:
        return "it is not known what it was made from"
    if not changed:
        return "its last beginning was cut off"
    said = [_told(name, before["basis"], now) for name in changed[:_SHOWN]]
    more = len(changed) - len(said)
    return ", ".join(said) + (f" and {more} more" if more > 0 else "")


def _told(name: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    old, new = (json.dumps(side[name], ensure_ascii=False) if name in side else "unset" for side in (before, now))
    if name == _CODE:
        return f"it was made by another distilrank: {before[name]}, this is {now[name]}"
    if name.endswith(" stage"):
        return f"the {name} has another result"
    if FINGERPRINT in old + new:
        return f"the files of {name} changed"
    return f"{name} was {old}, is {new}"
