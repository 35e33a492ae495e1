"""The command line's grammar; what each command does is in workflow/commands.py."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from eval.errors import InputError

LABELLING = ("label", "student", "measure")
"""The stages that label pairs or come after it: the gate stands before labelling, and at the end."""


def parser(stage_titles: dict[str, str]) -> argparse.ArgumentParser:
    """All commands and their options."""
    root = argparse.ArgumentParser(
        prog="distilrank",
        description="Distil an LLM's product-search judgement into a cross-encoder that answers in milliseconds.",
        epilog="Exit codes: 0 done, 2 bad input, 3 machine, 4 refused by the gate, 5 partly done, 130 interrupted.",
    )
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="every stage that is not up to date, then the table of metrics")
    _pipeline_options(run)
    _labelling_options(run)
    for name, title in stage_titles.items():
        stage = commands.add_parser(name, help=f"one stage, and what it needs: {title}")
        _pipeline_options(stage)
        if name in LABELLING:
            _labelling_options(stage)

    search = commands.add_parser("search", help="first-stage and reranked hits side by side")
    search.add_argument("run", type=Path, metavar="RUN", help="a run directory")
    search.add_argument("query", nargs="?", help="what a shopper types; left out, a query from the run's test split")
    search.add_argument("-k", type=int, default=10, help="how many hits (default 10)")
    search.add_argument(
        "--where", action="append", default=[], metavar="FIELD=VALUE", help="keep products with this value"
    )
    search.add_argument("--json", action="store_true", help="machine-readable")

    evaluate = commands.add_parser("evaluate", help="measure run files against qrels")
    evaluate.add_argument("--qrels", type=Path, required=True, help="TREC qrels whose numbers are gains")
    evaluate.add_argument("runs", type=Path, nargs="+", metavar="RUN", help="TREC run files; the first is the baseline")
    evaluate.add_argument(
        "--measures", default="nDCG@10,R@100,RR@10,Judged@10", help="comma-separated (default %(default)s)"
    )
    evaluate.add_argument("--relevant-gain", type=int, default=1, help="gain from which a product is relevant (R, RR)")
    evaluate.add_argument("--judged-only", action="store_true", help="drop unjudged products from the runs first")
    evaluate.add_argument("--seed", type=int, default=7)
    evaluate.add_argument("--json", action="store_true", help="machine-readable")

    data = commands.add_parser("data", help="look at input data").add_subparsers(dest="data_command", required=True)
    describe = data.add_parser("describe", help="queries, products, grades, judged per query, problems")
    _data_options(describe)
    describe.add_argument("--json", action="store_true", help="machine-readable")
    export = data.add_parser("export", help="write the data in another tool's form")
    _data_options(export)
    export.add_argument("--to", required=True, choices=["beir", "quepid"], help="a BEIR directory, or a Quepid CSV")
    export.add_argument("out", type=Path, metavar="OUT", help="the directory or file to write; it must not exist")

    doctor = commands.add_parser("doctor", help="check machine, config and data before any hour is spent")
    _pipeline_options(doctor)
    return root


def overrides(arguments: argparse.Namespace) -> dict[str, Any]:
    """The options set on the command line, by their dotted names.

    Raises:
        InputError: for a --set without "=", or with a value that is not YAML.
    """
    found: dict[str, Any] = {}
    for assignment in arguments.set:
        name, separator, value = assignment.partition("=")
        if not separator:
            raise InputError(f"--set {assignment!r} has no '='; write --set student.layers=3")
        try:
            found[name] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            problem = getattr(error, "problem", None) or "not YAML"
            raise InputError(
                f"--set {assignment!r} has a value that cannot be read ({problem}); write it as in the config, for "
                "instance --set 'fields.student=[title, brand]'"
            ) from None
    if arguments.data is not None:
        found["data.path"] = str(arguments.data)
    return found


def filters(assignments: Sequence[str]) -> dict[str, list[str]]:
    """--where FIELD=VALUE, several values of one field joined by "or"."""
    found: dict[str, list[str]] = {}
    for assignment in assignments:
        name, separator, value = assignment.partition("=")
        if not separator:
            raise InputError(f"--where {assignment!r} has no '='; write --where brand=Acme")
        found.setdefault(name, []).append(value)
    return found


def _pipeline_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("config", type=Path, metavar="CONFIG", help="a YAML file; configs/ has examples")
    command.add_argument("--data", type=Path, metavar="PATH", help="where the data is (data.path)")
    command.add_argument("--runs", type=Path, default=Path("runs"), help="where run directories stand (default runs/)")
    command.add_argument(
        "--set", action="append", default=[], metavar="OPTION=VALUE", help="override an option of the config"
    )
    command.add_argument("--json", action="store_true", help="machine-readable result on standard output")
    command.set_defaults(accept=[], retry_failed=False)


def _labelling_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--accept", action="append", default=[], choices=["teacher", "student"], help="go on though the gate refuses it"
    )
    command.add_argument("--retry-failed", action="store_true", help="ask the teacher again for pairs that failed")


def _data_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("path", type=Path, metavar="PATH", help="a data directory, or a config (.yaml) that names it")
    command.add_argument("--data", type=Path, metavar="DIR", help="where the data of a config is (data.path)")
    command.add_argument("--format", choices=["auto", "esci", "wands", "beir", "plain"], help="default: auto")
    command.add_argument("--log", type=Path, help="a query log")
