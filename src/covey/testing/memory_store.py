"""The store in memory: the same promises as the real one, kept by the same behaviour suite."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from covey.errors import StoreUnavailable
from covey.runtime.clock import Clock, SystemClock
from covey.store.keys import check_name
from covey.testing.memory_key_value import MemoryKeyValue
from covey.testing.memory_log import MemoryLog

__all__ = ["MemoryKeyValue", "MemoryLog", "MemoryStore"]

BIND_TIMEOUT_S = 2.0


class MemoryStore:
    """All buckets and logs of one imaginary cluster. Share one between the workers of a test.

    ``available = False`` makes every call raise ``StoreUnavailable`` and silences the watches, as a store that went
    away does; setting it back delivers what was missed.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.name = "store"
        self._clock = clock or SystemClock()
        self._buckets: dict[str, MemoryKeyValue] = {}
        self._logs: dict[str, MemoryLog] = {}
        self._available = True
        self._made = asyncio.Condition()

    @property
    def available(self) -> bool:
        return self._available

    @available.setter
    def available(self, value: bool) -> None:
        self._available = value
        for bucket in self._buckets.values():
            bucket.available = value
        for log in self._logs.values():
            log.available = value

    async def start(self) -> None:
        """Nothing to start: there so that it can stand wherever the real facility does."""

    async def stop(self) -> None:
        for bucket in self._buckets.values():
            bucket.close()

    async def check(self) -> None:
        if not self._available:
            raise StoreUnavailable

    async def bucket(
        self, name: str, *, history: int = 1, max_bytes: int = -1, create: bool = True, vital: bool = True
    ) -> MemoryKeyValue:
        await self.check()
        if create and check_name(name) not in self._buckets:
            self._buckets[name] = MemoryKeyValue(name, self._clock, history=history, max_bytes=max_bytes)
        await self._appears(name, self._buckets)
        return self._buckets[name]

    async def log(
        self, name: str, *, max_age_s: float | None = None, max_bytes: int = -1, create: bool = True
    ) -> MemoryLog:
        await self.check()
        if create and check_name(name) not in self._logs:
            self._logs[name] = MemoryLog(name, self._clock, max_age_s=max_age_s, max_bytes=max_bytes)
        await self._appears(name, self._logs)
        return self._logs[name]

    async def _appears(self, name: str, parts: Mapping[str, object]) -> None:
        """A bucket of another worker may be made a moment after it is asked for."""
        async with self._made:
            if name in parts:
                self._made.notify_all()
                return
            try:
                async with asyncio.timeout(BIND_TIMEOUT_S):
                    await self._made.wait_for(lambda: name in parts)
            except TimeoutError as error:
                raise StoreUnavailable(f"the store has no {name!r}") from error
