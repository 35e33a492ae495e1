"""Reads options from YAML into a model that checks them, and explains what is wrong in one line.

A typo is an error that names the nearest option; nothing is silently ignored.
"""

import difflib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from eval.errors import InputError

Options = TypeVar("Options", bound=BaseModel)


def read_options(model: type[Options], path: Path, overrides: Mapping[str, Any]) -> Options:
    """The options in the file `path`; `overrides` maps dotted option names to values and wins over the file.

    Raises:
        InputError: when the file is missing, is not YAML, or has an unknown or ill-typed option (every one is named).
    """
    try:
        tree = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"config {path} does not exist; configs/ has examples") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"config {path} cannot be read as YAML: {' '.join(str(error).split())}") from error
    if not isinstance(tree, dict):
        raise InputError(f"config {path} holds {type(tree).__name__}, expected options (name: value)")
    tree = json.loads(json.dumps(tree, default=str))  # sections that share a YAML anchor are one object; part them
    for dotted, value in overrides.items():
        _put(tree, dotted.split("."), value)
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        lines = "; ".join(_explain(model, detail) for detail in error.errors())
        raise InputError(f"config {path}: {lines}") from None


def _put(tree: dict[str, Any], keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        tree = tree.setdefault(key, {})
        if not isinstance(tree, dict):
            raise InputError(f"option {'.'.join(keys)} cannot be set: {key} is not a section")
    tree[keys[-1]] = value


def _explain(root: type[BaseModel], detail: Any) -> str:
    location = [str(part) for part in detail["loc"]]
    name = ".".join(location)
    if detail["type"] == "extra_forbidden":
        known = _options_at(root, location[:-1])
        near = difflib.get_close_matches(location[-1], known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(sorted(known))}"
        return f"unknown option {name!r}; {hint}"
    if detail["type"] == "missing":
        return f"option {name!r} is missing and has no default"
    if detail["type"] == "value_error":  # a section's own check, whose message names value, expectation and fix
        return str(detail["ctx"]["error"])
    return f"option {name!r} is {detail['input']!r}: {detail['msg'][0].lower()}{detail['msg'][1:]}"


def _options_at(root: type[BaseModel], location: list[str]) -> list[str]:
    section = root
    for part in location:
        field = section.model_fields.get(part)
        if field is None:
            continue
        nested = _section_in(field.annotation)
        if nested is not None:
            section = nested
    return list(section.model_fields)


def _section_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in get_args(annotation):
        found = _section_in(inner)
        if found is not None:
            return found
    return None
