"""Labelling over two Ray workers, one of which is killed: the same journal as without Ray."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from augment_toy import PROTECTED, WordTeacher, toy_catalogue, toy_label, toy_mine

from augment.guard import LeakGuard
from augment.journal import Journal, open_journal
from augment.labelling import LabelledSlice, Slice, label_slice, slices_to_label, write_slices
from augment.pairs import Pairs
from workflow.stages.ray_spread import Where, labels_from, labels_to, spread

pytest.importorskip("ray.data")


class ToyWorker:
    """Labels slices with the toy teacher, slowly, and says which process it is."""

    def __init__(self, root: str) -> None:
        self.root = Path(root)
        self.catalogue = toy_catalogue()

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        time.sleep(0.3)
        wanted = Slice(int(row["number"]), tuple(int(place) for place in row["places"]))
        pairs, journal = Pairs(self.root / "pairs"), Journal(self.root / "journal")
        rows = label_slice(wanted, pairs, self.catalogue, WordTeacher(), journal, LeakGuard(PROTECTED))
        return {"number": wanted.number, "labels": labels_to(rows), "process": os.getpid()}


@pytest.mark.slow
@pytest.mark.skipif("DISTILRANK_RAY" not in os.environ, reason="starts a Ray cluster; DISTILRANK_RAY=1 runs it")
@pytest.mark.filterwarnings("default")
def test_a_killed_worker_changes_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(Path(__file__).parents[2]), str(Path(__file__).parent)]))
    alone, spread_out = tmp_path / "alone", tmp_path / "spread"
    for root in (alone, spread_out):
        toy_mine(root / "pairs")
    toy_label(alone, WordTeacher())
    pairs = Pairs(spread_out / "pairs")
    journal = open_journal(spread_out / "journal", pairs, teacher_version="toy-1", prompt_version="p1", shard_pairs=23)
    wanted = slices_to_label(journal)
    items = [{"number": one.number, "places": list(one.places)} for one in wanted]
    seen: list[int] = []
    killed: list[int] = []

    def labelled() -> Iterator[LabelledSlice]:
        for row in spread(Where("local", 2, 0), ToyWorker, (str(spread_out),), items, ordered=False):
            seen.append(int(row["process"]))
            if len(seen) == 3:
                killed.append(seen[-1])
                os.kill(seen[-1], signal.SIGKILL)
            yield int(row["number"]), labels_from(row["labels"])

    started = time.monotonic()
    counts = write_slices(labelled(), wanted, journal, failed_share=1.0)
    print(f"{len(wanted)} shards by {len(set(seen))} processes in {time.monotonic() - started:.0f} s", file=sys.stderr)
    assert killed
    assert counts.missing == 0
    assert not ray.is_initialized()
    assert len(seen) == len(wanted)
    assert {file.name: file.read_bytes() for file in (spread_out / "journal").iterdir()} == {
        file.name: file.read_bytes() for file in (alone / "journal").iterdir()
    }
