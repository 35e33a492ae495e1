"""The cluster's part of the configuration, for `index.first_stage: elasticsearch`."""

from typing import Annotated, Literal

from pydantic import Field

from workflow.config.section import Count, Positive, Section, Share


class ElasticSection(Section):
    """Where the cluster is, and how the catalogue is kept and searched there. Credentials come from the environment."""

    urls: Annotated[tuple[str, ...], Field(min_length=1)] = ("http://localhost:9200",)
    index: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")] | None = None
    """The alias that stands for the newest version; null for distilrank- and the run's name."""
    search: Literal["hybrid", "bm25", "dense"] = "hybrid"
    candidates: Annotated[int, Field(ge=1, le=10_000)] = 200
    """Hits of each part that are fused, and vectors looked at in each shard."""
    shards: Count = 1
    replicas: Annotated[int, Field(ge=0)] = 1
    bulk_documents: Count = 500
    rejected_share: Share = 0.0
    """The share of the products that the cluster may refuse."""
    remove_old: bool = False
    """Whether older versions are deleted once the alias has left them; a server that still searches one would fail."""
    ca_certs: str | None = None
    timeout_s: Positive = 10.0
    attempts: Count = 3
    """How often a search is tried that fails for the moment."""
