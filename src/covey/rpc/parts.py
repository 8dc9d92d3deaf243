"""Requests that are larger than one message: they travel in parts, as fast as whoever takes them asks for more.

The first part goes where the whole request would have gone, and says how large that is. The instance that gets it
answers how far it wants to read; the other parts are sent to that instance alone, where its streams are controlled. It
holds bounded memory for requests that are under way, and forgets those that go silent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
import structlog

from covey.errors import CoveyError, InvalidRequest, Overloaded, PayloadTooLarge, StreamInterrupted
from covey.protocol import subjects
from covey.protocol.ids import InstanceId
from covey.rpc.carrier import Carrier
from covey.rpc.context import CallContext

_log = structlog.get_logger(__name__)

PART_BYTES = 524_288
"""Of one message, so that others on the same connection do not wait for long."""
WINDOW_BYTES = 4 * PART_BYTES
"""How much may be on its way before the reader has asked for more."""
LARGEST_REQUEST_BYTES = 64 * 1_048_576
LARGEST_TOTAL_BYTES = 256 * 1_048_576
"""Of all requests that one instance is reading at the same time."""
SILENT_S = 5.0
"""A request of which nothing more comes for so long is given up."""


class OutgoingParts:
    """One request on its way out."""

    def __init__(
        self, carrier: Carrier, service: str, token: str, payload: bytes, asked: InstanceId | None = None
    ) -> None:
        """``asked``: the one instance that may read it; None: whichever takes it. Raises PayloadTooLarge."""
        if len(payload) > LARGEST_REQUEST_BYTES:
            raise PayloadTooLarge(f"a request has at most {LARGEST_REQUEST_BYTES} bytes")
        self.instance: InstanceId | None = None
        """Who reads it, once that is known."""
        self._asked = asked
        self._carrier = carrier
        self._service = service
        self._token = token
        self._payload = payload
        self._part_bytes = min(PART_BYTES, carrier.max_payload_bytes)
        self._sent = self._part_bytes

    @property
    def first(self) -> bytes:
        return self._payload[: self._part_bytes]

    @property
    def headers(self) -> dict[str, str]:
        """What the first part says of the whole."""
        return {subjects.HEADER_SIZE: str(len(self._payload))}

    def hear(self, headers: Mapping[str, str]) -> bool:
        """Send what is asked for; False when the message asks for nothing. Raises PeerUnavailable."""
        wanted, instance = headers.get(subjects.HEADER_WANTED), headers.get(subjects.HEADER_INSTANCE)
        if wanted is None or instance is None or not wanted.isdecimal():
            return False
        # The first who takes it reads it to its end; nobody can have the rest sent to somebody else.
        if instance != (self.instance or self._asked or instance):
            return False
        self.instance = InstanceId(instance)
        subject = subjects.stream_control(self._service, self.instance, self._token)
        end = min(int(wanted), len(self._payload))
        while self._sent < end:
            part = self._payload[self._sent : self._sent + self._part_bytes]
            self._carrier.publish(subject, part, headers={subjects.HEADER_OFFSET: str(self._sent)})
            self._sent += len(part)
        return True


class IncomingRequest(msgspec.Struct):
    """One request on its way in."""

    method: str
    context: CallContext
    reply: str
    token: str
    size_bytes: int
    parts: list[bytes]
    received_bytes: int
    wanted_bytes: int
    heard_at: float
    digest: str | None
    """Of the whole, as whoever asks has signed it."""

    def whole(self) -> bytes:
        return b"".join(self.parts)


class IncomingParts:
    """The requests of which one instance has the beginning. ``complete`` gets each that is whole, ``refuse`` the place
    of the answer and the reason when one ends otherwise."""

    def __init__(
        self,
        carrier: Carrier,
        instance: InstanceId,
        complete: Callable[[IncomingRequest], None],
        refuse: Callable[[str, CoveyError], None],
    ) -> None:
        self._carrier = carrier
        self._instance = instance
        self._complete = complete
        self._refuse = refuse
        self._requests: dict[str, IncomingRequest] = {}
        self.held_bytes = 0
        """Promised to the requests under way, whether it has come or not."""

    def __len__(self) -> int:
        return len(self._requests)

    def begin(
        self, method: str, payload: bytes, headers: Mapping[str, str], context: CallContext, reply: str, now: float
    ) -> None:
        """Raises PayloadTooLarge, InvalidRequest, Overloaded, PeerUnavailable."""
        size = headers[subjects.HEADER_SIZE]
        if not size.isdecimal() or int(size) <= len(payload):
            raise InvalidRequest("the size of the request is malformed")
        size_bytes = int(size)
        if size_bytes > LARGEST_REQUEST_BYTES:
            raise PayloadTooLarge(f"a request has at most {LARGEST_REQUEST_BYTES} bytes")
        if self.held_bytes + size_bytes > LARGEST_TOTAL_BYTES:
            raise Overloaded("too many large requests are on their way", retry_after_s=1.0)
        token = reply.rpartition(".")[2]
        request = IncomingRequest(
            method=method, context=context, reply=reply, token=token, size_bytes=size_bytes, parts=[payload],
            received_bytes=len(payload), wanted_bytes=0, heard_at=now,
            digest=headers.get(subjects.HEADER_DIGEST),
        )  # fmt: skip
        self._ask_for_more(request)
        self._requests[token] = request
        self.held_bytes += size_bytes

    def hear(self, token: str, payload: bytes, headers: Mapping[str, str], now: float) -> None:
        """A further part. One that came already is ignored; a gap ends the request."""
        request = self._requests.get(token)
        offset = headers[subjects.HEADER_OFFSET]
        if request is None or not offset.isdecimal() or int(offset) < request.received_bytes:
            return
        if int(offset) > request.received_bytes or request.received_bytes + len(payload) > request.size_bytes:
            self._end(request, StreamInterrupted("a part of the request is missing"))
            return
        request.parts.append(payload)
        request.received_bytes += len(payload)
        request.heard_at = now
        if request.received_bytes == request.size_bytes:
            self.forget(token)
            self._complete(request)
        elif request.wanted_bytes - request.received_bytes <= WINDOW_BYTES // 2:
            try:
                self._ask_for_more(request)
            except CoveyError as error:
                self._end(request, error)

    def beat(self, now: float, lag_s: float) -> None:
        """Called several times a second. ``lag_s`` is how long this process itself was held up."""
        for request in tuple(self._requests.values()):
            request.heard_at += lag_s
            deadline = request.context.deadline
            if now - request.heard_at >= SILENT_S or (deadline is not None and deadline <= now):
                self._end(request, StreamInterrupted("the rest of the request did not come"))

    def forget(self, token: str) -> bool:
        """Whether there was one: nobody wants it any more, or it is whole."""
        request = self._requests.pop(token, None)
        if request is None:
            return False
        self.held_bytes -= request.size_bytes
        return True

    def end_all(self, error: CoveyError) -> None:
        for request in tuple(self._requests.values()):
            self._end(request, error)

    def _end(self, request: IncomingRequest, error: CoveyError) -> None:
        self.forget(request.token)
        _log.info("request_incomplete", request_id=request.context.request_id, error=error.code)
        self._refuse(request.reply, error)

    def _ask_for_more(self, request: IncomingRequest) -> None:
        wanted = min(request.size_bytes, request.received_bytes + WINDOW_BYTES)
        self._carrier.publish(
            request.reply,
            b"",
            headers={subjects.HEADER_WANTED: str(wanted), subjects.HEADER_INSTANCE: self._instance},
        )
        request.wanted_bytes = wanted
