"""The bus of one process among others: what is served here is answered here, the rest goes over the carrier."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

import msgspec
import structlog

from covey.errors import NotStarted, PeerUnavailable
from covey.protocol import subjects
from covey.protocol.endpoint import Endpoint, EventT, ItemT, RequestT, ResponseT, StreamEndpoint, Topic
from covey.protocol.ids import InstanceId
from covey.protocol.registry import InstanceInfo
from covey.rpc.bus import InstanceReply
from covey.rpc.callers import Callers
from covey.rpc.carrier import Carrier, CarrierSubscription
from covey.rpc.context import CallContext
from covey.rpc.inbox import Inbox
from covey.rpc.listening import Listener
from covey.rpc.local import LocalBus, ask_all
from covey.rpc.presence import Presence
from covey.rpc.remote_calls import RemoteCalls
from covey.rpc.server import CONCURRENT_REQUESTS, RemoteService
from covey.rpc.service import Service
from covey.rpc.serving import Served
from covey.rpc.signing import CallSignatures
from covey.rpc.stream_reader import RemoteStreams
from covey.rpc.wire import Decoders, encoder
from covey.runtime.ticks import until_tick

_log = structlog.get_logger(__name__)

BEAT_INTERVAL_S = 0.25
HELD_UP_S = 1.0
"""A beat that comes this late shows that the process stood still: the silence of others proves nothing then."""


class Beating(Protocol):
    def beat(self, now: float, lag_s: float) -> None: ...


class NodeBinding:
    """A service that this process and all others can call."""

    def __init__(self, node: RpcNode, served: Served) -> None:
        self.instance = served.instance
        self._node = node
        self._served = served

    async def drain(self, budget_s: float) -> None:
        await self._node.drain(self._served, budget_s)


class NodeSubscription:
    def __init__(self, node: RpcNode, listener: Listener) -> None:
        self._node = node
        self._listener = listener

    async def close(self) -> None:
        await self._listener.close()
        await self._node.unlisten(self._listener.topic)


class RpcNode:
    """A :class:`covey.rpc.bus.Bus` over a :class:`covey.rpc.carrier.Carrier`. One that is not ``sociable`` serves those
    who know it and hears of nobody: that of a machine that joined."""

    def __init__(
        self,
        carrier: Carrier,
        *,
        concurrent_requests: int = CONCURRENT_REQUESTS,
        sociable: bool = True,
        signatures: CallSignatures | None = None,
    ) -> None:
        self._carrier = carrier
        self._signatures = signatures or CallSignatures()
        self._concurrent_requests = concurrent_requests
        self._local = LocalBus()
        self._router = self._local.router
        self._inbox = Inbox(carrier)
        self._callers = Callers()
        self._presence = Presence(carrier, self._router, listens=sociable)
        decoders = Decoders()
        self._calls = RemoteCalls(carrier, self._inbox, decoders, self._presence.ids, self._signatures)
        self._streams = RemoteStreams(carrier, self._inbox, decoders, self._presence.ids, self._signatures)
        self._services: dict[InstanceId, RemoteService] = {}
        self._topics: dict[str, CarrierSubscription] = {}
        self._topic_lock = asyncio.Lock()
        self._beat_task: asyncio.Task[None] | None = None
        carrier.on_loss(self._streams.interrupt)
        carrier.on_reconnect(self._reconnected)

    async def start(self) -> None:
        if self._beat_task is None:
            await self._inbox.start()
            await self._presence.start()
            self._beat_task = asyncio.create_task(self._beat(), name="rpc-beat")  # cancelled and awaited in stop

    async def stop(self) -> None:
        """End what is still served, at once. Safe twice, and on a half-started node."""
        for served in self._router.served():
            await self.drain(served, 0.0)
        await self._local.close()
        for topic in tuple(self._topics):
            await self._topics.pop(topic).close()
        beat, self._beat_task = self._beat_task, None
        if beat is not None:
            beat.cancel()
            await asyncio.gather(beat, return_exceptions=True)
        await self._presence.stop()
        await self._inbox.stop()

    def call(
        self,
        endpoint: Endpoint[RequestT, ResponseT],
        request: RequestT,
        context: CallContext,
        *,
        to: InstanceId | None = None,
    ) -> Coroutine[Any, Any, ResponseT]:
        handler = self._router.call_handler(endpoint.name, to)
        if handler is not None:
            return handler.call(request, context)
        return self._calls.call(endpoint, request, context, to)

    def call_local(
        self,
        endpoint: Endpoint[RequestT, ResponseT],
        request: RequestT,
        context: CallContext,
        *,
        to: InstanceId | None = None,
    ) -> Coroutine[Any, Any, ResponseT] | None:
        handler = self._router.call_handler(endpoint.name, to)
        return None if handler is None else handler.call(request, context)

    def answers_here(self, endpoint: Endpoint[RequestT, ResponseT]) -> bool:
        return self._router.answers(endpoint.name)

    def stream(
        self,
        endpoint: StreamEndpoint[RequestT, ItemT],
        request: RequestT,
        context: CallContext,
        *,
        to: InstanceId | None = None,
    ) -> AsyncGenerator[ItemT, None]:
        handler = self._router.stream_handler(endpoint.name, to)
        if handler is not None:
            return handler.open(request, context)
        return self._streams.read(endpoint, request, context, to)

    async def call_all(
        self, endpoint: Endpoint[RequestT, ResponseT], request: RequestT, context: CallContext
    ) -> Sequence[InstanceReply]:
        return await ask_all(self, endpoint, request, context)

    async def publish(self, topic: Topic[EventT], event: EventT) -> None:
        """Tell the others if they can be reached, and the listeners here. Raises PayloadTooLarge, with nobody told."""
        try:
            self._carrier.publish(
                subjects.event(topic.name),
                encoder.encode(event),
                headers={subjects.HEADER_NODE: self._inbox.secret[:8]},
            )
        except PeerUnavailable:
            _log.warning("event_not_sent", topic=topic.name)
        self._local.listeners.tell(topic.name, event)

    async def subscribe(self, topic: Topic[EventT], handler: Callable[[EventT], Awaitable[None]]) -> NodeSubscription:
        async with self._topic_lock:
            if topic.name not in self._topics:
                self._topics[topic.name] = await self._carrier.subscribe(
                    subjects.event(topic.name), self._event_receiver(topic)
                )
                await self._carrier.flush()  # what is published from now on is heard
        return NodeSubscription(self, self._local.listeners.add(topic.name, handler))

    async def unlisten(self, topic: str) -> None:
        """Stop hearing a topic from others when nobody here listens any more."""
        async with self._topic_lock:
            if self._local.listeners.count(topic) == 0 and topic in self._topics:
                await self._topics.pop(topic).close()

    async def serve(self, service: Service, info: Callable[[], InstanceInfo]) -> NodeBinding:
        """Known to everybody when it returns. Raises PeerUnavailable when the carrier is not connected."""
        if self._beat_task is None:
            raise NotStarted
        served = Served(service, info)
        remote = RemoteService(self._carrier, served, self._callers, self._signatures, limit=self._concurrent_requests)
        try:
            await remote.open()
            await self._carrier.flush()
        except BaseException:
            await remote.drain(0.0)
            raise
        self._router.add(served)
        self._services[served.instance] = remote
        await self._presence.join(served)
        return NodeBinding(self, served)

    def instances(self, service: str) -> Sequence[InstanceInfo]:
        return self._presence.local_instances(service) + self._presence.instances(service)

    def bid_farewell(self, scope: str) -> None:
        """Tell everybody that the instances of a machine that joined are gone."""
        self._presence.bid_farewell(
            info
            for service in subjects.SERVICES
            for info in self._presence.instances(service)
            if subjects.scope_of(info.instance) == scope
        )

    async def drain(self, served: Served, budget_s: float) -> None:
        """What a binding's ``drain`` does. Safe twice."""
        remote = self._services.pop(served.instance, None)
        self._router.remove(served)
        await self._presence.leave(served)
        if remote is None:
            return
        local = asyncio.create_task(served.finish(budget_s))  # awaited below
        try:
            await remote.drain(budget_s)
        finally:
            await local

    def _event_receiver(self, topic: Topic[Any]) -> Callable[[str, bytes, Mapping[str, str], str], None]:
        decoder = msgspec.msgpack.Decoder(topic.event)

        def receive(_: str, payload: bytes, headers: Mapping[str, str], reply: str) -> None:
            if headers.get(subjects.HEADER_NODE) == self._inbox.secret[:8]:
                return  # our own: our listeners have it already
            try:
                event = decoder.decode(payload)
            except msgspec.DecodeError:
                _log.warning("event_malformed", topic=topic.name)
                return
            self._local.listeners.tell(topic.name, event)

        return receive

    async def _beat(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        while True:
            due = now + until_tick(BEAT_INTERVAL_S, now)
            await asyncio.sleep(max(0.0, due - loop.time()))
            now = loop.time()
            late_s = now - due
            self.beat(now, late_s if late_s >= HELD_UP_S else 0.0)

    def beat(self, now: float, lag_s: float) -> None:
        """What happens several times a second; ``lag_s`` is how long this process was held up, if it was."""
        parts: list[Beating] = [self._streams, *self._services.values(), self._presence]
        for part in parts:
            try:
                part.beat(now, lag_s)
            except Exception:  # reported here: one part that fails must not silence the others
                _log.exception("beat_failed")

    async def _reconnected(self) -> None:
        now = asyncio.get_running_loop().time()
        with suppress(PeerUnavailable):
            await self._presence.ask()
            self._presence.announce_all(now)
