"""A server of model files on loopback, with the habits that downloads have to survive."""

from __future__ import annotations

import hashlib
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType


class ModelServer:
    """Serves ``content`` at every path. Settings may be changed between requests."""

    def __init__(self, content: bytes, *, tls: ssl.SSLContext | None = None) -> None:
        self.content = content
        self.entity_tag = '"one"'
        self.declare_sha256 = False
        self.cut_after: int | None = None
        """So many bytes of the body and the connection is closed."""
        self.pause_after: int | None = None
        """So many bytes of the body and nothing more is sent until ``gate`` is set."""
        self.gate = threading.Event()
        self.paused = threading.Event()
        self.redirect: str | None = None
        self.status: int | None = None
        self.announce_too_little = False
        self.requests: list[dict[str, str]] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                owner.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._scheme = "http" if tls is None else "https"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def url(self, path: str = "model.gguf", host: str = "127.0.0.1") -> str:
        return f"{self._scheme}://{host}:{self.port}/{path}"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def __enter__(self) -> ModelServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.gate.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.requests.append({name.lower(): value for name, value in handler.headers.items()})
        if self.status is not None:
            handler.send_response(self.status)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        if self.redirect is not None and "moved" not in handler.path:
            handler.send_response(302)
            handler.send_header("Location", self.redirect)
            handler.send_header("Content-Length", "0")
            if self.declare_sha256:
                handler.send_header("X-Linked-Etag", f'"{self.sha256}"')
            handler.end_headers()
            return
        self._send_content(handler)

    def _send_content(self, handler: BaseHTTPRequestHandler) -> None:
        start = 0
        wanted = handler.headers.get("Range", "")
        if wanted and handler.headers.get("If-Range") == self.entity_tag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        body = self.content[start:]
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{len(self.content)}")
        handler.send_header("ETag", self.entity_tag)
        handler.send_header("Content-Length", str(len(body)))
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.close_connection = True
        try:
            self._send_body(handler, body)
        except OSError:
            return  # the client went away

    def _send_body(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if self.cut_after is not None:
            handler.wfile.write(body[: self.cut_after])
            return
        if self.pause_after is not None:
            handler.wfile.write(body[: self.pause_after])
            handler.wfile.flush()
            self.paused.set()
            self.gate.wait(20)
            body = body[self.pause_after :]
        handler.wfile.write(body)
