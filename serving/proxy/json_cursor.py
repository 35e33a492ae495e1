"""Reads JSON where it has to be looked into, and keeps the rest as it was written."""

import json
import re
from collections.abc import Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, NamedTuple

_SPACE = re.compile(r"[ \t\n\r]*")
_VALUE = json.JSONDecoder()


class Raw(NamedTuple):
    """A value as it was written, and what it says."""

    text: str
    value: Any


class JsonCursor:
    """A place in a JSON text, at the beginning of a value.

    Raises:
        ValueError: each method, where the text is not what it reads.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = _SPACE.match(text, 0).end()  # type: ignore[union-attr]

    def value(self) -> Raw:
        """The value here, whole."""
        start = self._at
        value, self._at = _VALUE.raw_decode(self._text, start)
        return Raw(self._text[start : self._at], value)

    def members(self) -> Iterator[str]:
        """The names of the object here; each one's value must be read before the next is asked for."""
        for _ in self._entries("{", "}"):
            if self._text[self._at : self._at + 1] != '"':
                raise ValueError(f"no name at {self._at}")
            name, self._at = scanstring(self._text, self._at + 1)
            self._skip()
            self._take(":")
            yield name

    def elements(self) -> Iterator[None]:
        """The elements of the list here; each must be read before the next is asked for."""
        return self._entries("[", "]")

    def starts(self, mark: str) -> bool:
        """Whether the value here begins with this character."""
        return self._text.startswith(mark, self._at)

    def _entries(self, opening: str, closing: str) -> Iterator[None]:
        self._take(opening)
        more = not self.starts(closing)
        while more:
            yield None
            self._skip()
            more = self.starts(",")
            if more:
                self._take(",")
        self._take(closing)

    def _take(self, mark: str) -> None:
        if not self.starts(mark):
            raise ValueError(f"no {mark!r} at {self._at}")
        self._at += 1
        self._skip()

    def _skip(self) -> None:
        self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]


def as_object(members: dict[str, str]) -> str:
    """An object of values as they were written."""
    return "{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in members.items()) + "}"
