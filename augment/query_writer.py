"""Queries written by a large language model: from a product, or from a plain description of the shop.

With the second a shop that has no log at all gets one. The model is whatever an OpenAI-compatible endpoint serves; what
it has answered is kept, and is not asked for again.
"""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from augment.generated import GeneratedQuery
from eval.errors import MachineError, PartialError
from rerank.api.answers import Answer
from rerank.api.cache import AnswerCache, answer_key
from rerank.api.client import ChatClient, Endpoint, UnansweredError
from retrieval.progress import Progress

Messages = list[dict[str, str]]

_SYSTEM = (
    "You write search queries as shoppers type them into a shop's search box: lower case, two to six words, seldom a "
    "whole title, no sentence. Answer with one query a line and nothing else."
)
_AT_ONCE = 20  # queries about the shop that one request asks for
_KINDS = (
    "broad ones that name a kind of product",
    "ones with a brand",
    "ones with a colour or a material",
    "ones with a size, a number or a unit",
    "ones that say who or what it is for",
    "ones that leave something out (without …, not …, no …)",
    "ones with a misspelling or an abbreviation",
    "long ones with three wishes",
    "synonyms and everyday words for products",
    "ones for a problem to solve or an occasion",
)
"""What the requests about a shop ask for, in turn, so that no two are alike."""

_MARK = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s*")
_LONGEST_WORDS, _LONGEST = 12, 100
_DEAF = 20  # requests without an answer after which the endpoint is taken to be down


class Written(NamedTuple):
    """The queries, and how many requests got no answer."""

    queries: list[GeneratedQuery]
    unanswered: int


def product_request(text: str, count: int) -> Messages:
    """A chat that asks for queries that a product answers."""
    wanted = (
        f"Product: {text}\n\nWrite {count} different queries that this product answers exactly. Vary them: a broad "
        "one, ones with its brand or an attribute, and where it fits one that leaves something out (without …)."
    )
    return [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": wanted}]


def shop_requests(description: str, count: int) -> list[Messages]:
    """Chats that together ask for `count` queries or a few more, by a description of the shop alone."""
    requests: list[Messages] = []
    for number in range(-(-count // _AT_ONCE)):
        kind, turn = _KINDS[number % len(_KINDS)], number // len(_KINDS)
        again = f" Part {turn + 1}: other products than before, also from the far ends of the range." if turn else ""
        wanted = f"Shop: {description}\n\nWrite {_AT_ONCE} different queries of its shoppers, {kind}.{again}"
        requests.append([{"role": "system", "content": _SYSTEM}, {"role": "user", "content": wanted}])
    return requests


def read_queries(text: str) -> list[str]:
    """The queries in an answer: one a line, without bullets, numbers and quotes; what is too long is none."""
    found = []
    for line in text.splitlines():
        query = " ".join(_MARK.sub("", line).strip(" \t\"'“”`").split())
        if query and len(query) <= _LONGEST and len(query.split()) <= _LONGEST_WORDS and not query.endswith(":"):
            found.append(query)
    return list(dict.fromkeys(found))


def write_queries(
    endpoint: Endpoint,
    requests: Sequence[tuple[Messages, str]],
    cache: AnswerCache,
    *,
    concurrency: int,
    limit_tokens: int | None,
    progress: Progress | None = None,
) -> Written:
    """Ask the chats, each with the origin of its queries; the queries come in the order of the requests.

    Args:
        limit_tokens: what may be spent with this cache in all, over all runs; None: without limit.

    Raises:
        InputError: when the key, the address or the model is wrong.
        MachineError: when the endpoint is down, or the cache cannot be written.
        PartialError: when the limit is reached, or the account is empty; what is answered is kept.
    """
    keys = [answer_key(endpoint.body(messages)) for messages, _ in requests]
    known = cache.get(keys)
    wanted = {key: messages for key, (messages, _) in zip(keys, requests, strict=True) if key not in known}
    unanswered = 0
    client = ChatClient(endpoint, concurrency, logprobs=False) if wanted else None
    try:
        for key, answer in _asked(client, wanted, concurrency, cache, limit_tokens):
            if answer is None:
                unanswered += 1
                if unanswered >= _DEAF and len(known) == 0:
                    raise MachineError(
                        f"{endpoint.base_url} gave no answer {unanswered} times; run again when it is back"
                    )
                continue
            cost = (answer.tokens_in or 0, answer.tokens_out or 0)
            cache.add(key, answer, cost, 0.0, keep=bool(read_queries(answer.text)))
            known[key] = answer
            if progress is not None:
                progress(len(known), len(set(keys)))
    finally:
        if client is not None:
            client.close()
    queries = [
        GeneratedQuery(text, origin)
        for key, (_, origin) in zip(keys, requests, strict=True)
        if key in known
        for text in read_queries(known[key].text)
    ]
    return Written(queries, unanswered)


def _asked(
    client: ChatClient | None,
    wanted: dict[str, Messages],
    concurrency: int,
    cache: AnswerCache,
    limit_tokens: int | None,
) -> Iterator[tuple[str, Answer | None]]:
    """Answers as they are needed, `concurrency` under way; None for a request that got none."""
    if client is None:
        return

    def ask(messages: Messages) -> Answer | None:
        try:
            return client.ask(messages)
        except UnansweredError:
            return None

    keys = list(wanted)
    with ThreadPoolExecutor(concurrency) as pool:
        for start in range(0, len(keys), concurrency):
            spent = cache.spent().tokens
            if limit_tokens is not None and spent >= limit_tokens:
                raise PartialError(
                    f"generate.llm.limit_tokens is reached ({spent:,} tokens); what is answered is kept: raise it and "
                    "run again"
                )
            chunk = keys[start : start + concurrency]
            yield from zip(chunk, pool.map(ask, [wanted[key] for key in chunk]), strict=True)
