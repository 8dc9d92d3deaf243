"""The worker base: one lifecycle for every role.

created → starting → serving → draining → stopped, or failed. Facilities are entered in the order given and left in
reverse on every path, also when the start fails half-way.
"""

from __future__ import annotations

import abc
import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import ClassVar, Literal, Protocol

import msgspec

from covey.errors import StartFailed
from covey.protocol.ids import InstanceId, NodeName

WorkerState = Literal["created", "starting", "serving", "draining", "stopped", "failed"]


class Facility(Protocol):
    """Something with a start and a stop that a worker stands on."""

    name: str

    async def start(self) -> None:
        """Ready when it returns."""

    async def stop(self) -> None:
        """Safe on a half-started facility, and twice."""

    async def check(self) -> None:
        """Returns when it can work; raises a named error otherwise."""


class LifecycleBudget(msgspec.Struct, frozen=True, kw_only=True):
    start_timeout_s: float = 60.0
    """Longest start, facilities and all; then the start fails and everything entered is left again."""
    drain_timeout_s: float = 30.0
    """How long running work may go on after a stop was asked for."""
    stop_timeout_s: float = 10.0
    """Longest stop of any one facility; then it is abandoned, logged, and the next one is stopped."""


class Worker(abc.ABC):
    """A role of Covey. Subclasses fill in ``open``, ``drain``, ``close``; nobody overrides ``start``, ``stop``."""

    role: ClassVar[str]

    def __init__(
        self,
        *,
        instance: InstanceId,
        node: NodeName,
        budget: LifecycleBudget | None = None,
        facilities: Sequence[Facility] = (),
    ) -> None:
        self.instance = instance
        self.node = node
        self.state: WorkerState = "created"
        self.budget = budget or LifecycleBudget()
        self._facilities = tuple(facilities)
        self._stack: AsyncExitStack | None = None

    @abc.abstractmethod
    async def open(self) -> None:
        """Warm read copies and begin to serve; the facilities are up. Called once per start."""

    @abc.abstractmethod
    async def drain(self, budget_s: float) -> None:
        """Take no new work; let running work finish for up to ``budget_s`` seconds, then end it with ``Draining``."""

    @abc.abstractmethod
    async def close(self) -> None:
        """Free what ``open`` made. Also called after an ``open`` that failed; safe twice."""

    async def check(self) -> None:
        """Readiness: returns when the worker can do its work, raises a named error otherwise."""
        for facility in self._facilities:
            await facility.check()

    async def start(self) -> None:
        """created, stopped or failed → serving. Raises what failed; everything entered has been left again then."""
        if self.state not in ("created", "stopped", "failed"):
            raise StartFailed(f"cannot start while {self.state}")
        self.state = "starting"
        stack = AsyncExitStack()
        try:
            async with asyncio.timeout(self.budget.start_timeout_s):
                for facility in self._facilities:
                    stack.push_async_callback(facility.stop)
                    await facility.start()
                stack.push_async_callback(self.close)
                await self.open()
        except BaseException:
            self.state = "failed"
            await stack.aclose()
            raise
        self._stack = stack
        self.state = "serving"

    async def stop(self) -> None:
        """Drain, close, and leave the facilities in reverse. Safe in every state, and twice."""
        if self.state != "serving" or self._stack is None:
            return
        self.state = "draining"
        stack, self._stack = self._stack, None
        try:
            await self.drain(self.budget.drain_timeout_s)
        finally:
            await stack.aclose()
            self.state = "stopped"

    async def restart(self) -> None:
        await self.stop()
        await self.start()
