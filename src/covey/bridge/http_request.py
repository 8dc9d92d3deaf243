"""One request of an HTTP connection: its body as it arrives, and the response on its way out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Protocol

import msgspec

from covey.bridge.exchange import CLOSE, Header, HeaderBlock

_PHRASES = {status.value: status.phrase for status in HTTPStatus}
STATUS_LINES = {
    status: f"HTTP/1.1 {status} {_PHRASES.get(status, '')}\r\n".encode("ascii") for status in range(100, 600)
}
MOST_UNREAD_BYTES = 65_536
"""Of a body that nobody has asked for yet; above that, reading from the connection waits."""


class DateLine:
    """The ``date`` header, rendered now and then instead of for every response."""

    __slots__ = ("header", "raw")

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        self.header: Header = (b"date", formatdate(usegmt=True).encode("ascii"))
        self.raw = b"date: %b\r\n" % self.header[1]


class Connection(Protocol):
    """What a request needs of the connection that it came on."""

    transport: asyncio.Transport
    write_paused: bool
    date: DateLine

    async def writable(self) -> None:
        """Returns when the client has read enough, or is gone."""

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def response_ended(self) -> None: ...


class HttpRequest(msgspec.Struct, eq=False):
    """ASGI's ``receive``, and a :class:`covey.bridge.exchange.ResponseWriter` straight to the transport."""

    connection: Connection
    method: str
    keep_alive: bool
    """Whether the connection may be used for another request after this one."""
    expects_continue: bool
    """Whether the client waits to be told that its body is wanted."""
    disconnected: bool = False
    started: bool = False
    ended: bool = False
    chunked: bool = True
    """Whether the response's length is told piece by piece."""
    parts: list[bytes] = []
    """Of the body, not read yet."""
    size_bytes: int = 0
    """Of those parts."""
    more_body: bool = True
    has_news: bool = False
    """Whether something arrived, or the client left, since it was last asked."""
    waiter: asyncio.Future[None] | None = None

    # The body

    def add_body(self, data: bytes) -> None:
        self.parts.append(data)
        self.size_bytes += len(data)
        if self.size_bytes > MOST_UNREAD_BYTES:
            self.connection.pause_reading()
        self._wake()

    def end_body(self) -> None:
        self.more_body = False
        self._wake()

    def disconnect(self) -> None:
        self.disconnected = True
        self._wake()

    async def receive(self) -> dict[str, Any]:
        """What has arrived since the last time: ``http.request``, or ``http.disconnect`` when there is no more."""
        if self.expects_continue:
            self.expects_continue = False
            if not self.connection.transport.is_closing():
                self.connection.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not (self.disconnected or self.ended):
            self.connection.resume_reading()
            if not self.has_news:
                self.waiter = asyncio.get_running_loop().create_future()
                await self.waiter
            self.has_news = False
        if self.disconnected or self.ended:
            return {"type": "http.disconnect"}
        parts, self.parts, self.size_bytes = self.parts, [], 0
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    def _wake(self) -> None:
        self.has_news = True
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    # The response

    async def whole(self, status: int, constant: HeaderBlock, headers: Sequence[Header], body: bytes) -> None:
        if self.connection.write_paused:
            await self.connection.writable()
        if self.disconnected:
            return
        framing = b"" if status in (204, 304) else b"content-length: %d\r\n" % len(body)
        head = self._head(status, constant, headers, framing)
        self.connection.transport.write(head if self.method == "HEAD" else head + body)
        self._end()

    async def begin(self, status: int, constant: HeaderBlock, headers: Sequence[Header]) -> None:
        if self.connection.write_paused:
            await self.connection.writable()
        if self.disconnected:
            return
        self.chunked = not any(name == b"content-length" for name, _ in headers)
        framing = b"transfer-encoding: chunked\r\n" if self.chunked else b""
        self.connection.transport.write(self._head(status, constant, headers, framing))

    async def write(self, data: bytes) -> None:
        if self.connection.write_paused:
            await self.connection.writable()
        if data and not self.disconnected:
            self.connection.transport.write(b"%x\r\n%b\r\n" % (len(data), data) if self.chunked else data)

    async def end(self, data: bytes) -> None:
        if self.connection.write_paused:
            await self.connection.writable()
        if self.disconnected:
            return
        if self.chunked:
            data = b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data) if data else b"0\r\n\r\n"
        self.connection.transport.write(data)
        self._end()

    def _head(self, status: int, constant: HeaderBlock, headers: Sequence[Header], framing: bytes) -> bytes:
        self.started = True
        self.expects_continue = False
        if CLOSE in headers:
            self.keep_alive = False
            headers = [header for header in headers if header != CLOSE]
        given = b"".join([b"%b: %b\r\n" % header for header in headers])
        if given.count(b"\n") != len(headers) or given.count(b"\r") != len(headers) or given.find(b"\0") >= 0:
            raise ValueError("a header value holds a line break")
        if not self.keep_alive:
            framing += b"connection: close\r\n"
        return b"".join((STATUS_LINES[status], self.connection.date.raw, given, constant.raw, framing, b"\r\n"))

    def _end(self) -> None:
        self.ended = True
        if self.waiter is not None:
            self._wake()
        if not self.keep_alive:
            self.connection.transport.close()
        self.connection.response_ended()
