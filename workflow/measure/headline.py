"""The table a run ends with: a line a system, judged-only and full catalogue, with intervals and milliseconds."""

import io
from collections.abc import Mapping

from rich import box
from rich.console import Console
from rich.table import Table

from eval.bootstrap import SAMPLES, Interval
from eval.evaluation import Evaluation


def headline(
    name: str,
    judged: Evaluation,
    full: Evaluation,
    milliseconds: Mapping[str, float],
    *,
    cutoff: int,
    recall: int,
    window: int,
    convention: str,
    runtime: str,
) -> str:
    """One set of queries as plain text; differences are to the evaluations' baseline, judged-only."""
    ndcg = f"nDCG@{cutoff}"
    table = Table(title=f"{name}: {judged.queries} unseen queries", box=box.SIMPLE_HEAD, title_justify="left")
    table.add_column("system", no_wrap=True)
    heads = (
        f"judged-only {ndcg}",
        f"− {judged.baseline}",
        "p (Holm)",
        f"full catalogue {ndcg}",
        f"R@{recall}",
        "ms a query",
    )
    for head in heads:
        table.add_column(head, justify="right", no_wrap=True)
    for row in judged.rows:
        cells = [row.system, _interval(row.value), "", ""]
        if row.difference is not None and row.p_holm is not None:
            cells[2:] = [_interval(row.difference, sign="+"), f"{row.p_holm:.4f}"]
        if row.system in full.values:
            found = full.row(row.system, f"R@{recall}").value.mean
            cells += [_interval(full.row(row.system, ndcg).value), f"{found:.3f}"]
        else:
            cells += ["", ""]
        took = milliseconds.get(row.system)
        table.add_row(*cells, "" if took is None else f"{took:.0f}")
    text = io.StringIO()
    Console(file=text, width=200, color_system=None, markup=False, emoji=False, highlight=False).print(table)
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    return "\n".join([*lines, *_caption(judged, full, cutoff, recall, window, convention, runtime)]) + "\n"


def _interval(interval: Interval, sign: str = "") -> str:
    mean, low, high, _ = interval
    return f"{mean:{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"


def _caption(
    judged: Evaluation, full: Evaluation, cutoff: int, recall: int, window: int, convention: str, runtime: str
) -> list[str]:
    gain = full.relevant_gain
    return [
        f"  nDCG@{cutoff}: {convention}; linear gain, log2 discount. R@{recall}: relevant from gain {gain}.",
        "  Judged-only: each query's judged products, reranked. Full catalogue: unjudged products count as gain 0,",
        f"  and models rerank the first {window} products of the {judged.baseline} first stage.",
        f"  The students' scores are computed by {runtime}. Milliseconds: median of whole searches, one at a time.",
        f"  Brackets: 95 % bootstrap intervals over queries ({SAMPLES:,} samples), paired for differences.",
        "  p: randomisation test, Holm's correction over the systems compared.",
    ]
