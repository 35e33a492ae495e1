"""Why a search is left to the cluster alone."""

from typing import Literal, get_args

Reason = Literal[
    "asked",
    "beyond_window",
    "body",
    "cluster_error",
    "format",
    "long_query",
    "no_hits_wanted",
    "no_query_text",
    "own_rerank",
    "pinned",
    "profile",
    "query_syntax",
    "refused",
    "retriever",
    "scroll",
    "search_after",
    "several_query_texts",
    "slice",
    "sort",
    "stored_fields",
    "unreadable_answer",
]
"""What docs/elasticsearch.md explains, one line each."""

REASONS: tuple[Reason, ...] = get_args(Reason)


class PassThroughError(Exception):
    """The search goes to the cluster, and its answer back, as they are."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason
