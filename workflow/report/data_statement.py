"""The data statement of a run: where its data came from, what was kept from whom, who labelled, what may be wrong.

After Bender and Friedman, "Data Statements for NLP" (TACL 2018), as far as a program can know; what only people know is
asked for, not guessed.
"""

from pathlib import Path

from eval.grades import GradeScale
from workflow.config.run import Config
from workflow.report.content import Content, RunPart
from workflow.report.facts import label_lines, teacher_lines
from workflow.report.wording import interval, number

STATEMENT = "data-statement.md"


def data_statement(content: Content) -> str:
    """The statement of a report's one run, as Markdown."""
    (part,) = content.runs
    stored = part.stored
    sections = [
        f"# Data statement: {stored.name}",
        "Written by distilrank from what the run recorded. Lines that begin with **To be filled in** only people can "
        "answer.",
        _source(stored.config, part),
        _queries(part, stored.prepared.scale),
        _guard(content, part),
        _labels(stored.config, part),
        _biases(content, part),
    ]
    return "\n\n".join(sections) + "\n"


def _source(config: Config, part: RunPart) -> str:
    found = part.facts.get("prepare", {})
    origin = {
        "shop": "the embedded synthetic shop: products, queries and grades are made up by a program, not by people.",
        "esci": "Amazon's shopping queries (Reddy et al., arXiv 2206.06588), as published.",
        "wands": "Wayfair's annotation data set (Chen et al., ECIR 2022), as published.",
        "beir": "a directory in BEIR's form.",
    }.get(config.data.format, "files of the shop's own.")
    lines = ["## Source", "", f"- Data: {origin}"]
    if config.data.format not in ("shop", "esci", "wands"):
        lines.append(
            "- **To be filled in**: whose shop, from when to when, under which licence and with whose consent."
        )
    if found:
        filled = ", ".join(
            f"{_plain(field['name'])} ({field['filled'] / max(1, found['products']):.0%} filled)"
            for field in found["fields"]
        )
        lines.append(f"- Catalogue: {found['products']:,} products; fields: {filled}.")
        log = found["log"]
        typed = f"{log['queries']:,} distinct queries, typed {log['frequency']:,} times" if log["queries"] else "none"
        lines.append(f"- Query log: {typed}.")
    fields = config.fields
    lines.append(f"- The student reads {', '.join(fields.student)}; the teacher {', '.join(fields.teacher)}.")
    return "\n".join(lines)


def _queries(part: RunPart, scale: GradeScale) -> str:
    names = [grade.name for grade in scale.grades]
    head = ["split", "queries", "with two grades or more", "judgements", *map(_plain, names)]
    rows = []
    for split in part.facts.get("prepare", {}).get("splits", []):
        counts = [split["queries"], split["full_queries"], split["judgements"], *(split["grades"][n] for n in names)]
        rows.append([split["name"], *(f"{count:,}" for count in counts)])
    table = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
    dev = {
        "given": "as the data gives it",
        "folds": "made by folds over the train queries, each measured by models that did not learn it",
        "holdout": "a share of the train queries, held out",
    }[part.stored.config.data.dev]
    lines = [
        f"- {scale.convention[:1].upper()}{scale.convention[1:]}; relevant from {_plain(scale.relevant_from)}.",
        f"- Dev: {dev}.",
        "- Queries with a single grade teach scores, and measure nothing.",
    ]
    return "\n".join(["## Queries and judgements", "", *table, "", *lines])


def _guard(content: Content, part: RunPart) -> str:
    measured = f"{len(content.comparison.query_ids):,} queries ({part.stored.set_name})"
    lines = [
        f"- Measured on {measured} that no model learnt.",
        "- Logged queries that are a held-out query, or share three quarters of their words with one, are dropped.",
        *(f"- {name}: {words}" for name, words in label_lines(part.facts) if name == "Leaks dropped"),
    ]
    return "\n".join(["## What was kept apart", "", *lines])


def _labels(config: Config, part: RunPart) -> str:
    judges = (
        "true by construction: a program compares what the query asks with what the product is"
        if config.data.format == "shop"
        else "came with the data. **To be filled in**: who judged, how they were instructed, paid and checked"
    )
    endpoint = "" if config.teacher.api is None else f", {_plain(config.teacher.api.model)}"
    teacher = {
        "model": f"the model {_plain(_name(config.teacher.model))}, trained on the judgements",
        "ensemble": f"an ensemble of {_plain(', '.join(map(_name, config.teacher.ensemble)))}",
        "api": f"a language model behind an endpoint{endpoint}",
        "file": "a file of labels. **To be filled in**: who gave them, and how",
    }[config.teacher.kind]
    if config.teacher.kind == "model" and config.teacher.model == "default":
        teacher = "the embedded six-layer MiniLM, trained on the judgements: a stand-in for a large language model"
    facts = teacher_lines(part.facts) + label_lines(part.facts)
    said = [f"- {name}: {words}" for name, words in facts if name not in ("Leaks dropped", "Query log")]
    return "\n".join(["## Labels", "", f"- Judgements: {judges}.", f"- Labels of unjudged pairs: {teacher}.", *said])


def _biases(content: Content, part: RunPart) -> str:
    first = part.stored.first_stage
    judged = content.rows[content.judged][first].value
    lines = [
        f"- Of the first products of {first}, {judged.mean:.0%} are judged {interval(judged)}: what "
        "was judged was chosen by some ranking, and rankings like that one look better.",
        "- The student learns the teacher's mistakes, and the teacher the judges'.",
    ]
    if teacher := part.figures.calibration.get("teacher"):
        side = "kinder" if teacher.bias > 0 else "stricter"
        lines.append(
            f"- On judged pairs of the measured queries the teacher is {side} than the judges by "
            f"{number(abs(teacher.bias))} (mean soft target); its calibration error is {number(teacher.error)}."
        )
    small = [row.segment.title for of in content.focuses for row in of.segments["full catalogue"] if row.p is None]
    if small:
        lines.append(f"- Too few queries to say anything, or not testable: {_plain('; '.join(small))}.")
    lines += [f"- Found while reading: {_plain(line)}" for line in part.facts.get("prepare", {}).get("warnings", [])]
    return "\n".join(["## Known biases and gaps", "", *lines])


def _name(model: str) -> str:
    """A hub's name, or the last part of a path: where a directory stands on some disk says nothing."""
    return Path(model).name if Path(model).is_absolute() or model.startswith(".") else model


def _plain(text: str) -> str:
    """Text from data inside Markdown: no table cell ends early, no tag begins."""
    return " ".join(text.replace("|", "\\|").replace("<", "&lt;").split())
