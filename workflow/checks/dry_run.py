"""What labelling would do before it is done: how many pairs, how long, and what an API would charge."""

import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from augment.journal import Journal
from augment.pairs import Pairs
from eval.errors import InputError
from rerank.api.cache import answer_key
from rerank.api.teacher import ApiTeacher, estimated_tokens
from rerank.types import Pair
from retrieval.types import Query
from workflow.config.run import Config
from workflow.run.chains import chains
from workflow.run.directory import RunDirectory
from workflow.run.prepared import Prepared, load_prepared
from workflow.stages.open_teacher import open_teacher

_SAMPLE = 128  # pairs
_CHUNK = 8192


@dataclass(frozen=True)
class DryRun:
    """`pairs` mined; `labels` that are missing, over all chains; `requests` that an API would be sent.

    `seconds`, `tokens` and `money` are estimates, None where nothing is known or they do not apply; `basis` says what
    they rest on.
    """

    pairs: int
    labels: int
    requests: int | None
    seconds: float | None
    tokens: int | None
    money: float | None
    basis: str

    def to_json(self) -> dict[str, object]:
        """Everything, for a machine."""
        return asdict(self)

    def text(self) -> str:
        """A few lines for a person."""
        lines = [f"{self.pairs:,} pairs, {self.labels:,} labels to go"]
        if self.requests is not None:
            lines.append(f"{self.requests:,} requests (what was answered before is not asked again)")
            lines.append(f"about {self.tokens:,} tokens" + (f", {self.money:.2f} of money" if self.money else ""))
        if self.seconds is None:
            lines.append(f"time: not known ({self.basis})")
        else:
            lines.append(f"about {_duration(self.seconds)} ({self.basis})")
        return "\n".join(lines)


def dry_run(config: Config, run: RunDirectory) -> DryRun:
    """Look at the run's pairs, ask a model about a sample of them, and an API about nothing.

    Raises:
        InputError: when the pairs are not mined or the teacher is not there yet.
    """
    if not (run.pairs / "manifest.json").exists():
        raise InputError(f"{run.root} holds no mined pairs yet; run the mine stage first, it is quick")
    prepared, pairs = load_prepared(run.data), Pairs(run.pairs)
    made = chains(config, prepared, run)
    missing = [_missing(chain.journal, pairs) for chain in made]
    labels = sum(missing)
    if config.teacher.kind == "file":
        return DryRun(len(pairs), labels, None, 0.0, None, None, "the labels are in the file")
    if not made[-1].teacher.exists():
        raise InputError(f"{run.root} holds no teacher yet; run the teacher stage first")
    teacher = open_teacher(config, prepared, run, made[-1].teacher)
    if isinstance(teacher, ApiTeacher):
        return _of_api(teacher, prepared, pairs, labels)
    places = np.linspace(0, len(pairs) - 1, min(_SAMPLE, len(pairs)), dtype=np.int64)
    sample = [pair for place in places.tolist() for pair in _read(pairs, prepared, place, place + 1)]
    teacher.label(sample[:8])  # the first call is slower
    begun = time.perf_counter()
    teacher.label(sample)
    seconds = (time.perf_counter() - begun) / len(sample) * labels
    workers = config.ray.workers if config.ray.address is not None else 1
    basis = f"by {len(sample)} pairs labelled now" + (f", {workers} workers as fast as this one" if workers > 1 else "")
    return DryRun(len(pairs), labels, None, seconds / workers, None, None, basis)


def _of_api(teacher: ApiTeacher, prepared: Prepared, pairs: Pairs, labels: int) -> DryRun:
    unknown: dict[str, tuple[int, int]] = {}
    if labels:
        for start in range(0, len(pairs), _CHUNK):
            bodies = [
                teacher.endpoint.body(teacher.prompt.messages(pair))
                for pair in _read(pairs, prepared, start, start + _CHUNK)
            ]
            keys = [answer_key(body) for body in bodies]
            known = teacher.cache.get(list(dict.fromkeys(keys)))
            unknown |= {
                key: estimated_tokens(body["messages"])
                for key, body in zip(keys, bodies, strict=True)
                if key not in known
            }
    spent, tokens = teacher.cache.spent(), np.array(list(unknown.values()), dtype=np.float64).reshape(-1, 2).sum(axis=0)
    if spent.answers:  # what the audit's requests really took
        tokens = np.array([spent.tokens_in, spent.tokens_out]) / spent.answers * len(unknown)
        seconds = spent.seconds / spent.answers * len(unknown) / teacher.concurrency
        basis = f"by {spent.answers:,} answers so far, {teacher.concurrency} at once"
    else:
        seconds, basis = None, "no request has been answered yet; tokens by the length of the texts"
    money = teacher.prices.money(float(tokens[0]), float(tokens[1]))
    return DryRun(len(pairs), labels, len(unknown), seconds, round(float(tokens.sum())), money, basis)


def _missing(journal: Path, pairs: Pairs) -> int:
    return Journal(journal).counts().missing if (journal / "manifest.json").exists() else len(pairs)


def _read(pairs: Pairs, prepared: Prepared, start: int, stop: int) -> list[Pair]:
    rows = pairs.table(start, stop).select(["query_id", "query", "product_id"]).to_pylist()
    products = prepared.catalogue.products([prepared.catalogue.row(row["product_id"]) for row in rows])
    return [(Query(row["query_id"], row["query"]), product) for row, product in zip(rows, products, strict=True)]


def _duration(seconds: float) -> str:
    for unit, size in (("hours", 3600), ("minutes", 60)):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} seconds"
