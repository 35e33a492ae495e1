"""The write-ahead log: numbered segments of records, each with its length and checksums. Knows no products.

A record is a header (magic, sequence number, length, checksum of the payload, checksum of the header) and a payload. It
is appended in one piece and synced before the next, so only the last record of the last segment can be torn. What is
not sound and has nothing sound after it is such a torn tail: it was never acknowledged, readers pass over it, and the
next writer cuts it off. What is not sound but has a sound record after it is damage, and an error.

Every function expects its caller to hold the log's lock: shared to read, alone to write.
"""

import contextlib
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from eval.errors import InputError, MachineError
from eval.files import sync_directory

_MAGIC = b"drw1"
_HEADER = struct.Struct("<4sQII")
_CHECKSUM = struct.Struct("<I")
_HEADER_BYTES = _HEADER.size + _CHECKSUM.size
_LARGEST = 2**32 - 1


class Record(NamedTuple):
    """A sound record: its sequence number, what it holds, and where in its segment it begins and ends (bytes)."""

    sequence: int
    payload: bytes
    start: int
    end: int


class Segment:
    """One file of the log, open for reading: also once it has been unlinked.

    Raises:
        FileNotFoundError: there is no such segment (any more).
    """

    def __init__(self, log: "Log", number: int) -> None:
        self.number = number
        self.path = log.path(number)
        self._stream = self.path.open("rb", buffering=0)

    def size(self) -> int:
        """Bytes in the file now."""
        return os.fstat(self._stream.fileno()).st_size

    def records(self, start: int) -> Iterator[Record]:
        """The sound records from byte `start` on, up to the end or a torn tail.

        Raises:
            MachineError: a damaged record, with the file and the byte.
        """
        while (record := self._record(start)) is not None:
            yield record
            start = record.end
        if start < self.size() and (later := self._later(start)) is not None:
            raise MachineError(
                f"{self.path} is damaged at byte {start}: the record there does not match its checksum, and a sound "
                f"one follows at byte {later}; restore the file from a copy, or remove the live directory to go back "
                "to the index of the run"
            )

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _record(self, start: int) -> Record | None:
        descriptor = self._stream.fileno()
        header = os.pread(descriptor, _HEADER_BYTES, start)
        if len(header) < _HEADER_BYTES or header[:4] != _MAGIC:
            return None
        if _CHECKSUM.unpack_from(header, _HEADER.size)[0] != zlib.crc32(header[: _HEADER.size]):
            return None
        _, sequence, length, checksum = _HEADER.unpack_from(header)
        if start + _HEADER_BYTES + length > self.size():
            return None
        payload = _read(descriptor, length, start + _HEADER_BYTES)
        if zlib.crc32(payload) != checksum:
            return None
        return Record(sequence, payload, start, start + _HEADER_BYTES + length)

    def _later(self, start: int) -> int | None:
        """Where the next sound record after `start` begins, if any does."""
        rest = _read(self._stream.fileno(), self.size() - start, start)
        place = rest.find(_MAGIC, 1)
        while place >= 0:
            if self._record(start + place) is not None:
                return start + place
            place = rest.find(_MAGIC, place + 1)
        return None


class Log:
    """The segments in a directory, numbered from 1; the one with the highest number is written to."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def path(self, number: int) -> Path:
        """Where a segment stands."""
        return self.directory / f"{number:08}.wal"

    def numbers(self) -> list[int]:
        """The segments there are, in order."""
        return sorted(int(path.stem) for path in self.directory.glob("*.wal"))

    def has(self, number: int) -> bool:
        """Whether there is a segment of this number."""
        return self.path(number).exists()

    def last(self, first: int) -> int:
        """The last segment of the unbroken row that begins with `first`."""
        while self.has(first + 1):
            first += 1
        return first

    def create(self, number: int) -> None:
        """Begin an empty segment, or empty the one that is there.

        Raises:
            MachineError: the disk refuses.
        """
        path = self.path(number)
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            sync_directory(self.directory)
        except OSError as error:
            raise _refused(path, error) from error

    def append(self, number: int, start: int, sequence: int, payload: bytes) -> int:
        """Write a record at byte `start`, cutting off what stands there, and sync it; returns where it ends.

        Raises:
            MachineError: the disk is full, or refuses; the log is as it was before.
            InputError: the record is too large.
        """
        if len(payload) > _LARGEST:
            raise InputError(
                f"a change of {len(payload):,} bytes is too large for one record; put fewer products at once"
            )
        header = _HEADER.pack(_MAGIC, sequence, len(payload), zlib.crc32(payload))
        record = header + _CHECKSUM.pack(zlib.crc32(header)) + payload
        path = self.path(number)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise _refused(path, error) from error
        try:
            if os.fstat(descriptor).st_size > start:
                os.ftruncate(descriptor, start)
            _write(descriptor, record, start)
            os.fsync(descriptor)
        except OSError as error:
            with contextlib.suppress(OSError):  # what cannot be cut now is a torn tail to the next writer
                os.ftruncate(descriptor, start)
            raise _refused(path, error) from error
        finally:
            os.close(descriptor)
        return start + len(record)

    def cut(self, number: int, end: int) -> None:
        """Cut a torn tail off, so that another segment may follow.

        Raises:
            MachineError: the disk refuses.
        """
        path = self.path(number)
        try:
            if path.stat().st_size > end:
                os.truncate(path, end)
        except OSError as error:
            raise _refused(path, error) from error

    def remove(self, number: int) -> None:
        """Delete a segment; whoever has it open reads on."""
        self.path(number).unlink(missing_ok=True)


def _read(descriptor: int, length: int, start: int) -> bytes:
    parts = []
    while length > 0 and (part := os.pread(descriptor, length, start)):
        parts.append(part)
        start, length = start + len(part), length - len(part)
    return b"".join(parts)


def _write(descriptor: int, record: bytes, start: int) -> None:
    rest = memoryview(record)
    while rest:
        written = os.pwrite(descriptor, rest, start)
        start, rest = start + written, rest[written:]


def _refused(path: Path, error: OSError) -> MachineError:
    return MachineError(
        f"cannot write {path}: {error.strerror or error}; the change was not accepted: free space or choose another "
        "place"
    )
