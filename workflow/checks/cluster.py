"""Doctor's look at the cluster: whether it answers, is new enough, and what the alias stands for there."""

from eval.errors import DistilrankError
from retrieval.elastic.build import check_version
from retrieval.elastic.versions import versions
from workflow.checks.findings import Finding
from workflow.config.run import Config
from workflow.stages.cluster import alias_of, open_cluster


def check_cluster(config: Config) -> list[Finding]:
    """One finding; none where the first stage is in no cluster."""
    if not config.index.in_cluster:
        return []
    alias = alias_of(config)
    try:
        cluster = open_cluster(config)
        check_version(cluster)
        current = [version.name for version in versions(cluster, alias) if version.current]
        cluster.close()
    except DistilrankError as error:
        return [Finding("cluster", "error", str(error))]
    stands = f"stands for {current[0]}" if current else "is free: the index stage makes it"
    return [Finding("cluster", "ok", f"{cluster}; the alias {alias} {stands}")]
