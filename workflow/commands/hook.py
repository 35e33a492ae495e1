"""`distilrank hook`: print, install, doctor, remove, export."""

import argparse
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from eval.errors import InputError
from serving.hook import custom, hugging_face, inside, opensearch
from serving.hook.endpoint import Endpoint
from serving.hook.pieces import Call, Piece, rendered
from serving.hook.reranked_search import reranked_search
from workflow.commands.console import OutputConsole
from workflow.config.run import load_config
from workflow.run.finished import run_directory
from workflow.served.extras import require
from workflow.served.gate import ask_gate

KEY = "DISTILRANK_API_KEY"
CLUSTER_URLS = ("ELASTICSEARCH_URL", "OPENSEARCH_URL")
_EXAMPLE = "red shoe"
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,58}[a-z0-9])?")


def hook_command(options: argparse.Namespace, notes: Console) -> int:
    """One of the hook's commands."""
    if not _NAME.fullmatch(getattr(options, "name", "distilrank")):
        raise InputError(f"--name {options.name!r} is none for a cluster: small letters, digits, - and _, at most 60")
    if options.hook_command == "print":
        return print_command(options)
    if options.hook_command == "export":
        return export_command(options)
    require(("elasticsearch", "opensearchpy"), "elastic")
    return {"install": install_command, "doctor": doctor_command, "remove": remove_command}[options.hook_command](
        options, notes
    )


def print_command(options: argparse.Namespace) -> int:
    """The requests of a way, and a search that reranks, to be sent by hand; no key is printed."""
    endpoint = Endpoint(options.endpoint, f"<{KEY}>" if os.environ.get(KEY) else None)
    calls = [*rendered(_pieces(options, endpoint, mark="by hand")), _search(options)]
    if options.json:
        print(json.dumps([call._asdict() for call in calls], ensure_ascii=False))
    else:
        print("\n\n".join(_shown(call) for call in calls))
    return 0


def install_command(options: argparse.Namespace, notes: Console) -> int:
    """Make a way's pieces in a cluster, try them, and show a search that uses them."""
    from serving.hook.install import install
    from serving.hook.record import Record

    endpoint = Endpoint(options.endpoint, os.environ.get(KEY))
    path = _record_path(options)
    with _cluster(options) as cluster:
        wanted = "opensearch" if options.way == "opensearch" else "elasticsearch"
        if cluster.engine != wanted:
            raise InputError(f"{cluster.url} is {cluster.name}, and the way {options.way} is for {wanted}")
        record = Record.load(path) or Record(path, cluster.uuid, cluster.url, options.way, options.name)
        _check_record(record, cluster.uuid, cluster.url)
        if record.way != options.way and record.made:
            raise InputError(
                f"{path} holds an installation of the way {record.way}; distilrank hook remove it first, or choose "
                "another --name"
            )
        made = install(
            cluster, _pieces(options, endpoint, record.mark), record, lambda line: notes.print(line, markup=False)
        )
    if options.json:
        pieces = [{"kind": one.kind, "name": one.name, "id": one.id} for one in record.made]
        print(json.dumps({"made": made, "record": str(path), "pieces": pieces, "search": _search(options)._asdict()}))
        return 0
    state = "installed in" if made else "up to date in"
    print(f"{state} {cluster.name} at {cluster.url}; recorded in {path}. A search that reranks:\n")
    print(_shown(_search(options)))
    return 0


def doctor_command(options: argparse.Namespace, notes: Console) -> int:
    """Which ways the cluster can run, and what keeps it from the others; exit code 2 when ours in front is all."""
    from serving.hook.doctor import examine
    from serving.hook.record import Record

    endpoint = None if options.endpoint is None else Endpoint(options.endpoint, os.environ.get(KEY))
    if options.probe and endpoint is None:
        raise InputError("--probe tries whether the cluster reaches our server; name it with --endpoint")
    record = Record.load(_record_path(options))
    with _cluster(options) as cluster:
        if record is not None and record.cluster != cluster.uuid:
            record = None
        probe = _record_path(options).parent if options.probe else None
        verdicts = examine(cluster, endpoint, index=options.index, field=options.field, record=record, probe=probe)
        name, url = cluster.name, cluster.url
    if options.json:
        print(json.dumps([{**one.__dict__, "runs": one.runs} for one in verdicts]))
    else:
        console = OutputConsole(highlight=False, soft_wrap=True)
        console.print(f"{escape(name)} at {escape(url)}")
        for one in verdicts:
            state = "[red]no [/]" if not one.runs else "[yellow]yes[/]" if one.unsure else "[green]yes[/]"
            console.print(f"{state} {one.way:<13} {escape(one.title)}")
            for line in one.lacks:
                console.print(f"      lacks: {line}", markup=False)
            for line in one.unsure if one.runs else ():
                console.print(f"      open: {line}", markup=False)
    return 0 if any(one.runs for one in verdicts if one.way != "in-front") else 2


def remove_command(options: argparse.Namespace, notes: Console) -> int:
    """Take away what a record holds."""
    from serving.hook.install import remove
    from serving.hook.record import Record

    path = _record_path(options)
    record = Record.load(path)
    if record is None:
        raise InputError(f"there is no record {path}, so nothing is known to be installed; name one with --record")
    options.cluster = options.cluster or record.url
    with _cluster(options) as cluster:
        _check_record(record, cluster.uuid, cluster.url)
        remove(cluster, record, lambda line: notes.print(line, markup=False))
    print(f"what {path} held is gone from {cluster.url}")
    return 0


def export_command(options: argparse.Namespace) -> int:
    """The student of a run as a directory that eland imports."""
    run = run_directory(options.run)
    accepted = "student" in options.accept or load_config(run.config).serve.accept_student
    ask_gate(run, accepted=accepted)
    from serving.hook.eland_export import export_for_eland

    export_for_eland(run.root / "student", options.out, name=options.model_id, major=options.elasticsearch)
    print(
        f"{options.out}: the student for Elasticsearch {options.elasticsearch}. Import it (the script makes "
        "an environment of its own for eland), then install the endpoint on it:\n\n"
        f"ES_URL=… {options.out}/import.sh\n"
        f"distilrank hook install inside --cluster … --model-id {options.model_id}"
    )
    return 0


def _pieces(options: argparse.Namespace, endpoint: Endpoint, mark: str) -> list[Piece]:
    if options.way == "custom":
        return custom.pieces(options.name, endpoint, embeddings=options.embeddings)
    if options.way == "hugging-face":
        return hugging_face.pieces(options.name, endpoint)
    if options.way == "inside":
        return inside.pieces(options.name, options.model_id)
    oversample = max(1.0, options.window / 10)
    return opensearch.pieces(options.name, endpoint, mark, field=options.field, oversample=oversample)


def _search(options: argparse.Namespace) -> Call:
    """A search that reranks."""
    if options.way == "opensearch":
        body = opensearch.search_body(_EXAMPLE, field=options.field)
        return Call("POST", f"/{options.index}/_search?search_pipeline={options.name}", body)
    vectors = None
    if options.vectors is not None:
        if options.way != "custom" or not options.embeddings:
            raise InputError("--vectors needs the embedding endpoint, which only the way custom installs")
        vectors = (options.vectors, f"{options.name}-embed")
    body = reranked_search(
        _EXAMPLE, inference_id=f"{options.name}-rerank", field=options.field, window=options.window, vectors=vectors
    )
    return Call("POST", f"/{options.index}/_search", body)


@contextmanager
def _cluster(options: argparse.Namespace) -> Iterator[Any]:
    from serving.hook.cluster import Cluster

    url = options.cluster or next((os.environ[name] for name in CLUSTER_URLS if os.environ.get(name)), None)
    if url is None:
        raise InputError("no cluster is named; give --cluster http://HOST:9200, or set ELASTICSEARCH_URL")
    cluster = Cluster(url, ca_certs=options.ca_certs)
    try:
        yield cluster
    finally:
        cluster.close()


def _record_path(options: argparse.Namespace) -> Path:
    return options.record or Path("hooks") / f"{options.name}.json"


def _check_record(record: Any, uuid: str, url: str) -> None:
    if record.cluster != uuid:
        raise InputError(
            f"{record.path} is of the cluster {record.cluster} ({record.url}), and {url} is {uuid}; name another "
            "--record"
        )


def _shown(call: Call) -> str:
    """As the consoles of Kibana and OpenSearch Dashboards take it."""
    body = "" if call.body is None else "\n" + json.dumps(call.body, indent=2, ensure_ascii=False)
    return f"{call.method} {call.path}{body}"
