"""Moments that all periodic work of a process waits for together.

To wake up costs an idle process more than most of what it wakes up for. Work that is done every second or so, and does
not mind a little earlier or later, is done at the same moments as other such work.
"""

from __future__ import annotations

import asyncio
import random

TICK_S = 0.25
_phase_s = random.uniform(0.0, TICK_S)
"""So that the processes of a machine, or of a whole mesh, do not all wake up at once."""


def until_tick(about_s: float, now: float) -> float:
    """Seconds from loop time ``now`` to the tick that is nearest to ``about_s`` later, but not to one that is here
    already; ``about_s`` itself where that is less than from one tick to the next."""
    if about_s < TICK_S:
        return about_s
    ticks = round((now + about_s - _phase_s) / TICK_S)
    delay_s = ticks * TICK_S + _phase_s - now
    return delay_s if delay_s > TICK_S / 4 else delay_s + TICK_S


async def sleep_to_tick(about_s: float) -> None:
    """Sleep for about so many seconds, at most half a tick less or more, or a whole one for less than two."""
    await asyncio.sleep(until_tick(about_s, asyncio.get_running_loop().time()))
