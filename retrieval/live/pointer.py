"""`CURRENT`: which generation and which part of the log make up the catalogue now. Replaced whole, never edited."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path

from eval.errors import MachineError
from eval.files import read_json, write_json

FORMAT = 1
_NAME = "CURRENT"


@dataclass(frozen=True)
class Pointer:
    """The catalogue is generation `generation` and, on top of it, the log from segment `segment` on.

    `sequence` is that of the last record the generation holds. `base` is the fingerprint of the run's index and
    catalogue, of which generation 0 consists and all others were made; `texts` that of what makes vectors of products
    (encoder and text template).
    """

    generation: int
    segment: int
    sequence: int
    base: str
    texts: str

    def write(self, directory: Path) -> None:
        """Make it the current one."""
        write_json(directory / _NAME, {"format": FORMAT, **asdict(self)})

    @classmethod
    def read(cls, directory: Path) -> "Pointer | None":
        """The current one; None where nothing has begun.

        Raises:
            MachineError: the file is broken, or of another format.
        """
        path = directory / _NAME
        if not path.exists():
            return None
        stored = read_json(path)
        expected = {"format", *cls.__dataclass_fields__}
        if not isinstance(stored, dict) or stored.get("format") != FORMAT or set(stored) != expected:
            raise MachineError(
                f"{path} is not of this version of distilrank; use the version that wrote it, or remove {directory} to "
                "go back to the index of the run"
            )
        return cls(**{name: value for name, value in stored.items() if name != "format"})


def pointer_stamp(directory: Path) -> tuple[int, int, int] | None:
    """What changes whenever another pointer is written; cheap. None where there is none."""
    try:
        found = os.stat(directory / _NAME)
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
