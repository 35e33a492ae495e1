"""A local OpenAI-compatible server that grades pairs by their shared words, and fails when it is told to."""

import json
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from eval.grades import ESCI

KEY = "sk-secret-of-the-test"


@dataclass
class Fault:
    """An answer that is none: a status with a body and headers; `after` seconds; `cut` sends half a body."""

    status: int = 500
    body: str = "{}"
    headers: dict[str, str] = field(default_factory=dict)
    after: float = 0.0
    cut: bool = False


class GradingServer(ThreadingHTTPServer):
    """`faults` are answered first, one a request; `edit` may change a completion; `asked` are the requests' bodies."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.faults: deque[Fault] = deque()
        self.edit: Callable[[dict[str, Any]], Any] = lambda completion: completion
        self.asked: list[dict[str, Any]] = []
        self.at: list[float] = []
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


def shares(query: str, product: str) -> list[float]:
    """What the server thinks of a pair: the probability of each ESCI grade."""
    words = set(query.casefold().split())
    found = len(words & set(product.casefold().replace("|", " ").split())) / max(len(words), 1)
    peaks = [math.exp(-8 * (found - centre) ** 2) for centre in (1.0, 0.66, 0.33, 0.0)]
    return [peak / sum(peaks) for peak in peaks]


class _Handler(BaseHTTPRequestHandler):
    server: GradingServer

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.lock:
            self.server.asked.append(body)
            self.server.at.append(time.monotonic())
            fault = self.server.faults.popleft() if self.server.faults else None
        if fault is not None:
            time.sleep(fault.after)
            self._send(fault.status, fault.body.encode(), fault.headers, cut=fault.cut)
        elif self.headers.get("Authorization") != f"Bearer {KEY}":
            said = {"error": {"message": f"Incorrect API key: {self.headers.get('Authorization')}"}}
            self._send(401, json.dumps(said).encode())
        elif self.path != "/v1/chat/completions":
            self._send(404, b'{"error": {"message": "no such route"}}')
        else:
            self._send(200, json.dumps(self.server.edit(self._completion(body))).encode())

    def _completion(self, body: dict[str, Any]) -> dict[str, Any]:
        query, product = body["messages"][-1]["content"].split("\nProduct: ")
        letters = [grade.name for grade in ESCI.grades]
        graded = dict(zip(letters, shares(query.removeprefix("Query: "), product), strict=True))
        best = max(graded, key=graded.__getitem__)
        tops = [{"token": name, "logprob": math.log(share)} for name, share in graded.items()]
        choice: dict[str, Any] = {
            "index": 0,
            "message": {"role": "assistant", "content": best},
            "finish_reason": "stop",
        }
        if body.get("logprobs"):
            top = sorted(tops, key=lambda entry: -entry["logprob"])[: body["top_logprobs"]]
            choice["logprobs"] = {"content": [{**top[0], "top_logprobs": top}]}
        usage = {"prompt_tokens": 100, "completion_tokens": 1, "total_tokens": 101}
        return {"object": "chat.completion", "model": body["model"], "choices": [choice], "usage": usage}

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None, *, cut: bool = False) -> None:
        try:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body) + (1000 if cut else 0)))
            self.end_headers()
            self.wfile.write(body)
        except (BrokenPipeError, ConnectionResetError):  # the client has given up
            pass
        if cut:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Quiet."""
