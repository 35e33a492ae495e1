"""Who should choose the student's share in the blend? python -m benchmarks.blend_share RUN [RUN...] [--choosers 40 80]

Reads what finished runs measured (`report/`). So many of a run's measured queries, drawn at random, choose a share by
each rule; the others say what it is worth above the first stage. Averaged over many draws, which tells rules apart that
a single dev split cannot. Every measured query was ranked by a chain that did not learn it, so any of them may choose.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from eval.files import read_json
from eval.measures import per_query
from eval.trec import Qrels, Run, read_qrels
from rerank.blend import blend, within_error
from workflow.measure.bench import MODES
from workflow.measure.files import PAIRS, read_table

SHARES = np.linspace(0.0, 1.0, 21)

Rule = Callable[[np.ndarray, np.random.Generator], float]


def main() -> None:
    """Draw, choose, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path, nargs="+")
    parser.add_argument("--choosers", type=int, nargs="+", default=[40, 80])
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print("| run, mode, choosers of queries | best of all | " + " | ".join(RULES) + " |")
    print("|" + "---|" * (2 + len(RULES)))
    for path in options.runs:
        for mode in MODES:
            values = values_by_share(path, mode)
            for choosers in options.choosers:
                if 4 * choosers > 3 * len(values):
                    continue  # too few others to say anything
                worth = draws(values, choosers, options.draws, options.seed)
                cells = [f"{1000 * mean:+.1f} ± {1000 * spread:.1f}" for mean, spread in worth.values()]
                print(f"| {path.name}, {mode}, {choosers} of {len(values)} | " + " | ".join(cells) + " |", flush=True)


def values_by_share(run: Path, mode: str) -> np.ndarray:
    """nDCG@10 of each measured query (rows) by the student's share (columns), shape [queries, shares]."""
    report = run / "report"
    measure = next(
        row["measure"]
        for evaluation in read_json(report / "metrics.json")["evaluations"].values()
        for row in evaluation["rows"]
        if row["measure"].startswith("nDCG@")
    )
    qrels = read_qrels(report / "qrels.txt")
    lists: dict[str, list[tuple[str, float, float]]] = {}
    for row in read_table(report / PAIRS).to_pylist():
        if row["mode"] == mode and row["student"] is not None:
            lists.setdefault(row["query_id"], []).append((row["product_id"], row["first"], row["student"]))
    columns = []
    for share in track(SHARES, f"{run.name}, {mode}", console=Console(stderr=True)):
        mixed: Run = {}
        for query, rows in lists.items():
            ids, first, student = zip(*rows, strict=True)
            mixed[query] = dict(zip(ids, blend(first, student, share).tolist(), strict=True))
        judged: Qrels = {query: qrels[query] for query in mixed}
        found = per_query(judged, mixed, [measure])[measure]
        columns.append([found[query] for query in sorted(mixed)])
    return np.array(columns).T


def draws(values: np.ndarray, choosers: int, count: int, seed: int) -> dict[str, tuple[float, float]]:
    """By rule (first, the best share of all queries): the mean gain above the first stage and its spread over draws."""
    rng = np.random.default_rng(seed)
    gains: dict[str, list[float]] = {"best of all": [], **{name: [] for name in RULES}}
    best = int(values.mean(axis=0).argmax())
    for _ in range(count):
        deal = rng.permutation(len(values))
        own, others = values[deal[:choosers]], values[deal[choosers:]]
        worth = others.mean(axis=0) - others[:, 0].mean()
        gains["best of all"].append(float(worth[best]))
        for name, rule in RULES.items():
            gains[name].append(float(np.interp(rule(own, rng), SHARES, worth)))
    return {name: (float(np.mean(found)), float(np.std(found))) for name, found in gains.items()}


def best(values: np.ndarray, rng: np.random.Generator) -> float:
    """The share with the best mean, the largest of them."""
    means = values.mean(axis=0)
    return float(SHARES[means >= means.max() - 1e-9].max())


def bagged(values: np.ndarray, rng: np.random.Generator) -> float:
    """The mean of the best shares of 200 bootstrap samples."""
    samples = rng.integers(len(values), size=(200, len(values)))
    return float(SHARES[values[samples].mean(axis=1).argmax(axis=1)].mean())


def near_half(values: np.ndarray, rng: np.random.Generator) -> float:
    """The share nearest to a half that is within one standard error of the best, query by query."""
    return float(min(SHARES[within_error(values)], key=lambda share: abs(share - 0.5)))


def middle(values: np.ndarray, rng: np.random.Generator) -> float:
    """The mean of all shares within one standard error of the best."""
    return float(SHARES[within_error(values)].mean())


def smooth(values: np.ndarray, rng: np.random.Generator) -> float:
    """The top of a parabola through the means."""
    return float(SHARES[np.polyval(np.polyfit(SHARES, values.mean(axis=0), 2), SHARES).argmax()])


def half(values: np.ndarray, rng: np.random.Generator) -> float:
    """Nothing chosen."""
    return 0.5


RULES: dict[str, Rule] = {
    "best of 21": best,
    "bagged": bagged,
    "near half within 1 SE": near_half,
    "middle within 1 SE": middle,
    "parabola": smooth,
    "half": half,
}


if __name__ == "__main__":
    main()
