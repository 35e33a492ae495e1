"""The gate before serving: a student measured to be clearly worse than the first stage goes on only by name."""

import logging

from eval.errors import GateRefusedError
from eval.files import read_json
from workflow.measure.system_names import BLENDED
from workflow.run.directory import RunDirectory
from workflow.run.stage import record_path

_log = logging.getLogger("distilrank.serving")


def ask_gate(run: RunDirectory, *, accepted: bool) -> None:
    """Refuse the run's student where the run's measurement refused it, unless it is accepted by name.

    A run that is not measured as it stands gives no figure to refuse by: that is only warned of, and it cannot be
    served until it is measured (`workflow.run.finished`).

    Raises:
        GateRefusedError: with the student's figure, that of the blend, which is what is served, and the two ways on.
    """
    if accepted:
        return
    if not record_path(run, "measure").exists():  # its report may be an older one, while stages are redone
        _log.warning(
            "%s is not measured yet, so the gate has not seen its student; distilrank run its config", run.root
        )
        return
    metrics = read_json(run.report / "metrics.json")
    if metrics["gate"]["passed"]:
        return
    blended = f" {metrics['report']['verdicts'][BLENDED]['lines'][0]}" if "report" in metrics else ""
    raise GateRefusedError(
        f"the student is {metrics['gate']['reason']}.{blended} Serve the first stage alone with distilrank serve "
        f"{run.root} --set serve.window=0, or go on all the same with --accept student (in a config, "
        "serve.accept_student: true)"
    )
