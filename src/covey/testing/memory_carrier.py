"""A carrier between buses of one process: the bytes are real, the network is not, and it fails on request."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from covey.errors import PayloadTooLarge, PeerUnavailable
from covey.rpc.carrier import HEADER_STATUS, STATUS_NOBODY, Receive

MAX_PAYLOAD_BYTES = 1_048_576 - 4096


@dataclass(frozen=True)
class MemoryMessage:
    subject: str
    payload: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    reply: str = ""


Tamper = Callable[[MemoryMessage], list[MemoryMessage]]
"""What becomes of a message: nothing, itself, itself twice, others."""


class MemorySubscription:
    def __init__(self, hub: MemoryHub, carrier: MemoryCarrier, subject: str, queue: str, receive: Receive) -> None:
        self.carrier = carrier
        self.queue = queue
        self.receive = receive
        self._tokens = subject.split(".")
        self._hub = hub

    def matches(self, subject: str) -> bool:
        tokens = subject.split(".")
        for position, wanted in enumerate(self._tokens):
            if wanted == ">":
                return len(tokens) > position
            if position >= len(tokens) or wanted not in ("*", tokens[position]):
                return False
        return len(tokens) == len(self._tokens)

    async def close(self) -> None:
        await self._hub.settle()
        if self in self._hub.subscriptions:
            self._hub.subscriptions.remove(self)


class MemoryHub:
    """What a nats-server is to real carriers. Share one between the nodes of a test."""

    def __init__(self) -> None:
        self.subscriptions: list[MemorySubscription] = []
        self.tamper: Tamper | None = None
        """Asked about each message before it is delivered; see :mod:`covey.testing.faulty_bus`."""
        self.carried: list[MemoryMessage] = []
        """Every message in the order sent, before any tampering."""
        self._turn = 0

    def carrier(self, inbox_prefix: str) -> MemoryCarrier:
        return MemoryCarrier(self, inbox_prefix)

    def send(self, message: MemoryMessage) -> None:
        self.carried.append(message)
        for each in [message] if self.tamper is None else self.tamper(message):
            asyncio.get_running_loop().call_soon(self.deliver, each)

    def deliver(self, message: MemoryMessage) -> None:
        heard = [sub for sub in self.subscriptions if sub.carrier.connected and sub.matches(message.subject)]
        groups: dict[str, list[MemorySubscription]] = {}
        for sub in heard:
            groups.setdefault(sub.queue, []).append(sub)
        for queue, members in groups.items():
            for sub in members if not queue else [self._one_of(members)]:
                sub.receive(message.subject, message.payload, message.headers, message.reply)
        if not heard and message.reply:
            self.deliver(MemoryMessage(message.reply, b"", {HEADER_STATUS: STATUS_NOBODY}))

    def _one_of(self, members: list[MemorySubscription]) -> MemorySubscription:
        self._turn += 1
        return members[self._turn % len(members)]

    async def settle(self) -> None:
        """Everything sent before this is delivered after it."""
        delivered = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(delivered.set_result, None)
        await delivered


class MemoryCarrier:
    """A :class:`covey.rpc.carrier.Carrier` on a hub. ``disconnect`` and ``reconnect`` are the test's."""

    def __init__(self, hub: MemoryHub, inbox_prefix: str) -> None:
        self._hub = hub
        self._inbox_prefix = inbox_prefix
        self._connected = True
        self._on_loss: list[Callable[[], None]] = []
        self._on_reconnect: list[Callable[[], Awaitable[None]]] = []

    @property
    def inbox_prefix(self) -> str:
        return self._inbox_prefix

    @property
    def server(self) -> str | None:
        return None

    @property
    def connected(self) -> bool:
        return self._connected

    @property
    def max_payload_bytes(self) -> int:
        return MAX_PAYLOAD_BYTES

    def publish(
        self, subject: str, payload: bytes, *, headers: Mapping[str, str] | None = None, reply: str = ""
    ) -> None:
        if not self._connected:
            raise PeerUnavailable
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise PayloadTooLarge
        self._hub.send(MemoryMessage(subject, payload, dict(headers or {}), reply))

    async def subscribe(self, subject: str, receive: Receive, *, queue: str = "") -> MemorySubscription:
        subscription = MemorySubscription(self._hub, self, subject, queue, receive)
        self._hub.subscriptions.append(subscription)
        return subscription

    async def flush(self) -> None:
        if not self._connected:
            raise PeerUnavailable
        for _ in range(2):  # a question and the answer to it
            await self._hub.settle()

    def on_loss(self, callback: Callable[[], None]) -> None:
        self._on_loss.append(callback)

    def on_reconnect(self, callback: Callable[[], Awaitable[None]]) -> None:
        self._on_reconnect.append(callback)

    def drop_some(self) -> None:
        """Have the carrier report that messages were dropped."""
        for callback in self._on_loss:
            callback()

    def disconnect(self) -> None:
        """Nothing goes out or comes in any more, and nobody is told."""
        self._connected = False

    async def reconnect(self) -> None:
        self._connected = True
        for callback in self._on_reconnect:
            await callback()
