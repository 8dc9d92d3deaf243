from __future__ import annotations

import asyncio
from contextlib import suppress

from covey.runtime.cancelling import cancel_until_ended


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
