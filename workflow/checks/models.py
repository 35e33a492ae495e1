"""Doctor's look at the models, without their weights: are they there, and can they be what they are asked to be?"""

import contextlib
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from transformers import AutoConfig, PretrainedConfig

from eval.errors import DistilrankError, MachineError
from rerank.layers import choose_layers
from rerank.student_files import check_length
from retrieval.quiet import quiet_transformers
from workflow.checks.findings import Finding
from workflow.config.endpoint import EndpointSection
from workflow.config.run import Config
from workflow.stages.first_stage import model_path


def check_models(config: Config) -> list[Finding]:
    """One finding for each model of encoder, teacher and student, and one for an API teacher."""

    def teacher(found: PretrainedConfig) -> None:
        check_length(found, config.teacher.max_length)

    def student(found: PretrainedConfig) -> None:
        choose_layers(found.num_hidden_layers, config.student.layers)
        check_length(found, config.student.max_length)

    return [
        *_check_endpoint(
            "API teacher", config.teacher.api, "distilrank label CONFIG --dry-run says what its labels cost"
        ),
        *_check_endpoint("query writer", config.generate.llm, "generate.llm.limit_tokens bounds what it costs"),
        _check("encoder", config.encoder.model, lambda _: None),
        *(_check("teacher", name, teacher) for name in dict.fromkeys(config.teacher.models)),
        _check("student", config.student_model, student),
    ]


def _check_endpoint(role: str, section: EndpointSection | None, cost: str) -> list[Finding]:
    """What can be said of an endpoint without asking it anything."""
    if section is None:
        return []
    what = f"{section.model} at {section.base_url}: {cost}"
    if os.environ.get(section.key_variable):
        return [Finding(role, "ok", what)]
    unset = f"the environment variable {section.key_variable} is not set, so no key is sent; {what}"
    return [Finding(role, "warning", unset)]


def _check(role: str, name: str, fits: Callable[[PretrainedConfig], None]) -> Finding:
    check = f"model of the {role}"
    try:
        found = _read(model_path(name))
        fits(found)
    except DistilrankError as error:
        return Finding(check, "error", str(error))
    return Finding(check, "ok", f"{name} ({found.model_type}, {found.get_text_config().num_hidden_layers} layers)")


def _read(name: str) -> PretrainedConfig:
    try:
        with quiet_transformers(), _quiet_hub():
            return AutoConfig.from_pretrained(name)
    except (OSError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split()).split(". ")[0][:200]
        if Path(name).is_dir():
            raise MachineError(f"{name} is no model ({reason}); give a directory with a config.json") from error
        raise MachineError(
            f"{name} is no directory here, and no model hub gave it ({reason}); check the name and the network, or "
            "download it where a hub can be reached and give its directory"
        ) from error


@contextlib.contextmanager
def _quiet_hub() -> Iterator[None]:
    """A hub that cannot be reached is said once, by us, not once a retry."""
    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)
