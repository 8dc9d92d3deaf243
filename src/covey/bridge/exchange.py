"""One HTTP request and its response, on bare ASGI."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Protocol

import msgspec

from covey.errors import Cancelled, CoveyError, InvalidRequest, PayloadTooLarge
from covey.protocol.ids import RequestId
from covey.rpc.context import CallContext

Scope = MutableMapping[str, Any]
ReceiveMessage = Callable[[], Awaitable[MutableMapping[str, Any]]]
SendMessage = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]

JSON = b"application/json"
CLOSE: Header = (b"connection", b"close")
"""Ends the connection after the response; no other ``connection`` header is sent."""


class HeaderBlock:
    """Constant headers, rendered once."""

    __slots__ = ("pairs", "raw")

    def __init__(self, *pairs: Header) -> None:
        self.pairs = pairs
        self.raw = b"".join(name + b": " + value + b"\r\n" for name, value in pairs)


API_SECURITY_HEADERS = HeaderBlock(
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),
    (b"cache-control", b"no-store"),
)
"""On every response that is not part of the web interface, errors included."""
_SINGLE = (b"authorization", b"x-api-key", b"content-type", b"content-encoding", b"idempotency-key", b"origin")


class ClientLeft(Cancelled):
    """The connection is gone: there is nobody to answer."""


class ResponseWriter(Protocol):
    """Where a response goes. Waits while the client has too much unread; does nothing once the client is gone."""

    def whole(self, status: int, constant: HeaderBlock, headers: Sequence[Header], body: bytes) -> Awaitable[None]: ...

    async def begin(self, status: int, constant: HeaderBlock, headers: Sequence[Header]) -> None: ...

    def write(self, data: bytes) -> Awaitable[None]: ...

    def end(self, data: bytes) -> Awaitable[None]: ...


class AsgiWriter:
    """Any ASGI server's ``send``. Our own connections bring a quicker writer: see ``http_protocol``."""

    __slots__ = ("_send",)

    def __init__(self, send: SendMessage) -> None:
        self._send = send

    async def whole(self, status: int, constant: HeaderBlock, headers: Sequence[Header], body: bytes) -> None:
        sent = [(b"content-length", b"%d" % len(body)), *headers]
        await self.begin(status, constant, sent)
        await self.end(body)

    async def begin(self, status: int, constant: HeaderBlock, headers: Sequence[Header]) -> None:
        sent = [*constant.pairs, *headers]
        await self._send({"type": "http.response.start", "status": status, "headers": sent})

    async def write(self, data: bytes) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self, data: bytes) -> None:
        await self._send({"type": "http.response.body", "body": data})


class Exchange(msgspec.Struct, eq=False, kw_only=True):
    """A request being answered. The connection's loss cancels the task that answers it, unless it is detached."""

    scope: Scope
    method: str
    path: str
    headers: dict[bytes, bytes]
    receive: ReceiveMessage
    writer: ResponseWriter
    request_id: RequestId
    max_body_bytes: int
    began_at: float
    """In seconds of ``time.perf_counter``."""
    path_parameters: dict[str, str] = {}
    response_headers: list[Header] = []
    """Sent with the response whatever it is: CORS, ignored fields."""
    security_headers: HeaderBlock = API_SECURITY_HEADERS
    template: str = "(none)"
    """Of the route, for metrics and logs."""
    address: str | None = None
    traceparent: str | None = None
    status: int = 0
    """Of the response, once it began."""
    ended: bool = False
    outcome: str = "ok"
    bytes_sent: int = 0
    failure_frames: Callable[[CoveyError], bytes] | None = None
    """How an error looks inside a stream that has begun."""
    abort_error: CoveyError | None = None
    lost: bool = False
    body_read: bool = False
    task: asyncio.Task[Any] | None = None
    """Who answers it, while the connection's loss cancels that."""

    @classmethod
    def of(
        cls, scope: Scope, receive: ReceiveMessage, send: SendMessage, request_id: RequestId, max_body_bytes: int
    ) -> Exchange:
        """What an ASGI server was asked."""
        return cls(
            scope=scope,
            method=scope["method"],
            path=scope["path"],
            headers=scope.get("covey.headers") or dict(scope["headers"]),
            receive=receive,
            writer=scope.get("covey.writer") or AsgiWriter(send),
            request_id=request_id,
            max_body_bytes=max_body_bytes,
            began_at=time.perf_counter(),
        )

    # The request

    def check_headers(self) -> None:
        """Raises InvalidRequest when a header that decides anything was sent twice."""
        raw: Sequence[Header] = self.scope["headers"]
        if len(raw) == len(self.headers):
            return
        names = [name for name, _ in raw]
        for name in _SINGLE:
            if names.count(name) > 1:
                raise InvalidRequest(f"the header {name.decode()} was sent more than once")

    def text_header(self, name: bytes) -> str | None:
        value = self.headers.get(name)
        return None if value is None else value.decode("latin-1")

    async def body(self) -> bytes:
        """The whole body. Raises PayloadTooLarge as soon as it is too long, InvalidRequest when it is encoded."""
        encoding = self.headers.get(b"content-encoding")
        if encoding is not None and encoding.lower() != b"identity":
            raise UnsupportedMediaType("compressed request bodies are not accepted", param="content-encoding")
        declared = self.headers.get(b"content-length")
        if declared is not None:
            self._check_size(int(declared))
        message = await self.receive()
        body: bytes = message.get("body", b"")
        self._check_size(len(body))
        if message["type"] == "http.request" and not message.get("more_body", False):
            self.body_read = True
            return body
        parts = [body]
        size = len(body)
        while message.get("more_body", False):
            message = await self.receive()
            part = message.get("body", b"")
            size += len(part)
            self._check_size(size)
            parts.append(part)
        if message["type"] != "http.request":
            self.lost = True
            raise ClientLeft("the client left before its request was complete")
        self.body_read = True
        return b"".join(parts)

    def _check_size(self, size: int) -> None:
        if size > self.max_body_bytes:
            raise PayloadTooLarge(f"the body may have {self.max_body_bytes} bytes")

    def context(self, timeout_s: float | None) -> CallContext:
        """What travels with the calls that are made for this request."""
        key = self.headers.get(b"idempotency-key")
        return CallContext(
            request_id=self.request_id,
            deadline=None if timeout_s is None else time.monotonic() + timeout_s,
            idempotency_key=None if key is None else idempotency_key(key),
            traceparent=self.traceparent,
            client_address=self.address,
        )

    # The connection

    def attach(self, task: asyncio.Task[Any]) -> None:
        """From now on the connection's loss, or :meth:`abort`, cancels ``task``."""
        self.task = task

    def detach(self) -> None:
        self.task = None

    def on_lost(self, reason: str) -> None:
        self.lost = True
        self.outcome = reason
        self.abort(ClientLeft(reason))

    def abort(self, error: CoveyError) -> None:
        """End the exchange with ``error``, as if its handler had raised it."""
        if self.task is not None and self.abort_error is None and not self.ended:
            self.abort_error = error
            self.task.cancel()

    # The response

    @property
    def begun(self) -> bool:
        return self.status != 0

    def respond(
        self, status: int, body: bytes = b"", content_type: bytes = JSON, headers: Sequence[Header] = ()
    ) -> Awaitable[None]:
        """The whole response at once."""
        self.status = status
        self.ended = True
        self.bytes_sent = len(body)
        return self.writer.whole(status, self.security_headers, self._headers(content_type, headers), body)

    async def respond_early(self, status: int, body: bytes, content_type: bytes, headers: Sequence[Header]) -> None:
        """A response to a request whose body was not read: the rest is discarded, within limits, before closing.

        Closing at once would reset the connection, and the client might never see the answer.
        """
        if self.body_read:
            await self.respond(status, body, content_type, headers)
            return
        await self.begin(status, content_type, [(b"content-length", b"%d" % len(body)), *headers], close=True)
        await self.write(body)
        budget = 4 * self.max_body_bytes
        while budget > 0:
            message = await self.receive()
            budget -= len(message.get("body", b""))
            if message["type"] != "http.request" or not message.get("more_body", False):
                break
        await self.end()

    async def begin(
        self, status: int, content_type: bytes, headers: Sequence[Header] = (), *, close: bool = False
    ) -> None:
        """Send the status and headers of a response whose body follows in pieces."""
        self.status = status
        sent = self._headers(content_type, headers)
        if close:
            sent.append(CLOSE)
        await self.writer.begin(status, self.security_headers, sent)

    def write(self, data: bytes) -> Awaitable[None]:
        """Awaited: returns when the connection can take more; a client that never reads is ended by the server."""
        self.bytes_sent += len(data)
        return self.writer.write(data)

    def end(self, data: bytes = b"") -> Awaitable[None]:
        self.ended = True
        self.bytes_sent += len(data)
        return self.writer.end(data)

    def _headers(self, content_type: bytes, headers: Sequence[Header]) -> list[Header]:
        return [
            (b"content-type", content_type),
            (b"x-request-id", self.request_id.encode()),
            *self.response_headers,
            *headers,
        ]

    def elapsed_ms(self) -> float:
        return (time.perf_counter() - self.began_at) * 1000.0


class UnsupportedMediaType(InvalidRequest):
    """The body's encoding or content type is not one that is understood here."""

    http_status = 415


def idempotency_key(value: bytes) -> str:
    """Raises InvalidRequest unless it is 1 to 200 visible ASCII characters."""
    if not 1 <= len(value) <= 200 or not all(33 <= byte < 127 for byte in value):
        raise InvalidRequest("an idempotency key has 1 to 200 visible ASCII characters", param="idempotency-key")
    return value.decode("ascii")
