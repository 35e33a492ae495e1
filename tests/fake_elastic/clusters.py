"""The clusters that tests run against: real ones where the environment names them, fakes elsewhere."""

import contextlib
import os
import uuid
from collections.abc import Iterator

from fake_elastic.server import FakeElastic
from retrieval.elastic.connection import Cluster, connect

ENGINES = ("elasticsearch", "opensearch")
_FAKES = {"elasticsearch": ("8.19.3", "elasticsearch"), "opensearch": ("3.1.0", "opensearch")}
_URLS = {"elasticsearch": "ELASTICSEARCH_URL", "opensearch": "OPENSEARCH_URL"}


@contextlib.contextmanager
def running_cluster(engine: str) -> Iterator[Cluster]:
    """A cluster of this engine: the one at ELASTICSEARCH_URL or OPENSEARCH_URL, or else a fake."""
    url = os.environ.get(_URLS[engine])
    if url:
        with contextlib.closing(connect([url])) as cluster:
            yield cluster
        return
    with FakeElastic(*_FAKES[engine]) as node, contextlib.closing(connect([node.url])) as cluster:
        yield cluster


@contextlib.contextmanager
def own_alias(cluster: Cluster) -> Iterator[str]:
    """A name that nothing in the cluster has; all indices behind it are removed at the end."""
    alias = f"distilrank-test-{uuid.uuid4().hex[:8]}"
    yield alias
    names = list(cluster.client.indices.get(index=f"{alias}*"))
    if names:
        cluster.client.indices.delete(index=",".join(names))
