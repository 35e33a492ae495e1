"""A cluster as the hook asks it: any request of its REST API, through the client of its kind."""

import json
from typing import Any

from elasticsearch import Elasticsearch

from retrieval.elastic.connection import ClusterError, Engine, connect
from serving.hook.pieces import Call

__all__ = ["Cluster", "ClusterError"]

_TIMEOUT_S = 60.0
"""A cluster that makes an endpoint asks our server first, whose first answer may be slow."""
_JSON = {"accept": "application/json", "content-type": "application/json"}


class Cluster:
    """A cluster that has answered.

    Args:
        url: scheme, host and port; credentials come from the environment (`retrieval.elastic.connection`).
        ca_certs: the certificates of an authority of its own.

    Raises:
        InputError: for a URL that is none.
        ClusterError: when it cannot be reached, or is neither Elasticsearch nor OpenSearch.
    """

    def __init__(self, url: str, *, ca_certs: str | None = None) -> None:
        self.url = url
        self._connection = connect([url], ca_certs=ca_certs, timeout_s=_TIMEOUT_S)
        self._client = self._connection.client
        # A request is sent once: one that makes something must not be repeated when only its answer was lost.
        if isinstance(self._client, Elasticsearch):
            self._client = self._client.options(max_retries=0)
        else:
            self._client.transport.max_retries = 0
        self.engine: Engine = self._connection.engine
        self.version = tuple(int(part) for part in self._connection.version.partition("-")[0].split(".")[:3])
        self.uuid = str(self.call(Call("GET", "/"))["cluster_uuid"])

    @property
    def name(self) -> str:
        """Product and version, for people."""
        name = {"elasticsearch": "Elasticsearch", "opensearch": "OpenSearch"}[self.engine]
        return f"{name} {self._connection.version}"

    def close(self) -> None:
        """Give the connections back."""
        self._connection.close()

    def call(self, call: Call) -> Any:
        """The answer, read as JSON.

        Raises:
            ClusterError: with the cluster's own reason.
        """
        with self._connection.errors(f"{call.method} {call.path}"):
            if isinstance(self._client, Elasticsearch):
                return self._client.perform_request(call.method, call.path, headers=_JSON, body=call.body).body
            answer = self._client.transport.perform_request(call.method, call.path, body=call.body)
            return json.loads(answer) if isinstance(answer, str) else answer

    def read(self, path: str) -> Any:
        """What stands at a path; None when nothing does."""
        try:
            return self.call(Call("GET", path))
        except ClusterError as error:
            if error.status == 404:
                return None
            raise
