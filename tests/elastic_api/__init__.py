"""Elasticsearch's own description of its API, as a contract that request bodies are held against."""
