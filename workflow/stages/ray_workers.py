"""Labelling and encoding over Ray workers: each opens the run's directory, which all must see, and does whole shards.

A shard is a task of Ray Data, a worker an actor that loads its model once. What a worker was at when it died is done
again by another; results are written by the driver alone, so that a kill anywhere leaves the same files in the end.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from augment.journal import Journal
from augment.labelling import LabelledSlice, Slice, label_slice
from augment.pairs import Pairs
from workflow.config.run import Config
from workflow.run.directory import Chain, RunDirectory
from workflow.run.prepared import load_prepared
from workflow.run.progress import StageProgress
from workflow.run.work import Work
from workflow.stages.first_stage import open_encoder, student_template
from workflow.stages.open_teacher import open_teacher
from workflow.stages.ray_spread import Where, labels_from, labels_to, spread


def label_over_ray(
    work: Work, chain: Chain, pairs: Path, journal: Path, wanted: Sequence[Slice]
) -> Iterator[LabelledSlice]:
    """Labelled slices, in the order in which they are done.

    Raises:
        MachineError: when ray is not installed, or no cluster answers.
    """
    places = (str(path.absolute()) for path in (work.run.root, chain.teacher, pairs, journal))
    told = (work.config.model_dump(mode="json"), *places)
    items = [{"number": one.number, "places": list(one.places)} for one in wanted]
    for row in spread(_where(work.config), LabelWorker, told, items, ordered=False):
        yield int(row["number"]), labels_from(row["labels"])


def encode_over_ray(config: Config, run: RunDirectory, shards: Sequence[tuple[int, int]]) -> Iterator[np.ndarray]:
    """The vectors of products `start` … `stop - 1` for each shard, in order; float32 [stop - start, dim].

    Raises:
        as `label_over_ray`.
    """
    told = (config.model_dump(mode="json"), str(run.root.absolute()))
    items = [{"start": start, "stop": stop} for start, stop in shards]
    for row in spread(_where(config), EncodeWorker, told, items, ordered=True):
        yield np.frombuffer(row["vectors"], dtype=np.float32).reshape(int(row["stop"]) - int(row["start"]), -1)


class LabelWorker:
    """Labels slices with a teacher of its own."""

    def __init__(self, config: dict[str, Any], root: str, teacher: str, pairs: str, journal: str) -> None:
        whole = Config.model_validate(config)
        run = RunDirectory(Path(root))
        self.prepared = load_prepared(run.data)
        quiet = StageProgress("label", Console(quiet=True))
        self.guard = Work(whole, run, quiet, frozenset(), False).guard(self.prepared)
        self.teacher = open_teacher(whole, self.prepared, run, Path(teacher))
        self.pairs, self.journal = Pairs(Path(pairs)), Journal(Path(journal))

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """A slice's labels."""
        wanted = Slice(int(row["number"]), tuple(int(place) for place in row["places"]))
        rows = label_slice(wanted, self.pairs, self.prepared.catalogue, self.teacher, self.journal, self.guard)
        return {"number": wanted.number, "labels": labels_to(rows)}


class EncodeWorker:
    """Encodes products with an encoder of its own."""

    def __init__(self, config: dict[str, Any], root: str) -> None:
        self.config = Config.model_validate(config)
        run = RunDirectory(Path(root))
        self.catalogue = load_prepared(run.data).catalogue
        self.encoder = open_encoder(self.config, str(run.encoder))
        self.template = student_template(self.config, self.catalogue)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        """A shard's vectors as bytes."""
        texts = self.catalogue.texts(self.template, int(row["start"]), int(row["stop"]))
        vectors = self.encoder.encode_products(texts, self.config.encoder.batch_size)
        return {**row, "vectors": vectors.astype(np.float32).tobytes()}


def _where(config: Config) -> Where:
    assert config.ray.address is not None
    return Where(config.ray.address, config.ray.workers, config.ray.gpus)
