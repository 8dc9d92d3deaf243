"""What the client worker asks of gateways besides generating."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from covey.errors import NotStarted, PeerUnavailable
from covey.protocol.auth import Identity
from covey.protocol.inference import GATEWAY_EMBED, Embeddings, GatewayEmbed
from covey.protocol.operations import AUTHORIZE, OPERATE, Authorize, Operate, OperationResult
from covey.rpc.bus import Bus
from covey.rpc.context import CallContext

ResultT = TypeVar("ResultT")


class Gateways:
    """Any gateway will do; one that is going away, or not there yet, is followed by another."""

    def __init__(self, bus: Bus, *, attempts: int) -> None:
        self._bus = bus
        self.attempts = attempts

    async def authorize(self, credential: str, operation: str, context: CallContext) -> Identity:
        """Who asks. Raises Unauthenticated or Forbidden."""
        question = Authorize(credential=credential, operation=operation)
        return await self._ask(lambda: self._bus.call(AUTHORIZE, question, context))

    async def operate(self, request: Operate, context: CallContext) -> OperationResult:
        return await self._ask(lambda: self._bus.call(OPERATE, request, context))

    async def embed(self, request: GatewayEmbed, context: CallContext) -> Embeddings:
        return await self._ask(lambda: self._bus.call(GATEWAY_EMBED, request, context))

    async def _ask(self, call: Callable[[], Awaitable[ResultT]]) -> ResultT:
        """Only failures that mean that nothing was begun are tried again, on whichever gateway has the next turn."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return await call()
            except (PeerUnavailable, NotStarted):
                if attempt >= self.attempts:
                    raise
