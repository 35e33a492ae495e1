"""`distilrank report RUN [RUN…]`."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from eval.errors import InputError
from workflow.report.content import build
from workflow.report.stored import StoredRun, open_stored
from workflow.report.write import PAGE, write_content


def report_command(options: argparse.Namespace) -> int:
    """Write the report of one run into its own directory, of several to --out (or beside the first)."""
    runs = [open_stored(path) for path in options.runs]
    content = build(runs)
    out = _place(options.out, runs)
    write_content(content, out)
    if options.json:
        print(json.dumps(content.to_json(), ensure_ascii=False))
    else:
        for part in content.focuses:
            print("\n".join(part.verdict.lines))
        print(f"Report: {out / PAGE}")
    return 0


def _place(out: Path | None, runs: Sequence[StoredRun]) -> Path:
    """The directory to write to.

    Raises:
        InputError: when it is a file.
    """
    if out is None and len(runs) == 1:
        return runs[0].run.report
    if out is None:
        return runs[0].run.root.parent / f"report-{'-'.join(stored.name for stored in runs)}"
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file; --out names the directory to write {PAGE} into")
    return out
