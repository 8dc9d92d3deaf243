"""One connection to an engine: bytes in, one answer after another out."""

from __future__ import annotations

import asyncio
from typing import Protocol, cast

import httptools

from covey.backends.http.config import HttpConfig
from covey.backends.http.response import HIGH_WATER_BYTES, Response
from covey.errors import BackendProtocolError, BackendUnavailable

MAX_HEADERS = 128
DISCARD_S = 1.0
"""How long a connection is kept for the end of an answer that nobody reads any more."""
DISCARD_BYTES = 65_536


class Owner(Protocol):
    """What a connection tells its pool."""

    def connection_opened(self, connection: Connection) -> None: ...

    def connection_free(self, connection: Connection) -> None: ...

    def connection_gone(self, connection: Connection) -> None: ...

    def connection_rests(self, connection: Connection) -> None: ...


class Connection(asyncio.Protocol):
    """Carries one exchange at a time. Anything that was not asked for closes it."""

    def __init__(self, owner: Owner, config: HttpConfig, loop: asyncio.AbstractEventLoop) -> None:
        self._owner = owner
        self._config = config
        self._loop = loop
        self._now = loop.time
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._response: Response | None = None
        self._used = False
        self._received = False
        self._keep_alive = False
        self._paused = False
        """Not read because its reader has enough for now."""
        self._resting = False
        """Not read because it was read a moment ago."""
        self._body_begun = False
        self._discarding_since: float | None = None
        self._unread_bytes = 0
        self._violation = ""
        self.last_active = loop.time()

    # What the pool does

    @property
    def usable(self) -> bool:
        return self._transport is not None and not self._transport.is_closing() and self._response is None

    def begin(self, head: bytes, body: bytes) -> Response:
        """Send a request; the answer arrives in what is returned."""
        assert self._transport is not None
        response = self._response = Response(self, self._loop)
        self._received = False
        self.last_active = self._now()
        if len(body) < 65_536:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._transport.write(body)
        return response

    def check(self, now: float) -> None:
        """Fail the exchange whose reader has waited too long."""
        response = self._response
        if self._discarding_since is not None and now - self._discarding_since > DISCARD_S:
            self.abort()
        if response is None or response.waiter is None:
            return
        begun = bool(response.head_complete and self._body_begun)
        timeout_s = self._config.idle_timeout_s if begun else self._config.first_byte_timeout_s
        timeout_s = response.patience_s or timeout_s
        if now - max(self.last_active, response.waiting_since) > timeout_s:
            what = "stopped in the middle of its answer" if begun else "did not answer in time"
            response.fail(BackendUnavailable(f"the engine {what}"))

    # What the response does

    def resume(self) -> None:
        if self._paused:
            self._paused = False
            self._read_again()

    def read_on(self) -> None:
        """It has rested long enough."""
        if self._resting:
            self._resting = False
            self._read_again()

    def _read_again(self) -> None:
        reads = not (self._paused or self._resting)
        if reads and self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def discard(self) -> None:
        """The reader has all it wants; keep the connection if the end of the answer follows soon."""
        self._discarding_since = self._now()
        self.resume()
        self.read_on()

    def abort(self) -> None:
        """Close at once; what was not sent is not sent."""
        if self._transport is not None:
            self._transport.abort()

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclasses of asyncio's
        self._owner.connection_opened(self)

    def data_received(self, data: bytes) -> None:
        response = self._response
        if response is None:
            self.abort()
            return
        self._received = True
        self.last_active = self._now()
        self._unread_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._violation = self._violation or "the engine does not speak HTTP"
        if self._unread_bytes > self._config.max_head_bytes:
            self._violation = self._violation or "the engine's headers are too large"
        if self._violation:
            # A complete answer is good; what follows it is not, and ends the connection.
            self._response = None
            response.fail(BackendProtocolError(self._violation))
        elif response.complete:
            self._release(response)
        elif response.buffered_bytes > HIGH_WATER_BYTES and not self._paused and self._transport is not None:
            self._paused = True
            self._transport.pause_reading()
        elif response.paced and self._discarding_since is None and not self._resting and self._transport is not None:
            self._resting = True
            self._transport.pause_reading()
            self._owner.connection_rests(self)
        if response.waiter is not None and (response.parts or response.head_complete):
            response.wake()

    def connection_lost(self, exc: Exception | None) -> None:
        response, self._response = self._response, None
        self._transport = None
        if response is not None:
            ours = response.closed
            response.detach()
            if exc is None and self._ends_with_the_connection(response):
                response.complete = True
                response.wake()
            else:
                response.stale = self._used and not self._received and not ours
                where = "in the middle of its answer" if self._received else "before it answered"
                response.fail(BackendUnavailable(f"the engine closed the connection {where}"))
        self._owner.connection_gone(self)

    @staticmethod
    def _ends_with_the_connection(response: Response) -> bool:
        framed = response.header(b"content-length") or response.header(b"transfer-encoding")
        return response.head_complete and not framed

    def _release(self, response: Response) -> None:
        response.detach()
        self._response = None
        self._discarding_since = None
        self._used = True
        self.resume()
        unsent = self._transport is None or self._transport.get_write_buffer_size() > 0
        if self._keep_alive and not unsent:
            self._owner.connection_free(self)
        else:
            self.abort()

    # httptools; an exception raised in here would be wrapped, so breaches are only noted

    def on_message_begin(self) -> None:
        self._body_begun = False
        if self._response is None or self._response.complete:
            self._violation = "the engine sent more than one answer"

    def on_header(self, name: bytes, value: bytes) -> None:
        response = self._response
        if response is None:
            return
        if len(response.headers) >= MAX_HEADERS:
            self._violation = "the engine's headers are too large"
            return
        response.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        response = self._response
        if response is None:
            return
        response.status = self._parser.get_status_code()
        if response.status < 200:
            return
        if b"content-encoding" in response.headers and response.header(b"content-encoding").lower() != "identity":
            self._violation = "the engine compresses its answer though it was asked not to"
            return
        self._unread_bytes = 0
        response.head_complete = True

    def on_body(self, body: bytes) -> None:
        response = self._response
        if response is not None and not self._violation:
            self._body_begun = True
            self._unread_bytes = 0
            response.buffered_bytes += len(body)
            if self._discarding_since is None:
                response.parts.append(body)
            elif response.buffered_bytes > DISCARD_BYTES:
                self._violation = "the engine goes on after the end"

    def on_message_complete(self) -> None:
        response = self._response
        if response is None or self._violation:
            return
        if response.status < 200:
            response.headers.clear()
            return
        self._unread_bytes = 0
        self._keep_alive = self._parser.should_keep_alive()
        response.complete = True
