"""Reading many messages of a stream in order, with every loss noticed: by sequence gap, missed heartbeat or abort."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from nats.aio.msg import Msg

from covey.errors import StoreUnavailable
from covey.facilities.nats_stream import CLIENT_ERRORS, StreamCalls

INACTIVE_THRESHOLD_S = 5
"""How long the server keeps a consumer whose reader went away without a word."""
CATCH_UP_S = 2.0
"""How long a copy that lags may take to show what the leader has."""
READ_HEARTBEAT_S = 0.25
SHORTEST_PATIENCE_S = 1.5
STALLED_BEATS = 3
"""Heartbeats are sent only when there is nothing else to send; the first may have been under way already."""
SUCCESSOR_S = 0.5
"""How long the successor of a skipped message may take; when it vanished as well, the reading starts over."""
_EMPTY: Mapping[str, str] = {}


class DeliveryLost(Exception):
    """The delivery is broken; what was not received has to be read anew. Never leaves the facilities."""


class DeliveryStalled(DeliveryLost):
    """The server says that messages are waiting, and that it has nothing to send: either they have just been removed,
    or it cannot read them."""


class Delivered(msgspec.Struct, frozen=True):
    subject: str
    data: bytes
    headers: Mapping[str, str]
    sequence: int
    at: float
    pending: int
    """How many messages were to follow when this one was sent."""


class Delivery:
    """The receiving end of one short-lived consumer."""

    def __init__(self, calls: StreamCalls, heartbeat_s: float) -> None:
        self._calls = calls
        self._patience_s = max(3 * heartbeat_s, SHORTEST_PATIENCE_S)
        self._idle_beats = 0
        self._queue: deque[Msg | None] = deque()
        self._arrived = asyncio.Event()
        self._consumer_sequence = 0
        self.pending = 0
        """How many messages were waiting when the consumer was made."""

    async def receive(self, message: Msg) -> None:
        self._queue.append(message)
        self._arrived.set()

    def abort(self) -> None:
        """Make the reader stop with ``DeliveryLost``: the connection or the server is not the one it was."""
        self._queue.appendleft(None)
        self._arrived.set()

    async def next(self, *, expected: bool = False) -> Delivered:
        """Raises ``DeliveryLost``; ``DeliveryStalled`` when one is ``expected`` and the server idles instead."""
        self._idle_beats = 0
        while True:
            if expected and self._idle_beats >= STALLED_BEATS:
                raise DeliveryStalled
            message = await self._take()
            if message.data or not message.headers or "Status" not in message.headers:
                return self._deliver(message)
            await self._control(message.headers, message.reply)

    async def _take(self) -> Msg:
        while not self._queue:
            self._arrived.clear()
            try:
                async with asyncio.timeout(self._patience_s):
                    await self._arrived.wait()
            except TimeoutError as error:
                raise DeliveryLost from error
        message = self._queue.popleft()
        if message is None:
            raise DeliveryLost
        return message

    def _deliver(self, message: Msg) -> Delivered:
        tokens = message.reply.split(".")
        at = 2 if len(tokens) > 9 else 0
        sequence, consumer_sequence, nanoseconds, pending = (int(token) for token in tokens[5 + at : 9 + at])
        if consumer_sequence != self._consumer_sequence + 1:
            raise DeliveryLost
        self._consumer_sequence = consumer_sequence
        headers = message.headers or _EMPTY
        return Delivered(message.subject, message.data, headers, sequence, nanoseconds / 1e9, pending)

    async def _control(self, headers: Mapping[str, str], reply: str) -> None:
        """Heartbeats tell how far we should be; flow control asks whether we are."""
        self._idle_beats += "Nats-Last-Consumer" in headers
        last = headers.get("Nats-Last-Consumer")
        if last is not None and int(last) != self._consumer_sequence:
            raise DeliveryLost
        answer_to = reply or headers.get("Nats-Consumer-Stalled", "")
        if answer_to:
            await self._calls.client.publish(answer_to)


@asynccontextmanager
async def deliver(
    calls: StreamCalls,
    stream: str,
    filters: Sequence[str],
    *,
    policy: Mapping[str, Any],
    headers_only: bool = False,
    heartbeat_s: float = READ_HEARTBEAT_S,
) -> AsyncIterator[Delivery]:
    """Open a delivery of the messages under ``filters``. Raises ``StoreUnavailable``."""
    client = calls.client
    delivery = Delivery(calls, heartbeat_s)
    name = secrets.token_hex(8)
    inbox = client.new_inbox()
    config = {
        "name": name,
        "deliver_subject": inbox,
        "ack_policy": "none",
        "max_deliver": 1,
        "mem_storage": True,
        "num_replicas": 1,
        "inactive_threshold": INACTIVE_THRESHOLD_S * 1_000_000_000,
        "flow_control": True,
        "idle_heartbeat": int(heartbeat_s * 1_000_000_000),
        "headers_only": headers_only,
        "filter_subjects": list(filters),
        **policy,
    }
    try:
        # Unbounded here: the server's flow control is what bounds it.
        subscription = await client.subscribe(inbox, cb=delivery.receive, pending_msgs_limit=0, pending_bytes_limit=0)
    except CLIENT_ERRORS as error:
        raise StoreUnavailable from error
    try:
        reply = await calls.consumer(stream, name, {"stream_name": stream, "config": config})
        delivery.pending = reply.num_pending
        yield delivery
    finally:
        try:
            await subscription.unsubscribe()
        except CLIENT_ERRORS:
            pass  # The connection is closed, and the subscription with it.
        await calls.forget_consumer(stream, name)


async def read_all(delivery: Delivery, until_sequence: int = 0) -> AsyncIterator[Delivered]:
    """Everything up to a moment at which nothing more was waiting and ``until_sequence`` had been passed.

    What is read this way is one consistent state: messages come in the order of the stream, so when none is pending,
    nothing that was replaced before has been missed. Raises ``DeliveryLost`` when no such moment comes.
    """
    pending, reached = delivery.pending, 0
    while pending or reached < until_sequence:
        message = await (delivery.next(expected=True) if pending else _next(delivery, CATCH_UP_S))
        pending, reached = message.pending, message.sequence
        yield message


async def read_newest(delivery: Delivery, until_sequence: int = 0) -> AsyncIterator[Delivered]:
    """As ``read_all``, for a delivery of the newest message of each subject.

    A message that is replaced before its turn is skipped, and its successor does not count as pending yet; so as many
    subjects as there were at the beginning have to be seen, too.
    """
    subjects: set[str] = set()
    async for message in read_all(delivery, until_sequence):
        subjects.add(message.subject)
        yield message
    while len(subjects) < delivery.pending:
        message = await _next(delivery, SUCCESSOR_S)
        subjects.add(message.subject)
        yield message
        while message.pending:
            message = await _next(delivery, SUCCESSOR_S)
            subjects.add(message.subject)
            yield message


async def _next(delivery: Delivery, timeout_s: float) -> Delivered:
    try:
        async with asyncio.timeout(timeout_s):
            return await delivery.next()
    except TimeoutError as error:
        raise DeliveryLost from error
