"""A server over a real, tiny run: its own first stage, its own student, in this process."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from rerank.types import Reranker
from retrieval.bm25 import BM25Retriever
from retrieval.dense import DenseRetriever
from retrieval.encoder import Encoder
from retrieval.live.shop import LiveShop
from serving.app import create_app
from serving.engine import FixedShop, FixedView, SearchEngine, Served, Versions
from serving.settings import ServeSettings
from tests.serving.sockets import serving_at
from workflow.config.run import load_config
from workflow.run.directory import RunDirectory
from workflow.served.opened import OpenedRun, open_run
from workflow.served.rerankers import OneAtATime

MakeClient = Callable[..., AbstractContextManager[TestClient]]


@pytest.fixture(scope="session")
def opened(finished_run: Path) -> OpenedRun:
    """The run's own pipeline: what the server must agree with."""
    return open_run(load_config(finished_run / "config.yaml"), RunDirectory(finished_run))


@pytest.fixture(scope="session")
def served(opened: OpenedRun, finished_run: Path) -> Served:
    pipeline, catalogue = opened.pipeline, opened.catalogue
    return Served(
        shop=FixedShop(FixedView(pipeline.retriever, catalogue, len(catalogue))),
        reranker=OneAtATime(pipeline.reranker),
        template=opened.template,
        fields=catalogue.fields,
        window=pipeline.window,
        blend_weight=pipeline.blend_weight,
        spread=2.5,
        versions=Versions("index-1", "student-1", "config-1"),
        encoder=Encoder(str(finished_run / "encoder"), max_length=64),
        count_tokens=lambda texts: [len(text.split()) for text in texts],
    )


@pytest.fixture
def live_served(served: Served, opened: OpenedRun, finished_run: Path, tmp_path: Path) -> Callable[[], Served]:
    """Opens the run with live changes, kept under the test's own directory."""
    index = load_config(finished_run / "config.yaml").index

    def open_live() -> Served:
        dense = DenseRetriever.load(finished_run / "index" / "vectors", served.encoder, opened.catalogue)
        bm25 = BM25Retriever.load(finished_run / "index" / "bm25", opened.catalogue)
        shop = LiveShop(dense, bm25, tmp_path / "live", fusion=index.fusion, expansion=index.expansion_options())
        return replace(served, shop=shop, merge=shop.merge, close=shop.close)

    return open_live


@pytest.fixture
def engine(served: Served) -> Callable[..., SearchEngine]:
    """Makes an engine; keyword arguments are settings, `reranker` replaces the student."""

    def make(reranker: Reranker | None = None, **settings: Any) -> SearchEngine:
        one = served if reranker is None else replace(served, reranker=reranker)
        return SearchEngine(lambda: one, ServeSettings(**{"deadline_ms": 0, "workers": 2} | settings))

    return make


@pytest.fixture
def client(engine: Callable[..., SearchEngine]) -> Iterator[MakeClient]:
    """Makes a client of a started application; arguments as `engine`, or an engine itself."""
    with contextlib.ExitStack() as stack:

        def make(one: SearchEngine | None = None, **settings: Any) -> TestClient:
            app = create_app(one or engine(**settings))
            return stack.enter_context(TestClient(app, raise_server_exceptions=False))

        yield make


@pytest.fixture
def address() -> Iterator[Callable[[FastAPI], str]]:
    """Serves an application over real sockets on the loopback; gives its URL."""
    with contextlib.ExitStack() as stack:
        yield lambda app: stack.enter_context(serving_at(app))
