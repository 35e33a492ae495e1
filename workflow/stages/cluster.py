"""The first stage of a run in an Elasticsearch or OpenSearch cluster: fill it, open it."""

from pathlib import Path
from typing import Any

import numpy as np

from retrieval.catalogue import Catalogue
from retrieval.elastic.build import build_elastic_index, built_index
from retrieval.elastic.connection import SEARCH_PATIENCE, Cluster, connect
from retrieval.elastic.retriever import MODES, ElasticRetriever
from retrieval.product_text import ProductTemplate
from retrieval.types import TextEncoder
from workflow.config.run import Config
from workflow.run.directory import RunDirectory
from workflow.run.progress import Report


def alias_of(config: Config) -> str:
    """The name that stands for the run's index in the cluster."""
    return config.elastic.index or f"distilrank-{config.name.lower()}"


def open_cluster(config: Config) -> Cluster:
    """Connect to the run's cluster; see `connect` for the errors."""
    section = config.elastic
    patience = SEARCH_PATIENCE._replace(attempts=section.attempts)
    return connect(section.urls, ca_certs=section.ca_certs, timeout_s=section.timeout_s, patience=patience)


def fill_cluster(
    config: Config,
    catalogue: Catalogue,
    template: ProductTemplate,
    words_template: ProductTemplate,
    embeddings: np.ndarray,
    encoder: TextEncoder,
    run: RunDirectory,
    report: Report,
) -> dict[str, Any]:
    """Build the index in the cluster, and write `index/elastic/`; facts for the stage's record.

    Raises:
        as `connect` and `build_elastic_index`.
    """
    section = config.elastic
    cluster = open_cluster(config)
    built = build_elastic_index(
        cluster,
        alias_of(config),
        catalogue,
        template,
        words_template,
        embeddings,
        encoder.fingerprint,
        _directory(run),
        shards=section.shards,
        replicas=section.replicas,
        rejected_share=section.rejected_share,
        keep_old=not section.remove_old,
        batch=section.bulk_documents,
        progress=report,
    )
    cluster.close()
    refused = f"the cluster refused {built.rejected:,} products ({built.rejections}), which no search will find"
    return {
        "cluster": str(cluster),
        "index": built.index,
        "documents": built.documents,
        "rejected": built.rejected,
        "removed": list(built.removed),
        "warnings": [f"{refused}: {_directory(run) / 'rejected.jsonl'}"] if built.rejected else [],
    }


def open_cluster_stages(
    config: Config, catalogue: Catalogue, template: ProductTemplate, encoder: TextEncoder, run: RunDirectory
) -> dict[str, ElasticRetriever]:
    """The retrievers bm25, dense and hybrid over the run's index in the cluster, and "elasticsearch": the chosen one.

    Raises:
        as `connect` and `built_index`.
    """
    cluster = open_cluster(config)
    index = built_index(cluster, alias_of(config), _directory(run), encoder.fingerprint, catalogue)
    found: dict[str, ElasticRetriever] = {
        mode: ElasticRetriever(
            cluster,
            index,
            encoder,
            catalogue,
            template,
            mode=mode,
            fusion=config.index.fusion,
            candidates=config.elastic.candidates,
        )
        for mode in MODES
    }
    return {**found, "elasticsearch": found[config.elastic.search]}


def _directory(run: RunDirectory) -> Path:
    return run.index / "elastic"
