"""What was installed, kept in a file beside the work: what `remove` takes away, and nothing else."""

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from eval.errors import InputError
from eval.files import read_json, sync_directory, write_json

_FORMAT = 1


@dataclass
class Made:
    """One piece in the cluster.

    Args:
        id: by which the cluster knows it; None while that is not known yet.
        done: False from before the request that makes it until its answer is here.
        digest: of that request.
        sign: how the cluster's own description of it shows that it is ours.
    """

    kind: str
    name: str
    place: str
    sign: str
    digest: str
    listing: str | None = None
    undo_first: str | None = None
    id: str | None = None
    done: bool = False


@dataclass
class Record:
    """One installation.

    Args:
        path: the file.
        cluster: the cluster's uuid; `url`, where it was reached.
        mark: a text by which the cluster's descriptions show what this installation made.
        made: the pieces, in the order in which they were made.
    """

    path: Path
    cluster: str
    url: str
    way: str
    name: str
    mark: str = field(default_factory=lambda: f"mark {secrets.token_hex(8)}")
    made: list[Made] = field(default_factory=list)

    @classmethod
    def load(cls, path: Path) -> "Record | None":
        """The record at `path`; None when there is none.

        Raises:
            InputError: when the file is something else.
        """
        if not path.exists():
            return None
        try:
            facts: dict[str, Any] = read_json(path)
            if facts.pop("format") != _FORMAT:
                raise ValueError("another format")
            made = [Made(**one) for one in facts.pop("made")]
            return cls(path=path, made=made, **facts)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path} is no record of distilrank hook ({error}); name another with --record") from None

    def save(self) -> None:
        """Write it, whole or not at all; an empty record leaves no file."""
        if not self.made:
            self.path.unlink(missing_ok=True)
            if self.path.parent.exists():
                sync_directory(self.path.parent)
            return
        facts = asdict(self)
        facts.pop("path")
        write_json(self.path, {"format": _FORMAT, **facts})

    def digest(self, request: object) -> str:
        """Of a request, key included; salted, so that the file does not give a short key away."""
        text = json.dumps([self.mark, request], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]
