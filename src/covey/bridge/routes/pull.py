"""Fetching a model, with its progress as a stream: newline-delimited JSON, or events for those who ask for them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import cast

import msgspec

from covey.bridge.calls import Calls
from covey.bridge.credentials import require_credential
from covey.bridge.errors import problem_of
from covey.bridge.exchange import Exchange
from covey.bridge.json_objects import encode_complete
from covey.bridge.router import Described, Route
from covey.bridge.routes.platform import PREFIX, convert, read_object, unknown_field
from covey.bridge.sse import EVENT_STREAM, NDJSON, PING, data_frame
from covey.errors import CoveyError
from covey.protocol.operations import CLIENT_PULL_MODEL, GatewayPull
from covey.protocol.registry import PullModel, PullProgress


def pull_routes(calls: Calls) -> list[Route]:
    return [
        Route(
            "POST",
            PREFIX + "/models/pull",
            _Pull(calls).handle,
            Described(
                "models.pull",
                "Fetch a model; answers with its progress as a stream",
                "models",
                request=PullModel,
                response=PullProgress,
                access="admin",
                content_types=("application/x-ndjson", "text/event-stream"),
            ),
            cancellable=True,
        )
    ]


class _Pull:
    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def handle(self, exchange: Exchange) -> None:
        credential = require_credential(exchange)
        values = await read_object(exchange)
        for name in values:
            if name not in PullModel.__struct_fields__:
                raise unknown_field(name, PullModel.__struct_fields__)
        pull = convert(values, PullModel, strict=True)
        as_events = b"text/event-stream" in exchange.headers.get(b"accept", b"")
        frame = data_frame if as_events else _line
        exchange.failure_frames = lambda error: frame(_failure(error, exchange))
        progress = cast(
            "AsyncGenerator[PullProgress, None]",
            self._calls.bus.stream(
                CLIENT_PULL_MODEL, GatewayPull(credential=credential, pull=pull), exchange.context(None)
            ),
        )
        stream = self._calls.line_stream(
            exchange,
            content_type=EVENT_STREAM if as_events else NDJSON,
            # An empty line is nothing to readers of NDJSON, and keeps proxies from giving up.
            ping=PING if as_events else b"\n",
        )
        async with stream, aclosing(progress):
            async for item in progress:
                await stream.write(frame(encode_complete(item)))
            await stream.end()


def _line(payload: bytes) -> bytes:
    return payload + b"\n"


def _failure(error: CoveyError, exchange: Exchange) -> bytes:
    return msgspec.json.encode({"error": problem_of(error, exchange.request_id)})
