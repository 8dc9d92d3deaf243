"""The bus inside one process: a call is a method call, a stream is the handler's own generator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from typing import Any

from covey.errors import CoveyError, PeerUnavailable
from covey.protocol.endpoint import Endpoint, EventT, ItemT, RequestT, ResponseT, StreamEndpoint, Topic
from covey.protocol.ids import InstanceId
from covey.protocol.registry import InstanceInfo
from covey.rpc.bus import Bus, InstanceReply
from covey.rpc.context import CallContext
from covey.rpc.listening import Listener, Listeners
from covey.rpc.router import LocalRouter
from covey.rpc.service import Service
from covey.rpc.serving import Served


async def nobody(service: str) -> Any:
    raise PeerUnavailable(f"no {service} instance is there to answer")


async def nobody_streams(service: str) -> AsyncGenerator[Any, None]:
    raise PeerUnavailable(f"no {service} instance is there to answer")
    yield  # what makes it a generator


async def ask_all(
    bus: Bus, endpoint: Endpoint[RequestT, ResponseT], request: RequestT, context: CallContext
) -> Sequence[InstanceReply]:
    """Ask every live instance that ``bus`` knows; errors come back as replies."""

    async def ask(instance: InstanceId) -> InstanceReply:
        try:
            return InstanceReply(instance, await bus.call(endpoint, request, context, to=instance))
        except CoveyError as error:
            return InstanceReply(instance, error=error)

    return await asyncio.gather(*(ask(info.instance) for info in bus.instances(endpoint.service)))


class LocalBinding:
    def __init__(self, router: LocalRouter, served: Served) -> None:
        self.instance = served.instance
        self._router = router
        self._served = served

    async def drain(self, budget_s: float) -> None:
        self._router.remove(self._served)
        await self._served.finish(budget_s)


class LocalBus:
    """A :class:`covey.rpc.bus.Bus` whose every service lives in this process."""

    def __init__(self) -> None:
        self.router = LocalRouter()
        self.listeners = Listeners()

    def call(
        self,
        endpoint: Endpoint[RequestT, ResponseT],
        request: RequestT,
        context: CallContext,
        *,
        to: InstanceId | None = None,
    ) -> Coroutine[Any, Any, ResponseT]:
        handler = self.router.call_handler(endpoint.name, to)
        return nobody(endpoint.service) if handler is None else handler.call(request, context)

    def call_local(
        self,
        endpoint: Endpoint[RequestT, ResponseT],
        request: RequestT,
        context: CallContext,
        *,
        to: InstanceId | None = None,
    ) -> Coroutine[Any, Any, ResponseT] | None:
        handler = self.router.call_handler(endpoint.name, to)
        return None if handler is None else handler.call(request, context)

    def answers_here(self, endpoint: Endpoint[RequestT, ResponseT]) -> bool:
        return self.router.answers(endpoint.name)

    def stream(
        self,
        endpoint: StreamEndpoint[RequestT, ItemT],
        request: RequestT,
        context: CallContext,
        *,
        to: InstanceId | None = None,
    ) -> AsyncGenerator[ItemT, None]:
        handler = self.router.stream_handler(endpoint.name, to)
        return nobody_streams(endpoint.service) if handler is None else handler.open(request, context)

    async def call_all(
        self, endpoint: Endpoint[RequestT, ResponseT], request: RequestT, context: CallContext
    ) -> Sequence[InstanceReply]:
        return await ask_all(self, endpoint, request, context)

    async def publish(self, topic: Topic[EventT], event: EventT) -> None:
        self.listeners.tell(topic.name, event)

    async def subscribe(self, topic: Topic[EventT], handler: Callable[[EventT], Awaitable[None]]) -> Listener:
        return self.listeners.add(topic.name, handler)

    async def serve(self, service: Service, info: Callable[[], InstanceInfo]) -> LocalBinding:
        served = Served(service, info)
        self.router.add(served)
        return LocalBinding(self.router, served)

    def instances(self, service: str) -> Sequence[InstanceInfo]:
        return self.router.infos(service)

    async def close(self) -> None:
        """End what is still listening and serving."""
        await self.listeners.close()
        for served in self.router.served():
            self.router.remove(served)
            await served.finish(0.0)
