"""Readers and writers: how a shop's catalogue, queries, judgements and query log come in and go out."""
