from __future__ import annotations

import asyncio

import structlog

from covey.runtime.periodic import Periodic


async def test_work_is_repeated_also_after_it_failed_until_stopped() -> None:
    turns = 0
    enough = asyncio.Event()

    async def work() -> None:
        nonlocal turns
        turns += 1
        if turns == 3:
            enough.set()
        raise ValueError("each time")

    periodic = Periodic("sample", work, interval_s=0.001)
    with structlog.testing.capture_logs() as logs:
        periodic._log = structlog.get_logger()
        await periodic.start()
        await periodic.start()
        await asyncio.wait_for(enough.wait(), 5.0)
        await periodic.stop()
        await periodic.stop()
    done = turns
    await asyncio.sleep(0.01)
    assert turns == done
    assert {entry["event"] for entry in logs} == {"periodic_work_failed"}
    await periodic.check()


async def test_stop_ends_a_turn_that_is_under_way() -> None:
    entered, cancelled = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    periodic = Periodic("sample", work, interval_s=0.001)
    await periodic.start()
    await asyncio.wait_for(entered.wait(), 5.0)
    await periodic.stop()
    assert cancelled.is_set()
