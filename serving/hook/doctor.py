"""Which of the ways a cluster can run, and what keeps it from the others."""

import json
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from serving.hook import custom, hugging_face, opensearch
from serving.hook.cluster import Cluster, ClusterError
from serving.hook.endpoint import Endpoint
from serving.hook.install import install, remove, try_out
from serving.hook.pieces import Call
from serving.hook.record import Record

_LICENCES = ("trial", "enterprise")
_CUSTOM = "custom inference service and text_similarity_reranker"
_HUGGING_FACE = "hugging_face inference service and text_similarity_reranker"
_INSIDE = "the student on the cluster's machine-learning nodes"
_OPENSEARCH = "connector and search pipeline"
_TRUSTED = "plugins.ml_commons.trusted_connector_endpoints_regex"
_PRIVATE = "plugins.ml_commons.connector.private_ip_enabled"
_ML_NODES = "plugins.ml_commons.only_run_on_ml_node"


@dataclass(frozen=True)
class Verdict:
    """One way: what it lacks (nothing, where it runs), and what could not be looked at."""

    way: str
    title: str
    lacks: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()

    @property
    def runs(self) -> bool:
        """Whether nothing is known to be in its way."""
        return not self.lacks


def examine(
    cluster: Cluster,
    endpoint: Endpoint | None,
    *,
    index: str | None,
    field: str,
    record: Record | None,
    probe: Path | None = None,
) -> list[Verdict]:
    """A verdict on each way; nothing is changed in the cluster, unless a probe is asked for.

    Args:
        endpoint: our server, as the cluster should see it; None leaves its reachability out.
        index: where products are searched; None leaves the field out.
        field: the text that is to be reranked.
        record: of an installation in this cluster, which is asked whether it reranks.
        probe: a directory for the record of what is made for a moment, to see whether the cluster reaches our server;
            None makes nothing.
    """
    reached = partial(_reached, cluster, endpoint, record, probe)
    text = tuple(_field(cluster, index, field)) if index is not None else ()
    if cluster.engine == "opensearch":
        lacks = (*_opensearch(cluster, endpoint), *text)
        verdicts = [
            reached("opensearch", _OPENSEARCH, lacks),
            *(
                Verdict(way, title, ("this is OpenSearch, not Elasticsearch",))
                for way, title in (("custom", _CUSTOM), ("hugging-face", _HUGGING_FACE), ("inside", _INSIDE))
            ),
        ]
    else:
        paid = (*_version(cluster), *_licence(cluster))
        outside = (*paid, *text)
        verdicts = [
            reached("custom", _CUSTOM, outside),
            reached("hugging-face", _HUGGING_FACE, outside),
            Verdict("inside", _INSIDE, (*paid, *_ml_nodes(cluster), *text)),
            Verdict("opensearch", _OPENSEARCH, ("this is Elasticsearch, not OpenSearch",)),
        ]
    return [*verdicts, Verdict("in-front", "our server in front: elasticsearch as its first stage, or the proxy")]


def _reached(
    cluster: Cluster,
    endpoint: Endpoint | None,
    record: Record | None,
    probe: Path | None,
    way: str,
    title: str,
    lacks: tuple[str, ...],
) -> Verdict:
    """With what is known of the way from the cluster to our server."""
    if record is not None and record.way == way and record.made:
        try:
            try_out(cluster, record)
        except (ClusterError, KeyError) as error:
            return Verdict(way, title, (*lacks, f"installed as {record.name}, but it does not rerank: {error}"))
        return Verdict(way, f"{title}: installed as {record.name}, and it reranks", lacks)
    if endpoint is None:
        return Verdict(way, title, lacks, ("whether the cluster reaches our server: name it with --endpoint",))
    if probe is not None and not lacks:
        failed = _probed(cluster, endpoint, way, probe)
        if failed is not None:
            return Verdict(way, title, (f"tried for a moment, and the cluster does not rerank by it: {failed}",))
        return Verdict(way, f"{title}: tried for a moment, and it reranks")
    unsure = [f"whether the cluster reaches {endpoint.url}: --probe tries it"]
    if endpoint.is_loopback:
        unsure.insert(0, f"{endpoint.url} is the cluster's own machine, as the cluster sees it")
    return Verdict(way, title, lacks, tuple(unsure))


def _probed(cluster: Cluster, endpoint: Endpoint, way: str, directory: Path) -> str | None:
    """Make a way, rerank by it, take it away; says what failed. A record keeps what a kill would leave."""
    name = f"distilrank-probe-{secrets.token_hex(4)}"
    record = Record(directory / f"{name}.json", cluster.uuid, cluster.url, way, name)
    pieces = {
        "custom": lambda: custom.pieces(name, endpoint, embeddings=False),
        "hugging-face": lambda: hugging_face.pieces(name, endpoint),
        "opensearch": lambda: opensearch.pieces(name, endpoint, record.mark, field="probe"),
    }[way]()
    try:
        install(cluster, pieces, record, lambda _: None)
    except ClusterError as error:
        return str(error)
    remove(cluster, record, lambda _: None)
    return None


def _version(cluster: Cluster) -> Iterator[str]:
    if cluster.version < (8, 19) or (9,) <= cluster.version < (9, 1):
        yield f"{cluster.name} is too old: 8.19, or 9.1 and later, is needed"


def _licence(cluster: Cluster) -> Iterator[str]:
    licence = (cluster.read("/_license") or {}).get("license", {})
    kind, status = licence.get("type", "unknown"), licence.get("status", "unknown")
    if kind not in _LICENCES:
        trial = "POST /_license/start_trial?acknowledge=true"
        yield f"the licence is {kind}, and inference needs enterprise or trial ({trial})"
    elif status != "active":
        yield f"the {kind} licence is {status}"


def _ml_nodes(cluster: Cluster) -> Iterator[str]:
    if not _has_ml_node(cluster):
        yield "no node has the role ml"


def _opensearch(cluster: Cluster, endpoint: Endpoint | None) -> Iterator[str]:
    if cluster.version < (2, 12):
        yield f"{cluster.name} is too old: rerank processors came with 2.12"
    plugins = {one["component"] for one in cluster.call(Call("GET", "/_cat/plugins?format=json"))}
    for name in ("opensearch-ml", "opensearch-neural-search"):
        if name not in plugins:
            yield f"the plugin {name} is not installed"
    if "opensearch-ml" not in plugins:
        return
    settings = _settings(cluster)
    if str(settings.get(_ML_NODES, True)).lower() == "true" and not _has_ml_node(cluster):
        yield f"models run on ml nodes alone, and there is none: {_mend(_ML_NODES, False)}"
    if endpoint is None:
        return
    trusted = settings.get(_TRUSTED, [])
    trusted = [trusted] if isinstance(trusted, str) else trusted
    if not any(_fits(pattern, endpoint.cohere) for pattern in trusted):
        yield f"{endpoint.url} is not trusted: {_mend(_TRUSTED, [*trusted, f'^{re.escape(endpoint.url)}/.*$'])}"
    if endpoint.is_private and str(settings.get(_PRIVATE, False)).lower() != "true":
        yield f"{endpoint.url} is a private address, which connectors may not reach: {_mend(_PRIVATE, True)}"


def _settings(cluster: Cluster) -> dict[str, Any]:
    """Flat; what is set wins over the defaults."""
    answer = cluster.call(Call("GET", "/_cluster/settings?include_defaults=true&flat_settings=true"))
    found: dict[str, Any] = {}
    for level in ("defaults", "persistent", "transient"):
        found |= answer.get(level, {})
    return found


def _has_ml_node(cluster: Cluster) -> bool:
    nodes = (cluster.read("/_nodes") or {}).get("nodes", {})
    return any("ml" in node.get("roles", ()) for node in nodes.values())


def _mend(setting: str, value: object) -> str:
    return f"PUT /_cluster/settings {json.dumps({'persistent': {setting: value}})}"


def _fits(pattern: str, url: str) -> bool:
    try:
        return re.fullmatch(pattern, url) is not None
    except re.error:
        return False


def _field(cluster: Cluster, index: str, field: str) -> Iterator[str]:
    """What is wrong with the field that is reranked."""
    mappings = cluster.read(f"/{index}/_mapping")
    if mappings is None:
        yield f"there is no index {index}"
        return
    for name, one in mappings.items():
        known = dict(_text_fields(one.get("mappings", {}).get("properties", {})))
        if field not in known:
            has = ", ".join(sorted(known)) or "no text field"
            yield f"index {name} has no text field {field} (it has {has}): index one text a product, or name --field"


def _text_fields(properties: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, one in properties.items():
        if one.get("type") in ("text", "semantic_text", "match_only_text"):
            yield f"{prefix}{name}", one["type"]
        yield from _text_fields(one.get("properties", {}), f"{prefix}{name}.")
