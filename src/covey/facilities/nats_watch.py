"""Watching a bucket through everything that breaks a delivery: restarts, reconnects, gaps, silence."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator

import structlog

from covey.errors import StoreUnavailable
from covey.facilities.nats_delivery import Delivery, DeliveryLost, deliver, read_newest
from covey.facilities.nats_record import Subjects, change_delivered, is_live
from covey.facilities.nats_stream import StreamCalls
from covey.runtime.clock import Clock
from covey.store.key_value import Change

_log = structlog.get_logger(__name__)

FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 1.0


class WatchSet:
    """The watches of one store, so that a reconnect can renew them all."""

    def __init__(self, calls: StreamCalls, clock: Clock, heartbeat_s: float) -> None:
        self.calls = calls
        self.clock = clock
        self.heartbeat_s = heartbeat_s
        self._open: set[NatsWatch] = set()

    def open(self, subjects: Subjects, prefix: str) -> NatsWatch:
        watch = NatsWatch(self, subjects, prefix)
        self._open.add(watch)
        return watch

    def forget(self, watch: NatsWatch) -> None:
        self._open.discard(watch)

    def renew(self) -> None:
        """Read everything anew: what happened while the connection was away is unknown."""
        for watch in self._open:
            watch.renew()

    async def close(self) -> None:
        for watch in tuple(self._open):
            await watch.close()


class NatsWatch:
    """One reader's watch. Iterate it once."""

    def __init__(self, watches: WatchSet, subjects: Subjects, prefix: str) -> None:
        self.revision = 0
        self._watches = watches
        self._subjects = subjects
        self._filters = subjects.below(prefix)
        self._known: set[str] = set()
        self._delivery: Delivery | None = None
        self._closed = asyncio.Event()
        self._reading: AsyncGenerator[Change | None, None] | None = None

    def __aiter__(self) -> AsyncIterator[Change | None]:
        self._reading = self._read()
        return self._reading

    def renew(self) -> None:
        if self._delivery:
            self._delivery.abort()

    async def close(self) -> None:
        self._closed.set()
        self._watches.forget(self)
        self.renew()
        if self._reading:
            try:
                await self._reading.aclose()
            except RuntimeError:
                return  # Somebody waits for its next item, and has just been told that there is none.

    async def _read(self) -> AsyncGenerator[Change | None, None]:
        pause_s = FIRST_PAUSE_S
        while not self._closed.is_set():
            try:
                async with deliver(
                    self._watches.calls,
                    self._subjects.stream,
                    self._filters,
                    policy={"deliver_policy": "last_per_subject"},
                    heartbeat_s=self._watches.heartbeat_s,
                ) as delivery:
                    self._delivery = delivery
                    async for change in self._state(delivery):
                        yield change
                    pause_s = FIRST_PAUSE_S
                    while not self._closed.is_set():
                        yield await self._next(delivery)
            except (DeliveryLost, StoreUnavailable):
                self._delivery = None
            if not self._closed.is_set():
                _log.info("watch_renewed", bucket=self._subjects.stream)
                await self._pause(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _state(self, delivery: Delivery) -> AsyncIterator[Change | None]:
        """The present state, deletes for what vanished since the last one, and ``None``."""
        before, self._known = self._known, set()
        self.revision = 0
        async for message in read_newest(delivery):
            change = change_delivered(self._subjects, message)
            if is_live(change, self._watches.clock.now()) and not message.subject.startswith(self._subjects.reserved):
                self._known.add(change.key)
                yield change
            else:
                self._known.discard(change.key)
            self.revision = max(self.revision, message.sequence)
        for key in sorted(before - self._known):
            yield Change(key, "delete", self.revision, self._watches.clock.now())
        yield None

    async def _next(self, delivery: Delivery) -> Change | None:
        """The next change. The store's own records are none; but that they were seen has to be told, because they
        raise the revision."""
        message = await delivery.next()
        self.revision = max(self.revision, message.sequence)
        if message.subject.startswith(self._subjects.reserved):
            return None
        change = change_delivered(self._subjects, message)
        (self._known.add if change.kind == "put" else self._known.discard)(change.key)
        return change

    async def _pause(self, longest_s: float) -> None:
        try:
            async with asyncio.timeout(random.uniform(0, longest_s)):
                await self._closed.wait()
        except TimeoutError:
            return
