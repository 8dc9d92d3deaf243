"""Work that runs in its caller's own task and can still be cut short: at a deadline, after a silence, at a drain.

The first step of a handler is taken by hand. Most answers come without waiting for anything, and those need no timer,
no task and no bookkeeping; only a handler that really waits is put under watch.
"""

from __future__ import annotations

import asyncio
import math
import types
from collections.abc import Awaitable, Collection, Generator
from typing import Any, Protocol, cast

import msgspec

from covey.errors import CoveyError, DeadlineExceeded

EARLY_S = 0.001
"""Timers may fire this much before their time."""


class Step(Protocol):
    """What coroutines and the steps of async generators have in common."""

    def send(self, value: Any, /) -> Any: ...
    def throw(self, error: BaseException, /) -> Any: ...


@types.coroutine
def _resume(step: Step, yielded: Any) -> Generator[Any, Any, Any]:
    while True:
        try:
            sent = yield yielded
        except BaseException as error:  # nothing is kept here: the step itself gets it and decides
            action, value = step.throw, cast("Any", error)
        else:
            action, value = step.send, sent
        try:
            yielded = action(value)
        except StopIteration as stop:
            return stop.value


async def resume(step: Step, yielded: Any) -> Any:
    """The result of a step that was started with ``step.send(None)`` and waits for what that yielded."""
    return await cast("Awaitable[Any]", _resume(step, yielded))


class Work(msgspec.Struct, eq=False):
    """One piece of running work. ``cut`` ends it with a named error, wherever it waits.

    With a ``task`` its handler is waited for in that since loop time ``waits_since``.
    """

    task: asyncio.Task[Any] | None = None
    """Who waits for the handler; None while nobody does."""
    waits_since: float = 0.0
    """Loop time at which the present wait began; only meaningful while it waits."""
    idle_timeout_s: float = math.inf
    deadline: float = math.inf
    """In loop time."""
    failure: CoveyError | None = None
    """Why it was cut short, if it was."""
    cancelled: bool = False
    """Whether the cut cancelled the task, and that was not taken back."""
    cancelling_before: int = 0
    """How many others had cancelled the task then."""

    @property
    def waits(self) -> bool:
        return self.task is not None

    def cut(self, failure: CoveyError) -> None:
        """End it with ``failure``: at once when it waits, or else when it is asked to go on. The first cut wins."""
        if self.failure is not None:
            return
        self.failure = failure
        if self.task is not None:
            self.cancelled = True
            self.cancelling_before = self.task.cancelling()
            self.task.cancel()

    def expire(self) -> None:
        self.cut(DeadlineExceeded())

    def wait(self, task: asyncio.Task[Any] | None, now: float) -> None:
        """From loop time ``now`` the handler is waited for, in ``task``."""
        self.task = task
        self.waits_since = now
        if self.cancelled and task is not None:
            self.cancelling_before = task.cancelling()

    def pause(self) -> None:
        """The handler gave an item: until the next :meth:`wait` the task is its reader's own."""
        task, self.task = self.task, None
        if self.cancelled and task is not None:  # it gave one although it was told to stop
            self.cancelled = False
            task.uncancel()

    def end(self) -> CoveyError | None:
        """The handler raised. The failure that it was cut short with, unless somebody else wants the task gone too."""
        task, self.task = self.task, None
        if not self.cancelled or task is None:
            return None
        self.cancelled = False
        ours_alone = task.uncancel() <= self.cancelling_before
        return self.failure if ours_alone else None

    async def finish(self, step: Step, yielded: Any, now: float) -> Any:
        """The result of a started step, under watch from loop time ``now``; raises ``failure`` when it was cut."""
        task = self.task = asyncio.current_task()
        self.waits_since = now
        try:
            result = await cast("Awaitable[Any]", _resume(step, yielded))
        except BaseException as error:
            # Ours is one cancellation among others: when somebody else wants the task gone too, that comes first.
            if not self.cancelled or task is None:
                raise
            ours_alone = task.uncancel() <= self.cancelling_before
            if self.failure is None or not ours_alone or isinstance(error, GeneratorExit):
                raise
            raise self.failure from None
        finally:
            self.task = None
        if self.failure is not None:  # the handler answered although it was told to stop
            if self.cancelled and task is not None:
                task.uncancel()
            raise self.failure
        return result


class Watched(Protocol):
    """What :class:`SilenceWatch` looks at."""

    waits_since: float
    idle_timeout_s: float
    """The longest silence, in seconds."""
    deadline: float
    """In loop time; infinite when there is none."""

    @property
    def waits(self) -> bool: ...

    def cut(self, failure: CoveyError) -> None:
        """End it. The first cut wins."""


class SilenceWatch:
    """Cuts streams that are silent for too long, or that pass their deadline.

    One timer for all of them, set for the first moment at which one may have to be cut: a stream that ends before its
    time, as nearly all do, costs nothing more than its place among those of ``watched``, which is its owner's.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, watched: Collection[Watched]) -> None:
        self.loop = loop
        self._watched = watched
        self._timer: asyncio.TimerHandle | None = None
        self.looks_at = math.inf
        """Loop time of its next look."""

    def begin(self, task: asyncio.Task[Any] | None, now: float, idle_timeout_s: float, deadline: float | None) -> Work:
        """New work, which ``task`` waits for since loop time ``now`` and which is put among the watched at once.

        Raises DeadlineExceeded when it would begin too late.
        """
        moment = now + idle_timeout_s
        if deadline is None:
            deadline = math.inf
        elif deadline < moment:
            if deadline <= now:
                raise DeadlineExceeded
            moment = deadline
        if moment < self.looks_at:
            self.look_at(moment)
        return Work(task, now, idle_timeout_s, deadline)

    def expect(self, watched: Watched, now: float) -> None:
        """It was put among the watched at loop time ``now``: look when its time comes."""
        moment = min(now + watched.idle_timeout_s, watched.deadline)
        if moment < self.looks_at:
            self.look_at(moment)

    def stop(self) -> None:
        """Look no more."""
        self.looks_at = math.inf
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def look_at(self, moment: float) -> None:
        """Look at loop time ``moment``, which is sooner than any other that is planned."""
        self.stop()
        self.looks_at = moment
        self._timer = self.loop.call_at(moment, self._look)

    def _look(self) -> None:
        self.stop()
        now = self.loop.time()
        soonest = math.inf
        for watched in tuple(self._watched):
            silent_until = (watched.waits_since if watched.waits else now) + watched.idle_timeout_s
            if now + EARLY_S < min(silent_until, watched.deadline):
                soonest = min(soonest, silent_until, watched.deadline)
                continue
            too_late = now + EARLY_S >= watched.deadline
            watched.cut(
                DeadlineExceeded()
                if too_late
                else DeadlineExceeded(f"no answer for {watched.idle_timeout_s:g} seconds")
            )
        if soonest < math.inf:
            self.look_at(soonest)
