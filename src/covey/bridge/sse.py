"""Answers that are streams of lines: server-sent events and newline-delimited JSON.

A stream begins at its first event, so that an error before it keeps its own HTTP status. When that takes long, or when
a stream falls silent, one keeper for all streams sends comments.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from types import TracebackType

from covey.bridge.exchange import Exchange, Header
from covey.runtime.ticks import sleep_to_tick

EVENT_STREAM = b"text/event-stream; charset=utf-8"
NDJSON = b"application/x-ndjson"
PING = b": ping\n\n"
STREAM_HEADERS: tuple[Header, ...] = ((b"x-accel-buffering", b"no"),)


def data_frame(payload: bytes) -> bytes:
    """One event. ``payload`` is JSON and therefore holds no line break: nothing in it can begin another event."""
    return b"data: " + payload + b"\n\n"


class StreamKeeper:
    """Sends comments on silent streams, and begins those that have waited for their first event too long."""

    def __init__(self, *, start_s: float, ping_interval_s: float, tick_s: float = 1.0) -> None:
        self.start_s = start_s
        self.ping_interval_s = ping_interval_s
        self._tick_s = tick_s
        self._streams: set[LineStream] = set()
        self._task: asyncio.Task[None] | None = None
        self._pings: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._streams)

    def add(self, stream: LineStream) -> None:
        self._streams.add(stream)

    def discard(self, stream: LineStream) -> None:
        self._streams.discard(stream)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())  # owned: cancelled and awaited in stop

    async def stop(self) -> None:
        """Safe twice, and without a start."""
        tasks = {*self._pings, *([self._task] if self._task else [])}
        self._task = None
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    def tick(self, now: float) -> None:
        """Send what is due at loop time ``now``."""
        for stream in list(self._streams):
            due = stream.written_at + (self.ping_interval_s if stream.begun else self.start_s)
            if now >= due and not stream.pinging:
                stream.pinging = True
                # A client that reads slowly makes the ping wait; others must not wait for it.
                task = asyncio.create_task(stream.ping())
                self._pings.add(task)
                task.add_done_callback(self._pings.discard)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await sleep_to_tick(self._tick_s)
            self.tick(loop.time())


class LineStream:
    """A streamed 200. Entered, it is kept alive; the caller writes whole frames."""

    def __init__(
        self,
        exchange: Exchange,
        keeper: StreamKeeper,
        *,
        content_type: bytes = EVENT_STREAM,
        ping: bytes = PING,
        on_begin: Callable[[float], None] | None = None,
    ) -> None:
        self.begun = False
        self.pinging = False
        self.written_at = 0.0
        self._loop = asyncio.get_running_loop()
        self._exchange = exchange
        self._keeper = keeper
        self._content_type = content_type
        self._ping = ping
        self._on_begin = on_begin

    async def __aenter__(self) -> LineStream:
        self.written_at = self._loop.time()
        self._keeper.add(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._keeper.discard(self)

    async def begin(self, headers: Sequence[Header] = ()) -> None:
        """Send the headers, unless they were sent already."""
        if self.begun:
            return
        self.begun = True
        if self._on_begin is not None:
            self._on_begin(self._exchange.elapsed_ms() / 1000.0)
        await self._exchange.begin(200, self._content_type, (*STREAM_HEADERS, *headers))

    def write(self, frames: bytes) -> Awaitable[None]:
        self.written_at = self._loop.time()
        return self._exchange.write(frames) if self.begun else self._begin_with(frames)

    async def _begin_with(self, frames: bytes) -> None:
        await self.begin()
        await self._exchange.write(frames)

    async def end(self, frames: bytes = b"") -> None:
        if not self.begun:
            await self.begin()
        self._keeper.discard(self)
        await self._exchange.end(frames)

    async def ping(self) -> None:
        try:
            if not self._exchange.ended:
                await self.write(self._ping)
        finally:
            self.pinging = False
