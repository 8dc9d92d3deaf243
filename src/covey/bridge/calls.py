"""What handlers need to ask the rest of Covey: the bus, and the catalogue of operations."""

from __future__ import annotations

from typing import Any

import msgspec

from covey.bridge.exchange import Exchange
from covey.bridge.metrics import BridgeMetrics
from covey.bridge.sse import EVENT_STREAM, PING, LineStream, StreamKeeper
from covey.domain.generation_ids import owner_of
from covey.errors import PeerUnavailable
from covey.protocol.conversations import GenerationRef
from covey.protocol.endpoint import Empty
from covey.protocol.ids import InstanceId
from covey.protocol.inference import GenerationInfo, GenerationList
from covey.protocol.operations import CLIENT_OPERATE, OPERATIONS, OPERATIONS_BY_NAME, Operate, OperationResult
from covey.rpc.bus import Bus
from covey.rpc.context import CallContext

_DECODERS = {operation.name: msgspec.msgpack.Decoder(operation.endpoint.response) for operation in OPERATIONS}
_EMPTY = Empty()
LIST_OF_ALL = "generations.list"
_encode = msgspec.msgpack.Encoder().encode


class Calls:
    """Asks the client worker, and nobody else."""

    def __init__(self, bus: Bus, keeper: StreamKeeper, metrics: BridgeMetrics, *, generation_timeout_s: float) -> None:
        self.bus = bus
        self.generation_timeout_s = generation_timeout_s
        self._keeper = keeper
        self._metrics = metrics

    async def operate(
        self, name: str, exchange: Exchange, credential: str | None, request: msgspec.Struct = _EMPTY
    ) -> Any:
        """Carry out an operation of the catalogue; the response of its endpoint."""
        timeout_s = OPERATIONS_BY_NAME[name].endpoint.timeout_s + CLIENT_OPERATE.timeout_s
        return await self.operate_for(name, exchange.context(timeout_s), credential, request)

    async def operate_for(
        self, name: str, context: CallContext, credential: str | None, request: msgspec.Struct = _EMPTY
    ) -> Any:
        """The same, for what is no HTTP exchange."""
        asked = Operate(operation=name, credential=credential, body=_encode(request))
        if name == LIST_OF_ALL:
            return await self._list_of_all(asked, context)
        # Each client worker knows its own generations only.
        owner = self._owner_of(request.generation_id) if isinstance(request, GenerationRef) else None
        result = await self.bus.call(CLIENT_OPERATE, asked, context, to=owner)
        return _DECODERS[name].decode(result.body)

    async def _list_of_all(self, asked: Operate, context: CallContext) -> GenerationList:
        """What every client worker has, newest first. Raises what they raise when none can answer."""
        replies = await self.bus.call_all(CLIENT_OPERATE, asked, context)
        found: list[GenerationInfo] = []
        for reply in replies:
            if isinstance(reply.response, OperationResult):
                found.extend(_DECODERS[LIST_OF_ALL].decode(reply.response.body).items)
        if all(reply.response is None for reply in replies):
            raise next((reply.error for reply in replies if reply.error), PeerUnavailable("no client worker is there"))
        found.sort(key=lambda info: info.time_line.received, reverse=True)
        return GenerationList(items=tuple(found))

    def _owner_of(self, generation_id: str) -> InstanceId | None:
        instances = self.bus.instances(CLIENT_OPERATE.service)
        return owner_of(generation_id, [info.instance for info in instances])

    def line_stream(self, exchange: Exchange, *, content_type: bytes = EVENT_STREAM, ping: bytes = PING) -> LineStream:
        return LineStream(
            exchange,
            self._keeper,
            content_type=content_type,
            ping=ping,
            on_begin=lambda duration_s: self._metrics.first_byte(exchange.template, duration_s),
        )
