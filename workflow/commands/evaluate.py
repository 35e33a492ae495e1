"""`distilrank evaluate`, which does without torch for run files."""

import argparse
import json
from pathlib import Path

from eval.errors import InputError
from eval.evaluation import evaluate, render
from eval.trec import read_qrels, read_run


def evaluate_command(options: argparse.Namespace) -> int:
    """Run files against qrels; with --via, a live path against a run."""
    if options.via is not None:
        if options.qrels is not None:
            raise InputError("--qrels is for run files; evaluate --via reads the judgements of --run")
        from workflow.commands.live import live_command

        return live_command(options)
    if options.qrels is None or not options.runs:
        raise InputError("evaluate needs --qrels FILE and a run file at least; or --via PATH URL --run RUN")
    qrels = read_qrels(options.qrels)
    runs = {Path(path).stem: read_run(Path(path)) for path in options.runs}
    if len(runs) < len(options.runs):
        raise InputError("two run files have the same name; systems are named after their files, rename one")
    result = evaluate(
        qrels,
        runs,
        [name.strip() for name in options.measures.split(",") if name.strip()],
        relevant_gain=options.relevant_gain,
        judged_only=options.judged_only,
        baseline=next(iter(runs)),
        seed=options.seed,
    )
    print(json.dumps(result.to_json()) if options.json else render(result), end="\n" if options.json else "")
    return 0
