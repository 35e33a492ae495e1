"""Asks an OpenAI-compatible endpoint, and asks again where it may help: back-off, Retry-After, features it lacks.

The key goes into one header and nowhere else: not into messages, errors or files.
"""

import datetime
import email.utils
import random
import threading
from dataclasses import dataclass, field
from typing import Any

from eval.errors import InputError, MachineError, PartialError
from rerank.api.answers import Answer, read_answer

_LONGEST_WAIT = 120.0
_TOPS = (20, 5)  # what OpenAI and vLLM allow, and what stricter vendors do
_SHOWN = 160


class UnansweredError(Exception):
    """One request got no answer, however often it was asked."""


@dataclass(frozen=True)
class Endpoint:
    """Where and how to ask.

    `request` holds fields of the body beside model and messages (None takes a default one out); a request is given up
    after `timeout_s` seconds and asked again up to `retries` times, after `first_wait_s` and twice as long each time.
    `section` is the part of the config that says so, for messages.
    """

    base_url: str
    model: str
    key: str | None = field(default=None, repr=False)
    request: dict[str, Any] = field(default_factory=dict)
    timeout_s: float = 60.0
    retries: int = 6
    first_wait_s: float = 0.5
    section: str = "teacher.api"

    def body(self, messages: list[dict[str, str]]) -> dict[str, Any]:
        """The request, but for the log-probabilities, which an endpoint may refuse."""
        defaults = {"model": self.model, "messages": messages, "temperature": 0, "max_tokens": 8}
        return {name: value for name, value in {**defaults, **self.request}.items() if value is not None}


class ChatClient:
    """For many threads. `stop` ends all waiting."""

    def __init__(self, endpoint: Endpoint, connections: int, *, logprobs: bool = True) -> None:
        """`logprobs`: whether log-probabilities are asked for.

        Raises:
            MachineError: when httpx is not installed.
            InputError: when the address is none.
        """
        try:
            import httpx  # optional: the extra `api`
        except ImportError as error:
            raise MachineError("asking an endpoint needs httpx: pip install 'distilrank[api]'") from error
        self.endpoint = endpoint
        self.stop = threading.Event()
        self._tops: int | None = _TOPS[0] if logprobs else None
        self._httpx = httpx
        headers = {"Authorization": f"Bearer {endpoint.key}"} if endpoint.key else {}
        try:
            self._http = httpx.Client(
                base_url=endpoint.base_url,
                headers=headers,
                timeout=endpoint.timeout_s,
                verify=endpoint.base_url.startswith("https"),  # certificates take a while to load
                limits=httpx.Limits(max_connections=connections),
            )
        except (ValueError, httpx.InvalidURL) as error:
            raise InputError(
                f"{endpoint.section}.base_url or the key cannot be used ({type(error).__name__})"
            ) from None

    def ask(self, messages: list[dict[str, str]]) -> Answer:
        """The answer to a chat.

        Raises:
            UnansweredError: when this chat is refused, or got no answer in all its tries.
            InputError: when no chat would be answered: a wrong key, address or model.
            PartialError: when the account has no money left.
        """
        body = self.endpoint.body(messages)
        tried, problem = 0, "stopped"
        while not self.stop.is_set():
            tops = self._tops
            asked = {**body, **({"logprobs": True, "top_logprobs": tops} if tops else {})}
            wait: float | None = None
            try:
                response = self._http.post("chat/completions", json=asked)
            except self._httpx.TimeoutException:
                problem = f"no answer within {self.endpoint.timeout_s:g} s"
            except self._httpx.TransportError as error:
                problem = f"the connection failed ({type(error).__name__})"
            else:
                if response.status_code == 200:
                    try:
                        return read_answer(response.json())
                    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
                        problem = "the answer is no chat completion"
                elif self._does_without(response, tops):
                    continue
                else:
                    problem = self._refused(response)
                    wait = _retry_after(response.headers.get("retry-after"))
            tried += 1
            if tried > self.endpoint.retries:
                break
            pause = self.endpoint.first_wait_s * 2 ** (tried - 1) * random.uniform(0.5, 1.0)
            self.stop.wait(min(max(pause, wait or 0.0), _LONGEST_WAIT))
        raise UnansweredError(f"{problem}, asked {tried} times")

    def close(self) -> None:
        """End what waits, and the connections."""
        self.stop.set()
        self._http.close()

    def _does_without(self, response: Any, tops: int | None) -> bool:
        """Whether a request with so many log-probabilities is worth repeating with fewer of them, or none."""
        if response.status_code not in (400, 422) or tops is None or "logprob" not in response.text:
            return False
        if self._tops == tops:  # no other thread has found out
            self._tops = next((fewer for fewer in _TOPS if fewer < tops), None)
        return True

    def _refused(self, response: Any) -> str:
        """What is wrong, where asking again may mend it; else raises."""
        code, where = response.status_code, self.endpoint.base_url
        said = self._message(response)
        if code in (401, 403):
            raise InputError(
                f"{where} refuses the key ({code}: {said}); put a valid one into the environment variable that "
                f"{self.endpoint.section}.key_variable names"
            )
        if code in (404, 405):
            raise InputError(
                f"{where} has no chat completions for the model {self.endpoint.model!r} ({code}: {said}); correct "
                f"{self.endpoint.section}.base_url (it mostly ends in /v1) or {self.endpoint.section}.model"
            )
        if code == 402 or "insufficient_quota" in response.text:
            raise PartialError(
                f"the account at {where} has nothing left to spend ({code}: {said}); what is answered is kept"
            )
        if code in (408, 409, 425, 429) or code >= 500:
            return f"the server says {code}"
        raise UnansweredError(f"refused with {code}: {said}")

    def _message(self, response: Any) -> str:
        """The server's own words, in one line, without the key."""
        try:
            error = response.json()["error"]
            said = error["message"] if isinstance(error, dict) else error
        except (ValueError, KeyError, TypeError):
            said = response.text
        line = " ".join(str(said).split())
        if self.endpoint.key:
            line = line.replace(self.endpoint.key, "…")
        return line[:_SHOWN]


def _retry_after(value: str | None) -> float | None:
    """Seconds from a Retry-After header, given as such or as a date."""
    if not value:
        return None
    try:
        return max(float(value), 0.0)
    except ValueError:
        pass
    try:
        then = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max((then - datetime.datetime.now(datetime.UTC)).total_seconds(), 0.0)
