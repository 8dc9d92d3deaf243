"""What workers and the bridge see of the network: structural types, the same for one process and for many machines."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from typing import Any, Protocol

import msgspec

from covey.errors import CoveyError
from covey.protocol.endpoint import Endpoint, EventT, ItemT, RequestT, ResponseT, StreamEndpoint, Topic
from covey.protocol.ids import InstanceId
from covey.protocol.registry import InstanceInfo
from covey.rpc.context import CallContext
from covey.rpc.service import Service


class InstanceReply(msgspec.Struct, frozen=True):
    """One instance's part of a fan-out call: a response or a named error."""

    instance: InstanceId
    response: msgspec.Struct | None = None
    error: CoveyError | None = None


class Subscription(Protocol):
    async def close(self) -> None:
        """Stop listening. Safe to call twice."""


class Binding(Protocol):
    """A service that is being served."""

    instance: InstanceId

    async def drain(self, budget_s: float) -> None:
        """Leave the registry and take no more calls, let running ones finish for up to ``budget_s`` seconds, cancel the
        rest with ``Draining``. Safe to call twice."""


class Bus(Protocol):
    """Calls, streams, events and discovery. A call goes straight to the handler when it lives in this process."""

    async def call(
        self,
        endpoint: Endpoint[RequestT, ResponseT],
        request: RequestT,
        context: CallContext,
        *,
        to: InstanceId | None = None,
    ) -> ResponseT:
        """Ask one instance: any of the service, or the one named by ``to``.

        Raises the named error that the handler raised; ``PeerUnavailable`` when nobody serves it, ``DeadlineExceeded``
        when neither the endpoint's time-out nor the context's deadline was kept, ``PayloadTooLarge`` when the message
        does not fit the wire, and the bare ``CoveyError`` when the handler failed in an unnamed way.
        """

    def call_local(
        self,
        endpoint: Endpoint[RequestT, ResponseT],
        request: RequestT,
        context: CallContext,
        *,
        to: InstanceId | None = None,
    ) -> Coroutine[Any, Any, ResponseT] | None:
        """Ask an instance of this very process, as :meth:`call` does; None when there is none that answers this."""

    def answers_here(self, endpoint: Endpoint[RequestT, ResponseT]) -> bool:
        """Whether :meth:`call_local` finds anybody."""

    def stream(
        self,
        endpoint: StreamEndpoint[RequestT, ItemT],
        request: RequestT,
        context: CallContext,
        *,
        to: InstanceId | None = None,
    ) -> AsyncIterator[ItemT]:
        """Ask for a sequence. Nothing is sent before the first item is awaited.

        The iterator is an async generator: closing it (``aclose``, or cancelling the task that reads it) cancels the
        work at the other end at once. A slow reader slows the sender down; no item is lost, doubled or reordered.
        Raises as :meth:`call` does, at any item; ``StreamInterrupted`` when the sender died or a gap was seen.
        """

    async def call_all(
        self, endpoint: Endpoint[RequestT, ResponseT], request: RequestT, context: CallContext
    ) -> Sequence[InstanceReply]:
        """Ask every live instance of the service at once; one reply per instance, errors in band, never raises them."""

    async def publish(self, topic: Topic[EventT], event: EventT) -> None:
        """Tell all listeners. Returns once the event is on its way; nobody may be listening."""

    async def subscribe(self, topic: Topic[EventT], handler: Callable[[EventT], Awaitable[None]]) -> Subscription:
        """Hear a topic. Events of one topic arrive one at a time and in order; a failing handler is logged."""

    async def serve(self, service: Service, info: Callable[[], InstanceInfo]) -> Binding:
        """Answer the service's endpoints and announce its presence; ``info`` is asked for every heartbeat."""

    def instances(self, service: str) -> Sequence[InstanceInfo]:
        """The live instances of a service as last heard, dead ones gone within 3 seconds. No I/O."""
