"""The stages, top to bottom as the work runs; each reads what the ones before it wrote and writes its own artefacts."""

import random
from functools import partial
from typing import Any

from augment.mining import mine
from augment.pairs import Pairs
from eval.errors import GateRefusedError
from eval.files import fingerprint, read_json
from retrieval.data.describe import describe
from retrieval.vector_index import vector_scores
from workflow.config.run import Config
from workflow.measure.bench import measured_sets
from workflow.measure.lazy_models import LazyReranker
from workflow.measure.measurement import measure, write_report
from workflow.measure.segmentation import run_segments
from workflow.measure.system_names import WITHOUT
from workflow.measure.systems import parts
from workflow.report.model_cards import write_card
from workflow.report.write import write_run_report
from workflow.run.inputs import read_input
from workflow.run.prepared import write_prepared
from workflow.run.stage import Stage
from workflow.run.stage_titles import STAGE_TITLES, round_stage
from workflow.run.work import Work
from workflow.served.measured_students import measured_students
from workflow.stages.alike import copy, labels_alike, students_alike
from workflow.stages.encoder import make_encoder
from workflow.stages.first_stage import (
    build_first_stage,
    distinct,
    open_first_stages,
    open_run_encoder,
    open_vectors,
    product_words,
    student_template,
)
from workflow.stages.generated_queries import generated_queries
from workflow.stages.given import mine_given
from workflow.stages.labelling import label_pairs_of
from workflow.stages.open_teacher import open_teacher, ranks
from workflow.stages.pretrain import pretrain, pretrain_student, pretrained_teachers, pretrains_student
from workflow.stages.ray_workers import encode_over_ray
from workflow.stages.rounds import dev_quality, label_hardest, labels_of
from workflow.stages.shortlist import shortlist
from workflow.stages.students import distil, learn_without_augmentation
from workflow.stages.teachers import audit, train_teachers
from workflow.stages.training import logged_queries

_ASKED = 200  # queries that an index's recall is measured with


def prepare(work: Work) -> dict[str, Any]:
    """Read catalogue, queries, judgements and log, whatever their form, into one."""
    data = read_input(work.config)
    write_prepared(data, work.run.data)
    return {**describe(data).to_json(), "warnings": data.problems.lines()}


def index(work: Work) -> dict[str, Any]:
    """Encode the catalogue and build the first stage's indexes; say what an approximate one does not find."""
    prepared = work.prepared()
    texts = [entry.text for entry in prepared.log] or [query.text for query in prepared.queries.values()]
    asked = random.Random(work.config.seed).sample(texts, min(_ASKED, len(texts)))
    spread = partial(encode_over_ray, work.config, work.run) if work.config.ray.address is not None else None
    made = build_first_stage(work.config, prepared.catalogue, asked, work.run, work.progress, spread)
    return {"products": len(prepared.catalogue)} | made


def teacher(work: Work) -> dict[str, Any]:
    """Train each chain's teacher on its judgements (after labels that were given, if any), and audit it on dev."""
    prepared = work.prepared()
    made = work.chains(prepared)
    facts = train_teachers(work, prepared, made)
    return {**facts, "judged queries": len(made[-1].train_ids), "audit": audit(work, prepared, made)}


def mined(work: Work) -> dict[str, Any]:
    """Mine unlabelled pairs of logged queries and products, held-out queries and their near duplicates left out."""
    config, prepared, selection = work.config, work.prepared(), work.config.mine.selection
    if config.teacher.kind == "file":
        return mine_given(work, prepared)
    main = work.chains(prepared)[-1]
    learnt = [prepared.queries[i] for i in main.train_ids]
    generated = generated_queries(work, prepared)
    pairs = mine(
        logged_queries(work, prepared),
        open_first_stages(config, prepared.catalogue, work.run),
        prepared.catalogue,
        work.run.pairs,
        first_stage=config.index.first_stage,
        guard=work.guard(prepared),
        template=student_template(config, prepared.catalogue),
        options=config.mine.options(),
        seed=config.seed,
        judged=learnt,
        generated=generated.queries,
        vectors=open_vectors(work.run) if selection == "diversity" else None,
        scorer=open_teacher(config, prepared, work.run, main.teacher) if selection == "score" else None,
        progress=work.progress.task("mining"),
    )
    found = read_json(pairs.path / "manifest.json")
    leaks = found["log"]["leaks"]["queries"]
    usable = f"{found['log']['usable']:,} of the {len(learnt):,} judged train queries"
    warnings = [] if prepared.log else [f"no query log: {usable} are mined instead"]
    if leaks:
        warnings.append(
            f"{leaks:,} log queries that are or nearly are held-out queries were left out (pairs/leaks.csv)"
        )
    return {**found, "warnings": [*warnings, *generated.warnings]}


def label(work: Work) -> dict[str, Any]:
    """Each chain's teacher labels the mined pairs, exactly once; a teacher that the gate refused does not start."""
    prepared = work.prepared()
    audited = read_json(work.run.stages / "teacher.json")["facts"]["audit"]
    if not audited["passed"] and "teacher" not in work.accept:
        raise GateRefusedError(
            f"the teacher is {audited['reason']}; its labels would teach the student to rank worse. Give it more "
            "judgements or a better model, or go on with --accept teacher"
        )
    pairs, made = Pairs(work.run.pairs), work.chains(prepared)
    asked = made[-1:] if labels_alike(work.config) else made
    facts = {
        chain.name: label_pairs_of(work, prepared, pairs, chain, chain.journal, f"labelling, {chain.name}")
        for chain in asked
    }
    for chain in made[: -len(asked)]:
        copy(made[-1].journal, chain.journal)
    return {
        **facts,
        "warnings": [f"{name}: {line}" for name, found in facts.items() for line in found["sanity"]["warnings"]],
        "fingerprint": fingerprint([chain.journal for chain in made]),  # a retry changes labels under the same key
    }


def student(work: Work) -> dict[str, Any]:
    """Train each chain's student on its teacher's labels, and one on the judgements alone to compare with."""
    config, prepared = work.config, work.prepared()
    made = work.chains(prepared)
    facts: dict[str, Any] = {}
    main, alike = made[-1], students_alike(config)
    for chain in (main, *made[:-1]):
        if alike and chain is not main and not chain.student.exists():
            copy(main.student, chain.student)
        elif not chain.student.exists():
            facts[chain.name] = distil(work, prepared, chain, labels_of(chain, config.rounds), chain.student)
        if config.student.judgements_train is not None and not chain.student_without.exists():
            learn_without_augmentation(work, prepared, chain, chain.student_without)
    warnings = [f"{name}: {line}" for name, found in facts.items() for line in found.get("warnings", ())]
    if config.rounds > 1:
        students = [chain.student for chain in made]
        facts[f"after round {config.rounds}"] = dev_quality(work, prepared, made, students, config.rounds)
    return {**facts, "warnings": warnings}


def measured(work: Work) -> dict[str, Any]:
    """Measure every system on queries it never saw; fit the blend, ask the gate, write report and model card."""
    config, prepared = work.config, work.prepared()
    made = work.chains(prepared)
    rerankers = {}
    if ranks(config):
        opened = [partial(open_teacher, config, prepared, work.run, chain.teacher) for chain in made]
        rerankers["teacher"] = [LazyReranker(one) for one in opened]
    if config.student.judgements_train is not None:
        rerankers[WITHOUT], _ = measured_students(
            work, made, lambda chain: chain.student_without, "the student without augmentation"
        )
    rerankers["student"], runtime = measured_students(work, made, lambda chain: chain.student, "the student")
    measured_parts = parts(prepared, made, config.measure.min_judged)
    first_stages = distinct(open_first_stages(config, prepared.catalogue, work.run), config.index.first_stage)
    template, shortlisted = student_template(config, prepared.catalogue), None
    if config.measure.shortlist is not None:
        scores = partial(vector_scores, open_vectors(work.run))
        encoder = open_run_encoder(config, work.run)
        shortlisted = shortlist(config.measure.shortlist, encoder, scores, prepared.catalogue, template)
    found = measure(
        config, prepared, template, first_stages, measured_parts, rerankers, runtime, work.progress, shortlisted
    )
    segments = run_segments(
        prepared,
        list(measured_sets(prepared.qrels, measured_parts, config.measure.min_judged).values())[-1],
        first=found.runs["full catalogue"][config.index.first_stage],
        first_stage=config.index.first_stage,
        vocabulary=product_words(config, prepared.catalogue, work.run),
        category_field=config.mine.category_field,
    )
    write_report(found, prepared, segments, work.run.report)
    content = write_run_report(work.run, config, prepared)
    write_card(config, prepared, made[-1], found, content)
    return {"blend_weights": found.weights, "gate": found.decision.reason}


def stages(config: Config) -> list[Stage]:
    """The pipeline: what each stage depends on and writes."""
    folds = range(config.data.folds) if config.data.dev == "folds" else range(0)

    def each(*names: str) -> tuple[str, ...]:
        return tuple(f"folds/{fold}/{name}" for fold in folds for name in names) + names

    given = ("labels-teacher",) if config.teacher.labels and config.teacher.kind in ("model", "ensemble") else ()
    given_pairs = ("teacher.kind", "teacher.labels") if config.teacher.kind == "file" else ()
    compared = each("student-without") if config.student.judgements_train is not None else ()
    in_cluster = config.index.in_cluster
    indexed = ("elastic.shards",) if in_cluster else ("index.kind", "seed")  # but not where the cluster is
    indexes = ("index/embeddings", "index/encoder", "index/elastic") if in_cluster else ("index",)
    searched = ("elastic.search", "elastic.candidates") if in_cluster else ()
    # Of most teachers the audit alone looks at the first stage and the categories; an ensemble may have it as a member.
    fused = ("index.fusion", "index.expansion")
    first_stage = ("index.first_stage", *fused, *searched)
    of_no_member = () if config.teacher.kind == "ensemble" else (*fused, "index stage")
    matters_to_audit = ("index.first_stage", "mine.category_field", *searched, *of_no_member)
    # How an endpoint is asked decides no answer, nor where a model's layers lie what it learns.
    ways = ("base_url", "key_variable", "concurrency", "timeout_s", "retries", "price_*", "limit_*", "measured")
    asking = ["-teacher.spread", "-teacher.recompute", *(f"-teacher.api.{way}" for way in ways)]
    generated = config.generate.templates > 0 or config.generate.llm is not None
    generating = ("generate", *(f"-generate.llm.{way}" for way in ways), *(("fields.teacher",) if generated else ()))
    held_out = ("seed", "data.dev", "data.folds", "data.holdout")
    learning = ("measure.cutoff", "-*.checkpoint_seconds")  # models are watched, and the teacher audited, at the cutoff
    trained = config.encoder.train is not None
    taught = (*held_out, "fields.student", "teacher.labels", *learning)
    from_pretrained = ("pretrain",) if pretrained_teachers(config) else ()
    student_from = ("pretrain-student",) if pretrains_student(config) else ()
    pretraining = _pretraining(config, (*held_out, *first_stage))
    return [
        Stage(
            "prepare",
            STAGE_TITLES["prepare"],
            prepare,
            options=("seed", "data", "-data.dev", "-data.folds", "-data.holdout"),
            after=(),
            writes=("data",),
        ),
        Stage(
            "encoder",
            STAGE_TITLES["encoder"],
            make_encoder,
            options=("encoder", "-encoder.batch_size", *(taught if trained else ())),
            after=("prepare",) if trained else (),
            writes=("encoder",),
        ),
        Stage(
            "index",
            STAGE_TITLES["index"],
            index,
            options=("fields.student", "fields.words", *indexed),
            after=("prepare", "encoder"),
            writes=indexes,
            only={"elastic.shards": ("index/elastic",)},
        ),
        *pretraining,
        Stage(
            "teacher",
            STAGE_TITLES["teacher"],
            teacher,
            options=(*held_out, "fields.teacher", "teacher", *asking, *first_stage, "mine.category_field", *learning),
            after=("prepare", "index", *from_pretrained),
            writes=(*each("teacher"), *given),
            only=dict.fromkeys(matters_to_audit, ()),
        ),
        Stage(
            "mine",
            STAGE_TITLES["mine"],
            mined,
            options=(*held_out, "mine", *first_stage, *given_pairs, *generating),
            after=("prepare", "index", *(("teacher",) if config.mine.selection == "score" else ())),
            writes=("pairs",),
        ),
        Stage(
            "label",
            STAGE_TITLES["label"],
            label,
            options=("label.shard_pairs",),
            after=("teacher", "mine"),
            writes=each("journal"),
        ),
        *(
            Stage(
                round_stage(number),
                f"label what the student finds hardest, round {number} of {config.rounds}",
                partial(label_hardest, number=number),
                options=(*held_out, "mine", "label.shard_pairs", *first_stage, "student", *learning),
                after=("label", *student_from, *(round_stage(earlier) for earlier in range(2, number))),
                writes=each(f"rounds/{number}"),
                only={"student.judgements_train": ()},
            )
            for number in range(2, config.rounds + 1)
        ),
        Stage(
            "student",
            STAGE_TITLES["student"],
            student,
            options=("seed", "student", *learning),
            after=("label", *student_from, *(round_stage(number) for number in range(2, config.rounds + 1))),
            writes=(*each("student"), *compared),
            only={"student.judgements_train": compared},
        ),
        Stage(
            "measure",
            STAGE_TITLES["measure"],
            measured,
            options=("seed", "measure", "-measure.timed_queries", "teacher.api.measured", *first_stage),
            after=("student",),
            writes=("report",),
        ),
    ]


def _pretraining(config: Config, common: tuple[str, ...]) -> list[Stage]:
    """The stages that make what teachers and students start from, if anything is made."""
    teachers, students = pretrained_teachers(config), pretrains_student(config)
    if not teachers and not students:
        return []
    read = ("fields.teacher", "teacher.model", "teacher.ensemble", "teacher.max_length") if teachers else ()
    made = [
        Stage(
            "pretrain",
            STAGE_TITLES["pretrain"],
            pretrain,
            options=(*common, "pretrain", "-*.checkpoint_seconds", "fields.student", *read),
            after=("prepare", "index"),
            writes=("pretrained",),
        )
    ]
    if students:
        made.append(
            Stage(
                "pretrain-student",
                STAGE_TITLES["pretrain-student"],
                pretrain_student,
                options=("student.parent", "student.layers", "student.max_length"),
                after=("pretrain",),
                writes=("pretrained-student",),
            )
        )
    return made
