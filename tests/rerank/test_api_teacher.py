"""The API teacher over real HTTP: grades from log-probabilities, and everything that goes wrong on the way."""

import email.utils
import json
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from grading_server import KEY, Fault, GradingServer, shares

from eval.errors import InputError, MachineError, PartialError
from eval.grades import ESCI, WANDS
from rerank.api.answers import FROM_TEXT, Answer, label_of_answer
from rerank.api.cache import AnswerCache
from rerank.api.client import Endpoint
from rerank.api.prompt import grading_prompt
from rerank.api.teacher import ApiTeacher, Limits, Prices
from rerank.types import Pair, Reranker
from retrieval.product_text import ProductTemplate
from retrieval.types import Product, Query

TEMPLATE = ProductTemplate(("title", "colour"))
PAIRS: list[Pair] = [
    (Query(f"q{number}", query), Product(f"p{number}", {"title": title, "colour": colour}))
    for number, (query, title, colour) in enumerate(
        [
            ("red cotton shirt", "cotton shirt", "red"),
            ("red cotton shirt", "cotton towel", "red"),
            ("red cotton shirt", "wool hat", "red"),
            ("red cotton shirt", "steel pan", ""),
            ("desk lamp", "desk lamp small", "black"),
            ("desk lamp", "floor lamp", "black"),
            ("steel pan", "steel pan", "grey"),
            ("steel pan", "cooking pan", "grey"),
        ]
    )
]


def _teacher(grading_server: GradingServer, tmp_path: Path, key: str | None = KEY, **options: Any) -> ApiTeacher:
    patience = {"timeout_s": 5.0, "retries": 3, "first_wait_s": 0.01} | {
        name: options.pop(name) for name in ("timeout_s", "retries", "first_wait_s", "request") if name in options
    }
    endpoint = Endpoint(options.pop("url", grading_server.url), "test-model", key, **patience)
    prompt = grading_prompt(ESCI, TEMPLATE)
    return ApiTeacher(endpoint, prompt, ESCI, AnswerCache(tmp_path / "answers.sqlite"), **options)


def _expected(pair: Pair) -> list[float]:
    return shares(pair[0].text, TEMPLATE.text(pair[1]))


def test_grades_come_from_the_log_probabilities(grading_server: GradingServer, tmp_path: Path) -> None:
    teacher = _teacher(grading_server, tmp_path)
    assert isinstance(teacher, Reranker)
    labels = teacher.label(PAIRS)
    for pair, label in zip(PAIRS, labels, strict=True):
        assert (label.status, label.reason) == ("ok", "")
        assert label.distribution == pytest.approx(_expected(pair))
        target = sum(share * grade.target for share, grade in zip(_expected(pair), ESCI.grades, strict=True))
        assert label.score == pytest.approx(math.log(target / (1 - target)))
    assert teacher.score(PAIRS).tolist() == pytest.approx([label.score for label in labels])
    assert len(grading_server.asked) == len(PAIRS)  # the second call asked nothing
    body = grading_server.asked[0]
    assert (body["model"], body["temperature"], body["logprobs"], body["top_logprobs"]) == ("test-model", 0, True, 20)
    assert "E = exact" in body["messages"][0]["content"]


def test_answers_survive_and_depend_on_model_prompt_and_text_alone(
    grading_server: GradingServer, tmp_path: Path
) -> None:
    first = _teacher(grading_server, tmp_path, concurrency=3).label(PAIRS)
    again = _teacher(grading_server, tmp_path)
    other = [(Query("other", query.text), Product("new", product.fields)) for query, product in PAIRS]
    assert again.label([*other, *PAIRS]) == [*first, *first]
    assert len(grading_server.asked) == len(PAIRS)
    assert again.cache.spent()[:3] == (len(PAIRS), 100 * len(PAIRS), len(PAIRS))
    changed = _teacher(grading_server, tmp_path, request={"temperature": None, "seed": 1})
    assert changed.version != again.version
    changed.label(PAIRS[:1])
    assert "temperature" not in grading_server.asked[-1]
    assert grading_server.asked[-1]["seed"] == 1


def _dated(seconds: float) -> str:
    return email.utils.formatdate(time.time() + seconds, usegmt=True)


@pytest.mark.parametrize(
    ("fault", "waits"),
    [
        (Fault(429, headers={"Retry-After": "0.3"}), 0.3),
        (Fault(429, headers={"Retry-After": "Fri, 01 Jan 2020 00:00:00 GMT"}), 0),
        (Fault(503, "<html>busy</html>"), 0),
        (Fault(500), 0),
        (Fault(200, '{"choices": ['), 0),
        (Fault(200, '{"object": "list"}'), 0),
        (Fault(200, "[]"), 0),
        (Fault(200, '{"choices": []', cut=True), 0),
        (Fault(200, after=0.6), 0),
    ],
    ids=["429", "429 dated", "503", "500", "broken JSON", "no completion", "a list", "cut", "timeout"],
)
def test_a_passing_fault_is_waited_out(
    grading_server: GradingServer, tmp_path: Path, fault: Fault, waits: float
) -> None:
    grading_server.faults.extend([fault, fault])
    labels = _teacher(grading_server, tmp_path, timeout_s=0.25, concurrency=1).label(PAIRS[:1])
    assert labels[0].distribution == pytest.approx(_expected(PAIRS[0]))
    assert len(grading_server.asked) == 3
    assert grading_server.at[1] - grading_server.at[0] >= waits


def test_what_never_answers_fails_with_its_reason_and_is_asked_again(
    grading_server: GradingServer, tmp_path: Path
) -> None:
    teacher = _teacher(grading_server, tmp_path, retries=1, concurrency=1)
    grading_server.faults.extend([Fault(503), Fault(503)])
    labels = teacher.label(PAIRS[:3])
    assert [label.status for label in labels] == ["failed", "ok", "ok"]
    assert labels[0].reason == "the server says 503, asked 2 times"
    assert teacher.score(PAIRS[:1]).tolist() != [-8]
    grading_server.faults.append(Fault(400, '{"error": {"message": "the content is not allowed"}}'))
    assert teacher.label(PAIRS[4:5])[0].reason == "refused with 400: the content is not allowed"
    assert teacher.label(PAIRS[4:5])[0].status == "ok"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the answer is empty"),
        ("Z", "the answer is no grade: 'Z'"),
        ("Sorry,\nno", "the answer is no grade: 'Sorry, no'"),
    ],
)
def test_an_answer_without_a_grade_fails_and_is_not_remembered(
    grading_server: GradingServer, tmp_path: Path, text: str, reason: str
) -> None:
    def edit(completion: dict[str, Any]) -> dict[str, Any]:
        completion["choices"][0]["message"]["content"] = text
        completion["choices"][0]["logprobs"] = None
        return completion

    grading_server.edit = edit
    teacher = _teacher(grading_server, tmp_path)
    label = teacher.label(PAIRS[:1])[0]
    assert (label.status, label.reason) == ("failed", reason)
    assert math.isnan(label.score)
    assert len(teacher.cache) == 0
    assert teacher.cache.spent().answers == 1
    grading_server.edit = lambda completion: completion
    assert teacher.label(PAIRS[:1])[0].status == "ok"


def test_without_log_probabilities_the_text_is_read_and_the_label_says_so(
    grading_server: GradingServer, tmp_path: Path
) -> None:
    def edit(completion: dict[str, Any]) -> dict[str, Any]:
        choice = completion["choices"][0]
        choice["logprobs"] = None
        written = {"E": " **E**.", "S": "S", "C": "c)", "I": "I: irrelevant"}
        choice["message"]["content"] = written[choice["message"]["content"]]
        return completion

    grading_server.edit = edit
    for pair, label in zip(PAIRS, _teacher(grading_server, tmp_path).label(PAIRS), strict=True):
        assert (label.status, label.reason) == ("ok", FROM_TEXT)
        assert label.distribution is not None
        assert label.distribution[int(np.argmax(_expected(pair)))] == pytest.approx(0.9)
        assert sum(label.distribution) == pytest.approx(1)


@pytest.mark.parametrize(
    ("text", "grade"), [("Exact", 0), ("partial match", 1), ('"B"', 1), ("(c)", 2), ("A or B", 0), ("Aha", None)]
)
def test_grades_are_read_by_letter_or_name(text: str, grade: int | None) -> None:
    label = label_of_answer(Answer(text, None, 1, 1), ("A", "B", "C"), WANDS)
    assert (label.status == "failed") == (grade is None)
    if grade is not None:
        assert label.distribution is not None
        assert int(np.argmax(label.distribution)) == grade


def test_log_probabilities_of_other_tokens_do_not_count() -> None:
    tops = {" E": math.log(0.4), "e": math.log(0.2), "S": math.log(0.2), "The": math.log(0.2)}
    label = label_of_answer(Answer("E", tops, 1, 1), ("E", "S", "C", "I"), ESCI)
    assert label.distribution == pytest.approx((0.75, 0.25, 0, 0))
    unsure = label_of_answer(Answer("The grade", {"The": -0.01, "E": -9.0}, 1, 1), ("E", "S", "C", "I"), ESCI)
    assert unsure.reason == "the answer is no grade: 'The grade'"


def test_a_server_that_refuses_log_probabilities_is_asked_with_fewer_and_then_without(
    grading_server: GradingServer, tmp_path: Path
) -> None:
    refusal = Fault(400, '{"error": {"message": "top_logprobs must be at most 5"}}')
    grading_server.faults.append(refusal)
    teacher = _teacher(grading_server, tmp_path, concurrency=1)
    assert teacher.label(PAIRS[:1])[0].reason == ""
    assert [body["top_logprobs"] for body in grading_server.asked] == [20, 5]
    grading_server.faults.append(refusal)
    assert teacher.label(PAIRS[1:2])[0].reason == FROM_TEXT
    assert "logprobs" not in grading_server.asked[-1]


def test_a_wrong_key_is_one_clear_error_and_the_key_is_nowhere(
    grading_server: GradingServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(0)
    teacher = _teacher(grading_server, tmp_path, key="sk-wrong-key")
    with pytest.raises(
        InputError, match=r"refuses the key \(401: Incorrect API key: Bearer …\).*key_variable"
    ) as caught:
        teacher.label(PAIRS)
    said = [str(caught.value), repr(teacher.endpoint), caplog.text, teacher.version]
    assert not [text for text in said if "sk-wrong" in text]
    right = _teacher(grading_server, tmp_path)
    right.label(PAIRS)
    for file in tmp_path.iterdir():
        assert KEY.encode() not in file.read_bytes()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"url": "{}/wrong"}, InputError, "no chat completions for the model 'test-model'"),
        ({"url": "http://127.0.0.1:9/v1", "retries": 0}, MachineError, "gave no answer 20 times in a row"),
    ],
)
def test_an_endpoint_that_is_not_there(
    grading_server: GradingServer, tmp_path: Path, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    many = [(Query(str(n), f"shirt {n}"), PAIRS[0][1]) for n in range(40)]
    url = options["url"].format(grading_server.url)
    with pytest.raises(error, match=message):
        _teacher(grading_server, tmp_path, **{**options, "url": url}).label(many)


@pytest.mark.parametrize("limits", [Limits(tokens=700), Limits(money=0.5)])
def test_it_stops_at_its_limit_and_goes_on_when_that_is_raised(
    grading_server: GradingServer, tmp_path: Path, limits: Limits
) -> None:
    prices = Prices(tokens_in=1000.0)
    options = {"prices": prices, "concurrency": 2}
    with pytest.raises(PartialError, match="spending limit is reached"):
        _teacher(grading_server, tmp_path, limits=limits, **options).label(PAIRS)
    spent = AnswerCache(tmp_path / "answers.sqlite").spent()
    assert not limits.reached(spent.tokens_in, spent.tokens_out, prices)
    assert 0 < len(grading_server.asked) == spent.answers < len(PAIRS)
    with pytest.raises(PartialError):
        _teacher(grading_server, tmp_path, limits=limits, **options).label(PAIRS)
    labels = _teacher(grading_server, tmp_path, **options).label(PAIRS)
    assert {label.status for label in labels} == {"ok"}
    assert len(grading_server.asked) == len(PAIRS)


def test_an_account_without_money_stops_it(grading_server: GradingServer, tmp_path: Path) -> None:
    said = {"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}
    grading_server.faults.extend([Fault(429, json.dumps(said))] * 3)
    with pytest.raises(PartialError, match="nothing left to spend"):
        _teacher(grading_server, tmp_path).label(PAIRS)


def test_progress_may_stop_it_and_what_came_is_kept(grading_server: GradingServer, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        assert total == len(PAIRS)
        if done >= 2:
            raise PartialError("budget")

    with pytest.raises(PartialError, match="budget"):
        _teacher(grading_server, tmp_path, concurrency=1, progress=stop).label(PAIRS)
    assert len(AnswerCache(tmp_path / "answers.sqlite")) == len(grading_server.asked) < len(PAIRS)


def test_the_prompt_lists_any_scale(tmp_path: Path) -> None:
    prompt = grading_prompt(WANDS, TEMPLATE, guide={"Partial": "has some of it"})
    assert prompt.letters == ("A", "B", "C")
    assert "B = Partial: has some of it" in prompt.system
    with pytest.raises(InputError, match=r"lacks \{grades\}"):
        grading_prompt(WANDS, TEMPLATE, "Grade it.")
    with pytest.raises(InputError, match="describes Exakt; the scale has Exact, Partial, Irrelevant"):
        grading_prompt(WANDS, TEMPLATE, guide={"Exakt": "x"})


def test_a_broken_cache_is_named(tmp_path: Path, grading_server: GradingServer) -> None:
    (tmp_path / "answers.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(MachineError, match="remove the file to ask again"):
        _teacher(grading_server, tmp_path)
