"""distilrank: from a catalogue, a query log and a few judgements to a better ranking, in one command.

    distilrank run CONFIG               every stage that is not up to date, then the table
    distilrank STAGE CONFIG             one stage, and the stages it needs (label --dry-run: what it would cost)
    distilrank search RUN [QUERY]       first-stage and reranked hits side by side
    distilrank export RUN               the student as it is served: quantised, products tokenised, checked
    distilrank serve RUN                the search endpoint and its page, until Ctrl-C
    distilrank loadtest URL --queries F how fast a server answers, and what it does when there is too much
    distilrank score-table RUN          the teacher's scores of the most frequent queries, precomputed
    distilrank drift RUN --log F        whether the run is stale
    distilrank report RUN [RUN…]        one page to decide by: a run's, or several side by side
    distilrank hook …                   the student inside Elasticsearch or OpenSearch: print, install, doctor, remove …
    distilrank evaluate --qrels Q RUN…  run files against judgements
    distilrank evaluate --via PATH URL  what a server answers against the run that it serves
    distilrank reconcile RUN            one run's nDCG as other tools compute it, and why it differs
    distilrank compare A B              is run B worse than run A, on all queries or in some segment?
    distilrank audit RUN                a teacher's labels, or a file's, against human judgements
    distilrank queue RUN OUT.csv        what to judge next: the pairs that the judges differ on most, for Quepid
    distilrank scaling RUN              quality against labels or judgements: what would more be worth?
    distilrank data describe PATH       what is in a data directory, or in a config's data
    distilrank data export PATH OUT     the data as a BEIR directory or a Quepid file
    distilrank doctor CONFIG            machine, config and data, before any hour is spent

What each command does is in workflow/commands/; the stages themselves, top to bottom as the work runs, are in
workflow/pipeline.py.
"""

import argparse
import os
import sys

from rich.console import Console

from eval.errors import DistilrankError
from workflow.commands.data import describe_command, export_command
from workflow.commands.evaluate import evaluate_command
from workflow.commands.grammar import overrides, parser
from workflow.commands.proof import audit_command, compare_command, queue_command, reconcile_command, scaling_command
from workflow.commands.run import doctor_command, dry_run_command, run_command
from workflow.commands.search import search_command
from workflow.commands.upkeep import drift_command, score_table_command
from workflow.config.run import load_config
from workflow.run.stage_titles import STAGE_TITLES

_PIPE_CLOSED = 141


def main(arguments: list[str] | None = None) -> int:
    """Run a command; the exit code is documented in docs/exit-codes.md."""
    options = parser(STAGE_TITLES).parse_args(arguments)
    notes = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        code = _command(options, notes)
        sys.stdout.flush()
        return code
    except DistilrankError as error:
        notes.print(f"distilrank: {error}", style="red", markup=False)
        return error.exit_code
    except BrokenPipeError:  # the reader of our output, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains as it ends
        return _PIPE_CLOSED
    except OSError as error:
        notes.print(f"distilrank: {error.filename or ''} {error.strerror or error}", style="red", markup=False)
        return 3
    except (RuntimeError, MemoryError) as error:
        if not _is_out_of_memory(error):
            raise
        reason = " ".join(str(error).split())[:120] or "no memory left"
        notes.print(
            f"distilrank: out of memory ({reason}); what is done is kept: lower the train section's pairs_per_batch "
            "or max_length (of the teacher or student, whichever was at work), and run again",
            style="red",
            markup=False,
        )
        return 3
    except KeyboardInterrupt:
        notes.print("distilrank: interrupted; run the same command again to go on", style="yellow")
        return 130


def _command(options: argparse.Namespace, notes: Console) -> int:
    if options.command == "evaluate":
        return evaluate_command(options)
    if options.command == "data":
        return describe_command(options) if options.data_command == "describe" else export_command(options)
    if options.command == "search":
        return search_command(options)
    if options.command == "export":
        from workflow.commands.export import export_command as export_student_command

        return export_student_command(options)
    if options.command == "serve":
        from workflow.commands.serve import serve_command

        return serve_command(options, notes)
    if options.command == "loadtest":
        from workflow.commands.loadtest import load_command

        return load_command(options)
    if options.command == "hook":
        from workflow.commands.hook import hook_command

        return hook_command(options, notes)
    if options.command == "score-table":
        return score_table_command(options)
    if options.command == "drift":
        return drift_command(options)
    if options.command == "report":
        from workflow.commands.report import report_command

        return report_command(options)
    if options.command == "reconcile":
        return reconcile_command(options)
    if options.command == "compare":
        return compare_command(options)
    if options.command == "audit":
        return audit_command(options)
    if options.command == "queue":
        return queue_command(options)
    if options.command == "scaling":
        return scaling_command(options)
    config = load_config(options.config, overrides(options))
    if options.command == "doctor":
        return doctor_command(options, config)
    if options.command == "label" and options.dry_run:
        return dry_run_command(options, config)
    last = "measure" if options.command == "run" else options.command
    return run_command(options, config, last, notes)


def _is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out: Python's, or torch's, which is told by its name because torch may not be loaded."""
    named = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return named or any(words in str(error) for words in ("out of memory", "can't allocate memory"))


if __name__ == "__main__":
    sys.exit(main())
