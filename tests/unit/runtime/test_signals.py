from __future__ import annotations

import asyncio
import os
import signal

import pytest

from covey.runtime.signals import StopSignals, run_until_signalled


class Part:
    def __init__(self, *, start_waits: bool = False, start_fails: bool = False) -> None:
        self.calls: list[str] = []
        self.changed = asyncio.Event()
        self._ended = asyncio.Event()
        self._start_waits = start_waits
        self._start_fails = start_fails
        self.drains = False

    async def start(self) -> None:
        self._say("start")
        if self._start_fails:
            raise ValueError("no")
        if self._start_waits:
            await self._ended.wait()

    async def stop(self, *, force: bool = False) -> None:
        self._say("force" if force else "stop")
        if force or not self.drains:
            self._ended.set()
        await self._ended.wait()

    def _say(self, what: str) -> None:
        self.calls.append(what)
        self.changed.set()

    async def until(self, what: str) -> None:
        while what not in self.calls:
            self.changed.clear()
            await self.changed.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_first_signal_drains(number: int) -> None:
    part = Part()
    async with StopSignals() as signals:
        running = asyncio.create_task(run_until_signalled(part, signals))
        await part.until("start")
        os.kill(os.getpid(), number)
        await running
    assert part.calls == ["start", "stop"]


async def test_second_signal_forces() -> None:
    part = Part()
    part.drains = True
    async with StopSignals() as signals:
        running = asyncio.create_task(run_until_signalled(part, signals))
        await part.until("start")
        os.kill(os.getpid(), signal.SIGTERM)
        await part.until("stop")
        os.kill(os.getpid(), signal.SIGINT)
        await running
    assert part.calls == ["start", "stop", "force"]


async def test_signal_during_the_start_stops_half_way() -> None:
    part = Part(start_waits=True)
    async with StopSignals() as signals:
        running = asyncio.create_task(run_until_signalled(part, signals))
        await part.until("start")
        signals.received(signal.SIGTERM)
        await running
    assert part.calls == ["start", "stop"]


async def test_failed_start_is_raised_after_the_stop() -> None:
    part = Part(start_fails=True)
    with pytest.raises(ValueError, match="no"):
        await run_until_signalled(part, StopSignals())
    assert part.calls == ["start", "stop"]


async def test_handlers_are_gone_outside_the_context() -> None:
    before = signal.getsignal(signal.SIGTERM)
    async with StopSignals((signal.SIGTERM,)):
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
