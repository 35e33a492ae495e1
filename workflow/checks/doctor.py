"""Checks machine, config, data and models before any hour is spent; the estimate of the hours is in estimate.py."""

from collections.abc import Iterator
from pathlib import Path

from eval.errors import DistilrankError
from retrieval.data.search_data import SearchData
from workflow.checks.cluster import check_cluster
from workflow.checks.estimate import Work, describe_estimate, measure_rates
from workflow.checks.findings import Finding
from workflow.checks.judged_plan import JudgedPlan, count_given, count_unlogged, plan_judged
from workflow.checks.machine import check_disk, check_machine
from workflow.checks.models import check_models
from workflow.config.run import Config
from workflow.run.inputs import label_file, read_input
from workflow.stages.pretrain import pretrained_teachers, pretrains_student


def examine(config: Config, runs: Path) -> list[Finding]:
    """Every check, in order, then the models' speed and the estimate; none of them writes or raises."""
    found, work = static_checks(config, runs)
    if any(item.check.startswith("model") and item.state == "error" for item in found):
        return found
    try:
        rates = measure_rates(config)
    except (DistilrankError, OSError, ValueError) as error:
        return [*found, Finding("models", "error", " ".join(str(error).split())[:300])]
    speed = f"forward passes a second: {rates.teacher:,.0f} teacher, {rates.student:,.0f} student"
    found.append(Finding("models", "ok", speed))
    if work is not None:
        found.append(Finding("estimate", "ok", describe_estimate(config, work, rates)))
    return found


def static_checks(config: Config, runs: Path) -> tuple[list[Finding], Work | None]:
    """The checks that load no weights, and what there is to do (None where the data do not say)."""
    found = check_machine(config)
    work = None
    try:
        data = read_input(config)
    except DistilrankError as error:
        found.append(Finding("data", "error", str(error)))
    else:
        problems = data.problems.lines()
        counts = f"{len(data.queries):,} queries, {len(data.log):,} logged"
        found.append(Finding("data", "warning" if problems else "ok", "; ".join([counts, *problems])))
        more, work = _check_data(config, data)
        found += more
    found += check_models(config)
    found += check_cluster(config)
    found.append(check_disk(config, runs, work))
    return found, work


def _check_data(config: Config, data: SearchData) -> tuple[list[Finding], Work | None]:
    product_ids: set[str] = set()
    fields: dict[str, None] = {}
    try:
        for product in data.products():
            product_ids.add(product.id)
            fields.update(dict.fromkeys(product.fields))
    except DistilrankError as error:
        return [Finding("products", "error", str(error))], None
    found = list(_fields(config, list(fields)))
    try:
        plan = plan_judged(config, data)
    except DistilrankError as error:
        return [*found, Finding("judgements", "error", str(error))], None
    logged = len(data.log)
    if not data.log:
        trained, logged = count_unlogged(config, data)
        found += _unlogged(config, trained, logged)
    found.append(_measured(config, plan))
    try:
        given = count_given(config, plan, data.scale, product_ids)
    except (DistilrankError, OSError) as error:
        return [*found, Finding("teacher.labels", "error", str(error))], None
    if (path := label_file(config)) is not None:
        found.append(Finding("teacher.labels", "ok", f"{given:,} labels to learn in {path}"))
    return found, Work(plan, given, len(product_ids), logged)


def _fields(config: Config, known: list[str]) -> Iterator[Finding]:
    for who, names in (("student", config.fields.student), ("teacher", config.fields.teacher)):
        missing = [name for name in names if name not in known]
        if missing:
            what = f"names {', '.join(missing)}, which the products lack; they have {', '.join(known)}"
            yield Finding(f"fields.{who}", "error", what)


def _unlogged(config: Config, trained: int, left: int) -> Iterator[Finding]:
    """What mining, and the pretraining before it, make of the train queries: `left` of them are not held out."""
    pretrains = bool(pretrained_teachers(config)) or pretrains_student(config)
    mines = config.teacher.kind != "file"
    if not mines and not pretrains:
        return
    generates = config.generate.templates > 0 or config.generate.llm is not None
    told = (
        f"there is none: of the {trained:,} train queries, which are mined instead, {left:,} neither measure nor "
        "nearly equal one that does"
    )
    if not config.mine.judged:
        told += ", and mine.judged: false leaves them out too"
    ways = []
    if mines and not generates and not (left and config.mine.judged):
        ways.append("generate queries (generate.templates)")
    if pretrains and not left:
        ways.append("set pretrain: null (it learns logged queries alone)")
    if ways:
        yield Finding("query log", "error", f"{told}; name a log in data.log, or {' and '.join(ways)}")
    else:
        yield Finding("query log", "warning", f"{told}; data.log names a log")


def _measured(config: Config, plan: JudgedPlan) -> Finding:
    sets = ", ".join(f"{count:,} {name}" for name, count in plan.sets.items())
    if "test" not in plan.sets:
        what = (
            f"no test query has two grades and {config.measure.min_judged} judged products (measure.min_judged): the "
            f"table will hold out-of-fold figures alone ({sets} queries)"
        )
        return Finding("judgements", "warning", what)
    return Finding("judgements", "ok", f"queries to measure: {sets}; judged pairs to learn: {plan.learnt:,}")
