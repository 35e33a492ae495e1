"""The models that the teachers and students start from: a bare language model that has learnt the first stage's order.

Decoders and teachers with adapters are large language models, which know how to compare; layers of the teacher know
what it knows. Neither is pretrained here.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from augment.mining import mine
from augment.pairs import MinedPair, Pairs
from eval.files import read_json
from rerank.ensemble import first_model
from rerank.parent import is_encoder
from rerank.student import train_student
from rerank.student_files import STUDENT_FILE
from rerank.training import Group
from rerank.weak_supervision import LOSS, weak_group
from retrieval.product_text import ProductTemplate
from retrieval.types import Query, Retriever
from workflow.config.run import Config
from workflow.run.directory import RunDirectory
from workflow.run.prepared import Prepared
from workflow.run.work import Work
from workflow.stages.first_stage import model_path, open_first_stages, student_template, teacher_template
from workflow.stages.training import logged_queries, products_of, train_options

_LINEAGE = ("parent", "layers", "parent_layers", "pretraining")
"""What a student's `student.json` says of what came before its own training, where it did."""


class Start(NamedTuple):
    """What a teacher or student begins with: a model's directory or hub name, and which of its layers are kept (None:
    all); `facts` are what the student's `student.json` says of the way there."""

    model: str
    layers: Sequence[int] | int | None = None
    facts: Mapping[str, Any] | None = None


def pretrained_teachers(config: Config) -> list[str]:
    """The models of the teacher that are pretrained where they are encoders, each once, by number."""
    given = config.teacher.models if config.pretrain is not None and config.teacher.lora is None else ()
    return list(dict.fromkeys(given))


def pretrains_student(config: Config) -> bool:
    """Whether the student has a start of its own, and it is pretrained."""
    return config.pretrain is not None and config.student_parent != "teacher"


def teacher_start(config: Config, run: RunDirectory, name: str) -> str:
    """The directory or hub name of the model that the teacher called `name` starts from."""
    known = pretrained_teachers(config)
    if name in known and (path := run.pretrained_teacher(known.index(name))).exists():
        return str(path)
    return model_path(name)


def student_start(config: Config, run: RunDirectory, teacher: Path) -> Start:
    """What the student of the chain with this teacher starts from."""
    if pretrains_student(config):
        return trained_start(run.pretrained_student, "pretraining")
    layers = config.student.layers
    if config.student_parent != "teacher":
        return Start(model_path(config.student_parent), layers)
    return Start(str(first_model(teacher) if config.teacher.kind == "ensemble" else teacher), layers)


def trained_start(path: Path, training: str) -> Start:
    """Going on from the student at `path`, whose own training is told under the name `training`."""
    about = read_json(path / STUDENT_FILE)
    known = {name: about[name] for name in _LINEAGE if name in about}
    return Start(str(path), facts=known | {training: about["training"]})


def pretrain(work: Work) -> dict[str, Any]:
    """Mine pairs of the log, and train what the teachers start from on the first stage's scores of them."""
    config, prepared, run = work.config, work.prepared(), work.run
    assert config.pretrain is not None  # else the pipeline has no such stage
    first_stages = open_first_stages(config, prepared.catalogue, run)
    mined = mine(
        logged_queries(work, prepared),
        first_stages,
        prepared.catalogue,
        run.pretrained_pairs,
        first_stage=config.index.first_stage,
        guard=work.guard(prepared),
        template=student_template(config, prepared.catalogue),
        options=config.pretrain.options(),
        seed=config.seed,
        progress=work.progress.task("mining"),
    )
    groups = weak_groups(prepared, first_stages[config.index.first_stage], mined)
    for number, name in enumerate(pretrained_teachers(config)):
        if not is_encoder(model_path(name)):
            continue
        template, length = teacher_template(config, prepared.catalogue), config.teacher.max_length
        path = run.pretrained_teacher(number)
        _learn(work, groups, Start(model_path(name)), path, template, length, "pretrain")
    return {"queries": len(groups), "pairs": len(mined)}


def pretrain_student(work: Work) -> dict[str, Any]:
    """Train what the students start from on the same."""
    prepared, options = work.prepared(), work.config.student
    start = Start(model_path(work.config.student_parent), options.layers)
    template = student_template(work.config, prepared.catalogue)
    first_stage = open_first_stages(work.config, prepared.catalogue, work.run)[work.config.index.first_stage]
    groups = weak_groups(prepared, first_stage, Pairs(work.run.pretrained_pairs))
    path, length = work.run.pretrained_student, options.max_length
    _learn(work, groups, start, path, template, length, "pretrain-student")
    return {}


def weak_groups(prepared: Prepared, first_stage: Retriever, pairs: Iterable[MinedPair]) -> list[Group]:
    """Mined pairs with the first stage's scores, query by query."""
    rows: dict[Query, list[str]] = {}
    for pair in pairs:
        rows.setdefault(Query(pair.query_id, pair.query), []).append(pair.product_id)
    return [
        weak_group(query, products_of(prepared, ids), first_stage.score_products(query, ids))
        for query, ids in rows.items()
    ]


def _learn(
    work: Work, groups: list[Group], start: Start, path: Path, template: ProductTemplate, length: int, stage: str
) -> None:
    """Train one model at `path`, unless it is there."""
    section = work.config.pretrain
    if path.exists() or section is None:
        return
    train_student(
        start.model,
        groups,
        train_options(section.train, LOSS, work.config.seed),
        path,
        template,
        layers=start.layers,
        max_length=length,
        checkpoints=work.run.scratch(stage) / f"{path.name}-checkpoints",
        progress=work.progress.task(f"pretraining {path.name}"),
    )
