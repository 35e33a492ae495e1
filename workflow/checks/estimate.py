"""How long each stage will take here: the models' measured rates times what the data and the config ask of them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from transformers import PreTrainedTokenizerBase

from rerank.classifier import load_classifier, move
from rerank.inputs import ModelKind, PairEncoder
from rerank.scoring import predict
from rerank.student import build_student
from retrieval.encoder import Encoder
from retrieval.product_text import ProductTemplate
from retrieval.types import Product, Query
from workflow.checks.judged_plan import JudgedPlan
from workflow.config.run import Config
from workflow.stages.alike import labels_alike, students_alike
from workflow.stages.first_stage import model_path
from workflow.stages.pretrain import pretrained_teachers, pretrains_student

_TRAINING_COST = 3.5
"""Forward, backward and optimiser step, in forward passes: measured 3.3 to 4.4 for 2 to 6 layers of MiniLM."""
_TIMED = 64
_INSTANT = 1e-6  # seconds a pair of an ensemble without a model


@dataclass(frozen=True)
class Rates:
    """Texts (encoder) or pairs a second, forward; all of an ensemble's models take part in its teacher's."""

    encoder: float
    teacher: float
    student: float


def measure_rates(config: Config) -> Rates:
    """Load each model and time it on texts of the synthetic shop's length.

    Raises:
        InputError, MachineError: when a model does not load, or cannot be what it is asked to be.
    """
    product = Product(
        "p", dict.fromkeys((*config.fields.student, *config.fields.teacher), "stainless steel travel mug with lid")
    )
    encoder = Encoder(model_path(config.encoder.model), max_length=config.encoder.max_length)
    texts = [ProductTemplate(config.fields.student).text(product)] * _TIMED
    pairs = [(Query("q", "insulated coffee cup without handle"), product)] * _TIMED
    return Rates(
        _rate(encoder.encode, texts),
        1 / max(sum(1 / _rate(_teacher(config, name), pairs) for name in config.teacher.models), _INSTANT),
        _rate(_student(config), pairs),
    )


@dataclass(frozen=True)
class Work:
    """What there is to do: `plan` for the judged queries, `given` labels, `products`, `logged` queries to mine from."""

    plan: JudgedPlan
    given: int
    products: int
    logged: int


def estimate(config: Config, work: Work, rates: Rates) -> dict[str, float]:
    """Seconds by stage, for texts as long as the timed ones."""
    plan, logged = work.plan, work.logged
    labelling, learning = 1 / rates.teacher, _TRAINING_COST / rates.teacher
    distilling = _TRAINING_COST / rates.student
    mined = _mined_pairs(config, logged)
    judged, student = plan.learnt, config.student
    # Out of fold, each of f models learns the share 1 − 1/f of the judgements; one more learns all of them.
    trainings = config.teacher.ensemble_folds if config.teacher.kind == "ensemble" else 1
    final, alone = student.final_train, student.judgements_train
    # Folds that differ in nothing share labels, and students.
    labelled = 1 if labels_alike(config) else plan.chains
    distilled = 1 if students_alike(config) else plan.chains
    taught = [  # pairs that the student of each round learns
        distilled * number * mined * student.train.epochs + judged * (final.epochs if final is not None else 0)
        for number in range(1, config.rounds + 1)
    ]
    judging = config.teacher.train.epochs if config.teacher.train is not None else 0
    compared = judged * (alone.epochs if alone is not None else 0)
    chosen = (config.rounds - 1) * plan.chains  # times that a student scores candidates and the teacher labels some
    candidates = min(config.mine.queries, logged) * config.mine.depth * 1.5  # two sources agree on about half
    window = config.measure.window
    ranked = plan.measured_pairs + (plan.measured_queries + config.measure.timed_queries) * window
    return {
        "encoder": _encoder_texts(config, work) * _TRAINING_COST / rates.encoder,
        "index": work.products / rates.encoder,
        **({"pretrain": seconds} if (seconds := _pretraining(config, logged, learning, distilling)) else {}),
        "teacher": learning * (trainings * judged * judging + work.given * config.teacher.labels_train.epochs)
        + labelling * plan.audited_pairs,
        "mine": (min(config.mine.pool, logged) + min(config.mine.queries, logged)) / rates.encoder,
        "label": labelling * labelled * mined,
        **(
            {"rounds": distilling * sum(taught[:-1]) + chosen * (candidates / rates.student + labelling * mined)}
            if config.rounds > 1
            else {}
        ),
        "student": distilling * (taught[-1] + compared),
        "measure": ranked * (labelling + (1 if alone is None else 2) / rates.student)
        + plan.measured_queries / rates.encoder,
    }


def _pretraining(config: Config, logged: int, learning: float, distilling: float) -> float:
    """Seconds, from those that a pair costs a teacher and a student to learn."""
    if config.pretrain is None:
        return 0.0
    pairs = min(config.pretrain.queries, logged) * config.pretrain.options().products_per_query
    each = (learning if pretrained_teachers(config) else 0.0) + (distilling if pretrains_student(config) else 0.0)
    return pairs * config.pretrain.train.epochs * each


def _mined_pairs(config: Config, logged: int) -> int:
    """Pairs to label in a round: of the log's queries, and of all that are generated."""
    llm = config.generate.llm
    written = 0 if llm is None else llm.products * llm.per_product + (llm.shop_queries if llm.shop else 0)
    queries = min(config.mine.queries, logged) + config.generate.templates + written
    return queries * config.mine.options().products_per_query


def _encoder_texts(config: Config, work: Work) -> int:
    """Texts that the bi-encoder is trained on, over all epochs."""
    train = config.encoder.train
    if train is None:
        return 0
    judged = (work.given if train.labels else 0) + (work.plan.learnt if train.judgements else 0)
    pairs = min(train.pairs, work.products) if train.self_supervised else 0
    return train.epochs * (judged + 2 * pairs)


def describe_estimate(config: Config, work: Work, rates: Rates) -> str:
    """The estimate in one line, for a person."""
    seconds = estimate(config, work, rates)
    stages = ", ".join(f"{name} {value / 60:.1f}" for name, value in seconds.items())
    pairs, teachers = _mined_pairs(config, work.logged), 1 if labels_alike(config) else work.plan.chains
    return (
        f"about {sum(seconds.values()) / 60:.0f} minutes for texts of this length ({stages}); {pairs:,} pairs to label"
        + (f" by each of {teachers} teachers" if teachers > 1 else "")
    )


def _rate(work: Callable[[Any], object], items: list[Any]) -> float:
    work(items[:8])  # the first call is slower
    begun = time.perf_counter()
    work(items)
    return len(items) / (time.perf_counter() - begun)


def _teacher(config: Config, name: str) -> Callable[[Any], object]:
    # Frozen weights of a teacher with adapters are bfloat16 on a GPU, as in rerank/teacher.py.
    small = config.teacher.lora is not None and torch.cuda.is_available()
    model, tokenizer, kind = load_classifier(model_path(name), 1, dtype=torch.bfloat16 if small else torch.float32)
    encoder = _pair_encoder(tokenizer, kind, config.fields.teacher, config.teacher.max_length)
    model.config.pad_token_id = encoder.pad_id  # a decoder's classifier reads the last token that is none
    model.config.get_text_config().pad_token_id = encoder.pad_id
    moved = move(model, None)
    return lambda pairs: predict(moved, encoder, pairs)


def _student(config: Config) -> Callable[[Any], object]:
    start = build_student(model_path(config.student_model), config.student.layers)
    encoder = _pair_encoder(start.tokenizer, "encoder", config.fields.student, config.student.max_length)
    moved = move(start.model, None)
    return lambda pairs: predict(moved, encoder, pairs)


def _pair_encoder(
    tokenizer: PreTrainedTokenizerBase, kind: ModelKind, fields: tuple[str, ...], length: int
) -> PairEncoder:
    return PairEncoder(tokenizer, kind, ProductTemplate(fields), length)
