"""Queries from a language model, over real HTTP: read, kept, asked for once, and never at any price."""

import json
from pathlib import Path

import pytest
from grading_server import KEY, Fault, GradingServer

from augment.generated import GeneratedQuery
from augment.query_writer import product_request, read_queries, shop_requests, write_queries
from eval.errors import InputError, PartialError
from rerank.api.cache import AnswerCache
from rerank.api.client import Endpoint


def says(text: str, tokens: int = 10) -> Fault:
    """An answer with this text."""
    usage = {"prompt_tokens": tokens, "completion_tokens": tokens}
    return Fault(200, json.dumps({"choices": [{"message": {"content": text}}], "usage": usage}))


def endpoint(grading_server: GradingServer, retries: int = 2) -> Endpoint:
    return Endpoint(grading_server.url + "/", "writer", KEY, {"max_tokens": 99}, 10.0, retries, 0.01, "generate.llm")


def test_what_counts_as_a_query() -> None:
    lines = ["1. navy sofa", '- "sofa without arms"', "* navy sofa", "", "Here are some queries:", "2) " + "word " * 13]
    assert read_queries("\n".join([*lines, "  60 inch  rug "])) == ["navy sofa", "sofa without arms", "60 inch rug"]


def test_requests_about_a_shop_ask_for_different_things() -> None:
    requests = shop_requests("garden tools for beginners", 250)
    assert len(requests) == 13
    assert len({request[-1]["content"] for request in requests}) == 13
    assert all("garden tools for beginners" in request[-1]["content"] for request in requests)


def test_answers_are_kept_and_not_asked_for_again(grading_server: GradingServer, tmp_path: Path) -> None:
    requests = [(product_request("Red lamp | acme", 2), "llm:product")]
    requests += [(request, "llm:shop") for request in shop_requests("lamps", 20)]
    grading_server.faults += [says("red lamp\nacme lamp"), Fault(500), says("table lamp")]

    def write() -> list[GeneratedQuery]:
        cache = AnswerCache(tmp_path / "written.sqlite")
        written = write_queries(endpoint(grading_server), requests, cache, concurrency=1, limit_tokens=None)
        cache.close()
        assert written.unanswered == 0
        return written.queries

    expected = [
        GeneratedQuery("red lamp", "llm:product"),
        GeneratedQuery("acme lamp", "llm:product"),
        GeneratedQuery("table lamp", "llm:shop"),
    ]
    assert write() == expected
    assert len(grading_server.asked) == 3  # one of them twice: a failed request is asked again
    assert not any("logprobs" in body for body in grading_server.asked)
    assert grading_server.asked[0]["max_tokens"] == 99
    assert write() == expected
    assert len(grading_server.asked) == 3


def test_a_request_without_an_answer_is_counted_and_a_limit_stops(
    grading_server: GradingServer, tmp_path: Path
) -> None:
    requests = [(product_request(f"lamp {number}", 2), "llm:product") for number in range(3)]
    cache = AnswerCache(tmp_path / "written.sqlite")
    grading_server.faults += [
        Fault(400, '{"error": {"message": "too long"}}'),
        says("lamp one", 60),
        says("lamp two", 60),
    ]
    with pytest.raises(PartialError, match=r"generate\.llm\.limit_tokens is reached \(120 tokens\)"):
        write_queries(endpoint(grading_server), requests, cache, concurrency=1, limit_tokens=100)
    grading_server.faults.appendleft(Fault(400, '{"error": {"message": "too long"}}'))
    written = write_queries(endpoint(grading_server), requests, cache, concurrency=1, limit_tokens=None)
    assert (written.unanswered, [query.text for query in written.queries]) == (1, ["lamp one", "lamp two"])


def test_a_wrong_key_names_the_option(grading_server: GradingServer, tmp_path: Path) -> None:
    grading_server.faults.append(Fault(401, '{"error": {"message": "no"}}'))
    with pytest.raises(InputError, match=r"generate\.llm\.key_variable"):
        write_queries(
            endpoint(grading_server),
            [(product_request("lamp", 2), "llm:product")],
            AnswerCache(tmp_path / "written.sqlite"),
            concurrency=1,
            limit_tokens=None,
        )
