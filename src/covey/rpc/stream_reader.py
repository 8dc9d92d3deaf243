"""The reading end of a stream from another process."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

import msgspec
import structlog

from covey.errors import CoveyError, DeadlineExceeded, PeerUnavailable, StreamInterrupted
from covey.protocol import subjects
from covey.protocol.endpoint import StreamEndpoint
from covey.protocol.ids import InstanceId
from covey.rpc.carrier import HEADER_STATUS, STATUS_NOBODY, Carrier
from covey.rpc.context import CallContext
from covey.rpc.inbox import Inbox
from covey.rpc.parts import OutgoingParts
from covey.rpc.remote_calls import cancel_remote
from covey.rpc.signing import CallSignatures
from covey.rpc.wire import Control, Decoders, StreamFrame, encoder, error_in, error_of, headers_of
from covey.rpc.work import SilenceWatch

_log = structlog.get_logger(__name__)

WINDOW_ITEMS = 256
"""Items that may be on their way before the reader has asked for more."""
WINDOW_BYTES = 4 * 1_048_576
SENDER_SILENT_S = 3.0
"""After this long without a frame, not even a sign of life, the sender counts as dead."""
SIGN_INTERVAL_S = 1.0


class StreamReader:
    """Collects frames, checks that none is missing, and grants the sender more as items are taken."""

    def __init__(
        self,
        carrier: Carrier,
        inbox: Inbox,
        signatures: CallSignatures,
        endpoint: StreamEndpoint[Any, Any],
        decoder: Any,
        to: InstanceId | None,
    ) -> None:
        self._carrier = carrier
        self._inbox = inbox
        self._signatures = signatures
        self._endpoint = endpoint
        self._decoder: msgspec.msgpack.Decoder[StreamFrame[Any]] = decoder
        self._instance = to
        self._frames: deque[tuple[list[Any], int]] = deque()
        self._received = 0
        self._taken_items = 0
        self._taken_bytes = 0
        self._granted_items = WINDOW_ITEMS
        self._granted_bytes = WINDOW_BYTES
        self._failure: CoveyError | None = None
        self._ended = False
        self._wake: asyncio.Future[None] | None = None
        self._heard_at = 0.0
        self._said_at = 0.0
        self._finished = False
        self._spoke = False
        self._parts: OutgoingParts | None = None
        self.waits_since = 0.0
        self.idle_timeout_s = endpoint.idle_timeout_s
        self.deadline = math.inf
        self.token = ""

    @property
    def waits(self) -> bool:
        return self._wake is not None

    @property
    def instances(self) -> list[InstanceId] | None:
        """Who sends, once that is known."""
        return None if self._instance is None else [self._instance]

    @property
    def finished(self) -> bool:
        """Whether the sender knows that the stream is over."""
        return self._finished

    def cut(self, failure: CoveyError) -> None:
        """End it with ``failure`` after what has arrived already. The first end wins."""
        if self._ended:
            return
        self._failure = failure
        self._end()

    def ask(self, payload: bytes, context: CallContext, now: float) -> None:
        self.token = self._inbox.open(self._receive, self._endpoint.service, self._instance)
        self._heard_at = self._said_at = now
        name = self._endpoint.name
        headers = headers_of(context, now=now, deadline=context.deadline, caller=self._inbox.owner)
        if len(payload) > self._carrier.max_payload_bytes:
            parts = self._parts = OutgoingParts(
                self._carrier, self._endpoint.service, self.token, payload, self._instance
            )
            headers |= parts.headers
        subject = subjects.rpc(name) if self._instance is None else subjects.rpc_to(name, self._instance)
        reply = self._inbox.address(self.token)
        signed = self._signatures.sign(self._endpoint.service, subject, reply, headers, payload)
        first = payload if self._parts is None else self._parts.first
        self._carrier.publish(subject, first, headers=signed, reply=reply)

    async def next_frame(self, loop: asyncio.AbstractEventLoop) -> list[Any] | None:
        """The items that came next, or None at the end. Raises what the stream ended with."""
        while not self._frames:
            if self._ended:
                if self._failure is not None:
                    raise self._failure
                return None
            self._wake = loop.create_future()
            self.waits_since = loop.time()
            try:
                await self._wake
            finally:
                self._wake = None
        items, size_bytes = self._frames.popleft()
        self._taken_items += len(items)
        self._taken_bytes += size_bytes
        return items

    def taken(self, now: float) -> None:
        """The items of a frame have all been read: grant more when half of the window is used up."""
        if self._ended:
            return
        if (
            self._granted_items - self._taken_items <= WINDOW_ITEMS // 2
            or self._granted_bytes - self._taken_bytes <= WINDOW_BYTES // 2
        ):
            self._say(now)

    def beat(self, now: float, lag_s: float) -> None:
        """Called several times a second. ``lag_s`` is how long this process itself was held up."""
        self._heard_at += lag_s
        if self._ended:
            return
        if now - self._heard_at >= SENDER_SILENT_S:
            self.cut(StreamInterrupted("the sender of the stream is silent"))
        elif now - self._said_at >= SIGN_INTERVAL_S:
            self._say(now)

    def _say(self, now: float) -> None:
        if self._instance is None:
            return  # nothing came yet, so nothing more needs to be granted
        self._granted_items = self._taken_items + WINDOW_ITEMS
        self._granted_bytes = self._taken_bytes + WINDOW_BYTES
        self._said_at = now
        self._spoke = True
        # It carries the address of the answers, so that the server says so at once when the sender is gone.
        with suppress(PeerUnavailable):  # said again with the next beat
            self._carrier.publish(
                subjects.stream_control(self._endpoint.service, self._instance, self.token),
                encoder.encode(Control(self._granted_items, self._granted_bytes)),
                reply=self._inbox.address(self.token),
            )

    def _receive(self, payload: bytes, headers: Mapping[str, str]) -> None:
        if self._ended:
            return
        if headers and (self._goes_on(headers) or self._refused(payload, headers)):
            return
        try:
            frame = self._decoder.decode(payload)
        except msgspec.DecodeError as error:
            _log.error("frame_malformed", endpoint=self._endpoint.name, reason=type(error).__name__)
            self.cut(StreamInterrupted("a part of the stream cannot be read"))
            return
        if frame.sequence != self._received:
            self.cut(StreamInterrupted("a part of the stream is missing"))
            return
        self._heard_at = asyncio.get_running_loop().time()
        if frame.instance and self._instance is None:
            self._instance = InstanceId(frame.instance)
        if frame.items:
            self._received += len(frame.items)
            self._frames.append((frame.items, len(payload)))
            self._wake_up()
        if frame.ended:
            self._finished = True
            self._failure = None if frame.error is None else error_of(frame.error)
            self._end()

    def _goes_on(self, headers: Mapping[str, str]) -> bool:
        """Whether it was no frame but the wish for more of the question, which is sent then."""
        parts = self._parts
        try:
            if parts is None or not parts.hear(headers):
                return False
        except CoveyError as error:
            self.cut(error)
            return True
        self._heard_at = asyncio.get_running_loop().time()
        self._instance = parts.instance
        return True

    def _refused(self, payload: bytes, headers: Mapping[str, str]) -> bool:
        failure: CoveyError
        if headers.get(HEADER_STATUS) == STATUS_NOBODY:
            # Nobody heard the question, or, once we have spoken to the sender, it is gone with the work half done.
            gone = StreamInterrupted("the sender of the stream is gone")
            failure = (
                gone if self._spoke else PeerUnavailable(f"no {self._endpoint.service} instance is there to answer")
            )
        elif (code := headers.get(subjects.HEADER_ERROR)) is not None:
            failure = error_in(code, payload)
        else:
            return False
        self._finished = True
        self.cut(failure)
        return True

    def _end(self) -> None:
        self._ended = True
        self._wake_up()

    def _wake_up(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)


class RemoteStreams:
    """Streams that come from other processes."""

    def __init__(
        self,
        carrier: Carrier,
        inbox: Inbox,
        decoders: Decoders,
        instances_of: Callable[[str], Iterable[InstanceId]],
        signatures: CallSignatures,
    ) -> None:
        self._carrier = carrier
        self._signatures = signatures
        self._inbox = inbox
        self._decoders = decoders
        self._instances_of = instances_of
        self._open: set[StreamReader] = set()
        self._watch: SilenceWatch | None = None

    async def read(
        self,
        endpoint: StreamEndpoint[Any, Any],
        request: msgspec.Struct,
        context: CallContext,
        to: InstanceId | None,
    ) -> AsyncGenerator[Any, None]:
        loop = asyncio.get_running_loop()
        now = loop.time()
        if context.deadline is not None and context.deadline <= now:
            raise DeadlineExceeded
        payload = encoder.encode(request)
        decoder = self._decoders.frame(endpoint)
        reader = StreamReader(self._carrier, self._inbox, self._signatures, endpoint, decoder, to)
        if context.deadline is not None:
            reader.deadline = context.deadline
        if self._watch is None:
            self._watch = SilenceWatch(loop, self._open)
        self._open.add(reader)
        self._watch.expect(reader, now)
        try:
            reader.ask(payload, context, now)
            while (items := await reader.next_frame(loop)) is not None:
                for item in items:
                    yield item
                reader.taken(loop.time())
        finally:
            self._open.discard(reader)
            self._inbox.close(reader.token)
            if not reader.finished:
                instances = reader.instances
                cancel_remote(
                    self._carrier,
                    endpoint.service,
                    reader.token,
                    self._instances_of(endpoint.service) if instances is None else instances,
                )

    def beat(self, now: float, lag_s: float) -> None:
        for reader in tuple(self._open):
            reader.beat(now, lag_s)

    def interrupt(self) -> None:
        """Messages were dropped here: every stream in flight may have a gap."""
        for reader in tuple(self._open):
            reader.cut(StreamInterrupted("parts of the stream were dropped"))
