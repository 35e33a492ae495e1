"""Files and directories are whole or as they were: after errors, on a full disk, after SIGKILL."""

import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from eval.errors import MachineError
from eval.files import atomic_path, fingerprint, read_json, write_json, write_text

ROOT = Path(__file__).parents[2]


def test_a_file_and_a_directory_replace_the_old_ones(tmp_path: Path) -> None:
    file, folder = tmp_path / "new" / "file", tmp_path / "folder"
    for content in ("old", "new"):
        write_text(file, content)
        with atomic_path(folder) as temporary:
            temporary.mkdir()
            (temporary / content).write_text(content)
    assert file.read_text() == "new"
    assert [path.name for path in folder.iterdir()] == ["new"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "new"]


def test_a_block_that_fails_leaves_the_old_content(tmp_path: Path) -> None:
    file, folder = tmp_path / "file", tmp_path / "folder"
    file.write_text("old")
    folder.mkdir()
    (folder / "part").write_text("old")
    with pytest.raises(ZeroDivisionError):
        _write_half(file, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        _write_half_folder(folder, ZeroDivisionError())
    assert file.read_text() == (folder / "part").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_a_full_disk_is_one_clear_line_and_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "labels"
    path.write_text("old")
    with pytest.raises(MachineError, match=r"cannot write .*labels: No space left on device; free space") as caught:
        _write_half(path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert caught.value.exit_code == 3
    assert [path.name for path in tmp_path.iterdir()] == ["labels"]
    assert path.read_text() == "old"


def test_a_disk_that_fills_up_at_the_last_moment_leaves_the_old_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    write_json(tmp_path / "file", {"old": 1})
    monkeypatch.setattr(os, "fsync", full)  # where delayed allocation tells of a full disk
    with pytest.raises(MachineError, match="No space left"):
        write_json(tmp_path / "file", {"new": 1})
    monkeypatch.undo()
    assert read_json(tmp_path / "file") == {"old": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_killed_write_leaves_no_half_file_and_the_next_one_succeeds(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "shard"
    prepare, target = ("pass", "t") if kind == "file" else ("t.mkdir()", "t / 'part'")
    code = f"""
import os, signal, sys
from pathlib import Path
from eval.files import atomic_path
with atomic_path(Path(sys.argv[1])) as t:
    {prepare}
    with ({target}).open("w") as file:
        file.write(sys.argv[2])
        file.flush()
        if sys.argv[3] == "die":
            os.kill(os.getpid(), signal.SIGKILL)
"""

    def write(content: str, end: str) -> int:
        command = [sys.executable, "-c", code, str(path), content, end]
        return subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False).returncode

    def read() -> str:
        return (path if kind == "file" else path / "part").read_text()

    assert write("hal", "die") == -signal.SIGKILL
    assert not path.exists()
    assert write("first", "live") == 0
    assert read() == "first"
    assert write("sec", "die") == -signal.SIGKILL
    assert read() == "first"
    assert write("second", "live") == 0
    assert read() == "second"
    assert [left.name for left in tmp_path.iterdir()] == ["shard"]


def test_json_round_trips_with_sorted_keys_and_broken_files_name_the_fix(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    write_json(path, {"b": [1, 2.5], "a": "é"})
    assert read_json(path) == {"a": "é", "b": [1, 2.5]}
    assert path.read_text(encoding="utf-8").index('"a": "é"') < path.read_text(encoding="utf-8").index('"b"')
    with pytest.raises(MachineError, match=r"none\.json is missing; run the stage"):
        read_json(tmp_path / "none.json")
    for broken in (json.dumps({"a": 1})[:-1].encode(), b'{"a": "\xff"}'):
        path.write_bytes(broken)
        with pytest.raises(MachineError, match="not valid JSON"):
            read_json(path)


def test_a_fingerprint_follows_names_and_bytes(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder, order in ((one, "ab"), (two, "ba")):
        folder.mkdir()
        for name in order:
            (folder / name).write_text(name)
    assert fingerprint([one]) == fingerprint([two])
    (two / "b").write_text("c")
    assert fingerprint([one]) != fingerprint([two])
    (two / "b").rename(two / "c")
    (one / "b").write_text("c")
    assert fingerprint([one]) != fingerprint([two])


def _write_half(path: Path, error: Exception) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text("half")
        raise error


def _write_half_folder(path: Path, error: Exception) -> None:
    with atomic_path(path) as temporary:
        temporary.mkdir()
        (temporary / "part").write_text("half")
        raise error


def test_a_kill_between_the_two_renames_of_a_directory_loses_nothing(tmp_path: Path) -> None:
    target = tmp_path / "model"
    with atomic_path(target) as temporary:
        temporary.mkdir()
        (temporary / "weights").write_text("old")
    os.rename(target, tmp_path / ".model.old")  # what a SIGKILL at that moment leaves
    with pytest.raises(ZeroDivisionError), atomic_path(target):
        raise ZeroDivisionError
    assert (target / "weights").read_text() == "old"


def test_a_missing_input_read_inside_the_block_is_not_called_a_write_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "out" / "file"):
        (tmp_path / "elsewhere" / "input").read_text()
