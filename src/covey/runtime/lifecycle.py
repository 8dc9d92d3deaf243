"""The worker base: one lifecycle for every role.

created → starting → serving → draining → stopped, or failed. Facilities are entered in the order given and left in
reverse on every path, also when the start fails, is cancelled, takes too long or is stopped half-way. Whatever a
facility does when it is left, the ones below it are left too.
"""

from __future__ import annotations

import abc
import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, ClassVar, Literal, Protocol

import msgspec
import structlog

from covey.errors import Draining, NotStarted, StartFailed
from covey.protocol.ids import InstanceId, NodeName
from covey.runtime.uninterrupted import uninterrupted

WorkerState = Literal["created", "starting", "serving", "draining", "stopped", "failed"]

CANCEL_GRACE_S = 0.25
"""How long something that was cancelled may take to notice, before it is left behind."""


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
        self._entered: list[tuple[str, Callable[[], Awaitable[None]]]] = []
        self._starting: asyncio.Task[None] | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._forced = asyncio.Event()
        self._abandoned: set[asyncio.Task[None]] = set()
        self._log = structlog.get_logger(__name__).bind(role=self.role, instance=instance)

    @abc.abstractmethod
    async def open(self) -> None:
        """Warm read copies and begin to serve; the facilities are up. Called once per start."""

    @abc.abstractmethod
    async def drain(self, budget_s: float) -> None:
        """Take no new work; let running work finish for up to ``budget_s`` seconds, then end it with ``Draining``.

        Cancelled, and called again with 0, when the stop is forced.
        """

    @abc.abstractmethod
    async def close(self) -> None:
        """Free what ``open`` made. Also called after an ``open`` that failed; safe twice."""

    async def check(self) -> None:
        """Readiness: returns when the worker can do its work, raises a named error otherwise."""
        if self.state == "draining":
            raise Draining
        if self.state != "serving":
            raise NotStarted(f"the {self.role} worker is {self.state}")
        for facility in self._facilities:
            await facility.check()

    async def start(self) -> None:
        """created, stopped or failed → serving. Raises what failed; everything entered has been left again then.

        Raises StartFailed when the time is up, or when ``stop`` was called meanwhile.
        """
        if self.state not in ("created", "stopped", "failed"):
            raise StartFailed(f"cannot start while {self.state}")
        self._change("starting")
        self._forced.clear()
        starting = self._starting = asyncio.create_task(self._enter_all())  # awaited here, on every path
        try:
            await asyncio.wait([starting])
        except asyncio.CancelledError:
            starting.cancel()
            await uninterrupted(settled(starting))
            raise
        finally:
            self._starting = None
            self._never_began(starting)
        if starting.cancelled():
            raise StartFailed(f"the {self.role} worker was stopped while it started")
        starting.result()

    def _never_began(self, starting: asyncio.Task[None]) -> None:
        # Cancelled before its first step, it could not say so itself; nothing was entered.
        if starting.cancelled() and self.state == "starting":
            self._change("stopped")

    async def stop(self, *, force: bool = False) -> None:
        """Drain, close, and leave the facilities in reverse. Safe in every state, and twice; returns when all is done.

        ``force`` gives running work no time, also when a stop is under way already; so does cancelling this call.
        """
        if force:
            self._forced.set()
        if self._starting is not None:
            self._starting.cancel()
            await settled(self._starting)
        if self.state == "serving":
            self._change("draining")
            self._stopping = asyncio.create_task(self._stop_all())  # awaited by every caller of stop
        if self._stopping is None:
            return
        try:
            await settled(self._stopping)
        except asyncio.CancelledError:
            self._forced.set()
            await uninterrupted(settled(self._stopping))
            raise

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def _enter_all(self) -> None:
        waiting_for = ""
        try:
            async with asyncio.timeout(self.budget.start_timeout_s) as limit:
                for facility in self._facilities:
                    waiting_for = facility.name
                    self._entered.append((waiting_for, facility.stop))
                    await facility.start()
                waiting_for = f"{self.role} worker"
                self._entered.append((waiting_for, self.close))
                await self.open()
        except BaseException as error:  # raised again to the caller, when all is left
            await uninterrupted(self._leave_all())
            # Cancelled means that it was asked to: by stop, or by the caller of start.
            self._change("stopped" if isinstance(error, asyncio.CancelledError) else "failed")
            if limit.expired():
                raise StartFailed(
                    f"{waiting_for} did not start: {self.budget.start_timeout_s:g} s for all were up"
                ) from error
            raise
        self._change("serving")

    async def _stop_all(self) -> None:
        drain = asyncio.create_task(self.drain(self.budget.drain_timeout_s))  # awaited in _bounded
        forced = asyncio.create_task(self._forced.wait())  # cancelled below
        await asyncio.wait(
            [drain, forced],
            timeout=self.budget.drain_timeout_s + self.budget.stop_timeout_s,
            return_when=asyncio.FIRST_COMPLETED,
        )
        forced.cancel()
        await settled(forced)
        if drain.done() and not drain.cancelled():
            await self._bounded("drain", drain)
        else:
            self._log.warning("drain_cut_short", forced=self._forced.is_set())
            drain.cancel()
            await self._bounded("drain", drain, timeout_s=CANCEL_GRACE_S)
            await self._bounded("drain", self.drain(0.0))
        await self._leave_all()
        self._change("stopped")
        self._stopping = None

    async def _leave_all(self) -> None:
        while self._entered:
            name, leave = self._entered.pop()
            await self._bounded(name, _call(leave))

    async def _bounded(
        self, name: str, work: Coroutine[Any, Any, None] | asyncio.Task[None], *, timeout_s: float | None = None
    ) -> None:
        """Wait for a part of the stop, and go on without it when it fails or its time is up."""
        task = asyncio.ensure_future(work)
        await asyncio.wait([task], timeout=self.budget.stop_timeout_s if timeout_s is None else timeout_s)
        if not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=CANCEL_GRACE_S)
            self._log.error("stop_abandoned", part=name, after_s=self.budget.stop_timeout_s)
        if not task.done():
            self._abandoned.add(task)  # held, so that it is not collected while it runs
            task.add_done_callback(self._forget)
        elif not task.cancelled() and (error := task.exception()) is not None:
            self._log.error("stop_failed", part=name, exc_info=error)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._abandoned.discard(task)
        if not task.cancelled():
            task.exception()  # it was given up, and that was logged

    def _change(self, state: WorkerState) -> None:
        before, self.state = self.state, state
        level = self._log.error if state == "failed" else self._log.info
        level("worker_state_changed", before=before, state=state)


async def settled(task: asyncio.Future[Any]) -> None:
    """Returns when ``task`` has ended, however it did. Cancelling this does not touch the task."""
    await asyncio.wait([task])


async def _call(leave: Callable[[], Awaitable[None]]) -> None:
    await leave()
