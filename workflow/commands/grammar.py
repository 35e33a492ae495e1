"""The command line's grammar; what each command does is in its neighbours."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from eval.errors import InputError
from workflow.commands.proof_grammar import add_proof_commands

LABELLING = ("label", "student", "measure")
"""The stages that label pairs or come after it: the gate stands before labelling, and at the end."""


def parser(stage_titles: dict[str, str]) -> argparse.ArgumentParser:
    """All commands and their options."""
    root = argparse.ArgumentParser(
        prog="distilrank",
        description="Distil an LLM's product-search judgement into a cross-encoder that answers in milliseconds.",
        epilog="Exit codes: 0 done, 2 bad input, 3 machine, 4 refused by the gate, 5 partly done, 6 stale, "
        "7 worse, 8 differs, 130 interrupted.",
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
        if name == "label":
            stage.add_argument(
                "--dry-run", action="store_true", help="how many pairs, how long and what it would cost; labels nothing"
            )

    search = commands.add_parser("search", help="first-stage and reranked hits side by side")
    search.add_argument("run", type=Path, metavar="RUN", help="a run directory")
    search.add_argument("query", nargs="?", help="what a shopper types; left out, a query from the run's test split")
    search.add_argument("-k", type=int, default=10, help="how many hits (default 10)")
    search.add_argument(
        "--where", action="append", default=[], metavar="FIELD=VALUE", help="keep products with this value"
    )
    search.add_argument("--json", action="store_true", help="machine-readable")

    export = commands.add_parser("export", help="the student as it is served: quantised, products tokenised, checked")
    export.add_argument("run", type=Path, metavar="RUN", help="a finished run")
    export.add_argument(
        "--precision", choices=["auto", "int8", "float32"], default="auto", help="of the arithmetic (default auto)"
    )
    _accept_student_option(export)
    export.add_argument("--json", action="store_true", help="machine-readable")

    _serve_parser(commands)
    _load_parser(commands)
    _upkeep_parsers(commands)
    _hook_parser(commands)
    add_proof_commands(commands)

    _evaluate_parser(commands)

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
    found = set_options(arguments.set)
    if arguments.data is not None:
        found["data.path"] = str(arguments.data)
    return found


def set_options(assignments: Sequence[str]) -> dict[str, Any]:
    """--set OPTION=VALUE, by dotted names.

    Raises:
        InputError: for one without "=", or with a value that is not YAML.
    """
    found: dict[str, Any] = {}
    for assignment in assignments:
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


def _evaluate_parser(commands: Any) -> None:
    evaluate = commands.add_parser(
        "evaluate", help="measure run files against qrels; with --via, a live path against the run that it serves"
    )
    evaluate.add_argument("runs", nargs="*", metavar="RUN", help="TREC run files, the first is the baseline; or a URL")
    evaluate.add_argument("--seed", type=int, default=7)
    evaluate.add_argument("--json", action="store_true", help="machine-readable")
    files = evaluate.add_argument_group("run files")
    files.add_argument("--qrels", type=Path, help="TREC qrels whose numbers are gains")
    files.add_argument(
        "--measures", default="nDCG@10,R@100,RR@10,Judged@10", help="comma-separated (default %(default)s)"
    )
    files.add_argument("--relevant-gain", type=int, default=1, help="gain from which a product is relevant (R, RR)")
    files.add_argument("--judged-only", action="store_true", help="drop unjudged products from the runs first")
    live = evaluate.add_argument_group("a live path")
    live.add_argument("--via", choices=["endpoint", "proxy", "elasticsearch"], help="what answers at the URL")
    live.add_argument("--run", type=Path, metavar="RUN", dest="run_directory", help="the run to compare with")
    live.add_argument("--split", choices=["test", "dev"], default="test", help="whose queries (default test)")
    live.add_argument("--limit", type=int, metavar="N", help="the first N queries alone")
    live.add_argument("--clients", type=int, default=4, metavar="N", help="queries asked at once (default 4)")
    live.add_argument("--timeout", type=float, default=30.0, help="seconds for an answer (default 30)")
    live.add_argument("--deadline-ms", type=int, default=0, help="of each search (default 0: none)")
    live.add_argument("--index", metavar="NAME", help="the cluster's index (proxy)")
    live.add_argument("--body", type=Path, metavar="FILE", help="a search body with {{query}} in it (proxy)")
    live.add_argument("--min-same", type=float, metavar="SHARE", help="exit code 8 when fewer queries rank the same")
    live.add_argument("--max-loss", type=float, metavar="X", help="exit code 8 when nDCG is lower by more than X")


def _serve_parser(commands: Any) -> None:
    serve = commands.add_parser("serve", help="answer searches over HTTP, with a page to try them on, until Ctrl-C")
    serve.add_argument("run", type=Path, metavar="RUN", help="a finished run")
    serve.add_argument("--host", help="where to listen (serve.host, 127.0.0.1; 0.0.0.0 for every interface)")
    serve.add_argument("--port", type=int, help="(serve.port, 8000)")
    serve.add_argument("--replicas", type=int, metavar="N", help="processes that answer (serve.replicas, 1)")
    serve.add_argument("--bare", action="store_true", help="one process without Ray: starts sooner, has one replica")
    serve.add_argument(
        "--once",
        nargs="?",
        const="",
        metavar="QUERY",
        help="answer one search over HTTP, show it, and stop; without a QUERY one of the run's",
    )
    serve.add_argument(
        "--set", action="append", default=[], metavar="OPTION=VALUE", help="override an option: serve.deadline_ms=200"
    )
    _accept_student_option(serve)


def _load_parser(commands: Any) -> None:
    load = commands.add_parser("loadtest", help="how fast a server answers, and what it does when there is too much")
    load.add_argument("url", metavar="URL", help="the server's address, http://127.0.0.1:8000")
    load.add_argument("--queries", type=Path, required=True, metavar="FILE", help="one query a line")
    many = load.add_mutually_exclusive_group()
    many.add_argument("--rate", type=float, help="searches a second, arriving at random whatever the server does (10)")
    many.add_argument("--clients", type=int, metavar="N", help="instead: N clients, each asking again once answered")
    load.add_argument("--seconds", type=float, default=30.0, help="how long (default 30)")
    load.add_argument("--window", type=int, help="candidates to rerank (the server's own)")
    load.add_argument("--size", type=int, default=10, help="hits of a search (default 10)")
    load.add_argument("--deadline-ms", type=int, help="deadline of a search (the server's own)")
    load.add_argument("--timeout", type=float, default=30.0, help="seconds after which a client gives up (default 30)")
    load.add_argument("--seed", type=int, default=7)
    load.add_argument("--json", action="store_true", help="machine-readable")


def _upkeep_parsers(commands: Any) -> None:
    table = commands.add_parser("score-table", help="the teacher's scores of the most frequent queries, precomputed")
    table.add_argument("run", type=Path, metavar="RUN", help="a finished run")
    table.add_argument("--queries", type=int, default=1000, help="how many, the most frequent first (default 1000)")
    table.add_argument("--depth", type=int, help="candidates scored of each (default: 1.25 windows)")
    table.add_argument("--json", action="store_true", help="machine-readable")
    drift = commands.add_parser("drift", help="whether the run is stale: a recent log and catalogue against its own")
    drift.add_argument("run", type=Path, metavar="RUN", help="a finished run")
    drift.add_argument("--log", type=Path, required=True, metavar="FILE", help="recent queries")
    drift.add_argument("--catalogue", type=Path, metavar="PATH", help="today's products")
    drift.add_argument("--ask", type=int, default=100, help="queries that the teacher is asked about (default 100)")
    drift.add_argument("--json", action="store_true", help="machine-readable")


def _hook_parser(commands: Any) -> None:
    about = "the student inside an Elasticsearch or OpenSearch that you run"
    hook = commands.add_parser("hook", help=about).add_subparsers(dest="hook_command", required=True)
    show = hook.add_parser("print", help="the requests of a way, and a search that reranks; nothing is sent")
    install = hook.add_parser("install", help="send them, try the way, and keep a record; safe to repeat")
    doctor = hook.add_parser("doctor", help="which ways the cluster can run, and why not the others")
    remove = hook.add_parser("remove", help="undo exactly what was installed")
    export = hook.add_parser("export", help="the student as a directory that eland imports (for the way inside)")
    for command in (show, install):
        command.add_argument(
            "way",
            choices=["custom", "hugging-face", "opensearch", "inside"],
            help="docs/elasticsearch.md tells them apart",
        )
        command.add_argument(
            "--field", default="product_text", help="what is searched and reranked (default %(default)s)"
        )
        command.add_argument("--index", default="products", help="of the example search (default products)")
        command.add_argument("--window", type=int, default=100, help="hits that are reranked (default 100)")
        command.add_argument("--vectors", metavar="FIELD", help="a dense_vector field that is searched too (custom)")
        command.add_argument(
            "--without-embeddings", dest="embeddings", action="store_false", help="no embedding endpoint (custom)"
        )
        command.add_argument(
            "--model-id", default="distilrank-student", help="under which eland imported it (inside; %(default)s)"
        )
    doctor.add_argument("--index", help="look at the field in this index too")
    doctor.add_argument(
        "--probe",
        action="store_true",
        help="try whether the cluster reaches --endpoint, by what is made for a moment",
    )
    doctor.add_argument("--field", default="product_text", help="the text to be reranked (default %(default)s)")
    for command in (show, install, doctor):
        default = None if command is doctor else "http://localhost:8000"
        command.add_argument(
            "--endpoint", default=default, metavar="URL", help="our server, as the cluster reaches it (%(default)s)"
        )
    for command in (install, doctor, remove):
        command.add_argument("--cluster", metavar="URL", help="of one node (ELASTICSEARCH_URL or OPENSEARCH_URL)")
        command.add_argument("--ca-certs", metavar="FILE", help="the authority of a cluster that has its own")
        command.add_argument("--record", type=Path, metavar="FILE", help="what was installed (default hooks/NAME.json)")
    for command in (show, install, doctor, remove):
        command.add_argument("--name", default="distilrank", help="what is installed is called by it (%(default)s)")
    for command in (show, install, doctor):
        command.add_argument("--json", action="store_true", help="machine-readable")
    export.add_argument("run", type=Path, metavar="RUN", help="a finished run")
    export.add_argument("out", type=Path, metavar="OUT", help="the directory to write; it must not exist")
    export.add_argument("--model-id", default="distilrank-student", help="its id in the cluster (%(default)s)")
    export.add_argument(
        "--elasticsearch", type=int, choices=[8, 9], default=9, metavar="MAJOR", help="the cluster's major version (9)"
    )
    _accept_student_option(export)


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


def _accept_student_option(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--accept", action="append", default=[], choices=["student"], help="go on though the gate refuses it"
    )


def _data_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("path", type=Path, metavar="PATH", help="a data directory, or a config (.yaml) that names it")
    command.add_argument("--data", type=Path, metavar="DIR", help="where the data of a config is (data.path)")
    command.add_argument("--format", choices=["auto", "esci", "wands", "beir", "plain"], help="default: auto")
    command.add_argument("--log", type=Path, help="a query log")
