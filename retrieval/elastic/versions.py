"""The versions of an index behind one alias: which there are, which is searched, and the change from one to the next.

A version is an index named ALIAS-HASH, the hash over all that decides its documents. It says in its mapping (`_meta`)
what it was made from, and whether it is complete.
"""

from dataclasses import dataclass
from typing import Any

from eval.errors import InputError
from retrieval.elastic.connection import Cluster


@dataclass(frozen=True)
class Version:
    """One index of ours: its name, its id in the cluster, what it says of itself, and whether the alias is on it."""

    name: str
    uuid: str
    meta: dict[str, Any]
    current: bool


def versions(cluster: Cluster, alias: str) -> list[Version]:
    """Every version of ours of this alias, by name.

    Raises:
        InputError: there is an index, or an alias for other indices, of that name.
        ClusterError: the cluster does not answer.
    """
    client = cluster.client
    if cluster.call("look for the index", lambda: client.indices.exists(index=alias)):
        holding = cluster.call("look for the index", lambda: client.indices.get(index=alias))
        foreign = [name for name, index in holding.items() if not _ours(index)]
        if alias in holding or foreign:
            raise InputError(
                f"the cluster has an index or alias {alias!r} that distilrank has not made ({', '.join(holding)}); "
                "choose another name for elastic.index"
            )
    found = cluster.call("look for the index", lambda: client.indices.get(index=f"{alias}-*", ignore_unavailable=True))
    return [
        Version(
            name,
            index["settings"]["index"]["uuid"],
            index["mappings"]["_meta"]["distilrank"],
            alias in index.get("aliases", {}),
        )
        for name, index in sorted(found.items())
        if _ours(index) and index["mappings"]["_meta"]["distilrank"].get("alias") == alias
    ]


def publish(cluster: Cluster, alias: str, name: str) -> None:
    """Put the alias on this version, and take it off the others, in one step: no search falls between."""

    def swap() -> None:
        others = [version.name for version in versions(cluster, alias) if version.current and version.name != name]
        actions: list[dict[str, Any]] = [{"remove": {"index": other, "alias": alias}} for other in others]
        actions.append({"add": {"index": name, "alias": alias}})
        cluster.client.indices.update_aliases(body={"actions": actions})

    cluster.call("put the alias", swap)


def remove_old(cluster: Cluster, alias: str) -> list[str]:
    """Delete the versions that the alias is not on; their names."""
    old = [version.name for version in versions(cluster, alias) if not version.current]
    if old:
        names = ",".join(old)
        cluster.call("delete old versions", lambda: cluster.client.indices.delete(index=names, ignore_unavailable=True))
    return old


def _ours(index: dict[str, Any]) -> bool:
    return "distilrank" in index.get("mappings", {}).get("_meta", {})
