"""The log's promises, byte by byte: torn tails are passed over and cut, damage is named."""

import errno
import os
from pathlib import Path

import pytest

from eval.errors import MachineError
from retrieval.live.log import Log, Segment

PAYLOADS = [b"first", b"", b"third and longer " * 3]


@pytest.fixture
def log(tmp_path: Path) -> Log:
    """Three records in segment 1."""
    log = Log(tmp_path / "log")
    log.create(1)
    end = 0
    for sequence, payload in enumerate(PAYLOADS, start=1):
        end = log.append(1, end, sequence, payload)
    return log


def read(log: Log) -> list[tuple[int, bytes]]:
    segment = Segment(log, 1)
    try:
        return [(record.sequence, record.payload) for record in segment.records(0)]
    finally:
        segment.close()


def ends(log: Log) -> list[int]:
    segment = Segment(log, 1)
    found = [record.end for record in segment.records(0)]
    segment.close()
    return found


def test_records_are_read_back(log: Log) -> None:
    assert read(log) == list(enumerate(PAYLOADS, start=1))
    assert log.path(1).stat().st_size == ends(log)[-1]


def test_a_tail_torn_at_any_byte_is_passed_over_and_cut_by_the_next_writer(log: Log) -> None:
    whole, places = log.path(1).read_bytes(), [0, *ends(log)]
    for size in range(len(whole)):
        log.path(1).write_bytes(whole[:size])
        sound = sum(place <= size for place in places) - 1
        assert read(log) == list(enumerate(PAYLOADS, start=1))[:sound]
        log.append(1, places[sound], sound + 1, b"new")
        assert read(log) == [*list(enumerate(PAYLOADS, start=1))[:sound], (sound + 1, b"new")]


def test_what_a_power_cut_leaves_of_the_last_record_is_a_torn_tail(log: Log) -> None:
    whole, start = log.path(1).read_bytes(), ends(log)[1]
    for place in range(start, len(whole)):
        broken = bytearray(whole)
        broken[place] ^= 0x40
        log.path(1).write_bytes(broken)
        assert read(log) == list(enumerate(PAYLOADS, start=1))[:2]
    log.path(1).write_bytes(whole[:start] + bytes(5000))  # a file grown, its pages never written
    assert read(log) == list(enumerate(PAYLOADS, start=1))[:2]


def test_a_damaged_record_with_a_sound_one_after_it_is_named(log: Log) -> None:
    whole, places = log.path(1).read_bytes(), [0, *ends(log)]
    for place in range(places[2]):
        broken = bytearray(whole)
        broken[place] ^= 0x01
        log.path(1).write_bytes(broken)
        start = max(end for end in places if end <= place)
        with pytest.raises(MachineError, match=rf"00000001\.wal is damaged at byte {start}: .* restore the file"):
            read(log)


def test_segments_are_numbered_and_survive_their_removal(log: Log) -> None:
    log.create(2)
    log.create(4)
    assert log.numbers() == [1, 2, 4]
    assert log.last(1) == 2
    open_one = Segment(log, 1)
    log.remove(1)
    assert [record.payload for record in open_one.records(0)] == PAYLOADS
    open_one.close()
    with pytest.raises(FileNotFoundError):
        Segment(log, 1)


def test_a_record_is_synced_whole_before_it_counts(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    synced, sync = [], os.fsync

    def observed(descriptor: int) -> None:
        sync(descriptor)
        synced.append(os.fstat(descriptor).st_size)

    monkeypatch.setattr(os, "fsync", observed)
    end = log.append(1, ends(log)[-1], 4, b"fourth")
    assert synced == [end]


def test_a_record_that_cannot_be_synced_is_taken_back(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(descriptor: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    before = log.path(1).read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fails)
        with pytest.raises(MachineError, match="Input/output error; the change was not accepted"):
            log.append(1, len(before), 4, b"fourth")
    assert log.path(1).read_bytes() == before
    log.append(1, len(before), 4, b"again")
    assert read(log)[-1] == (4, b"again")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs Linux")
def test_a_disk_without_room_is_said(log: Log) -> None:
    log.path(2).symlink_to("/dev/full")
    with pytest.raises(MachineError, match="No space left on device; the change was not accepted"):
        log.append(2, 0, 4, b"more")
