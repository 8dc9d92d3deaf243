"""Requests to JetStream: one place that waits, backs off, translates errors and reads headers."""

from __future__ import annotations

import asyncio
import datetime
import random
from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

import msgspec
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from covey.errors import CoveyError, NotStarted, PayloadTooLarge, StoreUnavailable

T = TypeVar("T")

WRONG_LAST_SEQUENCE = frozenset({10071, 10164})
NO_MESSAGE = 10037
NO_STREAM = 10059
STREAM_EXISTS = 10058
_NOT_READY = frozenset({10008, 10009, 10039, 10118, 10210, 10211})
"""No leader yet, or too many batches at once: nothing was done, asking again is right."""
_FULL = frozenset({10023, 10028, 10047, 10077, 10110, 10111, 10122})
_TOO_LARGE = frozenset({10054})
_ATOMIC_OFF = 10174

CLIENT_ERRORS = (nats.errors.Error, ConnectionError)
"""What the client raises when the connection breaks at the wrong moment."""
FIRST_PAUSE_S = 0.02
LONGEST_PAUSE_S = 1.0


class StoreConnection(Protocol):
    """What the store needs of the connection facility."""

    @property
    def client(self) -> Client: ...


class ApiError(msgspec.Struct, frozen=True):
    code: int
    err_code: int = 0
    description: str = ""


class StreamError(Exception):
    """An error reply of JetStream, by number; never leaves the facilities."""

    def __init__(self, error: ApiError) -> None:
        super().__init__(error.err_code)
        self.number = error.err_code


class Acknowledgement(msgspec.Struct, frozen=True):
    """What the stream answers to a message."""

    seq: int = 0
    duplicate: bool = False
    error: ApiError | None = None


class StoredMessage(msgspec.Struct, frozen=True):
    """A message as the leader reads it."""

    subject: str
    seq: int
    time: datetime.datetime
    data: bytes = b""
    hdrs: bytes = b""


class StoredMessageReply(msgspec.Struct, frozen=True):
    message: StoredMessage | None = None
    error: ApiError | None = None


class StreamState(msgspec.Struct, frozen=True):
    messages: int = 0
    bytes: int = 0
    first_seq: int = 0
    last_seq: int = 0
    num_subjects: int = 0
    num_deleted: int = 0
    deleted: list[int] | None = None


class StreamReply(msgspec.Struct, frozen=True):
    """The description of a stream."""

    config: dict[str, Any] = {}
    state: StreamState = StreamState()
    error: ApiError | None = None


class PlainReply(msgspec.Struct, frozen=True):
    """Any other answer: only its error matters, and how much is to come."""

    num_pending: int = 0
    error: ApiError | None = None


_acknowledgements = msgspec.json.Decoder(Acknowledgement)
_stored = msgspec.json.Decoder(StoredMessageReply)
_streams = msgspec.json.Decoder(StreamReply)
_plain = msgspec.json.Decoder(PlainReply)


def parse_headers(block: bytes) -> dict[str, str]:
    """The headers of a stored message."""
    lines = block.decode("utf-8", "replace").split("\r\n")[1:]
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines if line)}


class StreamCalls:
    """Calls on JetStream over one connection, each within ``timeout_s``.

    Refusals that prove that nothing was done (no responder, no leader) are tried again with growing, jittered pauses.
    A time-out proves nothing and is never tried again here.
    """

    def __init__(self, connection: StoreConnection, timeout_s: float) -> None:
        self._connection = connection
        self.timeout_s = timeout_s

    @property
    def client(self) -> Client:
        """The client of this moment. Raises ``StoreUnavailable`` when there is none."""
        try:
            return self._connection.client
        except NotStarted as error:
            raise StoreUnavailable from error

    async def publish(self, subject: str, value: bytes, headers: Mapping[str, str]) -> Acknowledgement:
        """Store one message. Raises ``StreamError``, ``StoreUnavailable``, ``PayloadTooLarge``."""
        return await self._ask(subject, value, headers, _acknowledgements)

    async def tell(self, subject: str, value: bytes, headers: Mapping[str, str]) -> None:
        """Send a part of a batch, whose last part is the one that is answered. Raises ``StoreUnavailable``."""
        if not self.client.is_connected:
            raise StoreUnavailable
        try:
            await self.client.publish(subject, value, headers=dict(headers))
        except CLIENT_ERRORS as error:
            raise StoreUnavailable from error

    async def stored(self, stream: str, subject: str) -> StoredMessage | None:
        """The newest message under ``subject``, read from the leader. Raises ``StoreUnavailable``."""
        try:
            reply = await self._api(f"STREAM.MSG.GET.{stream}", {"last_by_subj": subject}, _stored)
        except StreamError as error:
            if error.number == NO_MESSAGE:
                return None
            raise StoreUnavailable from error
        return reply.message

    async def stream(self, verb: str, name: str, body: Mapping[str, Any] | None = None) -> StreamReply:
        """INFO, CREATE, UPDATE or PURGE of one stream. Raises ``StreamError``, ``StoreUnavailable``."""
        return await self._api(f"STREAM.{verb}.{name}", body or {}, _streams)

    async def consumer(self, stream: str, name: str, body: Mapping[str, Any]) -> PlainReply:
        """Make a consumer. Raises ``StoreUnavailable``."""
        try:
            return await self._api(f"CONSUMER.CREATE.{stream}.{name}", body, _plain)
        except StreamError as error:
            raise StoreUnavailable from error

    async def forget_consumer(self, stream: str, name: str) -> None:
        """Ask for a consumer's removal without waiting; one that is not heard ends by its inactivity."""
        if self.client.is_connected:
            try:
                await self.client.publish(f"$JS.API.CONSUMER.DELETE.{stream}.{name}", reply=self.client.new_inbox())
            except CLIENT_ERRORS:
                return

    async def _api(self, verb: str, body: Mapping[str, Any], decoder: msgspec.json.Decoder[T]) -> T:
        return await self._ask(f"$JS.API.{verb}", msgspec.json.encode(body), {}, decoder)

    async def _ask(
        self, subject: str, payload: bytes, headers: Mapping[str, str], decoder: msgspec.json.Decoder[T]
    ) -> T:
        deadline = asyncio.get_running_loop().time() + self.timeout_s
        pause_s = FIRST_PAUSE_S
        while True:
            left_s = deadline - asyncio.get_running_loop().time()
            reply = await self._once(subject, payload, headers, left_s)
            if reply is not None:
                answer = decoder.decode(reply.data)
                error: ApiError | None = getattr(answer, "error", None)
                if error is None:
                    return answer
                if error.err_code not in _NOT_READY:
                    raise self.refusal(error)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S) * random.uniform(0.5, 1.0)
            if left_s <= pause_s:
                raise StoreUnavailable
            await asyncio.sleep(pause_s)

    async def _once(self, subject: str, payload: bytes, headers: Mapping[str, str], left_s: float) -> Msg | None:
        """The reply; None when certainly nobody took the request."""
        client = self.client
        if len(payload) > client.max_payload - 4096:
            raise PayloadTooLarge
        if not client.is_connected:
            if client.is_closed:
                raise StoreUnavailable
            return None
        try:
            return await client.request(subject, payload, timeout=max(left_s, 0.001), headers=dict(headers) or None)
        except nats.errors.NoRespondersError:
            return None
        except CLIENT_ERRORS as error:
            raise StoreUnavailable from error

    @staticmethod
    def refusal(error: ApiError) -> StreamError | CoveyError:
        if error.err_code in _FULL:
            return StoreUnavailable("the store is full: nothing was written")
        if error.err_code in _TOO_LARGE:
            return PayloadTooLarge()
        if error.err_code == _ATOMIC_OFF:
            return StoreUnavailable("this bucket takes no batches: it was made by a nats-server older than 2.12")
        return StreamError(error)
