"""A finished run as it is served: what the engine opens. Loads torch; workflow/serve.py is the light way here."""

import logging
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import pyarrow.compute as pc
from pydantic import SecretStr
from transformers import AutoTokenizer

from eval.files import fingerprint, read_json
from eval.score_health import score_health
from rerank.runtime.exported import student_fingerprint
from rerank.types import Reranker
from retrieval.bm25 import BM25Retriever
from retrieval.catalogue import Catalogue
from retrieval.dense import DenseRetriever
from retrieval.live.cosines import RowScores
from retrieval.live.shop import LiveShop
from retrieval.live.view import View
from retrieval.query_key import query_key
from retrieval.vector_index import vector_scores
from serving.engine import FixedShop, FixedView, SearchEngine, Served, Versions
from serving.engine import View as ServedView
from serving.server_settings import ServerSettings
from workflow.config.run import load_config
from workflow.measure.files import PAIRS, read_table
from workflow.run.directory import RunDirectory
from workflow.run.finished import finished
from workflow.run.prepared import Prepared, load_prepared
from workflow.run.stage import record_path
from workflow.served.gate import ask_gate
from workflow.served.rerankers import Rerankers
from workflow.stages.cluster import open_cluster_stages
from workflow.stages.first_stage import open_run_encoder, open_vectors, student_template
from workflow.stages.shortlist import shortlist

_log = logging.getLogger("distilrank.serving")

API_KEYS, WRITE_KEYS = "DISTILRANK_API_KEYS", "DISTILRANK_WRITE_KEYS"
"""Environment variables that hold API keys, separated by commas."""


def open_engine(
    run: Path,
    settings: ServerSettings | None = None,
    reranker: Reranker | None = None,
    *,
    threads: int | None = None,
) -> SearchEngine:
    """The engine over a finished run. Once started it follows the run's live changes, and the run if it is made anew.

    Args:
        settings: by default the `serve` section of the run's own config.
        reranker: the student where it is in another process; None to open it here.
        threads: of one request's arithmetic; None for the cores of this process.

    Raises:
        InputError: when the run is not finished.
        GateRefusedError: when its student is clearly worse than the first stage, and not accepted by name.
        MachineError: when a file of it is missing or damaged.
    """
    directory = finished(run)
    chosen = settings or load_config(directory.config).serve
    opener = partial(_open, directory, chosen, threads, reranker)
    return SearchEngine(opener, with_keys(chosen), stamp=RunStamp(directory))


def open_student(run: Path, *, threads: int | None = None) -> Reranker:
    """The student alone, for pairs of query and product: what a replica of its own serves.

    Raises:
        as `open_engine`.
    """
    directory = finished(run)
    catalogue = load_prepared(directory.data).catalogue
    template = student_template(load_config(directory.config), catalogue)
    return Rerankers(directory, template, threads=threads).student()


def with_keys(settings: ServerSettings) -> ServerSettings:
    """The settings, with the API keys that the environment holds."""
    return settings.model_copy(
        update={
            "api_keys": (*settings.api_keys, *_keys(API_KEYS)),
            "write_keys": (*settings.write_keys, *_keys(WRITE_KEYS)),
        }
    )


class RunStamp:
    """Names what there is to serve; it changes with the run's student, index, export, product tokens and score table.

    While stages are being redone it stays what it was: what was opened is served until there is something whole again.
    """

    def __init__(self, run: RunDirectory) -> None:
        self._whole = record_path(run, "measure")
        student = run.root / "student"
        self._more = [
            student / "export" / "manifest.json",
            student / "tokens" / "tokens.json",  # after a run an export makes nothing but these
            run.root / "score-table" / "manifest.json",
        ]
        self._last = ""

    def __call__(self) -> str:
        if (whole := _written(self._whole)) is not None:
            self._last = repr([whole, *map(_written, self._more)])
        return self._last


def _written(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def _keys(name: str) -> list[SecretStr]:
    return [SecretStr(key.strip()) for key in os.environ.get(name, "").split(",") if key.strip()]


def _open(run: RunDirectory, settings: ServerSettings, threads: int | None, elsewhere: Reranker | None) -> Served:
    config = load_config(finished(run.root).config)
    ask_gate(run, accepted=settings.accept_student or not settings.reranks)  # of a run that is made anew, too
    prepared = load_prepared(run.data)
    catalogue = prepared.catalogue
    template = student_template(config, catalogue)
    encoder = open_run_encoder(config, run)
    rerankers = Rerankers(run, template, threads=threads, elsewhere=elsewhere)
    if settings.reranks and rerankers.runtime == "torch":
        _log.warning("the run has no export: its student is served as it is, slowly, one request at a time")

    def open_reranker(directory: Path | None, catalogue: Catalogue, scores: RowScores) -> Reranker:
        keep = settings.shortlist
        shortlisted = None if keep is None else shortlist(keep, encoder, scores, catalogue, template)
        return rerankers.open(directory, catalogue, shortlisted)

    live = None
    if config.index.first_stage == "elasticsearch":
        retriever = open_cluster_stages(config, catalogue, template, encoder, run)["elasticsearch"]
        fixed = FixedShop(FixedView(retriever, catalogue, len(catalogue)))
        scores = partial(vector_scores, open_vectors(run))
        reranker = open_reranker(None, catalogue, scores) if settings.reranks else None
    else:

        def attach(directory: Path | None, dense: DenseRetriever) -> Reranker:
            return open_reranker(directory, dense.catalogue, dense.index.scores)

        live = LiveShop(
            DenseRetriever.load(run.index / "vectors", encoder, catalogue),
            BM25Retriever.load(run.index / "bm25", catalogue),
            run.root / "live",
            first_stage=config.index.first_stage,
            fusion=config.index.fusion,
            expansion=config.index.expansion_options(),
            attach=attach if settings.reranks else None,
        )
        reranker = _attached(live.view()) if settings.reranks else None

    def close() -> None:
        if live is not None:
            live.close()
        rerankers.close()

    index = record_path(run, "index")
    return Served(
        shop=live or fixed,
        reranker=reranker,
        reranker_for=None if live is None or reranker is None else _attached,
        template=template,
        fields=catalogue.fields,
        window=config.measure.window,
        blend_weight=read_json(run.report / "metrics.json")["blend_weights"]["full catalogue"],
        spread=_spread(run),
        versions=Versions(
            index=read_json(index)["key"],
            student=student_fingerprint(run.root / "student"),
            config=fingerprint([run.config]),
        ),
        encoder=encoder,
        count_tokens=_token_counter(run.encoder),
        merge=None if live is None else lambda: live.merge(rerankers.finish),
        close=close,
        grades=_grades(prepared),
        built=index.stat().st_mtime,
        about={
            "run": config.name,
            "runtime": rerankers.runtime if settings.reranks else "none",
            "encoder": encoder.engine,
            "shortlist": settings.shortlist if settings.reranks else None,
        },
    )


def _attached(view: ServedView) -> Reranker:
    """The reranker of a live view's generation."""
    assert isinstance(view, View)
    return cast(Reranker, view.attached)


def _spread(run: RunDirectory) -> float:
    """The median standard deviation of the student's scores over the window of a measured query."""
    table = read_table(run.report / PAIRS)
    rows = table.filter((pc.field("mode") == "full catalogue") & pc.field("student").is_valid())
    _, starts = np.unique(rows["query_id"].to_pylist(), return_index=True)  # rows of a query stand together
    return score_health(np.split(rows["student"].to_numpy(), np.sort(starts)[1:])).spread


def _token_counter(encoder: Path) -> Callable[[Sequence[str]], list[int]]:
    """Counts tokens with a tokenizer of its own: the encoder's would have to change its truncation back and forth,
    which is not safe while other threads use it."""
    tokenizer = AutoTokenizer.from_pretrained(encoder)

    def count(texts: Sequence[str]) -> list[int]:
        return [len(ids) for ids in tokenizer(list(texts), verbose=False)["input_ids"]] if texts else []

    count(["set its truncation once"])
    return count


def _grades(prepared: Prepared) -> dict[str, dict[str, str]]:
    """Judged grades by query key and product."""
    names = {grade.gain: grade.name for grade in prepared.scale.grades}
    found: dict[str, dict[str, str]] = {}
    for query_id, gains in prepared.qrels.items():
        judged = found.setdefault(query_key(prepared.queries[query_id].text), {})
        judged.update({product_id: names[gain] for product_id, gain in gains.items()})
    return found
