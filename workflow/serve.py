"""A finished run on Ray Serve, on any ASGI server, or in a program.

    serve run workflow.serve:application run=runs/demo
    DISTILRANK_RUN=runs/demo serve build workflow.serve:app -o serve.yaml

    engine = open_engine(Path("runs/demo"))          # blocks; any number of threads may call it
    app = create_app(engine)                         # serving.app: an ASGI application

Light to import: models, indexes and torch are loaded where an engine is opened, not where an application is described.
"""

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from eval.errors import InputError
from serving.server_settings import ServerSettings
from workflow.config.run import load_config
from workflow.run.finished import finished
from workflow.served.gate import ask_gate

if TYPE_CHECKING:
    from ray import serve

    from rerank.types import Reranker
    from serving.engine import SearchEngine

RUN = "DISTILRANK_RUN"
"""Environment variable: the run that `workflow.serve:app` serves."""

WARM_UP = ("warm up", "red cotton shirt without logo for men, size 42", "usb c charging cable 2 m")
"""Searched before the first request, so that everything is loaded and measured; what they find does not matter."""


class ServeArguments(BaseModel):
    """What `serve run` and a Serve config file give: the run, and options of its `serve` section."""

    model_config = ConfigDict(extra="forbid")

    run: Path
    serve: dict[str, Any] = Field(default_factory=dict)


def application(arguments: ServeArguments) -> "serve.Application":
    """The run as a Ray Serve application; the Ray that it goes to should have `serving.ray_environment.SWITCHES` set.

    Raises:
        InputError: when the run is not finished, or an option is wrong.
        GateRefusedError: when its student is clearly worse than the first stage, and not accepted by name.
    """
    overrides = {f"serve.{name}": value for name, value in arguments.serve.items()}
    run = finished(arguments.run)
    settings = load_config(run.config, overrides).serve
    ask_gate(run, accepted=settings.accept_student or not settings.reranks)
    return application_of(run.root, settings)


def application_of(
    run: Path, settings: ServerSettings, environment: dict[str, str] | None = None
) -> "serve.Application":
    """`application`, for a run and options that are known to be good."""
    from serving.ray_app import search_application

    threads = threads_of(settings)
    return search_application(
        settings,
        partial(open_engine, run, settings, threads=threads),
        partial(open_student, run, threads=threads),
        threads=threads,
        warm_up=WARM_UP,
        environment=environment,
    )


def threads_of(settings: ServerSettings) -> int:
    """Threads of a replica's arithmetic."""
    return settings.threads or max(len(os.sched_getaffinity(0)) // settings.most_replicas, 1)


def open_engine(
    run: Path,
    settings: ServerSettings | None = None,
    reranker: "Reranker | None" = None,
    *,
    threads: int | None = None,
) -> "SearchEngine":
    """The engine over a finished run; see `workflow.served.engine.open_engine`."""
    from workflow.served import engine

    return engine.open_engine(run, settings, reranker, threads=threads)


def open_student(run: Path, *, threads: int | None = None) -> "Reranker":
    """The student alone; see `workflow.served.engine.open_student`."""
    from workflow.served import engine

    return engine.open_student(run, threads=threads)


def __getattr__(name: str) -> Any:
    """`app`, for `serve build`, which takes no arguments: the application of the run that `DISTILRANK_RUN` names."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if RUN not in os.environ:
        raise InputError(f"workflow.serve:app serves the run that {RUN} names, and it is not set; set it to a run")
    return application(ServeArguments(run=Path(os.environ[RUN])))
