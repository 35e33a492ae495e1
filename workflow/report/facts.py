"""What a run's stages recorded of its data and labels, in words: for the page and the data statement."""

from typing import Any

from eval.audit import Audit
from eval.bootstrap import Interval
from eval.files import read_json
from workflow.measure.audits import AUDIT
from workflow.report import wording
from workflow.report.stored import StoredRun
from workflow.run.stage_titles import round_stage

STAGES = ("prepare", "teacher", "mine", "label", "student")

Facts = dict[str, dict[str, Any]]
"""Stage to what it recorded."""


def stage_facts(stored: StoredRun) -> Facts:
    """What the run's finished stages recorded."""
    rounds = (round_stage(number) for number in range(2, stored.config.rounds + 1))
    records = {name: stored.run.stages / f"{name}.json" for name in (*STAGES, *rounds)}
    return {name: read_json(path)["facts"] for name, path in records.items() if path.exists()}


def teacher_audit(stored: StoredRun) -> Audit | None:
    """The audit of the main chain's teacher; None where there was none (labels from a file)."""
    path = stored.run.root / "teacher" / AUDIT
    return Audit.from_json(read_json(path)) if path.exists() else None


def teacher_lines(facts: Facts) -> list[tuple[str, str]]:
    """The teacher and its audit, as pairs of name and words; empty where it was not recorded."""
    found = facts.get("teacher")
    if found is None:
        return []
    audit, lines = found["audit"], []
    learnt = f"{found['judged queries']:,} judged queries"
    if "given labels" in found:
        learnt += f", {found['given labels']['pairs']:,} labels given"
    lines.append(("Teacher learnt", f"{learnt}."))
    measure = f" ({audit['measure']})" if "measure" in audit else ""
    lines.append(("Audit before it labelled", f"{audit['reason']}{measure}."))
    if labels := audit.get("labels"):
        agreement = (
            f"{labels['same grade']:.1%} of {labels['pairs']:,} held-out judgements get the same grade, weighted kappa "
            f"{labels['kappa']:.3f}, calibration error {labels['ece']:.3f} (teacher/audit.json)."
        )
        lines.append(("Agreement with judges", agreement))
    return lines


def label_lines(facts: Facts) -> list[tuple[str, str]]:
    """The log, the mined pairs and their labels, as pairs of name and words."""
    lines, mined = [], facts.get("mine", {})
    log = mined.get("log", {})
    if "entries" in log:
        lines.append(("Query log", f"{log['entries']:,} entries, {log['usable']:,} queries usable."))
    if "leaks" in log:
        leaks = log["leaks"]
        kinds = f" ({leaks['same']:,} the same, {leaks['near']:,} nearly)" if "same" in leaks else ""
        lines.append(
            (
                "Leaks dropped",
                f"{leaks['queries']:,} queries that are or nearly are held-out queries{kinds}: pairs/leaks.csv.",
            )
        )
    if "pairs" in mined:
        queries = mined.get("queries")
        of = f" of {queries['selected']:,} queries" if isinstance(queries, dict) else ""
        strata = ", ".join(f"{name} {count:,}" for name, count in mined.get("strata", {}).items())
        lines.append(("Pairs to label", f"{mined['pairs']:,} pairs{of}" + (f": {strata}." if strata else ".")))
    for chain, found in facts.get("label", {}).items():
        if isinstance(found, dict) and "labels" in found:
            lines.append((f"Labels, {chain}", "; ".join([found["labels"], *found["sanity"]["warnings"]]) + "."))
    return lines


def round_lines(facts: Facts) -> list[tuple[str, str]]:
    """What each round labelled and what it bought on dev, as pairs of name and words; empty with a single round."""
    lines, number = [], 1
    while (after := f"after round {number}") in (found := facts.get(round_stage(number + 1), facts.get("student", {}))):
        quality = dict(found[after])
        bought = quality.pop("bought", None)
        measure, value = next(iter(quality.items()))
        dev = Interval(**value)
        words = f"{measure} {wording.number(dev.mean)} {wording.interval(dev)} on {dev.n} dev queries, judged-only"
        if bought is not None:
            gain = Interval(**bought)
            words += f"; the round bought {wording.difference(gain.mean)} {wording.interval(gain, signed=True)}"
        if (chosen := facts.get(round_stage(number))) is not None:
            pairs = sum(chain["pairs"] for chain in chosen.values() if isinstance(chain, dict) and "pairs" in chain)
            words = f"{pairs:,} pairs more, those that the student found hardest; {words}"
        lines.append((f"Round {number}", f"{words}."))
        number += 1
    return lines
