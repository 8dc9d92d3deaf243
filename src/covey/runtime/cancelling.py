"""Ending tasks that call libraries."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

ResultT = TypeVar("ResultT")
AGAIN_AFTER_S = 0.2


async def within(timeout_s: float, work: Coroutine[Any, Any, ResultT]) -> ResultT:
    """The result of ``work``. Raises TimeoutError when it takes longer; it has ended by then."""
    task = asyncio.create_task(work)  # ended here, on every path
    try:
        await asyncio.wait([task], timeout=timeout_s)
    finally:
        await cancel_until_ended(task)
    if task.cancelled():
        raise TimeoutError
    return task.result()


async def cancel_until_ended(task: asyncio.Task[Any]) -> None:
    """Cancel ``task`` and return when it has ended, whatever it ended with.

    Python 3.11's ``wait_for`` and the NATS library now and then take a cancellation for their own and go on: it is said
    again until it is heeded.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=AGAIN_AFTER_S)
    if not task.cancelled():
        task.exception()  # looked at, so that nobody is told that it was not
