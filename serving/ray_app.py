"""The application on Ray Serve: replicas of engine and routes behind one address.

Retriever and student live in one replica, since each hop between processes costs milliseconds; `split_reranker` puts
the student into replicas of its own, for GPUs. Import this module only once `serving.ray_environment` has done its
work.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from fastapi import FastAPI
from prometheus_client import multiprocess
from ray import serve
from ray.serve.config import AutoscalingConfig, BackpressureConfig
from ray.serve.handle import DeploymentHandle

from rerank.types import Pair, Reranker
from serving.app import create_app
from serving.engine import SearchAsk, SearchEngine
from serving.logs import log_as_json, log_level
from serving.ray_server import LOG
from serving.server_settings import ServerSettings

_log = logging.getLogger("distilrank.serving")

_SPARE = 32
"""Requests that Ray lets through beyond what the application queues: so that it is the application that refuses, and
health checks and metrics are answered while it does."""

_MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"


class RemoteReranker:
    """A `Reranker` whose student is in another deployment; to be asked from threads, not from the event loop.

    Args:
        handle: of a deployment of `RerankReplica`.
        loop: the replica's event loop, on which handles have to be used.
    """

    def __init__(self, handle: DeploymentHandle, loop: asyncio.AbstractEventLoop) -> None:
        self._handle = handle
        self._loop = loop

    def score(self, pairs: Sequence[Pair]) -> np.ndarray:
        """float32 [len(pairs)], as the student's."""

        async def ask() -> np.ndarray:
            return await self._handle.score.remote(list(pairs))

        return asyncio.run_coroutine_threadsafe(ask(), self._loop).result()


class RerankReplica:
    """The student alone."""

    def __init__(self, open_reranker: Callable[[], Reranker]) -> None:
        _log_to_server()
        self._reranker = open_reranker()

    async def score(self, pairs: Sequence[Pair]) -> np.ndarray:
        """float32 [len(pairs)]."""
        return await asyncio.to_thread(self._reranker.score, pairs)


@serve.ingress()
class SearchReplica:
    """An engine and its routes.

    Args:
        open_engine: opens the engine, given the reranker where that is elsewhere.
        warm_up: queries to search before the first request.
        reranker: the deployment of `RerankReplica`; None for a student in this replica.
    """

    async def __init__(  # type: ignore[misc]  # Ray awaits it
        self,
        open_engine: Callable[[Reranker | None], SearchEngine],
        warm_up: Sequence[str],
        reranker: DeploymentHandle | None = None,
    ) -> None:
        _log_to_server()
        _forget_the_dead()
        remote = None if reranker is None else RemoteReranker(reranker, asyncio.get_running_loop())
        self._engine = await asyncio.to_thread(open_engine, remote)
        self._was_well = await asyncio.to_thread(_warmed_up, self._engine, warm_up)

    def __serve_build_asgi_app__(self) -> FastAPI:
        return create_app(self._engine)

    def check_health(self) -> None:
        """Raises when Ray should replace this replica: it hangs, and did not from the start (then the next one will,
        too, and first-stage order is better than none)."""
        reason = self._engine.not_ready()
        if self._was_well and reason is not None:
            raise RuntimeError(reason)


def search_application(
    settings: ServerSettings,
    open_engine: Callable[[Reranker | None], SearchEngine],
    open_reranker: Callable[[], Reranker],
    *,
    threads: int,
    warm_up: Sequence[str] = (),
    environment: dict[str, str] | None = None,
) -> serve.Application:
    """What Ray Serve runs.

    Args:
        open_engine, open_reranker: called in the replicas; they are pickled.
        threads: of each replica's arithmetic; Ray reserves as many CPUs for it.
        environment: more environment variables of the replicas.
    """
    options: dict[str, Any] = {"num_cpus": threads}
    if environment:
        options["runtime_env"] = {"env_vars": environment}
    inside = settings.workers + settings.other_workers + 2 * settings.queue + _SPARE
    scaling: dict[str, Any] = {"num_replicas": settings.replicas}
    if settings.most_replicas > settings.replicas:
        scaling = {
            "autoscaling_config": AutoscalingConfig(
                min_replicas=settings.replicas,
                max_replicas=settings.most_replicas,
                target_ongoing_requests=settings.target_requests,
            )
        }
    kept: dict[str, Any] = {
        "max_ongoing_requests": inside,
        "max_queued_requests": _SPARE,
        "backpressure_config": BackpressureConfig(status_code=429, retry_after_s=1),
        "graceful_shutdown_timeout_s": settings.drain_s,
        "graceful_shutdown_wait_loop_s": 0.2,
        "health_check_period_s": 5,
        "max_constructor_retry_count": 1,
    }
    search = serve.deployment(name="search", ray_actor_options=options, **scaling, **kept)(SearchReplica)
    if not settings.split_reranker:
        return search.bind(open_engine, list(warm_up))
    rerank = serve.deployment(
        name="rerank",
        num_replicas=settings.reranker_replicas,
        ray_actor_options={**options, "num_gpus": settings.reranker_gpus},
        **kept,
    )(RerankReplica)
    return search.bind(open_engine, list(warm_up), rerank.bind(open_reranker))


def _warmed_up(engine: SearchEngine, texts: Sequence[str]) -> bool:
    """Search these texts, so that the first request finds everything loaded; whether all were reranked."""
    return all(engine.search(SearchAsk(text)).degraded is None for text in texts)


def _log_to_server() -> None:
    """Send this replica's log lines to where the server's go; Ray's own logs keep them where that cannot be opened."""
    path = os.environ.get(LOG)
    try:
        stream = open(path, "a", buffering=1, encoding="utf-8") if path else None  # noqa: SIM115 - kept open
    except OSError:
        stream = None
    log_as_json(stream, log_level())


def _forget_the_dead() -> None:
    """Take what killed replicas have left out of the gauges that all replicas of this machine share."""
    folder = os.environ.get(_MULTIPROCESS)
    for name in os.listdir(folder) if folder else ():
        number = name.rpartition("_")[2].removesuffix(".db")
        if number.isdigit() and not os.path.exists(f"/proc/{number}"):
            multiprocess.mark_process_dead(int(number), folder)
