from __future__ import annotations

import asyncio

import pytest

from covey.runtime.uninterrupted import uninterrupted


async def test_result_of_the_work_is_returned() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    assert await uninterrupted(work()) == 7


async def test_error_of_the_work_is_raised() -> None:
    async def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await uninterrupted(work())


@pytest.mark.parametrize("fails", [False, True])
async def test_cancelled_waiter_still_lets_the_work_finish(fails: bool) -> None:
    gate, entered, finished = asyncio.Event(), asyncio.Event(), []

    async def work() -> None:
        entered.set()
        await gate.wait()
        finished.append(True)
        if fails:
            raise ValueError("seen by nobody")

    waiter = asyncio.create_task(uninterrupted(work()))
    await entered.wait()
    waiter.cancel()
    await asyncio.sleep(0)
    waiter.cancel()
    await asyncio.sleep(0)
    assert not waiter.done()
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await waiter
    assert finished == [True]
