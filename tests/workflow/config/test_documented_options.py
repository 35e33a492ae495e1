"""Every option of the config stands in docs/configuration.md."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from workflow.config.run import Config

DOCS = (Path(__file__).parents[3] / "docs" / "configuration.md").read_text(encoding="utf-8")
NAMED = set(re.findall(r"`(?:[a-z_]+\.)?([a-z_]+)`", DOCS))
INSIDE = {"strata", "lora", "columns"}
"""Options whose own parts are shown by the configs that ship."""


def _options(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield name
        inner = [part for part in (field.annotation, *get_args(field.annotation)) if isinstance(part, type)]
        if name not in INSIDE:
            for part in inner:
                if issubclass(part, BaseModel):
                    yield from _options(part)


@pytest.mark.parametrize("option", sorted(set(_options(Config))))
def test_the_option_is_documented(option: str) -> None:
    assert option in NAMED
