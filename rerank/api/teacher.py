"""A teacher behind an API: a large language model that grades one pair a request, many at once, within a budget."""

import hashlib
import json
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import numpy as np

from eval.errors import DistilrankError, MachineError, PartialError
from eval.grades import GradeScale
from rerank.api.answers import Answer, label_of_answer
from rerank.api.cache import AnswerCache, Spent, answer_key, missing
from rerank.api.client import ChatClient, Endpoint, UnansweredError
from rerank.api.prompt import GradingPrompt
from rerank.types import Label, Pair, label_scores

API = "api"
"""The `kind` in an API teacher's teacher.json."""

_DEAF = 20  # requests in a row without an answer after which the endpoint is taken to be down
_CHARACTERS_A_TOKEN = 3.5


@dataclass(frozen=True)
class Prices:
    """Money for a million tokens, in whatever currency the limit is in."""

    tokens_in: float = 0.0
    tokens_out: float = 0.0

    def money(self, tokens_in: float, tokens_out: float) -> float:
        """What so many tokens cost."""
        return (self.tokens_in * tokens_in + self.tokens_out * tokens_out) / 1e6


@dataclass(frozen=True)
class Limits:
    """What may be spent with one cache file, over all runs; None: without limit."""

    tokens: int | None = None
    money: float | None = None

    def reached(self, tokens_in: float, tokens_out: float, prices: Prices) -> bool:
        """Whether so many tokens would be too many."""
        return (self.tokens is not None and tokens_in + tokens_out > self.tokens) or (
            self.money is not None and prices.money(tokens_in, tokens_out) > self.money
        )


class ApiTeacher:
    """A `rerank.types.Reranker` that also labels; its `version` hashes model, prompt, template, scale and request.

    Only pairs that the cache does not know are asked about. A request that is not answered, or whose answer is no
    grade, gives a failed label with the reason.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        prompt: GradingPrompt,
        scale: GradeScale,
        cache: AnswerCache,
        *,
        concurrency: int = 8,
        prices: Prices | None = None,
        limits: Limits | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """`progress` is called with (answers, wanted answers) of a call; it may raise to stop: what came is kept."""
        self.endpoint = endpoint
        self.prompt = prompt
        self.scale = scale
        self.cache = cache
        self.concurrency = concurrency
        self.prices = prices or Prices()
        self.limits = limits or Limits()
        self.progress = progress
        self._client: ChatClient | None = None
        said = [
            endpoint.body([]),
            prompt.system,
            prompt.letters,
            prompt.template.fields,
            prompt.template.max_characters,
        ]
        grades = [[grade.name, grade.gain, grade.target] for grade in scale.grades]
        self.version = hashlib.sha256(json.dumps([said, grades], sort_keys=True).encode()).hexdigest()[:16]

    def label(self, pairs: Sequence[Pair]) -> list[Label]:
        """One label a pair, in order.

        Raises:
            InputError: when the key, the address or the model is wrong.
            MachineError: when the endpoint is down or the cache cannot be written.
            PartialError: when the spending limit is reached; what was answered is kept, and not paid for again.
        """
        bodies = [self.endpoint.body(self.prompt.messages(pair)) for pair in pairs]
        keys = [answer_key(body) for body in bodies]
        answers = self.cache.get(list(dict.fromkeys(keys)))
        by_key = {key: body["messages"] for key, body in zip(keys, bodies, strict=True)}
        failed: dict[str, str] = {}
        wanted = missing(keys, answers)
        if wanted:
            self._ask([(key, by_key[key]) for key in wanted], answers, failed)
        return [
            self._label(answers[key]) if key in answers else Label(math.nan, None, "failed", failed[key])
            for key in keys
        ]

    def score(self, pairs: Sequence[Pair]) -> np.ndarray:
        """float32 label scores [len(pairs)], within ±8; a pair whose label failed ranks last (−8)."""
        return label_scores(self.label(pairs))

    def _label(self, answer: Answer) -> Label:
        return label_of_answer(answer, self.prompt.letters, self.scale)

    def _ask(
        self, wanted: list[tuple[str, list[dict[str, str]]]], answers: dict[str, Answer], failed: dict[str, str]
    ) -> None:
        """Fill `answers` and `failed` for all of `wanted`, or raise with what came kept in the cache."""
        client = self._client = self._client or ChatClient(self.endpoint, self.concurrency)
        purse = _Purse(self.cache.spent(), self.prices, self.limits)
        waiting = iter(wanted)
        pending: dict[Future[tuple[Answer, float]], tuple[str, tuple[int, int]]] = {}
        deaf = done = 0
        stopped: DistilrankError | None = None
        with ThreadPoolExecutor(self.concurrency) as pool:
            try:
                while True:
                    while stopped is None and len(pending) < self.concurrency:
                        item = next(waiting, None)
                        if item is None:
                            break
                        expected = estimated_tokens(item[1])
                        if not purse.reserve(expected):
                            stopped = PartialError(purse.message)
                            break
                        pending[pool.submit(_timed, client, item[1])] = (item[0], expected)
                    if not pending:
                        break
                    for future in wait(pending, return_when=FIRST_COMPLETED).done:
                        key, expected = pending.pop(future)
                        try:
                            answer, seconds = future.result()
                        except UnansweredError as error:
                            purse.spend(expected, (0, 0))
                            failed[key], deaf = str(error), deaf + 1
                            if deaf >= _DEAF:
                                client.stop.set()
                                stopped = stopped or MachineError(
                                    f"{self.endpoint.base_url} gave no answer {deaf} times in a row (the last: "
                                    f"{error}); what is answered is kept: run again when it is back"
                                )
                        except DistilrankError as error:
                            stopped = stopped or error
                            client.stop.set()
                        else:
                            deaf = 0
                            cost = _cost(answer, expected)
                            purse.spend(expected, cost)
                            label = self._label(answer)
                            self.cache.add(key, answer, cost, seconds, keep=label.status == "ok")
                            answers[key] = answer
                        done += 1
                    if self.progress is not None and stopped is None:
                        try:
                            self.progress(done, len(wanted))
                        except DistilrankError as error:  # a budget: what is under way is paid for, so it is awaited
                            stopped = error
            except BaseException:
                self._close()
                raise
        if stopped is not None:
            self._close()
            raise stopped

    def _close(self) -> None:
        """End all waiting; the next call begins anew."""
        if self._client is not None:
            self._client.close()
            self._client = None


class _Purse:
    """What is spent, what the requests under way may cost, and whether another one fits."""

    def __init__(self, spent: Spent, prices: Prices, limits: Limits) -> None:
        self._tokens = [float(spent.tokens_in), float(spent.tokens_out)]
        self._prices = prices
        self._limits = limits

    def reserve(self, expected: tuple[int, int]) -> bool:
        wanted = [have + more for have, more in zip(self._tokens, expected, strict=True)]
        if self._limits.reached(wanted[0], wanted[1], self._prices):
            return False
        self._tokens = wanted
        return True

    def spend(self, reserved: tuple[int, int], cost: tuple[int, int]) -> None:
        self._tokens = [have - was + now for have, was, now in zip(self._tokens, reserved, cost, strict=True)]

    @property
    def message(self) -> str:
        money = self._prices.money(*self._tokens)
        spent = f"{sum(self._tokens):,.0f} tokens" + (f", {money:.2f} of money" if money else "")
        return (
            f"the API teacher's spending limit is reached ({spent}); what is answered is kept: raise "
            "teacher.api.limit_money or teacher.api.limit_tokens and run again"
        )


def estimated_tokens(messages: Sequence[dict[str, str]]) -> tuple[int, int]:
    """About how many tokens a chat sends and gets back: by its characters, where no server has counted them."""
    return math.ceil(sum(len(message["content"]) for message in messages) / _CHARACTERS_A_TOKEN) + 8, 2


def _cost(answer: Answer, expected: tuple[int, int]) -> tuple[int, int]:
    counted = (answer.tokens_in, answer.tokens_out)
    return tuple(guess if said is None else said for said, guess in zip(counted, expected, strict=True))  # type: ignore[return-value]


def _timed(client: ChatClient, messages: list[dict[str, str]]) -> tuple[Answer, float]:
    begun = time.monotonic()
    return client.ask(messages), time.monotonic() - begun
