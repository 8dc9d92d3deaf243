"""Work that is done again and again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import structlog

from covey.runtime.ticks import sleep_to_tick


class Periodic:
    """Does ``work`` every ``interval_s`` seconds, counted from the end of the last time, until it is stopped.

    What ``work`` raises is logged, and it is done again at the next turn. ``jitter`` is the part of the interval by
    which turns vary, so that many processes do not all come at once.
    """

    def __init__(
        self, name: str, work: Callable[[], Awaitable[object]], *, interval_s: float, jitter: float = 0.1
    ) -> None:
        self.name = name
        self._work = work
        self._interval_s = interval_s
        self._jitter = jitter
        self._task: asyncio.Task[None] | None = None
        self._log = structlog.get_logger(__name__).bind(periodic=name)

    async def start(self) -> None:
        """The first turn comes after one interval."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=self.name)  # cancelled and awaited in stop

    async def stop(self) -> None:
        """Ends also in the midst of a turn. Safe twice."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def check(self) -> None:
        """A turn that failed makes nothing unready."""

    async def _run(self) -> None:
        while True:
            await sleep_to_tick(self._interval_s * random.uniform(1.0 - self._jitter, 1.0 + self._jitter))
            try:
                await self._work()
            except Exception:  # reported here, with its traceback; the next turn comes all the same
                self._log.exception("periodic_work_failed")
