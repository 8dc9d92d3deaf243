"""Several workers in one process, started and stopped as one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from covey.runtime.signals import Runnable
from covey.runtime.uninterrupted import uninterrupted


class WorkerGroup:
    """Starts its members in the order given (those that are called first, those that call them after) and stops them
    in reverse, so that whoever still works finds whom it needs."""

    def __init__(self, members: Sequence[Runnable]) -> None:
        self.members = tuple(members)
        self._forced = False
        self._begun: list[Runnable] = []
        self._leaving = False

    async def start(self) -> None:
        """Raises what the first member to fail raised; the others have been stopped again then."""
        self._forced = self._leaving = False
        try:
            for member in self.members:
                if self._leaving:
                    break
                self._begun.append(member)
                await member.start()
        except BaseException:  # raised again to the caller, when all is undone
            await uninterrupted(self.stop())
            raise

    async def stop(self, *, force: bool = False) -> None:
        """Each member in turn; with ``force`` all at once, none waiting for its work. Safe twice."""
        self._leaving = True
        self._forced = self._forced or force
        if self._forced:
            await asyncio.gather(*(member.stop(force=True) for member in reversed(self._begun)))
        while self._begun:
            member = self._begun[-1]
            await member.stop(force=self._forced)
            if member in self._begun:
                self._begun.remove(member)
