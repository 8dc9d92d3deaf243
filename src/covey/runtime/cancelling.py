"""Ending tasks that call libraries."""

from __future__ import annotations

import asyncio
from typing import Any

AGAIN_AFTER_S = 0.2


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
