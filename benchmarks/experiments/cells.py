"""The cells of an experiment: run once each, kept as lines of a file, then compared in a table and a picture.

A cell is one arm under one seed; its line holds the value of every test query. A run that was stopped goes on with the
cells that are missing. Values are compared over queries *and* seeds (`eval.bootstrap.crossed_interval`), paired.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.experiments.picture import draw
from benchmarks.experiments.setting import MEASURE, Setting
from eval.bootstrap import Interval, crossed_interval

Arms = Mapping[str, Callable[[int], dict[str, float]]]
"""An arm's name to its cell: the values, by query, that a seed gives."""


def parse(description: str | None, kinds: Mapping[str, type] | None = None, **defaults: int) -> argparse.Namespace:
    """The command line that all experiments share; `defaults` are their own whole-number options, `kinds` the type of
    those that have none."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, help="a directory for what the cells share; made where it is missing")
    parser.add_argument("--out", type=Path, required=True, help="the file of finished cells, a JSON line each")
    parser.add_argument("--seeds", default="1,2,3", type=lambda text: [int(seed) for seed in text.split(",")])
    parser.add_argument("--data", type=Path, help="the ESCI data with an LLM's labels; without it, the shop")
    parser.add_argument("--tests", type=int, default=300, help="at most so many test queries")
    parser.add_argument("--arm", action="append", help="only this arm, in the table too; may be given several times")
    parser.add_argument("--picture", type=Path, help="an .svg file to draw")
    for name, value in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    for name, kind in (kinds or {}).items():
        parser.add_argument(f"--{name}", type=kind)
    return parser.parse_args()


def open_setting(options: argparse.Namespace) -> Setting:
    """The setting that the command line names."""
    return Setting(options.work, options.data, tests=options.tests)


def run_cells(options: argparse.Namespace, setting: Setting, arms: Arms, *, title: str) -> None:
    """Run what is missing, arm by arm within a seed so that a stopped run has whole comparisons; print and draw."""
    if unknown := [name for name in options.arm or () if name not in arms]:
        raise SystemExit(f"--arm {unknown[0]!r} is none of the arms: {', '.join(map(repr, arms))}")
    arms = {name: cell for name, cell in arms.items() if options.arm is None or name in options.arm}
    done = read_cells(options.out)
    for seed in options.seeds:
        for name, cell in arms.items():
            if (name, seed) in done:
                continue
            began = time.monotonic()
            values = cell(seed)
            seconds = round(time.monotonic() - began, 1)
            done[name, seed] = values
            append(options.out, {"arm": name, "seed": seed, "seconds": seconds, "values": values})
            print(f"<!-- {name}, seed {seed}: {np.mean(list(values.values())):.4f}, {seconds:.0f} s -->", flush=True)
    report(done, list(arms), setting, title, options.picture)


def read_cells(path: Path) -> dict[tuple[str, int], dict[str, float]]:
    """The finished cells; a line that a kill left unfinished is passed over."""
    found = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            cell = json.loads(line)
        except json.JSONDecodeError:
            continue
        found[cell["arm"], cell["seed"]] = cell["values"]
    return found


def append(path: Path, cell: dict) -> None:
    """Add a line, on the disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b") as stream:
        if stream.tell() and not _ends_with_newline(path):
            stream.write(b"\n")
        stream.write(json.dumps(cell).encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())


def report(
    done: Mapping[tuple[str, int], dict[str, float]],
    arms: Sequence[str],
    setting: Setting,
    title: str,
    picture: Path | None,
) -> None:
    """A Markdown table, an arm a line, against the first arm, over the seeds that all arms have; and the picture."""
    seeds = sorted({seed for _, seed in done if all((arm, seed) in done for arm in arms)})
    if not seeds:
        print("no seed has all arms yet")
        return
    queries = sorted(done[arms[0], seeds[0]])
    values = {arm: np.array([[done[arm, seed][query] for query in queries] for seed in seeds]) for arm in arms}
    means = {arm: crossed_interval(array, seed=7) for arm, array in values.items()}
    print(f"\n### {title}\n\n{setting.prepared.scale.convention}, {MEASURE}, linear gain, log2 discount, judged-only; "
          f"{len(queries)} test queries × {len(seeds)} seeds ({', '.join(map(str, seeds))})\n")  # fmt: skip
    print(f"| arm | {MEASURE} | − {arms[0]} |\n|---|---|---|")
    for name, single in setting.references().items():
        print(f"| ({name}) | {np.mean([single[query] for query in queries]):.4f} | |")
    for arm, interval in means.items():
        gap = crossed_interval(values[arm] - values[arms[0]], seed=7) if arm != arms[0] else None
        print(f"| {arm} | {_told(interval)} | {_told(gap, '+') if gap else ''} |")
    if picture is not None:
        hybrid = setting.references()["hybrid"]
        draw(title, f"{MEASURE}, judged-only", means, float(np.mean([hybrid[query] for query in queries])), picture)


def _told(interval: Interval, sign: str = "") -> str:
    return f"{interval.mean:{sign}.4f} [{interval.low:{sign}.4f}, {interval.high:{sign}.4f}]"


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"
