"""How long a report takes, and how much memory: 1,000 queries × 1,000 candidates × 5 runs, side by side and each alone.

    python -m benchmarks.report [--queries 1000] [--candidates 1000] [--runs 5]

Measured runs are made up (random scores around the judged grades), written as a measurement writes them, and reported
by `distilrank report` in processes of their own, whose seconds and peak memory are printed. Run it on idle cores.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import yaml

from eval.bootstrap import Interval
from eval.evaluation import evaluate
from eval.files import write_json
from eval.grades import ESCI
from eval.trec import Qrels, Run
from rerank.gate import GateDecision
from retrieval.data.search_data import SearchData
from retrieval.types import Product, Query
from workflow.measure.bench import MODES
from workflow.measure.files import pairs_table
from workflow.measure.measurement import Measured, write_report
from workflow.measure.segmentation import run_segments
from workflow.measure.system_names import BLENDED, STUDENT, TEACHER
from workflow.run.directory import RunDirectory
from workflow.run.prepared import load_prepared, write_prepared

_WORDS = ("red", "wool", "steel", "small", "large", "sofa", "chair", "lamp", "without", "10", "cm", "acme", "kettle")
_JUDGED, _PRODUCTS, _DEEPEST = 40, 50_000, 100
_NOISE = {"hybrid": 60.0, "dense": 70.0, "bm25": 80.0, TEACHER: 25.0, STUDENT: 30.0, BLENDED: 28.0}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("queries", 1000), ("candidates", 1000), ("runs", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = _data(options.queries)
        runs = [_make(Path(folder), f"run-{n}", data, options.candidates, n) for n in range(options.runs)]
        for what, chosen in (("one run", runs[:1]), (f"{len(runs)} runs side by side", runs)):
            print(f"{what}: {_report(chosen, Path(folder) / 'out')}")


_CHILD = """
import re, resource, sys
from distilrank import main
assert main(sys.argv[1:]) == 0
used = resource.getrusage(resource.RUSAGE_SELF)
peak = re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]  # of this program, not of what forked it
print(used.ru_utime + used.ru_stime, peak, file=sys.stderr)
"""


def _report(runs: list[Path], out: Path) -> str:
    """Report these runs in a process of its own."""
    started = time.perf_counter()
    command = [sys.executable, "-c", _CHILD, "report", *map(str, runs), "--out", str(out)]
    done = subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    seconds = time.perf_counter() - started
    busy, peak = map(float, done.stderr.split()[-2:])
    size = (out / "report.html").stat().st_size / 1e6
    return f"{seconds:.1f} s ({busy:.1f} s of CPU), {peak / 1024:.0f} MB, report.html {size:.2f} MB"


def _data(queries: int) -> SearchData:
    generator = np.random.default_rng(0)
    qrels: Qrels = {}
    for number in range(queries):
        judged = generator.choice(_PRODUCTS, _JUDGED, replace=False)
        gains = generator.choice(ESCI.gains, _JUDGED, p=[0.2, 0.3, 0.2, 0.3])
        qrels[f"q{number}"] = {f"p{i}": int(gain) for i, gain in zip(judged, [100, *gains[1:]], strict=True)}
    texts = [" ".join(generator.choice(_WORDS, generator.integers(1, 7))) for _ in range(queries)]
    products = (
        Product(f"p{i}", {"title": f"product {i}", "brand": f"brand {i % 50}", "colour": "", "category": f"c{i % 9}"})
        for i in range(_PRODUCTS)
    )
    return SearchData(
        name="made up",
        products=lambda: products,
        queries={i: Query(i, text) for i, text in zip(qrels, texts, strict=True)},
        qrels=qrels,
        splits=dict.fromkeys(qrels, "test"),
        scale=ESCI,
    )


def _make(folder: Path, name: str, data: SearchData, candidates: int, seed: int) -> Path:
    run = RunDirectory(folder / name)
    run.stages.mkdir(parents=True)
    measure = {"window": candidates, "recall": candidates}
    run.config.write_text(yaml.safe_dump({"name": name, "data": {"format": "shop"}, "measure": measure}))
    if seed == 0:
        write_prepared(data, run.data)
    else:
        run.data.symlink_to(folder / "run-0" / "data")
    prepared = load_prepared(run.data)
    generator = np.random.default_rng(seed)
    scores: dict[str, Run] = {system: {} for system in _NOISE}
    for query_id, judged in data.qrels.items():
        others = generator.choice(_PRODUCTS, candidates, replace=False)
        ids = list(dict.fromkeys([*judged, *(f"p{i}" for i in others)]))[:candidates]
        gains = np.array([judged.get(i, 0) for i in ids])
        for system, noise in _NOISE.items():
            values = gains + generator.normal(0, noise, len(ids))
            scores[system][query_id] = dict(zip(ids, (values / 50).tolist(), strict=True))
    best = {system: {i: _head(of) for i, of in found.items()} for system, found in scores.items()}
    measures = {"judged-only": ["nDCG@10"], "full catalogue": ["nDCG@10", f"R@{candidates}", "RR", "Judged@10"]}
    evaluations = {
        f"test, {mode}": evaluate(
            data.qrels,
            best,
            measures[mode],
            relevant_gain=100,
            judged_only=mode == "judged-only",
            baseline="hybrid",
            seed=7,
        )
        for mode in MODES
    }
    shares = dict.fromkeys(data.qrels, 0.8)
    tables = [
        pairs_table(
            mode,
            scores["hybrid"] if mode == "full catalogue" else _only(scores["hybrid"], data.qrels),
            *(
                found if mode == "full catalogue" else _only(found, data.qrels)
                for found in (scores[system] for system in ("hybrid", TEACHER, STUDENT, BLENDED))
            ),
            shares,
        )
        for mode in MODES
    ]
    found = Measured(
        evaluations=evaluations,
        weights=dict.fromkeys(MODES, 0.8),
        decision=GateDecision(True, Interval(0.1, 0.0, 0.2, 10), "made up"),
        milliseconds=dict(zip(_NOISE, (1.0, 2.0, 3.0, 90.0, 30.0, 30.0), strict=True)),
        convention=ESCI.convention,
        runtime="nothing",
        headlines=[],
        windows={BLENDED: {10: 5.0, candidates: 30.0}},
        runs=dict.fromkeys(MODES, best),
        pairs=pa.concat_tables(tables).unify_dictionaries(),
    )
    segments = run_segments(
        prepared,
        list(data.qrels),
        first=best["hybrid"],
        first_stage="hybrid",
        vocabulary=set(_WORDS[:10]),
        category_field="category",
    )
    write_report(found, prepared, segments, run.report)
    write_json(run.stages / "measure.json", {"key": "made up"})
    print(json.dumps({"made": name}), file=sys.stderr)
    return run.root


def _head(scores: dict[str, float]) -> dict[str, float]:
    return dict(sorted(scores.items(), key=lambda item: -item[1])[:_DEEPEST])


def _only(run: Run, qrels: Qrels) -> Run:
    return {i: {product: score for product, score in of.items() if product in qrels[i]} for i, of in run.items()}


if __name__ == "__main__":
    main()
