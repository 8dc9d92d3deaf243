"""A small HTTP server that answers like the platform API, for tests of its clients. It records what was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: Any


@dataclass
class Answer:
    status: int = 200
    body: Any = None
    lines: list[str] | None = None
    """Raw lines of a streamed answer."""
    headers: dict[str, str] = field(default_factory=dict)


class PlatformServer:
    """Answers by ``"METHOD /path"`` (without query); a callable gets the request."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer | Callable[[Asked], Answer]] = {}
        self.asked: list[Asked] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def last(self, path: str) -> Asked:
        return next(asked for asked in reversed(self.asked) if asked.path.partition("?")[0] == path)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            """Connections are kept, as the bridge keeps them; streams end with theirs."""
            wbufsize = 65_536
            """Head and body of a short answer arrive together."""

            def log_message(self, format: str, *args: Any) -> None:
                return

            def _answer(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                content = self.rfile.read(length)
                asked = Asked(
                    self.command, self.path, {name.lower(): value for name, value in self.headers.items()},
                    json.loads(content) if content else None,
                )  # fmt: skip
                owner.asked.append(asked)
                found = owner.answers.get(
                    f"{self.command} {self.path.partition('?')[0]}", Answer(404, {"detail": "nothing here"})
                )
                answer = found(asked) if callable(found) else found
                self.send_response(answer.status)
                for name, value in {"x-request-id": "req_test", **answer.headers}.items():
                    self.send_header(name, value)
                whole = b"" if answer.body is None else json.dumps(answer.body).encode()
                if answer.lines is None:
                    self.send_header("content-length", str(len(whole)))
                else:
                    self.send_header("connection", "close")
                self.end_headers()
                for line in answer.lines or ():
                    self.wfile.write(line.encode())
                    self.wfile.flush()
                if answer.lines is None:
                    self.wfile.write(whole)

            do_GET = do_POST = do_DELETE = do_PATCH = do_PUT = _answer

        return Handler


@contextmanager
def platform_server() -> Iterator[PlatformServer]:
    server = PlatformServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()


def chunk(content: str | None = None, **more: Any) -> str:
    """One line of a streamed chat completion."""
    choices = [{"index": 0, "delta": {"content": content} if content is not None else {}, "finish_reason": None}]
    return f"data: {json.dumps({'choices': choices, **more})}\n\n"


def completion(*pieces: str, tokens: int | None = None) -> list[str]:
    """A whole streamed chat completion."""
    usage = {"prompt_tokens": 3, "completion_tokens": tokens or len(pieces), "total_tokens": 3 + len(pieces)}
    end = f"data: {json.dumps({'choices': [], 'usage': usage})}\n\n"
    return [*(chunk(piece) for piece in pieces), end, "data: [DONE]\n\n"]
