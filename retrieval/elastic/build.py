"""Build an index in the cluster: a new version beside the old, filled, counted, then swapped in."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from eval.errors import InputError, MachineError, PartialError
from eval.files import fingerprint, read_json, write_json
from retrieval.catalogue import Catalogue
from retrieval.elastic.connection import Cluster, ClusterError, Patience
from retrieval.elastic.filling import BULK_PATIENCE, Document, Filling
from retrieval.elastic.mapping import document, index_body
from retrieval.elastic.versions import Version, publish, remove_old, versions
from retrieval.index_manifest import IndexManifest
from retrieval.product_text import ProductTemplate
from retrieval.progress import Progress
from retrieval.tokens import TOKENIZER_VERSION

RECORD = "index.json"
"""Written last, beside the filling's progress: which index in which cluster holds the catalogue."""

_OLDEST = {"elasticsearch": (8, 4), "opensearch": (2, 4)}


@dataclass(frozen=True)
class Built:
    """What was built: the index's name, documents in it, documents the cluster refused, old versions deleted."""

    index: str
    documents: int
    rejected: int
    rejections: str
    removed: tuple[str, ...]


def build_elastic_index(
    cluster: Cluster,
    alias: str,
    catalogue: Catalogue,
    template: ProductTemplate,
    words_template: ProductTemplate,
    embeddings: np.ndarray,
    encoder_fingerprint: str,
    directory: Path,
    *,
    shards: int = 1,
    replicas: int = 1,
    rejected_share: float = 0.0,
    keep_old: bool = True,
    batch: int = 500,
    patience: Patience = BULK_PATIENCE,
    progress: Progress | None = None,
) -> Built:
    """Fill a version of the index with all of `catalogue`, and put the alias on it; searches go on meanwhile.

    A version that is complete already is used as it is; one that was begun is gone on with. The alias is only moved
    once the documents in the index are counted, and none is missing but those that the cluster refused.

    Args:
        template, words_template: what the bi-encoder and the student read of a product, and what BM25 does.
        embeddings: float32 unit vectors [len(catalogue), dim], by row.
        directory: where progress, the report of rejected documents and, at the end, `RECORD` are written.
        rejected_share: the share of the products that the cluster may refuse.
        keep_old: leave versions that the alias is no longer on; whoever still searches them goes on.

    Raises:
        InputError: the alias is taken, or a field's name is.
        PartialError: more documents were refused than allowed; the alias is as it was, and a new call sends them again.
        ClusterError: the cluster does not answer or refuses; what is done is kept.
        MachineError: documents are missing, or the directory cannot be written.
    """
    check_version(cluster)
    directory.mkdir(parents=True, exist_ok=True)
    words = f"words-{TOKENIZER_VERSION}"
    manifest = asdict(
        IndexManifest.describe(
            f"{cluster.engine} {words}", embeddings.shape[1], encoder_fingerprint, template, catalogue
        )
    )
    body = index_body(cluster.engine, catalogue.fields, embeddings.shape[1], shards=shards, replicas=replicas)
    content = [manifest, asdict(words_template), body["mappings"], shards, fingerprint([catalogue.path])]
    name = f"{alias}-{hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]}"
    meta = {**json.loads(json.dumps(manifest)), "alias": alias, "complete": False}
    body["mappings"]["_meta"]["distilrank"] = meta
    version = _begun(cluster, alias, name, body)

    def documents(rows: Sequence[int]) -> list[Document]:
        products = catalogue.products(rows)
        return [
            Document(row, product.id, document(product, row, embeddings[row], template, words_template))
            for row, product in zip(rows, products, strict=True)
        ]

    if version.meta.get("complete"):
        rejected, rejections = version.meta["rejected"], "refused when it was filled"
    else:
        filling = Filling(cluster, name, version.uuid, directory, patience)
        allowed = rejected_share * len(catalogue)
        filling.fill(documents, len(catalogue), allowed=allowed, batch=batch, progress=progress)
        rejected, rejections = len(filling.rejected), filling.summary()
        if rejected > allowed:
            raise PartialError(
                f"the cluster refused {rejected:,} of {filling.done:,} products ({rejections}), more than "
                f"elastic.rejected_share ({rejected_share:g}) allows, so the alias {alias} stays where it is; "
                f"{filling.report} says which and why: mend them, or allow more, and run again"
            )
    count = _counted(cluster, name)
    if count != len(catalogue) - rejected:
        raise MachineError(
            f"{name} holds {count:,} documents, expected {len(catalogue) - rejected:,}: something else writes to it or "
            f"deletes from it; delete the index {name} and run again"
        )
    if not version.meta.get("complete"):
        _settle(cluster, name, {**meta, "complete": True, "documents": count, "rejected": rejected})
    publish(cluster, alias, name)
    removed = () if keep_old else tuple(remove_old(cluster, alias))
    write_json(directory / RECORD, {"index": name, "alias": alias, "cluster": str(cluster)})
    return Built(name, count, rejected, rejections, removed)


def built_index(cluster: Cluster, alias: str, directory: Path, encoder_fingerprint: str, catalogue: Catalogue) -> str:
    """The index that `build_elastic_index` recorded in `directory`, if it stands in the cluster: what to search.

    It is the version itself, not the alias: whoever searches it is not moved to other products by a swap.

    Raises:
        InputError: it was built with another encoder, or over another catalogue.
        MachineError: nothing was recorded, or the cluster has no such index. `ClusterError`: it does not answer.
    """
    record = read_json(directory / RECORD)
    found = {version.name: version for version in versions(cluster, alias)}
    version = found.get(record["index"])
    if version is None or not version.meta.get("complete"):
        raise MachineError(
            f"{cluster} has no complete index {record['index']} for {alias}: it was deleted there, or filled elsewhere "
            f"(alias {record['alias']}, {record['cluster']}); remove {directory} and run again to fill it"
        )
    names = {field.name for field in fields(IndexManifest)}
    manifest = IndexManifest(**{name: value for name, value in version.meta.items() if name in names})
    manifest.check_encoder(encoder_fingerprint, Path(version.name))
    manifest.check_catalogue(catalogue)
    return version.name


def check_version(cluster: Cluster) -> None:
    """Refuse a cluster that is too old for what is asked of it: kNN with filters in a search.

    Raises:
        InputError: always then.
    """
    wanted = _OLDEST[cluster.engine]
    found = tuple(int(part) for part in cluster.version.split(".")[:2] if part.isdigit())
    if found < wanted:
        oldest = ".".join(map(str, wanted))
        raise InputError(f"{cluster} is too old, expected {oldest} or later; upgrade it, or use another first stage")


def _begun(cluster: Cluster, alias: str, name: str, body: dict[str, Any]) -> Version:
    """The version of this name; made where it is missing."""
    found = {version.name: version for version in versions(cluster, alias)}
    if name not in found:
        try:
            cluster.call(f"create {name}", lambda: cluster.client.indices.create(index=name, body=body))
        except ClusterError as error:
            if error.kind != "resource_already_exists_exception":  # made, and the answer was lost
                raise
        found = {version.name: version for version in versions(cluster, alias)}
    return found[name]


def _counted(cluster: Cluster, name: str) -> int:
    cluster.call(f"refresh {name}", lambda: cluster.client.indices.refresh(index=name))
    answer = cluster.call(f"count {name}", lambda: cluster.client.count(index=name))
    return int(answer["count"])


def _settle(cluster: Cluster, name: str, meta: dict[str, Any]) -> None:
    """Refresh by itself again, and say that it is complete."""
    indices = cluster.client.indices
    settings = {"index": {"refresh_interval": None}}
    cluster.call(f"change {name}", lambda: indices.put_settings(index=name, body=settings))
    cluster.call(f"change {name}", lambda: indices.put_mapping(index=name, body={"_meta": {"distilrank": meta}}))
