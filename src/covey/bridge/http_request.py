"""One request of an HTTP connection: its body as it arrives, and the response on its way out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Protocol

from covey.bridge.exchange import Header, HeaderBlock

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


class HttpRequest:
    """ASGI's ``receive``, and a :class:`covey.bridge.exchange.ResponseWriter` straight to the transport."""

    __slots__ = (
        "_chunked",
        "_connection",
        "_expects_continue",
        "_more_body",
        "_news",
        "_parts",
        "_size",
        "_waiter",
        "_without_body",
        "disconnected",
        "ended",
        "keep_alive",
        "started",
    )

    def __init__(self, connection: Connection, method: str, *, keep_alive: bool, expects_continue: bool) -> None:
        self.keep_alive = keep_alive
        """Whether the connection may be used for another request after this one."""
        self.disconnected = False
        self.started = False
        self.ended = False
        self._connection = connection
        self._without_body = method == "HEAD"
        self._expects_continue = expects_continue
        self._chunked = True
        self._parts: list[bytes] = []
        self._size = 0
        self._more_body = True
        self._news = False
        self._waiter: asyncio.Future[None] | None = None

    # The body

    def add_body(self, data: bytes) -> None:
        self._parts.append(data)
        self._size += len(data)
        if self._size > MOST_UNREAD_BYTES:
            self._connection.pause_reading()
        self._wake()

    def end_body(self) -> None:
        self._more_body = False
        self._wake()

    def disconnect(self) -> None:
        self.disconnected = True
        self._wake()

    async def receive(self) -> dict[str, Any]:
        """What has arrived since the last time: ``http.request``, or ``http.disconnect`` when there is no more."""
        if self._expects_continue:
            self._expects_continue = False
            if not self._connection.transport.is_closing():
                self._connection.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not (self.disconnected or self.ended):
            self._connection.resume_reading()
            if not self._news:
                self._waiter = asyncio.get_running_loop().create_future()
                await self._waiter
            self._news = False
        if self.disconnected or self.ended:
            return {"type": "http.disconnect"}
        parts, self._parts, self._size = self._parts, [], 0
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        return {"type": "http.request", "body": body, "more_body": self._more_body}

    def _wake(self) -> None:
        self._news = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # The response

    async def whole(self, status: int, constant: HeaderBlock, headers: Sequence[Header], body: bytes) -> None:
        if self._connection.write_paused:
            await self._connection.writable()
        if self.disconnected:
            return
        framing = b"" if status in (204, 304) else b"content-length: %d\r\n" % len(body)
        head = self._head(status, constant, headers, framing)
        self._connection.transport.write(head if self._without_body else head + body)
        self._end()

    async def begin(self, status: int, constant: HeaderBlock, headers: Sequence[Header]) -> None:
        if self._connection.write_paused:
            await self._connection.writable()
        if self.disconnected:
            return
        self._chunked = not any(name == b"content-length" for name, _ in headers)
        framing = b"transfer-encoding: chunked\r\n" if self._chunked else b""
        self._connection.transport.write(self._head(status, constant, headers, framing))

    async def write(self, data: bytes) -> None:
        if self._connection.write_paused:
            await self._connection.writable()
        if data and not self.disconnected:
            self._connection.transport.write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    async def end(self, data: bytes) -> None:
        if self._connection.write_paused:
            await self._connection.writable()
        if self.disconnected:
            return
        if self._chunked:
            data = b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data) if data else b"0\r\n\r\n"
        self._connection.transport.write(data)
        self._end()

    def _head(self, status: int, constant: HeaderBlock, headers: Sequence[Header], framing: bytes) -> bytes:
        self.started = True
        self._expects_continue = False
        lines = []
        for name, value in headers:
            if name == b"connection":
                self.keep_alive = False
            else:
                lines.append(name + b": " + value + b"\r\n")
        given = b"".join(lines)
        if given.count(b"\n") != len(lines) or given.count(b"\r") != len(lines) or b"\0" in given:
            raise ValueError("a header value holds a line break")
        if not self.keep_alive:
            framing += b"connection: close\r\n"
        return b"".join((STATUS_LINES[status], self._connection.date.raw, given, constant.raw, framing, b"\r\n"))

    def _end(self) -> None:
        self.ended = True
        if self._waiter is not None:
            self._wake()
        if not self.keep_alive:
            self._connection.transport.close()
        self._connection.response_ended()
