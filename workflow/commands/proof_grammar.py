"""The grammar of the commands that prove things: report, reconcile, compare, audit, queue, scaling."""

import argparse
from pathlib import Path
from typing import Any


def add_proof_commands(commands: Any) -> None:
    """Add them to the command line's sub-commands."""
    _report(commands)
    _reconcile(commands)
    _compare(commands)
    _audit(commands)
    _queue(commands)
    _scaling(commands)


def _report(commands: Any) -> None:
    report = commands.add_parser("report", help="one page to decide by: of a run, or of several side by side")
    report.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="finished runs; the first is compared with")
    report.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="where to write report.html (default RUN/report; of several, beside them)",
    )
    report.add_argument("--json", action="store_true", help="machine-readable")


def _reconcile(commands: Any) -> None:
    reconcile = commands.add_parser("reconcile", help="one run's nDCG as other tools compute it, and why it differs")
    reconcile.add_argument("run", type=Path, metavar="RUN", help="a run directory, or a TREC run file with --qrels")
    reconcile.add_argument("--cutoff", type=int, default=10, help="of the nDCG; 0 for all ranks (default 10)")
    reconcile.add_argument("--judged-only", action="store_true", help="our own figure without unjudged products")
    _system_options(reconcile)
    reconcile.add_argument("--mode", choices=["judged-only", "full"], default="full", help="of a directory's rankings")
    reconcile.add_argument("--json", action="store_true", help="machine-readable")


def _compare(commands: Any) -> None:
    compare = commands.add_parser("compare", help="is run B worse than run A, on all queries or in some segment?")
    compare.add_argument("a", type=Path, metavar="RUN_A", help="a run directory, or a TREC run file with --qrels")
    compare.add_argument("b", type=Path, metavar="RUN_B", help="the run that may be worse")
    compare.add_argument("--fail-if-worse", action="store_true", help="exit code 7 when B is worse somewhere")
    _system_options(compare)
    compare.add_argument("--queries", type=Path, metavar="FILE", help="query_id and query: segments for run files")
    compare.add_argument(
        "--mode", choices=["judged-only", "full"], default="judged-only", help="which rankings (default judged-only)"
    )
    compare.add_argument("--cutoff", type=int, default=10, help="of the nDCG (default 10)")
    compare.add_argument("--margin", type=float, default=0.0, help="nDCG that B may lose (default 0)")
    compare.add_argument("--alpha", type=float, default=0.05, help="chance of any false alarm (default .05)")
    compare.add_argument("--seed", type=int, default=7)
    compare.add_argument("--json", action="store_true", help="machine-readable")


def _audit(commands: Any) -> None:
    audit = commands.add_parser("audit", help="a teacher's labels, or a file's, against human judgements")
    audit.add_argument("run", type=Path, nargs="?", metavar="RUN", help="a run directory whose teacher is trained")
    audit.add_argument("--labels", type=Path, metavar="FILE", help="instead: a table of query, product_id and grade")
    audit.add_argument(
        "--judgements",
        type=Path,
        metavar="PATH",
        help="for --labels: a data directory, or a config (.yaml) that names it",
    )
    audit.add_argument("--data", type=Path, metavar="DIR", help="where the data of a config is (data.path)")
    audit.add_argument(
        "--split", choices=["train", "dev", "test", "all"], default="all", help="of the judgements (default all)"
    )
    audit.add_argument("--cutoff", type=int, default=10, help="of the nDCG, for --labels (default 10)")
    audit.add_argument("--seed", type=int, default=7)
    audit.add_argument("--json", action="store_true", help="machine-readable")


def _queue(commands: Any) -> None:
    queue = commands.add_parser("queue", help="the pairs that teacher, student, first stage and people differ on most")
    queue.add_argument("run", type=Path, metavar="RUN", help="a finished run")
    queue.add_argument("out", type=Path, metavar="OUT.csv", help="for Quepid; beside it OUT.why.csv says who differs")
    queue.add_argument("--pairs", type=int, default=200, help="how many (default 200)")
    queue.add_argument("--per-query", type=int, default=3, help="at most so many of a query (default 3)")
    queue.add_argument(
        "--mined",
        type=int,
        default=5000,
        help="labelled pairs that the student is asked about, 0 for none (default 5000)",
    )


def _scaling(commands: Any) -> None:
    scaling = commands.add_parser(
        "scaling", help="quality against the number of labels, or of judged queries: what would more be worth?"
    )
    scaling.add_argument(
        "run", type=Path, metavar="RUN", help="a finished run, whose recipe the students are trained by"
    )
    learnt = scaling.add_mutually_exclusive_group()
    learnt.add_argument(
        "--labels",
        default="0,1000,4000,all",
        metavar="N,N,…",
        help="numbers of the teacher's labels; 0: the judgements alone (default %(default)s)",
    )
    learnt.add_argument(
        "--judgements",
        metavar="N,N,…",
        help="instead: numbers of judged queries, each with a teacher, labels and students of its own; 50,100,200,all",
    )
    scaling.add_argument("--seeds", type=int, default=1, help="models of each number, their mean counts (default 1)")
    scaling.add_argument("--test", action="store_true", help="measure on the test split, not on dev or out of fold")
    scaling.add_argument("--json", action="store_true", help="machine-readable")


def _system_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--qrels", type=Path, help="TREC qrels whose numbers are gains, for run files")
    command.add_argument(
        "--system", action="append", default=[], metavar="NAME", help='of a directory (default "student, blended")'
    )
