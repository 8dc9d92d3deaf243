"""What handlers need to ask the rest of Covey: the bus, and the catalogue of operations."""

from __future__ import annotations

from typing import Any

import msgspec

from covey.bridge.exchange import Exchange
from covey.bridge.metrics import BridgeMetrics
from covey.bridge.sse import EVENT_STREAM, PING, LineStream, StreamKeeper
from covey.protocol.endpoint import Empty
from covey.protocol.operations import CLIENT_OPERATE, OPERATIONS, OPERATIONS_BY_NAME, Operate
from covey.rpc.bus import Bus
from covey.rpc.context import CallContext

_DECODERS = {operation.name: msgspec.msgpack.Decoder(operation.endpoint.response) for operation in OPERATIONS}
_EMPTY = Empty()
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
        result = await self.bus.call(
            CLIENT_OPERATE, Operate(operation=name, credential=credential, body=_encode(request)), context
        )
        return _DECODERS[name].decode(result.body)

    def line_stream(self, exchange: Exchange, *, content_type: bytes = EVENT_STREAM, ping: bytes = PING) -> LineStream:
        return LineStream(
            exchange,
            self._keeper,
            content_type=content_type,
            ping=ping,
            on_begin=lambda duration_s: self._metrics.first_byte(exchange.template, duration_s),
        )
