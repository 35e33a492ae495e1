"""The stages, top to bottom as the work runs; each reads what the ones before it wrote and writes its own artefacts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from augment.guard import LeakGuard
from augment.journal import open_journal
from augment.labelling import label_pairs
from augment.mining import MineOptions, mine
from augment.pairs import Pairs
from augment.selection import Stratum
from eval.errors import GateRefusedError
from eval.files import read_json
from eval.measures import per_query
from rerank.gate import gate
from rerank.lora import LoraOptions
from rerank.student import Student, train_student
from rerank.teacher import JudgedQuery, Teacher, train_teacher
from rerank.training import Group
from rerank.types import Reranker
from retrieval.data.describe import describe
from workflow.chains import chains, protected_queries
from workflow.config import Config, TrainSection
from workflow.first_stage import build_first_stage, model_path, open_first_stages, student_template, teacher_template
from workflow.inputs import label_file, read_input
from workflow.measure import measure, write_report
from workflow.model_cards import write_card
from workflow.prepared import Prepared, load_prepared, write_prepared
from workflow.progress import StageProgress
from workflow.run_directory import Chain, RunDirectory
from workflow.stages import Stage
from workflow.systems import parts, reranker_judged, retriever_judged
from workflow.training import given_labels, judged_queries, labelled_groups, mean_ndcg, soft_groups, train_options


@dataclass
class Work:
    """What a stage works with: the config, the run's directory, where to report, and what the user allows."""

    config: Config
    run: RunDirectory
    progress: StageProgress
    accept: frozenset[str]
    retry_failed: bool

    def prepared(self) -> Prepared:
        return load_prepared(self.run.data)

    def chains(self, prepared: Prepared) -> list[Chain]:
        return chains(self.config, prepared, self.run)

    def guard(self, prepared: Prepared) -> LeakGuard:
        """Protects dev, test and fold queries from ever being mined or learnt from given labels."""
        return LeakGuard(prepared.queries[i] for i in protected_queries(prepared, self.chains(prepared)))


def prepare(work: Work) -> dict[str, Any]:
    """Read catalogue, queries, judgements and log, whatever their form, into one."""
    data = read_input(work.config)
    write_prepared(data, work.run.data)
    return describe(data).to_json()


def index(work: Work) -> dict[str, Any]:
    """Encode the catalogue and build the first stage's indexes."""
    catalogue = work.prepared().catalogue
    build_first_stage(work.config, catalogue, work.run, work.progress)
    return {"products": len(catalogue), "kind": work.config.index.kind}


def teacher(work: Work) -> dict[str, Any]:
    """Train each chain's teacher on its judgements (after labels that were given, if any), and audit it on dev."""
    config, prepared = work.config, work.prepared()
    base, facts = model_path(config.teacher.model), {}
    given = label_file(config)
    if given is not None:
        judged, found = given_labels(prepared, given, work.guard(prepared))
        _teach(work, prepared, base, judged, work.run.labels_teacher, config.teacher.labels_train, "given labels")
        base = str(work.run.labels_teacher)
        facts["given labels"] = {
            "queries": len(judged),
            "pairs": sum(len(entry.gains) for entry in judged),
            "held-out queries left out": len(found.leaks),
            "unknown products left out": found.unknown_products,
        }
    made = work.chains(prepared)
    for chain in made:
        judged = judged_queries(prepared, chain.train_ids)
        _teach(work, prepared, base, judged, chain.teacher, config.teacher.train, chain.name, chain)
    return {**facts, "judged queries": len(made[-1].train_ids), "audit": _audit(work, prepared, made)}


def mined(work: Work) -> dict[str, Any]:
    """Mine unlabelled pairs of logged queries and products, held-out queries and their near duplicates left out."""
    config, prepared = work.config, work.prepared()
    section = config.mine
    options = MineOptions(
        **section.model_dump(exclude={"strata"}),
        strata=tuple(Stratum(**stratum.model_dump()) for stratum in section.strata),
    )
    pairs = mine(
        prepared.log,
        open_first_stages(config, prepared.catalogue, work.run),
        prepared.catalogue,
        work.run.pairs,
        first_stage=config.index.first_stage,
        guard=work.guard(prepared),
        template=student_template(config, prepared.catalogue),
        options=options,
        seed=config.seed,
        judged=[prepared.queries[i] for i in prepared.split("train")],
        progress=work.progress.task("mining"),
    )
    return read_json(pairs.path / "manifest.json")


def label(work: Work) -> dict[str, Any]:
    """Each chain's teacher labels the mined pairs, exactly once; a teacher that the gate refused does not start."""
    config, prepared = work.config, work.prepared()
    audit = read_json(work.run.stages / "teacher.json")["facts"]["audit"]
    if not audit["passed"] and "teacher" not in work.accept:
        raise GateRefusedError(
            f"the teacher is {audit['reason']}; its labels would teach the student to rank worse. Give it more "
            "judgements or a better model, or go on with --accept teacher"
        )
    pairs, counts = Pairs(work.run.pairs), {}
    for chain in work.chains(prepared):
        model = Teacher.load(chain.teacher)
        journal = open_journal(
            chain.journal, pairs, teacher_version=model.version, shard_pairs=config.label.shard_pairs
        )
        counts[chain.name] = str(
            label_pairs(
                pairs,
                prepared.catalogue,
                model,
                journal,
                guard=work.guard(prepared),
                failed_share=config.label.failed_share,
                retry_failed=work.retry_failed,
                progress=work.progress.task(f"labelling, {chain.name}"),
            )
        )
    return counts


def student(work: Work) -> dict[str, Any]:
    """Train each chain's student on its teacher's labels, and one on the judgements alone to compare with."""
    config, prepared = work.config, work.prepared()
    facts = {}
    for chain in work.chains(prepared):
        if not chain.student.exists():
            groups = labelled_groups(prepared, chain.journal)
            section = config.student.train
            parent = str(chain.teacher) if config.student.parent == "teacher" else model_path(config.student.parent)
            facts[chain.name] = _learn(
                work, prepared, chain, parent, groups, section, config.student.loss, chain.student
            )
        if config.student.judgements_train is not None and not chain.student_without.exists():
            # Not the trained teacher's layers: these hold what the given labels taught.
            untaught = config.teacher.model if config.student.parent == "teacher" else config.student.parent
            groups, section = soft_groups(prepared, chain.train_ids), config.student.judgements_train
            _learn(work, prepared, chain, model_path(untaught), groups, section, "soft_bce", chain.student_without)
    return facts


def measured(work: Work) -> dict[str, Any]:
    """Measure every system on queries it never saw; fit the blend, ask the gate, write report and model card."""
    config, prepared = work.config, work.prepared()
    made = work.chains(prepared)
    rerankers: dict[str, Sequence[Reranker]] = {"teacher": [Teacher.load(chain.teacher) for chain in made]}
    if config.student.judgements_train is not None:
        rerankers["student, judgements only"] = [_load_student(chain.student_without) for chain in made]
    rerankers["student"] = [_load_student(chain.student) for chain in made]
    found = measure(
        config,
        prepared,
        open_first_stages(config, prepared.catalogue, work.run),
        parts(prepared, made, config.measure.min_judged),
        rerankers,
        work.progress,
    )
    write_report(found, prepared, work.run.report)
    write_card(config, prepared, made[-1], found)
    return {"blend_weights": found.weights, "gate": found.decision.reason}


def stages(config: Config) -> list[Stage]:
    """The pipeline: what each stage depends on and writes."""
    folds = range(config.data.folds) if config.data.dev == "folds" else range(0)

    def each(*names: str) -> tuple[str, ...]:
        return tuple(f"folds/{fold}/{name}" for fold in folds for name in names) + names

    given = ("labels-teacher",) if config.teacher.labels else ()
    return [
        Stage("prepare", "read the data", prepare, ("seed", "data"), (), ("data",)),
        Stage(
            "index",
            "encode the catalogue, build the indexes",
            index,
            ("fields", "encoder", "index"),
            ("prepare",),
            ("encoder", "index"),
        ),
        Stage(
            "teacher",
            "train the teacher",
            teacher,
            ("seed", "fields", "teacher"),
            ("prepare", "index"),
            (*each("teacher"), *given),
        ),
        Stage("mine", "mine unlabelled pairs", mined, ("seed", "mine"), ("prepare", "index"), ("pairs",)),
        Stage("label", "label the pairs", label, ("label",), ("teacher", "mine"), each("journal")),
        Stage(
            "student",
            "train the student",
            student,
            ("seed", "student"),
            ("label",),
            (*each("student"), *(each("student-without") if config.student.judgements_train is not None else ())),
        ),
        Stage("measure", "measure everything", measured, ("seed", "measure"), ("student",), ("report",)),
    ]


def _teach(
    work: Work,
    prepared: Prepared,
    base: str,
    judged: list[JudgedQuery],
    path: Path,
    section: TrainSection,
    what: str,
    chain: Chain | None = None,
) -> None:
    if path.exists():
        return
    config = work.config
    watched = chain.dev_ids if chain is not None and chain.fold is None else ()
    cutoff = config.measure.cutoff
    train_teacher(
        base,
        config.teacher.head,
        judged,
        prepared.scale,
        teacher_template(config, prepared.catalogue),
        path,
        train_options(section, "", config.seed),
        max_length=config.teacher.max_length,
        lora=None if config.teacher.lora is None else LoraOptions(**config.teacher.lora.model_dump()),
        checkpoints=work.run.scratch("teacher") / what.replace(" ", "-"),
        validate=(lambda model: mean_ndcg(model, prepared, watched, cutoff)) if watched else None,
        progress=work.progress.task(f"training the teacher, {what}"),
    )


def _audit(work: Work, prepared: Prepared, made: list[Chain]) -> dict[str, Any]:
    """The gate before bulk labelling: each chain's teacher on the dev queries it did not learn from."""
    config = work.config
    first = open_first_stages(config, prepared.catalogue, work.run)[config.index.first_stage]
    ours, theirs = {}, {}
    for chain in made:
        if chain.dev_ids:
            ours.update(reranker_judged(Teacher.load(chain.teacher), prepared, chain.dev_ids))
            theirs.update(retriever_judged(first, prepared, chain.dev_ids))
    name = f"nDCG@{config.measure.cutoff}"
    qrels = {i: prepared.qrels[i] for i in ours}
    values = [per_query(qrels, run, [name])[name] for run in (ours, theirs)]
    decision = gate(values[0], values[1], config.seed)
    return {
        "passed": decision.passed,
        "reason": decision.reason,
        "interval": decision.interval._asdict(),
        "measure": f"{name}, judged-only",
    }


def _learn(
    work: Work,
    prepared: Prepared,
    chain: Chain,
    parent: str,
    groups: list[Group],
    section: TrainSection,
    loss: str,
    path: Path,
) -> dict[str, Any]:
    options = work.config.student
    watched = chain.dev_ids if chain.fold is None else ()
    cutoff = work.config.measure.cutoff
    what = f"{path.name}, {chain.name}"
    _, result = train_student(
        parent,
        groups,
        train_options(section, loss, work.config.seed),
        path,
        student_template(work.config, prepared.catalogue),
        layers=options.layers,
        max_length=options.max_length,
        checkpoints=work.run.scratch("student") / what.replace(", ", "-").replace(" ", "-"),
        validate=(lambda model: mean_ndcg(model, prepared, watched, cutoff)) if watched else None,
        progress=work.progress.task(f"training the {what}"),
    )
    return {
        "queries": len(groups),
        "pairs": sum(len(group.products) for group in groups),
        "best epoch": result.best_epoch,
        "warnings": list(result.warnings),
    }


def _load_student(path: Path) -> Student:
    return Student.load(path, precision="auto")
