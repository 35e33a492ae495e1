"""Files and directories that are never half-written: write beside, fsync, then rename."""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from eval.errors import MachineError


@contextlib.contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it onto `path` when the block ends well.

    A file replaces the old file. A directory replaces the old directory, which is removed only once the new one is
    complete. When the block fails, the temporary is removed and `path` is as it was.

    Raises:
        MachineError: when the operating system refuses the write (disk full, no permission).
    """
    path = Path(path)
    temporary, old = (path.with_name(f".{path.name}.{suffix}") for suffix in ("tmp", "old"))
    try:
        if old.exists() and not path.exists():  # a kill between the two renames of a directory
            os.rename(old, path)
        _remove(temporary)
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _sync(temporary)
        if path.is_dir() and temporary.is_dir():
            _remove(old)
            os.rename(path, old)
            os.rename(temporary, path)
            _remove(old)
        else:
            os.replace(temporary, path)
        sync_directory(path.parent)
    except OSError as error:
        if error.filename is not None and not Path(error.filename).is_relative_to(path.parent):
            raise  # a file that the block read, not the one it writes
        # copytree gathers what went wrong in a list of (source, destination, reason)
        reason = error.args[0][0][2] if isinstance(error, shutil.Error) else error.strerror or error
        raise MachineError(f"cannot write {path}: {reason}; free space or choose another place") from error
    finally:
        _remove(temporary)


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON with sorted keys, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read JSON.

    Raises:
        MachineError: when the file is missing or is not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise MachineError(f"{path} is missing; run the stage that writes it") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise MachineError(f"{path} is not valid JSON ({error}); remove it and run its stage again") from error


def fingerprint(paths: Iterable[Path]) -> str:
    """SHA-256 over the names and bytes of files (directories are walked in order); 16 hex digits."""
    digest = hashlib.sha256()
    for root in paths:
        root = Path(root)
        files = sorted(p for p in root.rglob("*") if p.is_file()) if root.is_dir() else [root]
        for file in files:
            name = file.relative_to(root).as_posix() if root.is_dir() else file.name
            digest.update(name.encode() + b"\0")
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:16]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    for file in path.rglob("*") if path.is_dir() else [path]:
        if file.is_file():
            with file.open("rb") as stream:
                os.fsync(stream.fileno())


def sync_directory(path: Path) -> None:
    """See to it that the names in a directory survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
