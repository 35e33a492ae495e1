"""The files of a report: the page, its figures, the pairs worth judging, the data statement."""

from pathlib import Path

from eval.files import read_json, write_json, write_text
from workflow.config.run import Config
from workflow.report.content import Content, build
from workflow.report.data_statement import STATEMENT, data_statement
from workflow.report.page import render_page
from workflow.report.queue import write_queue
from workflow.report.stored import read_stored
from workflow.run.directory import RunDirectory
from workflow.run.prepared import Prepared

PAGE, FIGURES, QUEUE = "report.html", "metrics.json", "worth-judging.csv"


def write_run_report(run: RunDirectory, config: Config, prepared: Prepared) -> Content:
    """Write the report of a run whose measurement has just been written; its content, for the model card."""
    content = build([read_stored(run, config, prepared)])
    write_content(content, run.report)
    return content


def write_content(content: Content, directory: Path) -> None:
    """Write the page, its figures, the pairs worth judging and, of one run, its data statement.

    Of one run the figures join what its metrics.json holds already.
    """
    figures = directory / FIGURES
    known = read_json(figures) if len(content.runs) == 1 and figures.exists() else {}
    write_json(figures, {**known, "report": content.to_json()})
    write_queue([one for part in content.focuses for one in part.queue], directory / QUEUE)
    if len(content.runs) == 1:
        write_text(directory / STATEMENT, data_statement(content))
    write_text(directory / PAGE, render_page(content))
