"""Bytes over NATS, with the limits that the library does not keep for us."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

import nats.errors
from nats.aio.msg import Msg

from covey.errors import PayloadTooLarge, PeerUnavailable
from covey.facilities.nats_connection import KeptSubscription, NatsConnection
from covey.rpc.carrier import Receive
from covey.rpc.work import resume

HEADROOM_BYTES = 4096
"""Kept free for headers and the protocol: a message over the server's limit kills the whole connection, and the
library's own check does not count headers."""
CONGESTED_BYTES = 64 * 1_048_576
"""Unsent bytes at which nothing more is taken: the server has not read for a while."""
FLUSH_TIMEOUT_S = 5.0
_NO_HEADERS: Mapping[str, str] = {}


class NatsCarrier:
    """A :class:`covey.rpc.carrier.Carrier` over a :class:`NatsConnection`."""

    def __init__(self, connection: NatsConnection) -> None:
        self._connection = connection
        self._late: set[asyncio.Task[Any]] = set()

    @property
    def inbox_prefix(self) -> str:
        return self._connection.inbox_prefix

    @property
    def connected(self) -> bool:
        return self._connection.connected

    @property
    def server(self) -> str | None:
        return self._connection.server

    @property
    def max_payload_bytes(self) -> int:
        return self._connection.client.max_payload - HEADROOM_BYTES

    def publish(
        self, subject: str, payload: bytes, *, headers: Mapping[str, str] | None = None, reply: str = ""
    ) -> None:
        client = self._connection.client
        if not client.is_connected or client.pending_data_size > CONGESTED_BYTES:
            raise PeerUnavailable("the connection to the mesh is away")
        size_bytes = len(payload) + (_size_bytes(headers) if headers else 0)
        if size_bytes > client.max_payload - HEADROOM_BYTES // 2:
            raise PayloadTooLarge("the message does not fit the mesh")
        # Publishing only queues: the first step does it all, unless the library's own queue of flushes is full.
        sending: Coroutine[Any, Any, None] = client.publish(subject, payload, reply, dict(headers) if headers else None)
        try:
            waits_for = sending.send(None)
        except StopIteration:
            return
        except (nats.errors.Error, ConnectionError) as error:
            raise PeerUnavailable("the connection to the mesh is away") from error
        task = asyncio.ensure_future(resume(sending, waits_for))  # ends by itself; close() awaits it
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def subscribe(self, subject: str, receive: Receive, *, queue: str = "") -> KeptSubscription:
        def hand_over(message: Msg) -> None:
            receive(message.subject, message.data, message.headers or _NO_HEADERS, message.reply)

        try:
            return await self._connection.subscribe(subject, hand_over, queue=queue)
        except (nats.errors.Error, ConnectionError) as error:
            raise PeerUnavailable("the connection to the mesh is away") from error

    async def flush(self) -> None:
        client = self._connection.client
        try:
            # Twice: the library writes the first ping before what it still holds back.
            async with asyncio.timeout(FLUSH_TIMEOUT_S):
                await client.flush()
                await client.flush()
        except (nats.errors.Error, ConnectionError, TimeoutError) as error:
            raise PeerUnavailable("the connection to the mesh is away") from error

    def on_loss(self, callback: Callable[[], None]) -> None:
        self._connection.on_loss(callback)

    def on_reconnect(self, callback: Callable[[], Awaitable[None]]) -> None:
        self._connection.on_reconnect(callback)

    async def close(self) -> None:
        for task in tuple(self._late):
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)


def _size_bytes(headers: Mapping[str, str]) -> int:
    return sum(
        len(name) + 4 + (len(value) if value.isascii() else len(value.encode())) for name, value in headers.items()
    )
