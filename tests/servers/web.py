"""A small HTTP server that can misbehave on request."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[[BaseHTTPRequestHandler, int], None]


@dataclass
class Web:
    """The server's answers by path, and the requests that came: (path, headers)."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    url: str = ""

    def count(self, path: str) -> int:
        return sum(asked.split("?")[0] == path for asked, _ in self.asked)


@contextmanager
def serve() -> Iterator[Web]:
    web = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            web.asked.append((self.path, dict(self.headers)))
            path = self.path.split("?")[0]
            answer = web.answers.get(path)
            if answer is None:
                self.send_error(404)
            else:
                answer(self, web.count(path))

        def log_message(self, *_args: object) -> None:
            """Write nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_args: object) -> None:
            """Ignore it: clients disconnect in these tests."""

    server = Server(("127.0.0.1", 0), Handler)
    web.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()


def plain(body: bytes, kind: str = "application/octet-stream") -> Answer:
    """Send the body, without support of ranges."""

    def answer(handler: BaseHTTPRequestHandler, _number: int) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", kind)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def ranged(body: bytes, *, stop_after: int | None = None, etag: str | None = '"v1"') -> Answer:
    """Send the body with ranges, breaking each answer off after `stop_after` bytes."""

    def answer(handler: BaseHTTPRequestHandler, _number: int) -> None:
        span = handler.headers.get("Range")
        condition = handler.headers.get("If-Range")
        start = int(span.removeprefix("bytes=").rstrip("-")) if span else 0
        if condition is not None and condition != etag:
            start = 0
        if start >= len(body):
            handler.send_response(416)
            handler.send_header("Content-Range", f"bytes */{len(body)}")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        if etag:
            handler.send_header("ETag", etag)
        handler.send_header("Content-Length", str(len(body) - start))
        handler.end_headers()
        rest = body[start:]
        handler.wfile.write(rest if stop_after is None else rest[:stop_after])

    return answer


def busy_first(times: int, then: Answer, *, status: int = 503, retry_after: str | None = None) -> Answer:
    """Answer `status` so many times, then properly."""

    def answer(handler: BaseHTTPRequestHandler, number: int) -> None:
        if number > times:
            then(handler, number)
            return
        handler.send_response(status)
        if retry_after is not None:
            handler.send_header("Retry-After", retry_after)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def trickle(body: bytes, pause_s: float, *, length: bool = True) -> Answer:
    """Send the body in ten parts with pauses between them, with its length or without."""

    def answer(handler: BaseHTTPRequestHandler, _number: int) -> None:
        handler.send_response(200)
        handler.send_header("ETag", '"v1"')
        if length:
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        step = len(body) // 10 + 1
        with suppress(ConnectionError):
            for at in range(0, len(body), step):
                handler.wfile.write(body[at : at + step])
                time.sleep(pause_s)

    return answer


def hang(seconds: float) -> Answer:
    """Answer nothing for a while."""

    def answer(_handler: BaseHTTPRequestHandler, _number: int) -> None:
        time.sleep(seconds)

    return answer
