"""A student's model card: Markdown with the YAML front matter that model hubs read.

It says only what it is handed: what was not measured is said to be not measured, and a licence nobody stated is not
guessed.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from eval.files import write_text


@dataclass(frozen=True)
class Measured:
    """One measured number: a system's mean of a measure over `queries` queries, with its interval."""

    system: str
    measure: str
    mean: float
    low: float
    high: float
    queries: int


@dataclass(frozen=True)
class InSegment:
    """A kind of query: the mean `value` of the measure there, and the difference to the baseline with its interval.

    `holds` says what may be concluded after correction: "better", "worse", "not shown" or "not tested".
    """

    segment: str
    queries: int
    value: float
    difference: float
    low: float
    high: float
    holds: str


@dataclass(frozen=True)
class CardFacts:
    """What is known of a student.

    Attributes:
        name: the title.
        parent: the model it was built from, a hub name or a path.
        layers: the parent's layers it keeps, counted from 0; of `parent_layers`.
        fields: the product fields it reads, in order; `example` is one product's text as it reads it.
        max_length: tokens of query and product together.
        loss: the training loss's name.
        training: further facts, label to value, printed as they are (queries, labelled pairs, teacher, seed …).
        measured: the numbers; `convention` says how they were taken (gains, formula, cutoff, judged-only, interval).
        verdict: what the numbers allow to say, one sentence each.
        segments: the served ranking by kind of query; `segments_convention` says of what and against what.
        calibration: what the scores mean, in a sentence; empty when that was not measured.
        licence: an SPDX name; None when nobody stated one.
        languages: ISO codes of the training queries' languages.
        limits: known limits of this student, one sentence each.
    """

    name: str
    parent: str
    layers: Sequence[int]
    parent_layers: int
    fields: Sequence[str]
    max_length: int
    loss: str
    example: str = ""
    training: Mapping[str, str | int | float] = field(default_factory=dict)
    measured: Sequence[Measured] = ()
    convention: str = ""
    verdict: Sequence[str] = ()
    segments: Sequence[InSegment] = ()
    segments_convention: str = ""
    calibration: str = ""
    licence: str | None = None
    languages: Sequence[str] = ()
    limits: Sequence[str] = ()


def model_card(facts: CardFacts) -> str:
    """The card's text."""
    sections = [
        f"# {facts.name}",
        _about(facts),
        _loading(facts),
        _use(facts),
        _training(facts),
        _verdict(facts),
        _results(facts),
        _segments(facts),
        _limits(facts),
    ]
    return _front_matter(facts) + "\n\n".join(section for section in sections if section) + "\n"


def write_model_card(facts: CardFacts, student: Path) -> None:
    """Write the card as `README.md` into a saved student's directory."""
    write_text(Path(student) / "README.md", model_card(facts))


def _front_matter(facts: CardFacts) -> str:
    header: dict[str, object] = {"library_name": "sentence-transformers", "pipeline_tag": "text-ranking"}
    # Hubs link the base model, so only a hub's name belongs here; a path on someone's disk does not.
    if re.fullmatch(r"[\w.-]+/[\w.-]+", facts.parent):
        header["base_model"] = facts.parent
    if facts.licence:
        header["license"] = facts.licence
    if facts.languages:
        header["language"] = list(facts.languages)
    header["tags"] = ["sentence-transformers", "cross-encoder", "reranker", "product-search", "distilrank"]
    return f"---\n{yaml.safe_dump(header, sort_keys=False, allow_unicode=True)}---\n\n"


def _about(facts: CardFacts) -> str:
    return (
        f"A cross-encoder that scores how well a product answers a search query. It keeps {len(facts.layers)} of the "
        f"{facts.parent_layers} layers of `{Path(facts.parent).name if _is_path(facts.parent) else facts.parent}` "
        f"(numbers {', '.join(map(str, facts.layers))}, counted from 0) and was trained with distilrank."
    )


def _loading(facts: CardFacts) -> str:
    example = facts.example or "the product's text"
    return f"""## How to load it

```python
from sentence_transformers import CrossEncoder

model = CrossEncoder("path/to/this/directory")
scores = model.predict([("the query", {example!r})])
```

Scores are raw logits (the Identity activation is stored with the model): rank by them, within one query. They have no
fixed zero and are not probabilities. Compare them as float32. A product's text is made of the fields
{", ".join(f"`{name}`" for name in facts.fields)}, in this order, as in the example. Query and product together
are cut at {facts.max_length} tokens."""


def _use(facts: CardFacts) -> str:
    return """## Intended use

Reranking the candidates that a first stage (BM25, a bi-encoder, a hybrid) found for a product-search query, in
catalogues like the one it was trained on. Not for comparing scores between queries, and not for searching a whole
catalogue."""


def _training(facts: CardFacts) -> str:
    rows = {"loss": facts.loss, "tokens": facts.max_length, **facts.training}
    return "## Training\n\n| what | value |\n|---|---|\n" + "\n".join(
        f"| {_cell(name)} | {_cell(str(value))} |" for name, value in rows.items()
    )


def _results(facts: CardFacts) -> str:
    if not facts.measured:
        return "## Results\n\nNot measured."
    lines = [f"| {_cell(row.system)} | {row.measure} | {_numbers(row)} | {row.queries} |" for row in facts.measured]
    table = "| system | measure | mean [interval] | queries |\n|---|---|---|---|\n" + "\n".join(lines)
    return f"## Results\n\n{facts.convention}\n\n{table}" if facts.convention else f"## Results\n\n{table}"


def _verdict(facts: CardFacts) -> str:
    return "## Verdict\n\n" + "\n".join(f"- {line}" for line in facts.verdict) if facts.verdict else ""


def _segments(facts: CardFacts) -> str:
    if not facts.segments:
        return ""
    lines = [
        f"| {_cell(row.segment)} | {row.queries} | {row.value:.3f} | "
        f"{row.difference:+.3f} [{row.low:+.3f}, {row.high:+.3f}] | {row.holds} |"
        for row in facts.segments
    ]
    table = "| segment | queries | mean | difference | holds |\n|---|---|---|---|---|\n" + "\n".join(lines)
    return f"## By kind of query\n\n{facts.segments_convention}\n\n{table}"


def _limits(facts: CardFacts) -> str:
    own = [f"- {limit}" for limit in facts.limits]
    own += [f"- {facts.calibration}"] if facts.calibration else []
    general = [
        "- It has learnt the judgements it was trained on, with their mistakes and biases.",
        "- On another shop, language or product text it was not measured; evaluate it there against your first stage.",
        f"- What lies beyond {facts.max_length} tokens is not read.",
    ]
    if not facts.licence:
        general.append("- Whoever trained it stated no licence; its parent's and its data's terms apply.")
    return "## Limits\n\n" + "\n".join(own + general)


def _is_path(parent: str) -> bool:
    return Path(parent).is_absolute() or parent.startswith(".") or parent.count("/") > 1


def _numbers(row: Measured) -> str:
    return f"{row.mean:.4f} [{row.low:.4f}, {row.high:.4f}]"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
