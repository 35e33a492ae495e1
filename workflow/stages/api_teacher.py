"""The API teacher of a run: it learns nothing, so that its description is all there is of it."""

from collections.abc import Callable
from pathlib import Path

from eval.errors import InputError
from eval.files import atomic_path, write_json
from rerank.api.cache import AnswerCache
from rerank.api.prompt import INSTRUCTIONS, GradingPrompt, grading_prompt
from rerank.api.teacher import API, ApiTeacher, Limits, Prices
from rerank.teacher import TEACHER_FILE
from workflow.config.api import ApiSection
from workflow.config.run import Config
from workflow.run.directory import RunDirectory
from workflow.run.prepared import Prepared
from workflow.stages.first_stage import teacher_template


def api_section(config: Config) -> ApiSection:
    """The section; the config's own checks see to it that it is there where `teacher.kind` is "api"."""
    assert config.teacher.api is not None
    return config.teacher.api


def api_prompt(config: Config, prepared: Prepared) -> GradingPrompt:
    """The prompt for the data's grades.

    Raises:
        InputError: when the prompt's file cannot be read or lacks {grades}, or the guide names no grade.
    """
    section = api_section(config)
    instructions = INSTRUCTIONS
    if section.prompt is not None:
        try:
            instructions = Path(section.prompt).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"teacher.api.prompt: {section.prompt} cannot be read ({error})") from None
    return grading_prompt(prepared.scale, teacher_template(config, prepared.catalogue), instructions, section.guide)


def open_api_teacher(
    config: Config, prepared: Prepared, run: RunDirectory, progress: Callable[[int, int], None] | None = None
) -> ApiTeacher:
    """The teacher, its answers kept in the run."""
    section = api_section(config)
    return ApiTeacher(
        section.endpoint(),
        api_prompt(config, prepared),
        prepared.scale,
        AnswerCache(run.answers),
        concurrency=section.concurrency,
        prices=Prices(section.price_in, section.price_out),
        limits=Limits(section.limit_tokens, section.limit_money),
        progress=progress,
    )


def describe_api_teacher(teacher: ApiTeacher, path: Path) -> None:
    """Write the teacher directory `path`, unless it is there."""
    if path.exists():
        return
    about = {
        "kind": API,
        "model": teacher.endpoint.model,
        "request": teacher.endpoint.body([]),
        "prompt": teacher.prompt.system,
        "letters": dict(zip(teacher.prompt.letters, (grade.name for grade in teacher.scale.grades), strict=True)),
        "template": {
            "fields": list(teacher.prompt.template.fields),
            "max_characters": teacher.prompt.template.max_characters,
        },
        "version": teacher.version,
    }
    with atomic_path(path) as temporary:
        temporary.mkdir(parents=True)
        write_json(temporary / TEACHER_FILE, about)
