"""WebSocket connections: uvicorn's, with limits on unread answers and on fragments."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf

from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.frames import CloseCode, Frame

from covey.bridge.config import BridgeConfig
from covey.bridge.metrics import BridgeMetrics

MAX_FRAGMENTS = 1024
"""Of one message; a message of many tiny fragments costs far more than its bytes."""


class WebSocketConnection(WebSocketsSansIOProtocol):
    def __init__(self, config: Config, server_state: ServerState, limits: BridgeConfig, metrics: BridgeMetrics) -> None:
        super().__init__(config, server_state, {})
        self.limits = limits
        self.metrics = metrics
        self.on_lost: Callable[[str], None] | None = None
        self.unread_deadline = inf
        self.close_timeout = limits.slow_client_timeout_s

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        high = self.limits.write_buffer_bytes
        self.transport.set_write_buffer_limits(high=high, low=high // 4)

    def connection_lost(self, exc: Exception | None) -> None:
        self.unread_deadline = inf
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.unread_deadline = self.loop.time() + self.limits.slow_client_timeout_s
        if not self.read_paused:
            # Answers to pings go past the application: a client that sends but never reads must not fill memory.
            self.read_paused = True
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.unread_deadline = inf
        if self.read_paused and self.queue.empty() and not self.transport.is_closing():
            self.read_paused = False
            self.transport.resume_reading()

    def handle_cont(self, event: Frame) -> None:
        if len(self.frames) >= MAX_FRAGMENTS:
            self.conn.fail(CloseCode.MESSAGE_TOO_BIG, "too many fragments")
            self.handle_parser_exception()
            self.transport.close()
            return
        super().handle_cont(event)

    def sweep(self, now: float) -> None:
        """Called by the server each second."""
        if now >= self.unread_deadline:
            self.unread_deadline = inf
            self.metrics.slow_client()
            self.transport.abort()
