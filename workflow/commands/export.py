"""`distilrank export`; torch is only imported once the threads are set."""

import argparse
import json

from workflow.commands.threads import set_threads
from workflow.config.run import load_config
from workflow.run.finished import run_directory
from workflow.served.gate import ask_gate


def export_command(options: argparse.Namespace) -> int:
    """Export the student of a run and say how close it is to the student."""
    run = run_directory(options.run)
    config = load_config(run.config)
    ask_gate(run, accepted="student" in options.accept or config.serve.accept_student)
    set_threads(config)
    from workflow.served.export import export_run

    exported = export_run(config, run, options.precision, progress=(lambda _: None) if options.json else print)
    if options.json:
        print(json.dumps({"path": str(exported.path), "made": exported.made, **exported.facts}))
    else:
        state = "exported" if exported.made else "up to date"
        print(f"{exported.path} is {state}: {exported.facts['precision']}, computed by {exported.facts['engine']}")
        print(exported.parity.text())
    return 0
