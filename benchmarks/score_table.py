"""What the score table is worth on the synthetic shop: python -m benchmarks.score_table RUN [--queries N]

RUN is a finished run of a shop config; its table is built (or gone on with) in it. Everything is measured on the log's
own head queries with the shop's true grades of the whole catalogue, so nothing is unjudged and no judged query is
needed; the log's repeats of test queries are left out. Prints Markdown.
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from rich.console import Console

from benchmarks.shop_truth import ShopTruth
from eval.bootstrap import interval
from rerank.blend import blend
from rerank.pipeline import SearchPipeline
from rerank.score_table import ScoreTable, table_key
from rerank.student import Student
from rerank.tabled_reranker import TabledReranker
from retrieval.data.search_data import LogQuery
from retrieval.shop.intents import Intent
from workflow.config.run import load_config
from workflow.run.chains import chains
from workflow.run.directory import RunDirectory
from workflow.run.progress import StageProgress
from workflow.served.opened import OpenedRun, open_run
from workflow.served.score_table import HeadQuery, build_score_table, head_queries
from workflow.served.teacher_share import both_models, score_both

SIZES = (50, 150, 500)
SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)
SAMPLES = 10_000
TIMED = 40

Values = dict[str, dict[str, float]]
"""System to query text to true nDCG@10."""


def main() -> None:
    """Build the table, then measure hit rate, gain, time and decay."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("run", type=Path)
    arguments.add_argument("--queries", type=int, default=max(SIZES))
    options = arguments.parse_args()
    run = RunDirectory(options.run)
    config = load_config(run.config)
    started = time.monotonic()
    with run.lock(), StageProgress("score-table", Console(stderr=True)) as progress:
        table = build_score_table(config, run, progress, queries=options.queries)
    print(f"{len(table)} queries, {table.pairs} scores, {table.bytes} bytes, {time.monotonic() - started:.0f} s")
    print(f"teacher's share {table.facts['teacher_share']}, dev: {table.facts['dev']}\n")
    opened, truth = open_run(config, run), ShopTruth(config)
    tests = [opened.prepared.queries[i].text for i in opened.prepared.split("test")]
    log, meant = truth.shop.meant_log(config.data.shop.log, tests, judge=truth.judge)
    assert log == opened.prepared.log, "the run's log is not the shop's"
    hit_rates(log, options.queries)
    head = [one for one in head_queries(log)[: options.queries] if one.query.text in meant]
    decay(table, head, opened)
    times(table, head[:TIMED], opened, Student.load(run.root / "student", precision="auto"))
    values = rank(head, opened, run, meant, truth, table)
    gains(head, values, set(pq.read_table(run.pairs / "queries.parquet")["query"].to_pylist()))


def hit_rates(log: Sequence[LogQuery], most: int) -> None:
    """The table of one period's log, asked by another's requests: both drawn from the log's frequencies."""
    counts = np.array([entry.frequency for entry in log], dtype=np.float64)
    generator = np.random.default_rng(7)
    print("| head queries | share of the log's requests | hit rate in the next period, 20 draws |")
    print("|---|---|---|")
    for size in [size for size in SIZES if size <= most]:
        known = sum(one.frequency for one in head_queries(log)[:size]) / counts.sum()
        rates = []
        for _ in range(20):
            past, future = (generator.multinomial(int(counts.sum()), counts / counts.sum()) for _ in range(2))
            before = [LogQuery(entry.text, int(n)) for entry, n in zip(log, past, strict=True) if n]
            keys = {table_key(one.query.text) for one in head_queries(before)[:size]}
            rates.append(sum(n for entry, n in zip(log, future, strict=True) if table_key(entry.text) in keys))
        found = np.array(rates) / counts.sum()
        print(f"| {size} | {known:.1%} | {found.mean():.1%} ({found.min():.1%} to {found.max():.1%}) |")


def decay(table: ScoreTable, head: Sequence[HeadQuery], opened: OpenedRun) -> None:
    """How many entries still answer once a share of the catalogue has new rows, or is gone."""
    window, depth = opened.pipeline.window, int(table.facts["depth"])
    found = opened.pipeline.retriever.search([one.query for one in head], depth)
    lists = [[opened.catalogue.row(hit.product_id) for hit in hits] for hits in found]
    generator = np.random.default_rng(7)
    print(f"\n| share of the catalogue | entries that answer once it changed | once it is deleted (window {window}) |")
    print("|---|---|---|")
    for share in (0.001, 0.01, 0.03, 0.1):
        gone = np.flatnonzero(generator.random(len(opened.catalogue)) < share)
        kept = [~np.isin(rows, gone) for rows in lists]
        changed = np.mean([keep[:window].all() for keep in kept])
        deleted = np.mean([keep.sum() >= min(window, len(keep)) for keep in kept])
        print(f"| {share:.1%} | {changed:.1%} | {deleted:.1%} |")


def times(table: ScoreTable, head: Sequence[HeadQuery], opened: OpenedRun, student: Student) -> None:
    """Median milliseconds of reranking a window: the student's, and the table's, one query at a time."""
    tabled = TabledReranker(table, student)
    print()
    for name, reranker in (("student (torch)", student), ("table", tabled)):
        pipeline = SearchPipeline(
            opened.pipeline.retriever, reranker, opened.catalogue, opened.template, window=opened.pipeline.window
        )
        took = [pipeline.search([one.query], 10)[0].timings_ms for one in head]
        print(f"{name}: {np.median([one['fetch'] + one['rerank'] for one in took]):.3f} ms to fetch and rerank")
    print(f"routes: {tabled.counts}")


def rank(
    head: Sequence[HeadQuery],
    opened: OpenedRun,
    run: RunDirectory,
    meant: Mapping[str, Intent],
    truth: ShopTruth,
    table: ScoreTable,
) -> Values:
    """True nDCG@10 of the first stage, the student and each mixture with the teacher, all blended as served; of the
    table itself; and of a perfect order of the window."""
    pipeline = opened.pipeline
    config = load_config(run.config)
    models = both_models(config, opened.prepared, run, chains(config, opened.prepared, run)[-1])
    values: Values = {}
    for done, one in enumerate(head):
        text = one.query.text
        hits = pipeline.retriever.search([one.query], max(pipeline.window, 10))[0]
        window = hits[: pipeline.window]
        rows = [opened.catalogue.row(hit.product_id) for hit in window]
        teacher, student = score_both([one.query], [rows], opened.catalogue, models)[0]
        best = [truth.gain(meant[text], hit.product_id) for hit in window]
        scores = {"student": student, **{f"share {share:g}": blend(student, teacher, share) for share in SHARES}}
        looked = table.lookup(text, rows)
        assert looked is not None
        scores["table"] = looked
        first = [hit.score for hit in window]
        orders = {name: blend(first, found, pipeline.blend_weight) for name, found in scores.items()}
        orders |= {"first stage": np.array(first), "perfect": np.array(best)}
        for name, final in orders.items():
            ranked = [window[place].product_id for place in np.argsort(-final, kind="stable").tolist()]
            value = truth.ndcg(meant[text], [*ranked, *(hit.product_id for hit in hits[pipeline.window :])])
            if value is not None:
                values.setdefault(name, {})[text] = value
        if done % 100 == 0:
            print(f"<!-- {done} of {len(head)} -->", flush=True)
    return values


def gains(head: Sequence[HeadQuery], values: Values, mined: set[str]) -> None:
    """Mean nDCG@10 of every system, and its difference to the student, plain and by frequency."""
    frequency = {one.query.text: one.frequency for one in head}
    graded = [one.query.text for one in head if one.query.text in values["student"]]
    print(f"\n{len(head)} head queries, {len(graded)} of them with a product of any gain in the shop.")
    sets = {
        "all": graded,
        "mined": [t for t in graded if t in mined],
        "not mined": [t for t in graded if t not in mined],
    }
    for title, texts in sets.items():
        print(f"\n{title}, {len(texts)} queries\n")
        print("| system | nDCG@10 | − student | − student, by frequency |\n|---|---|---|---|")
        weights = np.array([frequency[text] for text in texts], dtype=np.float64)
        for name, found in values.items():
            gain = np.array([found[text] - values["student"][text] for text in texts])
            plain = interval(gain, seed=7)
            mean = np.mean([found[text] for text in texts])
            shown = f"{plain.mean:+.4f} [{plain.low:+.4f}, {plain.high:+.4f}] | {weighted(gain, weights)}"
            print(f"| {name} | {mean:.4f} | {shown} |")


def weighted(gain: np.ndarray, weights: np.ndarray) -> str:
    """The mean weighted by frequency, and its bootstrap interval over queries (a ratio, drawn as one)."""
    generator = np.random.default_rng(7)
    drawn = generator.integers(len(gain), size=(SAMPLES, len(gain)))
    ratios = (gain * weights)[drawn].sum(axis=1) / weights[drawn].sum(axis=1)
    low, high = np.quantile(ratios, [0.025, 0.975])
    return f"{(gain * weights).sum() / weights.sum():+.4f} [{low:+.4f}, {high:+.4f}]"


if __name__ == "__main__":
    main()
