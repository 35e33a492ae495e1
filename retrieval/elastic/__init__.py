"""The first stage in an Elasticsearch or OpenSearch cluster: index, keep and search the catalogue there."""
