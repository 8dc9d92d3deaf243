"""Listening, sweeping deadlines, and stopping: uvicorn's protocols inside the process's own event loop."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from contextlib import suppress
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.server import ServerState

from covey.bridge.config import BridgeConfig
from covey.bridge.http_protocol import connection_factory
from covey.bridge.http_request import DateLine
from covey.bridge.metrics import BridgeMetrics
from covey.bridge.websocket_protocol import WebSocketConnection
from covey.errors import StartFailed
from covey.runtime.ticks import sleep_to_tick

SWEEP_INTERVAL_S = 0.5


class BridgeServer:
    """One listening socket and its connections. ``application`` is called for each request, as ASGI has it."""

    def __init__(self, application: Any, config: BridgeConfig, metrics: BridgeMetrics) -> None:
        self._config = config
        self._metrics = metrics
        self._state = ServerState()
        self._date = DateLine()
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.Task[None] | None = None
        self._uvicorn = Config(
            application,
            interface="asgi3",
            http="httptools",
            ws=WebSocketConnection,
            ws_max_size=config.websocket.max_frame_bytes,
            ws_ping_interval=config.websocket.ping_interval_s,
            ws_ping_timeout=config.websocket.ping_interval_s,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            log_level="warning",  # its lines about WebSockets carry the query, which may hold what people put there
            access_log=False,
            proxy_headers=False,
            server_header=False,
            workers=1,
            forwarded_allow_ips="",
        )
        self.port = 0
        """The port in use, once started."""

    @property
    def connections(self) -> int:
        return len(self._state.connections)

    async def start(self) -> None:
        """Listen. Raises StartFailed when the address is in use or the certificate cannot be read."""
        if not self._uvicorn.loaded:
            self._uvicorn.load()
        self._renew_date()
        loop = asyncio.get_running_loop()
        factory = connection_factory(self._uvicorn, self._state, self._config, self._metrics, self._date, loop)
        listener = self._bind()
        try:
            self._server = await loop.create_server(
                factory, sock=listener, ssl=self._tls(), backlog=self._config.backlog
            )
        except BaseException:  # raised again; reported by whoever starts the worker
            listener.close()
            raise
        self.port = listener.getsockname()[1]
        self._sweeper = asyncio.create_task(self._sweep())  # owned: cancelled and awaited in close

    async def drain(self, budget_s: float) -> bool:
        """Take no new connections, close idle ones, wait for answers under way. True when all were done in time."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._state.connections):
            if not isinstance(connection, WebSocketConnection):
                connection.shutdown()
        deadline = asyncio.get_running_loop().time() + budget_s
        while pending := [task for task in self._state.tasks if not task.done()]:
            remaining_s = deadline - asyncio.get_running_loop().time()
            if remaining_s <= 0:
                return False
            await asyncio.wait(pending, timeout=remaining_s)
        return True

    async def close(self) -> None:
        """End what is left. Safe on a server that never started, and twice."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for connection in list(self._state.connections):
            connection.shutdown()
        tasks = set(self._state.tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=5.0)
        for connection in list(self._state.connections):
            connection.transport.abort()
        await asyncio.sleep(0)  # the transports' connection_lost callbacks run
        sweeper, self._sweeper = self._sweeper, None
        if sweeper is not None:
            sweeper.cancel()
            with suppress(asyncio.CancelledError):
                await sweeper

    def _bind(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._config.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if self._config.reuse_port:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if self._config.socket_buffer_bytes:
                # Set before listening, so that connections inherit it: otherwise the kernel alone buffers megabytes
                # for a client that does not read. The kernel doubles the value that it is given.
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._config.socket_buffer_bytes // 2)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            listener.bind((self._config.host, self._config.port))
            listener.setblocking(False)
        except OSError as error:
            listener.close()
            setting = "bridge.port" if error.errno in (errno.EADDRINUSE, errno.EACCES) else "bridge.host"
            raise StartFailed(
                f"cannot listen on {self._config.host} port {self._config.port}: {error.strerror}; set {setting}",
                param=setting,
            ) from error
        return listener

    def _tls(self) -> ssl.SSLContext | None:
        tls = self._config.tls
        if not tls.certificate_path:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        try:
            context.load_cert_chain(tls.certificate_path, tls.key_path or None)
        except (OSError, ssl.SSLError) as error:
            raise StartFailed(
                "the TLS certificate or its key cannot be read", param="bridge.tls.certificate_path"
            ) from error
        return context

    async def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await sleep_to_tick(SWEEP_INTERVAL_S)
            self._renew_date()
            now = loop.time()
            for connection in list(self._state.connections):
                cast("Any", connection).sweep(now)

    def _renew_date(self) -> None:
        self._date.renew()
        self._state.default_headers = [self._date.header]  # of the answers to WebSocket requests
