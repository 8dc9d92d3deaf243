"""HTTP/1.1 connections: uvicorn's parser and cycle, with the deadlines and limits that it lacks.

A connection has at most one deadline at a time (headers, body, idle, unread answer). One sweep per second of the whole
server compares them, so that a request costs no timers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from http import HTTPStatus
from math import inf
from typing import Any, Literal

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from covey.bridge.config import BridgeConfig
from covey.bridge.exchange import API_SECURITY_HEADERS, Header, HeaderBlock
from covey.bridge.metrics import BridgeMetrics
from covey.bridge.websocket_protocol import WebSocketConnection

Phase = Literal["headers", "body", "answer", "idle", "closing"]


class Refused(Exception):
    """Raised inside the parser's callbacks to stop it; the connection answers ``status`` and closes."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class HttpConnection(HttpToolsProtocol):
    """One client connection. ``on_lost`` is how the request that is being answered learns that the client left."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        limits: BridgeConfig,
        metrics: BridgeMetrics,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(config, server_state, {}, loop)
        self.limits = limits
        self.metrics = metrics
        self.on_lost: Callable[[str], None] | None = None
        self.phase: Phase = "headers"
        self.deadline = inf
        self.unread_deadline = inf
        self._lost_reason = "client_left"
        self._refusal: Refused | None = None
        self._header_bytes = 0
        self._headers_done = False
        self._unparsed_bytes = 0

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        high = self.limits.write_buffer_bytes
        transport.set_write_buffer_limits(high=high, low=high // 4)
        self.deadline = self.loop.time() + self.limits.header_timeout_s
        if len(self.connections) > self.limits.max_connections:
            self.metrics.refused("too_many_connections")
            self._refuse(503, "Too many connections.")

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.deadline = self.unread_deadline = inf
        on_lost, self.on_lost = self.on_lost, None
        if on_lost is not None:
            on_lost(self._lost_reason)
        self.pipeline.clear()

    def data_received(self, data: bytes) -> None:
        if self.phase == "closing":
            return
        if self.phase == "idle":
            self.phase = "headers"
            self.deadline = self.loop.time() + self.limits.header_timeout_s
        elif self.phase == "body":
            self.deadline += len(data) / self.limits.body_rate_bytes_per_s
        try:
            if self._refusal is None:
                self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            if self._should_upgrade() and (self.cycle is None or self.cycle.response_complete):
                self.handle_websocket_upgrade()
            else:
                self._refuse(400, "This upgrade is not supported.")
        except httptools.HttpParserError:
            refusal = self._refusal or Refused(400, "Invalid HTTP request.")
            self._refuse(refusal.status, refusal.text)
        else:
            if self.phase == "headers":
                # A header line that has not ended was not reported by the parser yet, but takes memory.
                self._unparsed_bytes += len(data)
                if self._unparsed_bytes > 2 * self.limits.max_header_bytes:
                    self._refuse(431, "The headers are too large.")

    def pause_writing(self) -> None:
        super().pause_writing()
        self.unread_deadline = self.loop.time() + self.limits.slow_client_timeout_s

    def resume_writing(self) -> None:
        super().resume_writing()
        self.unread_deadline = inf

    # Parser callbacks

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._header_bytes = 0
        self._unparsed_bytes = 0
        self._headers_done = False
        self.phase = "headers"
        self.deadline = self.loop.time() + self.limits.header_timeout_s
        self.scope["covey.connection"] = self  # type: ignore[typeddict-unknown-key]

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._headers_done:
            self._stop(400, "Trailers are not accepted.")
        self._count(len(name) + len(value) + 4)
        if len(self.headers) >= self.limits.max_headers:
            self._stop(431, "Too many headers.")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._headers_done = True
        if not self.url.startswith(b"/") or b"#" in self.url:
            self._stop(400, "The request target must be a path.")
        if self.parser.get_http_version() == "1.0" and any(name == b"transfer-encoding" for name, _ in self.headers):
            self._stop(400, "HTTP/1.0 has no transfer encoding.")
        self.phase = "body"
        self.deadline = self.loop.time() + self.limits.body_timeout_s
        super().on_headers_complete()
        if self.cycle is not None and self.cycle.scope is self.scope:
            self.scope["covey.writer"] = DirectWriter(self.cycle, self)  # type: ignore[typeddict-unknown-key]

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade() and self._should_upgrade():
            return
        super().on_message_complete()
        if self.cycle.response_complete and not self.pipeline:
            self._rest()
        else:
            self.phase = "answer"
            self.deadline = inf

    # Responses

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            self._close_soon()
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        elif self.phase == "answer":
            self._rest()

    def _rest(self) -> None:
        self.phase = "idle"
        self.deadline = self.loop.time() + self.limits.keep_alive_timeout_s

    def shutdown(self) -> None:
        """Close when idle, or after the answer that is under way."""
        super().shutdown()
        if self.transport.is_closing():
            self._close_soon()

    def handle_websocket_upgrade(self) -> None:
        self.connections.discard(self)
        self.deadline = inf
        protocol = WebSocketConnection(self.config, self.server_state, self.limits, self.metrics)
        protocol.connection_made(self.transport)
        output = [self.scope["method"].encode(), b" ", self.url, b" HTTP/1.1\r\n"]
        for name, value in self.scope["headers"]:
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
        elif self.phase == "idle" or (self.phase == "headers" and not self._header_bytes):
            self.transport.close()
            self._close_soon()
        else:
            self.metrics.refused(f"slow_{self.phase}")
            self._lost_reason = "slow_client"
            if self.phase == "headers" or self.cycle is None or not self.cycle.response_started:
                self._refuse(408, "The request took too long to arrive.")
            else:
                self.transport.abort()

    def _close_soon(self) -> None:
        # A closing transport waits for the client to read the rest for ever: it gets until the deadline.
        self.phase = "closing"
        self.deadline = self.loop.time() + self.limits.slow_client_timeout_s

    # Refusals before there is a request

    def _count(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > self.limits.max_header_bytes:
            self._stop(431, "The headers are too large.")

    def _stop(self, status: int, text: str) -> None:
        self._refusal = Refused(status, text)
        raise self._refusal

    def _refuse(self, status: int, text: str) -> None:
        if self.transport.is_closing():
            return
        self.metrics.refused(f"http_{status}")
        body = text.encode("ascii")
        head = [b"HTTP/1.1 %d %s\r\n" % (status, HTTPStatus(status).phrase.encode("ascii"))]
        head += [name + b": " + value + b"\r\n" for name, value in self.server_state.default_headers]
        head.append(API_SECURITY_HEADERS.raw)
        head.append(
            b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % len(body)
        )
        cycle = self.cycle
        if cycle is None or cycle.response_complete or not (self.pipeline or cycle.response_started):
            self.transport.write(b"".join(head) + body)
        if cycle is not None:
            cycle.disconnected = True
        self.transport.close()
        self._close_soon()

    def send_400_response(self, msg: str) -> None:
        self._refuse(400, msg)

    def _unsupported_upgrade_warning(self) -> None:
        """Said by the answer; a stranger's request is not worth a warning in the log."""


class DirectWriter:
    """Writes one response straight to the transport: what uvicorn's cycle does, without a message per piece."""

    __slots__ = ("_chunked", "_connection", "_cycle", "_flow", "_transport")

    def __init__(self, cycle: RequestResponseCycle, connection: HttpConnection) -> None:
        self._cycle = cycle
        self._connection = connection
        self._flow = cycle.flow
        self._transport = cycle.transport
        self._chunked = True

    async def whole(self, status: int, constant: HeaderBlock, headers: Sequence[Header], body: bytes) -> None:
        if self._flow.write_paused:
            await self._flow.drain()
        cycle = self._cycle
        if cycle.disconnected:
            return
        if status in (204, 304):
            head = self._head(status, constant, headers, b"")
        else:
            head = self._head(status, constant, headers, b"content-length: %d\r\n" % len(body))
        self._transport.write(head if cycle.scope["method"] == "HEAD" else head + body)
        self._complete()

    async def begin(self, status: int, constant: HeaderBlock, headers: Sequence[Header]) -> None:
        if self._flow.write_paused:
            await self._flow.drain()
        if self._cycle.disconnected:
            return
        self._chunked = not any(name == b"content-length" for name, _ in headers)
        framing = b"transfer-encoding: chunked\r\n" if self._chunked else b""
        self._transport.write(self._head(status, constant, headers, framing))

    async def write(self, data: bytes) -> None:
        if self._flow.write_paused:
            await self._flow.drain()
        if data and not self._cycle.disconnected:
            self._transport.write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    async def end(self, data: bytes) -> None:
        if self._flow.write_paused:
            await self._flow.drain()
        if self._cycle.disconnected:
            return
        if self._chunked:
            data = b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data) if data else b"0\r\n\r\n"
        self._transport.write(data)
        self._complete()

    def _head(self, status: int, constant: HeaderBlock, headers: Sequence[Header], framing: bytes) -> bytes:
        cycle = self._cycle
        cycle.response_started = True
        cycle.waiting_for_100_continue = False
        lines = [STATUS_LINE[status]]
        for name, value in (*cycle.default_headers, *headers):
            if name == b"connection":
                cycle.keep_alive = False
            else:
                lines.append(name + b": " + value + b"\r\n")
        if not cycle.keep_alive:
            lines.append(b"connection: close\r\n")
        count = len(lines)
        head = b"".join(lines)
        if head.count(b"\n") != count or head.count(b"\r") != count or b"\0" in head:
            raise ValueError("a header value holds a line break")
        return b"%b%b%b\r\n" % (head, constant.raw, framing)

    def _complete(self) -> None:
        cycle = self._cycle
        cycle.response_complete = True
        cycle.message_event.set()
        if not cycle.keep_alive:
            self._transport.close()
        cycle.on_response()


def connection_factory(
    config: Config,
    server_state: ServerState,
    limits: BridgeConfig,
    metrics: BridgeMetrics,
    loop: asyncio.AbstractEventLoop,
) -> Callable[[], HttpConnection]:
    def make(*_: Any) -> HttpConnection:
        return HttpConnection(config, server_state, limits, metrics, loop)

    return make
