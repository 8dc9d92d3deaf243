"""Connections to one engine, kept alive between requests.

One timer for all of them checks every silence and every age, so that a request costs no timer of its own. Nothing is
redirected, decompressed or sent through a proxy, and the address is the operator's: no request chooses it.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from urllib.parse import urlsplit

from covey.backends.http.config import HttpConfig
from covey.backends.http.connection import Connection
from covey.backends.http.response import Response
from covey.errors import BackendUnavailable, BadSettings

_PRINTABLE = re.compile(r"[\x21-\x7e]+\Z")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


class HttpPool:
    """The way to one engine. ``bearer`` is its API key, if it wants one.

    Raises BadSettings for an address that is not ``http://`` or ``https://`` with a host, or that carries a user,
    a query or a fragment.
    """

    def __init__(self, base_url: str, config: HttpConfig | None = None, *, bearer: str = "") -> None:
        self._config = config or HttpConfig()
        try:
            parts = urlsplit(base_url)
            port = parts.port
        except ValueError as error:
            raise BadSettings("base_url: not an address", param="base_url") from error
        if parts.scheme not in ("http", "https") or not parts.hostname or not _PRINTABLE.match(base_url):
            raise BadSettings("base_url: http:// or https:// and a host", param="base_url")
        if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
            raise BadSettings("base_url: no user, query or fragment", param="base_url")
        if bearer and not _PRINTABLE.match(bearer):
            raise BadSettings("api_key: printable ASCII characters without spaces only", param="api_key")
        self._secure = parts.scheme == "https"
        self._host = parts.hostname
        self._port = port or (443 if self._secure else 80)
        self._path = parts.path.rstrip("/")
        self._fixed = (
            f" HTTP/1.1\r\nhost: {parts.netloc}\r\nuser-agent: covey\r\naccept-encoding: identity\r\n"
            + (f"authorization: Bearer {bearer}\r\n" if bearer else "")
        ).encode()
        self._heads: dict[tuple[str, str], bytes] = {}
        self._tls: ssl.SSLContext | None = None
        self._connections: set[Connection] = set()
        self._idle: list[Connection] = []
        self._resting: list[Connection] = []
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._empty: asyncio.Future[None] | None = None
        self._epoch = 0
        timeouts = (self._config.first_byte_timeout_s, self._config.idle_timeout_s, self._config.keep_alive_s)
        self._tick_s = min(1.0, max(0.01, min(timeouts) / 4))

    @property
    def paces(self) -> bool:
        """Whether streams are read at intervals."""
        return self._config.read_interval_s > 0

    @property
    def connections(self) -> int:
        """Open connections, used and unused."""
        return len(self._connections)

    async def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        request_id: str = "",
        sent: Callable[[Response], None] | None = None,
    ) -> Response:
        """The answer, as soon as its headers are there; the caller closes it. ``path`` comes from code, not users.

        ``sent`` is given the answer-to-be once the request is on its way, so that someone else can close it.
        A kept connection that turns out to be dead before anything of the answer came is replaced once by a new one.
        Raises BackendUnavailable (no connection, no answer) and BackendProtocolError.
        """
        head = self._head(method, path, len(body), request_id)
        connection = self._take()
        while True:
            fresh = connection is None
            response = (connection or await self._connect()).begin(head, body)
            if sent is not None:
                sent(response)
            try:
                if not response.head_complete:
                    await response.head()
            except BaseException as error:  # raised again: only the connection is given up here
                response.close()
                if response.stale and not fresh and isinstance(error, BackendUnavailable):
                    connection = None
                    continue
                raise
            return response

    async def fetch(self, method: str, path: str, body: bytes = b"", *, request_id: str = "") -> tuple[Response, bytes]:
        """The answer with its whole body, at most ``max_body_bytes``."""
        response = await self.send(method, path, body, request_id=request_id)
        try:
            return response, await response.read(self._config.max_body_bytes)
        finally:
            response.close()

    async def close(self) -> None:
        """End every exchange with BackendUnavailable and close every connection. The pool may be used again."""
        self._epoch += 1
        self._idle.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._connections:
            return
        if self._empty is None:
            self._empty = asyncio.get_running_loop().create_future()
        for connection in tuple(self._connections):
            connection.abort()
        await asyncio.shield(self._empty)

    def _head(self, method: str, path: str, length: int, request_id: str) -> bytes:
        known = self._heads.get((method, path))
        if known is None:
            known = self._heads[method, path] = f"{method} {self._path}{path}".encode("ascii") + self._fixed
        if request_id and _REQUEST_ID.match(request_id):
            known += f"x-request-id: {request_id}\r\n".encode()
        if length or method == "POST":
            return known + b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % length
        return known + b"\r\n"

    def _take(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.usable:
                return connection
        return None

    async def _connect(self) -> Connection:
        loop = self._loop = asyncio.get_running_loop()
        epoch = self._epoch
        try:
            if self._secure and self._tls is None:
                self._tls = await loop.run_in_executor(None, self._tls_context)
            async with asyncio.timeout(self._config.connect_timeout_s):
                _, connection = await loop.create_connection(
                    lambda: Connection(self, self._config, loop), self._host, self._port, ssl=self._tls
                )
        except TimeoutError as error:
            raise BackendUnavailable("the engine could not be reached in time") from error
        except ssl.SSLError as error:
            raise BackendUnavailable("the engine's certificate or TLS is not accepted") from error
        except (OSError, UnicodeError) as error:
            raise BackendUnavailable("the engine cannot be reached") from error
        if epoch != self._epoch:
            connection.abort()
            raise BackendUnavailable("the engine was stopped")
        if not connection.usable:
            raise BackendUnavailable("the engine closed the connection before it answered")
        return connection

    def _tls_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self._config.ca_file:
            context.load_verify_locations(self._config.ca_file)
        else:
            context.load_default_certs()
        return context

    def _tick(self) -> None:
        """Close what is too old, fail what is too silent."""
        self._timer = None
        if self._loop is None or not self._connections:
            return
        now = self._loop.time()
        while self._idle and now - self._idle[0].last_active > self._config.keep_alive_s:
            self._idle.pop(0).abort()
        for connection in tuple(self._connections):
            connection.check(now)
        self._timer = self._loop.call_later(self._tick_s, self._tick)

    def _read_on(self) -> None:
        resting, self._resting = self._resting, []
        for connection in resting:
            connection.read_on()

    # What connections tell

    def connection_rests(self, connection: Connection) -> None:
        if not self._resting and self._loop is not None:
            self._loop.call_later(self._config.read_interval_s, self._read_on)
        self._resting.append(connection)

    def connection_opened(self, connection: Connection) -> None:
        self._connections.add(connection)
        if self._timer is None and self._loop is not None:
            self._timer = self._loop.call_later(self._tick_s, self._tick)

    def connection_free(self, connection: Connection) -> None:
        if len(self._idle) < self._config.max_idle_connections and self._empty is None:
            self._idle.append(connection)
        else:
            connection.abort()

    def connection_gone(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        if not self._connections:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if self._empty is not None:
                self._empty.set_result(None)
                self._empty = None
