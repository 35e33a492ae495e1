"""The HTTP side: one node in a thread of its own, its routes, media types and the faults that requests meet."""

import contextlib
import gzip
import json
import re
import socket
import threading
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from fake_elastic import document_routes, index_routes, node_routes, search_routes
from fake_elastic.faults import Faults
from fake_elastic.protocol import ElasticError, Request, Response
from fake_elastic.store import Store

Handler = Callable[..., Any]
Engine = Literal["elasticsearch", "opensearch"]


class FakeElastic:
    """One node. Start it with `with`, or `start` and `stop`; it listens on a port of its own.

    Args:
        version: "8.19.3", "9.1.0"; for OpenSearch "3.1.0".
        licence: "basic", "trial", "enterprise", … (Elasticsearch).
        plugins: names that the plugin lists show.
        store: another node's, to be a second node of its cluster.
    """

    def __init__(
        self,
        version: str = "8.19.3",
        engine: Engine = "elasticsearch",
        *,
        licence: str = "trial",
        plugins: Iterable[str] = ("opensearch-knn", "opensearch-ml"),
        store: Store | None = None,
    ):
        self.version = version
        self.engine: Engine = engine
        self.licence = licence
        self.plugins = list(plugins) if engine == "opensearch" else []
        self.store = store or Store()
        self.faults = Faults()
        self.requests: list[Request] = []
        self.port = 0
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []
        self._http: ThreadingHTTPServer | None = None
        self._open: set[socket.socket] = set()
        for part in (node_routes, index_routes, document_routes, search_routes):
            part.add(self)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def major(self) -> int:
        return int(self.version.partition(".")[0])

    def route(self, method: str, template: str, handler: Handler) -> None:
        """Answer `method` on paths of the form of `template`; what is added later comes first."""
        names = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template.replace("{index}", "(?P<index>[^/_][^/]*|_all)"))
        self._routes.insert(0, (method, re.compile(f"{names}/?"), handler))

    def start(self) -> Self:
        """Listen; on the port it had, once it had one."""
        node = self

        class _Handler(_Connection):
            server_node = node

        self._http = _Server(("127.0.0.1", self.port), _Handler)
        self.port = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Go away: open connections are cut."""
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()
            for connection in list(self._open):
                _cut(connection)
            self._http = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def answer(self, request: Request, *, half: bool = False, lost_shards: int = 0) -> Response:
        """Do what the request asks."""
        try:
            self._check_media(request)
            found = [
                (handler, match)
                for method, pattern, handler in self._routes
                if (match := pattern.fullmatch(request.path)) and method in (request.method, *_also(request.method))
            ]
            if not found:
                reason = f"no handler found for uri [{request.path}] and method [{request.method}]"
                return Response(400, {"error": reason, "status": 400})
            handler, match = found[0]
            names = {name: unquote(value) for name, value in match.groupdict().items()}
            with self.store.lock:
                self.half, self.lost_shards = half, lost_shards
                answer = handler(request, **names)
            return answer if isinstance(answer, Response) else Response(200, answer)
        except ElasticError as error:
            return Response(error.status, error.body())

    def _check_media(self, request: Request) -> None:
        """8.x and OpenSearch refuse the media types of other versions."""
        for name in ("accept", "content-type"):
            value = request.headers.get(name, "")
            if "vnd.elasticsearch" not in value:
                continue
            if self.engine == "opensearch":
                raise ElasticError(
                    406, "media_type_header_exception", f"Content-Type header [{value}] is not supported"
                )
            wanted = re.search(r"compatible-with=(\d+)", value)
            if wanted and not self.major - 1 <= int(wanted[1]) <= self.major:
                reason = (
                    f"Invalid media-type value on headers [{name.title()}]: A compatible version is required on both "
                    f"Content-Type and Accept headers, Accept={value}"
                )
                raise ElasticError(400, "media_type_header_exception", reason)
        if request.body and not request.headers.get("content-type"):
            raise ElasticError(406, "media_type_header_exception", "Content-Type header is missing")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def handle_error(self, *_: Any) -> None:
        """A client that went away is no news."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_node: FakeElastic

    def setup(self) -> None:
        super().setup()
        self.server_node._open.add(self.connection)

    def finish(self) -> None:
        self.server_node._open.discard(self.connection)
        super().finish()

    def log_message(self, *_: Any) -> None:
        """Silent."""

    def do_any(self) -> None:
        node = self.server_node
        parts = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=parts.path,
            parameters=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self._body(),
        )
        node.requests.append(request)
        fault = node.faults.meet(request)
        if fault is None:
            self._send(request, node.answer(request))
        elif fault.response is not None:
            self._send(request, fault.response)
        elif fault.shards:
            self._send(request, node.answer(request, lost_shards=fault.shards))
        else:
            if fault.close != "before":
                node.answer(request, half=fault.close == "middle")
            self.close_connection = True
            _cut(self.connection)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_any  # noqa: N815

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            body = b""
            while size := int(self.rfile.readline().split(b";")[0], 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body

    def _send(self, request: Request, response: Response) -> None:
        node = self.server_node
        text = response.body if isinstance(response.body, str) else json.dumps(response.body)
        body = b"" if response.body is None else text.encode()
        compatible = re.search(r"compatible-with=(\d+)", request.headers.get("accept", ""))
        kind = "text/plain; charset=UTF-8" if isinstance(response.body, str) else "application/json; charset=UTF-8"
        if compatible and kind.startswith("application/json"):
            kind = f"application/vnd.elasticsearch+json;compatible-with={compatible[1]}"
        self.send_response(response.status)
        if node.engine == "elasticsearch":
            self.send_header("X-elastic-product", "Elasticsearch")
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if request.method != "HEAD":
            self.wfile.write(body)


def _also(method: str) -> tuple[str, ...]:
    """HEAD asks what GET would answer."""
    return ("GET",) if method == "HEAD" else ()


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
