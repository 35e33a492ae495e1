"""Commands that prove things: what a figure means, whether a run is worse, what a teacher's labels are worth."""

import argparse
import json
from collections import Counter

from eval.audit_text import render_audit
from eval.conventions import conventions, reconcile
from eval.errors import InputError
from retrieval.data.search_data import SPLITS
from workflow.commands.console import OutputConsole
from workflow.commands.data import read_named
from workflow.commands.proof_text import print_comparison, print_reconciled
from workflow.commands.threads import set_threads
from workflow.config.run import load_config
from workflow.run.finished import finished

WORSE = 7
"""Exit code of `distilrank compare --fail-if-worse` for a run that is worse."""


def reconcile_command(options: argparse.Namespace) -> int:
    """One run's nDCG under several tools' conventions."""
    if options.cutoff < 0:
        raise InputError(f"--cutoff is {options.cutoff}; give 1 or more, or 0 for all ranks")
    from workflow.proof.measured_run import open_measured

    measured = open_measured(options.run, options.qrels, options.system, options.mode)
    tools = conventions(options.cutoff or None, judged_only=options.judged_only)
    found = {name: reconcile(measured.qrels, run, tools, measured.gains) for name, run in measured.runs.items()}
    if options.json:
        print(json.dumps({name: [one.to_json() for one in rows] for name, rows in found.items()}))
        return 0
    for name, rows in found.items():
        print_reconciled(name, rows)
    return 0


def compare_command(options: argparse.Namespace) -> int:
    """Whether run B is worse than run A; with --fail-if-worse the exit code says so."""
    from workflow.proof.compare import compare

    found = compare(
        options.a,
        options.b,
        qrels=options.qrels,
        queries=options.queries,
        systems=options.system,
        mode=options.mode,
        cutoff=options.cutoff,
        margin=options.margin,
        alpha=options.alpha,
        seed=options.seed,
    )
    if options.json:
        print(json.dumps(found.to_json(), ensure_ascii=False))
    else:
        print_comparison(found)
    return WORSE if options.fail_if_worse and found.worse else 0


def audit_command(options: argparse.Namespace) -> int:
    """What the labels of a run's teacher, or of a file, are worth beside human judgements."""
    from workflow.measure.audits import audit_file, read_audit

    if (options.run is None) == (options.labels is None):
        raise InputError("give a run directory, or a file of labels with --labels FILE --judgements PATH")
    notes = ""
    if options.run is not None:
        found, title = read_audit(options.run), "the teacher on the queries it did not learn from"
    elif options.judgements is None:
        raise InputError(f"{options.labels} is audited against judgements; say where they are with --judgements PATH")
    else:
        data = read_named(options.judgements, options.data)
        splits = SPLITS if options.split == "all" else (options.split,)
        found, unjudged, unlabelled = audit_file(
            options.labels, data, splits=splits, cutoff=options.cutoff, seed=options.seed
        )
        title = str(options.labels)
        notes = (
            f"{unjudged:,} labels of pairs that nobody judged, {unlabelled:,} judged pairs without a label: left out.\n"
        )
    print(
        json.dumps(found.to_json()) if options.json else render_audit(found, title) + notes,
        end="\n" if options.json else "",
    )
    return 0


def queue_command(options: argparse.Namespace) -> int:
    """The pairs that judges differ on most, for rating; nothing is overwritten."""
    if min(options.pairs, options.per_query) < 1 or options.mined < 0:
        raise InputError("--pairs and --per-query take 1 or more, --mined 0 or more")
    run = finished(options.run)
    config = load_config(run.config)
    set_threads(config)
    from workflow.proof.queue import build_queue, why_path, write_queue
    from workflow.run.progress import StageProgress

    for path in (options.out, why_path(options.out)):
        if path.exists():
            raise InputError(f"{path} exists, and queue overwrites nothing; name a file that does not, or remove it")
    with StageProgress("queue", OutputConsole(stderr=True, highlight=False)) as progress:
        found = build_queue(
            config, run, progress, pairs=options.pairs, per_query=options.per_query, mined=options.mined
        )
    write_queue(found, options.out)
    queries = len({entry.query for entry in found})
    between = Counter(f"{entry.higher} above {entry.lower}" for entry in found)
    print(f"{options.out}: {len(found):,} pairs of {queries:,} queries, to be rated in Quepid without knowing why")
    print(f"{why_path(options.out)}: " + ", ".join(f"{count:,} {who}" for who, count in between.most_common()))
    print("Rated, they are read back with the option data.ratings.")
    return 0


def scaling_command(options: argparse.Namespace) -> int:
    """What is learnt with several numbers of labels or judged queries, and the curve through it; goes on where it was
    interrupted."""
    option, text = ("--labels", options.labels) if options.judgements is None else ("--judgements", options.judgements)
    sizes = [_size(part, option) for part in text.split(",")]
    if options.seeds < 1:
        raise InputError(f"--seeds is {options.seeds}; give 1 or more")
    run = finished(options.run)
    config = load_config(run.config)
    set_threads(config)
    from workflow.proof.scaling_judgements import scale_judgements
    from workflow.proof.scaling_labels import scale_labels
    from workflow.proof.scaling_text import scaling_text
    from workflow.run.progress import StageProgress
    from workflow.run.work import Work

    with run.lock(), StageProgress("scaling", OutputConsole(stderr=True, highlight=False)) as progress:
        work = Work(config, run, progress, frozenset(), False)
        scale = scale_labels if options.judgements is None else scale_judgements
        found = scale(work, sizes, seeds=options.seeds, on_test=options.test)
    print(json.dumps(found) if options.json else scaling_text(found))
    return 0


def _size(text: str, option: str) -> int | None:
    """A number of what is learnt, None for all of it."""
    if text.strip() == "all":
        return None
    if not text.strip().isdecimal():
        raise InputError(f"{option} has {text!r}; expected whole numbers, or all, as in 50,100,200,all")
    return int(text)
