"""Races put in order: one side stops at the gate, the test looks, and lets it go on."""

from __future__ import annotations

import asyncio


class Gate:
    """A place in the code under test where a task waits until the test says so.

    The task awaits :meth:`enter`; the test awaits :meth:`entered`, does what has to happen in between, and calls
    :meth:`open`. An opened gate stays open.
    """

    def __init__(self) -> None:
        self._entered = asyncio.Event()
        self._open = asyncio.Event()
        self.entries = 0
        """How many times the gate was reached."""
        self.left = 0
        """How many of them are no longer inside, let through or cancelled."""

    async def enter(self) -> None:
        self.entries += 1
        self._entered.set()
        try:
            await self._open.wait()
        finally:
            self.left += 1

    async def entered(self, timeout_s: float = 5.0) -> None:
        """Return once somebody has reached the gate; raises TimeoutError when nobody comes."""
        async with asyncio.timeout(timeout_s):
            await self._entered.wait()

    def open(self) -> None:
        self._open.set()
