from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from covey.runtime.cancelling import cancel_until_ended, within


async def test_a_cancellation_that_was_swallowed_is_said_again() -> None:
    swallowed = 0

    async def stubborn() -> None:
        nonlocal swallowed
        for _ in range(2):
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            swallowed += 1
        await asyncio.Event().wait()

    task = asyncio.create_task(stubborn())
    await asyncio.wait([task], timeout=0.01)
    await cancel_until_ended(task)
    assert task.cancelled()
    assert swallowed == 2


async def test_what_has_ended_is_left_as_it_is() -> None:
    async def fails() -> None:
        raise ValueError

    for work in (asyncio.sleep(0), fails()):
        task = asyncio.create_task(work)
        await asyncio.wait([task])
        await cancel_until_ended(task)
        assert task.done()
        assert not task.cancelled()


async def test_what_ends_in_time_gives_its_result_or_its_error() -> None:
    async def fails() -> None:
        raise ValueError

    assert await within(5.0, asyncio.sleep(0, "done")) == "done"
    with pytest.raises(ValueError):
        await within(5.0, fails())


async def test_what_is_too_late_has_ended_even_if_it_swallows_cancellations() -> None:
    ended = asyncio.Event()

    async def stubborn() -> None:
        try:
            with suppress(asyncio.CancelledError):
                await asyncio.Event().wait()
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(TimeoutError):
        await within(0.01, stubborn())
    assert ended.is_set()


async def test_whoever_waits_can_be_cancelled_and_takes_the_work_along() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    waiting = asyncio.create_task(within(60.0, work()))
    await begun.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended.is_set()
