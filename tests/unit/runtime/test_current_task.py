from __future__ import annotations

import asyncio

from covey.runtime.current_task import current_task


async def test_it_is_the_task_that_asyncio_says() -> None:
    loop = asyncio.get_running_loop()
    assert current_task(loop) is asyncio.current_task()

    async def inside() -> bool:
        return current_task(loop) is asyncio.current_task()

    assert await asyncio.create_task(inside())


def test_there_is_none_outside_of_a_loop() -> None:
    loop = asyncio.new_event_loop()
    try:
        assert current_task(loop) is None
    finally:
        loop.close()
