"""Running a process until it is told to stop: the first signal drains, the second ends at once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol

import structlog

log = structlog.get_logger(__name__)


class Runnable(Protocol):
    """A worker, or a group of them."""

    async def start(self) -> None: ...

    async def stop(self, *, force: bool = False) -> None: ...


class StopSignals:
    """Asynchronous context: while inside, SIGTERM and SIGINT set ``drain``, and a second one of either ``force``."""

    def __init__(self, numbers: Sequence[int] = (signal.SIGTERM, signal.SIGINT)) -> None:
        self.drain = asyncio.Event()
        self.force = asyncio.Event()
        self._numbers = tuple(numbers)

    async def __aenter__(self) -> StopSignals:
        loop = asyncio.get_running_loop()
        for number in self._numbers:
            loop.add_signal_handler(number, self.received, number)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        loop = asyncio.get_running_loop()
        for number in self._numbers:
            loop.remove_signal_handler(number)

    def received(self, number: int) -> None:
        second = self.drain.is_set()
        log.info("stop_signal_received", signal=signal.Signals(number).name, force=second)
        (self.force if second else self.drain).set()


async def run_until_signalled(part: Runnable, signals: StopSignals) -> None:
    """Start ``part``, wait for a signal, and stop it. A signal during the start stops it half-way.

    Raises what the start raised, unless a signal was the reason."""
    starting = asyncio.create_task(part.start())  # awaited below
    drain = asyncio.create_task(signals.drain.wait())  # cancelled below
    try:
        await asyncio.wait([starting, drain], return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
            await drain
    finally:
        drain.cancel()
        await _stop(part, signals)
        await asyncio.gather(starting, drain, return_exceptions=True)


async def _stop(part: Runnable, signals: StopSignals) -> None:
    stopping = asyncio.create_task(part.stop(force=signals.force.is_set()))  # awaited below
    force = asyncio.create_task(signals.force.wait())  # cancelled below
    try:
        await asyncio.wait([stopping, force], return_when=asyncio.FIRST_COMPLETED)
        if not stopping.done():
            await part.stop(force=True)
        await stopping
    finally:
        force.cancel()
        await asyncio.gather(force, return_exceptions=True)
