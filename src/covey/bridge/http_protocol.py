"""HTTP/1.1 connections: what httptools parses becomes requests, within deadlines and limits.

A connection has at most one deadline at a time (headers, body, idle, unread answer). One sweep per second of the whole
server compares them, so that a request costs no timers.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from math import inf
from typing import Any, Literal
from urllib.parse import unquote

import httptools
import structlog
from uvicorn.config import Config
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from covey.bridge.config import BridgeConfig
from covey.bridge.exchange import API_SECURITY_HEADERS, Header
from covey.bridge.http_request import STATUS_LINES, DateLine, HttpRequest
from covey.bridge.metrics import BridgeMetrics
from covey.bridge.websocket_protocol import WebSocketConnection
from covey.runtime.current_task import current_task

_log = structlog.get_logger(__name__)

Phase = Literal["headers", "body", "answer", "idle", "closing"]


class Refused(Exception):
    """Raised inside the parser's callbacks to stop it; the connection answers ``status`` and closes."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class HttpConnection(asyncio.Protocol):
    """One client connection. ``on_lost`` is how the request that is being answered learns that the client left."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        limits: BridgeConfig,
        metrics: BridgeMetrics,
        date: DateLine,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.config = config
        self.server_state = server_state
        self.limits = limits
        self.metrics = metrics
        self.date = date
        self.loop = loop
        self.on_lost: Callable[[str], None] | None = None
        self.phase: Phase = "headers"
        self.deadline = inf
        self.unread_deadline = inf
        self.write_paused = False
        self.request: HttpRequest | None = None
        """The one that arrived last."""
        self._application: Any = config.loaded_app
        self._parser = httptools.HttpRequestParser(self)
        # The first of several requests is answered even when it says that it is the last.
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._waiting: deque[tuple[HttpRequest, dict[str, Any]]] = deque()
        """Requests that arrived before the answer to the one before them was complete."""
        self._writable: asyncio.Event | None = None
        self._reading_paused = False
        self._url = b""
        self._headers: list[Header] = []
        self._by_name: dict[bytes, bytes] = {}
        self._max_header_bytes = limits.max_header_bytes
        self._headers_done = False
        self._arriving_bytes = 0
        self._arrived_bytes = 0
        """Since the request began, with what came before it in the same piece."""
        self._lost_reason = "client_left"
        self._refusal: Refused | None = None

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        self.server_state.connections.add(self)  # type: ignore[arg-type]
        self._server = get_local_addr(transport)
        self._client = get_remote_addr(transport)
        self._scheme = "https" if is_ssl(transport) else "http"
        high = self.limits.write_buffer_bytes
        transport.set_write_buffer_limits(high=high, low=high // 4)
        self.deadline = self.loop.time() + self.limits.header_timeout_s
        if len(self.server_state.connections) > self.limits.max_connections:
            self.metrics.refused("too_many_connections")
            self._refuse(503, "Too many connections.")

    def connection_lost(self, exc: Exception | None) -> None:
        self.server_state.connections.discard(self)
        self.deadline = self.unread_deadline = inf
        self._waiting.clear()
        if self.request is not None:
            self.request.disconnect()
        if self._writable is not None:
            self._writable.set()
        on_lost, self.on_lost = self.on_lost, None
        if on_lost is not None:
            on_lost(self._lost_reason)

    def data_received(self, data: bytes) -> None:
        if self.phase == "closing":
            return
        if self.phase == "idle":
            self.phase = "headers"
            self.deadline = self.loop.time() + self.limits.header_timeout_s
        elif self.phase == "body":
            self.deadline += len(data) / self.limits.body_rate_bytes_per_s
        self._arriving_bytes = len(data)
        self._arrived_bytes += self._arriving_bytes
        try:
            if self._refusal is None:
                self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            if self._is_websocket() and (self.request is None or self.request.ended):
                self._become_websocket()
            else:
                self._refuse(400, "This upgrade is not supported.")
        except httptools.HttpParserError:
            refusal = self._refusal or Refused(400, "Invalid HTTP request.")
            self._refuse(refusal.status, refusal.text)
        else:
            if self.phase == "headers" and self._arrived_bytes > 2 * self._max_header_bytes:
                self._refuse(431, "The headers are too large.")

    def pause_writing(self) -> None:
        self.write_paused = True
        self._writable = asyncio.Event()
        self.unread_deadline = self.loop.time() + self.limits.slow_client_timeout_s

    def resume_writing(self) -> None:
        self.write_paused = False
        if self._writable is not None:
            self._writable.set()
        self.unread_deadline = inf

    # Parser callbacks

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers = []
        self._arrived_bytes = self._arriving_bytes
        self._headers_done = False
        self.phase = "headers"
        self.deadline = self.loop.time() + self.limits.header_timeout_s

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._headers_done:
            self._stop(400, "Trailers are not accepted.")
        # How many and how large they are is looked at when they are complete: until then what arrived bounds them.
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._headers_done = True
        url, parser = self._url, self._parser
        if self._arrived_bytes > self._max_header_bytes:  # or else the headers, a part of that, cannot be too large
            self._check_header_size()
        if len(self._headers) > self.limits.max_headers:
            self._stop(431, "Too many headers.")
        if not url.startswith(b"/") or url.find(b"#") >= 0 or not url.isascii():
            self._stop(400, "The request target must be a path.")
        version = parser.get_http_version()
        headers = self._by_name = dict(self._headers)
        if version == "1.0" and b"transfer-encoding" in headers:
            self._stop(400, "HTTP/1.0 has no transfer encoding.")
        self.phase = "body"
        self.deadline = self.loop.time() + self.limits.body_timeout_s
        if parser.should_upgrade() and self._is_websocket():
            return
        before = self.request
        scope = self._scope(version)
        request = self.request = HttpRequest(
            self,
            scope["method"],
            keep_alive=version != "1.0" and parser.should_keep_alive(),
            expects_continue=headers.get(b"expect", b"").lower() == b"100-continue",
        )
        if before is None or before.ended:
            self._start(request, scope)
        else:
            self.pause_reading()
            self._waiting.append((request, scope))

    def _check_header_size(self) -> None:
        size = len(self._url) + sum(len(name) + len(value) + 4 for name, value in self._headers)
        if size > self._max_header_bytes:
            self._stop(431, "The headers are too large.")

    def on_body(self, body: bytes) -> None:
        request = self.request
        if request is not None and not request.ended:
            request.add_body(body)

    def on_message_complete(self) -> None:
        request = self.request
        if request is None or (self._parser.should_upgrade() and self._is_websocket()):
            return
        if not request.ended:
            request.end_body()
        elif not self._waiting:
            self._rest()
            return
        self.phase = "answer"
        self.deadline = inf

    def _scope(self, version: str) -> dict[str, Any]:
        raw_path, _, query = self._url.partition(b"?")
        path = raw_path.decode("ascii")
        return {
            "type": "http",
            "http_version": version,
            "method": self._parser.get_method().decode("ascii"),
            "scheme": self._scheme,
            "server": self._server,
            "client": self._client,
            "path": unquote(path) if "%" in path else path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": self._headers,
            "covey.headers": self._by_name,
            "covey.connection": self,
        }

    # Requests

    def _start(self, request: HttpRequest, scope: dict[str, Any]) -> None:
        scope["covey.writer"] = request
        task = self.loop.create_task(self._answer(request, scope))
        self.server_state.tasks.add(task)

    async def _answer(self, request: HttpRequest, scope: dict[str, Any]) -> None:
        try:
            await self._application(scope, request.receive, None)
        except Exception as error:  # the application answers all errors that it knows of
            _log.error("request_not_answered", exc_info=error)
        finally:
            task = current_task(self.loop)
            if task is not None:
                self.server_state.tasks.discard(task)
            if not (request.ended or request.disconnected):
                self.transport.close()

    def response_ended(self) -> None:
        """The answer to a request is complete: the next one may be answered."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            self._close_soon()
            return
        self.resume_reading()
        if self._waiting:
            self._start(*self._waiting.popleft())
        elif self.phase == "answer":
            self._rest()

    def _rest(self) -> None:
        self.phase = "idle"
        self.deadline = self.loop.time() + self.limits.keep_alive_timeout_s

    # What requests use

    async def writable(self) -> None:
        if self._writable is not None:
            await self._writable.wait()

    def pause_reading(self) -> None:
        if not self._reading_paused:
            self._reading_paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        if self._reading_paused:
            self._reading_paused = False
            self.transport.resume_reading()

    def shutdown(self) -> None:
        """Close when idle, or after the answer that is under way."""
        if self.request is None or self.request.ended:
            self.transport.close()
        else:
            self.request.keep_alive = False
        if self.transport.is_closing():
            self._close_soon()

    # WebSockets

    def _is_websocket(self) -> bool:
        tokens = [token.strip().lower() for token in self._by_name.get(b"connection", b"").split(b",")]
        return b"upgrade" in tokens and self._by_name.get(b"upgrade", b"").lower() == b"websocket"

    def _become_websocket(self) -> None:
        self.server_state.connections.discard(self)
        self.deadline = inf
        protocol = WebSocketConnection(self.config, self.server_state, self.limits, self.metrics)
        protocol.connection_made(self.transport)
        output = [self._parser.get_method(), b" ", self._url, b" HTTP/1.1\r\n"]
        for name, value in self._headers:
            output += [name, b": ", value, b"\r\n"]
        output.append(b"\r\n")
        self.transport.set_protocol(protocol)
        protocol.data_received(b"".join(output))

    # Deadlines

    def sweep(self, now: float) -> None:
        """Called by the server each second."""
        if now >= self.unread_deadline:
            self.unread_deadline = inf
            self._lost_reason = "slow_client"
            self.metrics.slow_client()
            self.transport.abort()
        elif now >= self.deadline:
            self.deadline = inf
            self._expire()

    def _expire(self) -> None:
        if self.phase == "closing":
            self.transport.abort()
        elif self.phase == "idle" or (self.phase == "headers" and not self._url):
            self.transport.close()
            self._close_soon()
        else:
            self.metrics.refused(f"slow_{self.phase}")
            self._lost_reason = "slow_client"
            if self.phase == "headers" or self.request is None or not self.request.started:
                self._refuse(408, "The request took too long to arrive.")
            else:
                self.transport.abort()

    def _close_soon(self) -> None:
        # A closing transport waits for the client to read the rest for ever: it gets until the deadline.
        self.phase = "closing"
        self.deadline = self.loop.time() + self.limits.slow_client_timeout_s

    # Refusals before there is a request

    def _stop(self, status: int, text: str) -> None:
        self._refusal = Refused(status, text)
        raise self._refusal

    def _refuse(self, status: int, text: str) -> None:
        if self.transport.is_closing():
            return
        self.metrics.refused(f"http_{status}")
        body = text.encode("ascii")
        framing = b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
        answer = STATUS_LINES[status], self.date.raw, API_SECURITY_HEADERS.raw, framing % len(body), body
        request = self.request
        if request is None or request.ended or not (self._waiting or request.started):
            self.transport.write(b"".join(answer))
        if request is not None:
            request.disconnect()
        self.transport.close()
        self._close_soon()


def connection_factory(
    config: Config,
    server_state: ServerState,
    limits: BridgeConfig,
    metrics: BridgeMetrics,
    date: DateLine,
    loop: asyncio.AbstractEventLoop,
) -> Callable[[], HttpConnection]:
    def make(*_: Any) -> HttpConnection:
        return HttpConnection(config, server_state, limits, metrics, date, loop)

    return make
