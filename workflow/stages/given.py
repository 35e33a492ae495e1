"""A run whose labels are a file's (`teacher.kind: file`): its pairs are the file's, and nothing is mined or trained."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from augment.given_labels import FILE, GivenLabels, write_given_pairs
from augment.label_file import LabelFile, read_label_file
from eval.files import atomic_path, fingerprint, read_json, write_json
from rerank.teacher import TEACHER_FILE
from workflow.run.inputs import label_file
from workflow.run.prepared import Prepared
from workflow.run.work import Work


def mine_given(work: Work, prepared: Prepared) -> dict[str, Any]:
    """Write `pairs/` from the file; facts, with a warning about what was left out."""
    found = _read(work, prepared)
    pairs = write_given_pairs(found, work.run.pairs, work.guard(prepared))
    warnings = []
    if found.leaks:
        listed = "pairs/leaks.csv"
        warnings.append(
            f"{len(found.leaks):,} labelled queries that are or nearly are held-out queries were left out ({listed})"
        )
    if found.unknown_products:
        warnings.append(f"{found.unknown_products:,} labels of products that the catalogue lacks were left out")
    return {**read_json(pairs.path / "manifest.json"), "warnings": warnings}


def given_teacher(work: Work, prepared: Prepared) -> GivenLabels:
    """The file as a teacher of its own pairs."""
    return GivenLabels(_read(work, prepared), prepared.scale, _version(work, prepared))


def describe_given(work: Work, prepared: Prepared, paths: Sequence[Path]) -> dict[str, Any]:
    """Write the teacher directories, unless they are there; facts about the labels."""
    found = _read(work, prepared)
    for path in paths:
        if not path.exists():
            with atomic_path(path) as temporary:
                temporary.mkdir(parents=True)
                write_json(temporary / TEACHER_FILE, {"kind": FILE, "version": _version(work, prepared)})
    return {"given labels": {"queries": len(found.queries), "pairs": sum(len(entry.gains) for entry in found.queries)}}


def _read(work: Work, prepared: Prepared) -> LabelFile:
    return read_label_file(_path(work), prepared.scale, work.guard(prepared), prepared.catalogue)


def _version(work: Work, prepared: Prepared) -> str:
    scale = ", ".join(f"{grade.name} {grade.gain} {grade.target}" for grade in prepared.scale.grades)
    return f"file-{fingerprint([_path(work)])} ({scale})"


def _path(work: Work) -> Path:
    path = label_file(work.config)
    assert path is not None  # the config's own checks see to it
    return path
