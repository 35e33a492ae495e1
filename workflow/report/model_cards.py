"""The student's model card, written from what was measured and nothing else."""

from rerank.model_card import CardFacts, InSegment, Measured, write_model_card
from rerank.student import Student
from workflow.config.run import Config
from workflow.measure.measurement import Measured as Results
from workflow.measure.system_names import BLENDED, STUDENT, WITHOUT
from workflow.report.content import Content
from workflow.run.directory import Chain
from workflow.run.prepared import Prepared

_SHOWN = ("bm25", "dense", "hybrid", "elasticsearch", "teacher", WITHOUT, STUDENT, BLENDED)


def write_card(config: Config, prepared: Prepared, chain: Chain, results: Results, content: Content) -> None:
    """Write README.md into the main chain's student directory; `content` is the run's report."""
    student = Student.load(chain.student)
    training = student.facts.get("distillation", student.facts["training"])
    measured = [
        Measured(f"{row.system} ({name})", row.measure, row.value.mean, row.value.low, row.value.high, row.value.n)
        for name, evaluation in results.evaluations.items()
        for row in evaluation.rows
        if row.system in _SHOWN
    ]
    (served,) = content.focuses
    calibration = content.runs[0].figures.calibration[STUDENT]
    product = prepared.catalogue.products([0])[0]
    limits = []
    if config.data.format == "shop":
        limits.append("It was trained and measured on a synthetic shop: the numbers say nothing about a real one.")
    if config.teacher.model == "default":
        limits.append(
            "Its teacher is a stand-in, a small encoder trained on the judgements, not a large language model."
        )
    facts = CardFacts(
        name=f"{config.name} student",
        parent=_parent(config),
        layers=student.facts["layers"],
        parent_layers=student.facts["parent_layers"],
        fields=student.template.fields,
        max_length=student.max_length,
        loss=config.student.loss,
        example=student.template.text(product),
        training={
            "labelled queries": training["queries"],
            "labelled pairs": training["pairs"],
            "epochs": len(training["result"]["losses"]),
            "blend weight, judged-only": results.weights["judged-only"],
            "blend weight, full catalogue": results.weights["full catalogue"],
            "gate": results.decision.reason,
        },
        measured=measured,
        convention=f"nDCG: {results.convention}, linear gain, log2 discount; 95 % bootstrap intervals over queries.",
        verdict=served.verdict.lines,
        segments=[
            InSegment(row.segment.title, row.difference.n, row.a, *row.difference[:3], row.verdict)
            for row in served.segments["full catalogue"]
        ],
        segments_convention=(
            f"{served.system.title.capitalize()} over the whole catalogue, and its difference to "
            f"{content.comparison.base.title}; holds: after Holm's correction over all segments."
        ),
        calibration=(
            f"Its sigmoid is no probability: against judged soft targets its calibration error is "
            f"{calibration.error:.3f} over {calibration.n:,} pairs (bias {calibration.bias:+.3f})."
        ),
        limits=limits,
    )
    write_model_card(facts, chain.student)


def _parent(config: Config) -> str:
    """The pretrained model that the student's layers come from, in the end."""
    name = config.student_model
    return "sentence-transformers/all-MiniLM-L6-v2" if name == "default" else name
