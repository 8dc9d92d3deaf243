from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine
from typing import Any

import pytest

from covey.errors import DeadlineExceeded, Draining
from covey.rpc.work import SilenceWatch, Work, resume
from covey.testing.eventually import eventually
from covey.testing.gate import Gate


def begin(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return coroutine.send(None)


async def through(gate: Gate) -> str:
    await gate.enter()
    return "through"


async def under_watch(work: Work, coroutine: Coroutine[Any, Any, Any]) -> Any:
    yielded = begin(coroutine)
    return await work.finish(coroutine, yielded, asyncio.get_running_loop().time())


async def test_a_step_that_was_started_by_hand_is_finished() -> None:
    gate = Gate()
    coroutine = through(gate)
    yielded = begin(coroutine)
    gate.open()
    assert await resume(coroutine, yielded) == "through"


async def test_errors_and_results_pass_through_a_step() -> None:
    async def steps() -> str:
        await asyncio.sleep(0)
        try:
            await asyncio.wait_for(asyncio.Event().wait(), 0.01)
        except TimeoutError:
            return "timed out inside"
        return ""

    assert await under_watch(Work(), steps()) == "timed out inside"


async def test_work_that_waits_is_cut_at_once() -> None:
    gate, work = Gate(), Work()
    task = asyncio.create_task(under_watch(work, through(gate)))
    await gate.entered()
    assert work.waits
    work.cut(Draining("now"))
    work.cut(DeadlineExceeded())
    with pytest.raises(Draining, match="now"):
        await task
    assert (work.waits, gate.left, task.cancelling()) == (False, 1, 0)


async def test_a_cancellation_by_others_comes_first() -> None:
    gate, work = Gate(), Work()
    task = asyncio.create_task(under_watch(work, through(gate)))
    await gate.entered()
    work.cut(Draining())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_work_that_will_not_be_cancelled_still_ends_with_the_failure() -> None:
    gate, work = Gate(), Work()

    async def stubborn() -> str:
        try:
            await gate.enter()
        except asyncio.CancelledError:
            return "no"
        return "yes"

    async def run() -> tuple[int, str]:
        try:
            await under_watch(work, stubborn())
        except Draining:
            task = asyncio.current_task()
            assert task is not None
            return task.cancelling(), "draining"
        return 0, "answered"

    task = asyncio.create_task(run())
    await gate.entered()
    work.cut(Draining())
    assert await task == (0, "draining")


class Reader:
    def __init__(self, *, idle_timeout_s: float = 60.0, deadline: float = math.inf) -> None:
        self.waits = False
        self.waits_since = 0.0
        self.idle_timeout_s = idle_timeout_s
        self.deadline = deadline
        self.failures: list[Exception] = []

    def cut(self, failure: Exception) -> None:
        self.failures.append(failure)


async def test_only_a_wait_counts_as_silence() -> None:
    loop, reader = asyncio.get_running_loop(), Reader(idle_timeout_s=0.02)
    watch = SilenceWatch(loop, [reader])
    watch.expect(reader, loop.time())
    quiet_until = loop.time() + 0.08
    await eventually(lambda: loop.time() >= quiet_until)
    assert reader.failures == []
    reader.waits, reader.waits_since = True, loop.time()
    await eventually(lambda: reader.failures)
    assert loop.time() - reader.waits_since >= 0.019
    assert isinstance(reader.failures[0], DeadlineExceeded)
    watch.stop()


async def test_a_deadline_holds_for_a_reader_that_does_not_wait() -> None:
    loop = asyncio.get_running_loop()
    reader = Reader(deadline=loop.time() + 0.02)
    watch = SilenceWatch(loop, [reader])
    watch.expect(reader, loop.time())
    await eventually(lambda: reader.failures)
    assert isinstance(reader.failures[0], DeadlineExceeded)
    watch.stop()


async def test_each_of_many_readers_is_cut_at_its_own_time_and_one_that_was_removed_never() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    late, early, removed = Reader(deadline=began + 0.06), Reader(deadline=began + 0.02), Reader(deadline=began + 0.01)
    watched = {late, early, removed}
    watch = SilenceWatch(loop, watched)
    for reader in (late, early, removed):
        watch.expect(reader, began)
    watched.remove(removed)
    await eventually(lambda: early.failures)
    assert late.failures == []
    watched.remove(early)
    await eventually(lambda: late.failures)
    assert loop.time() - began >= 0.059
    assert (len(early.failures), removed.failures) == (1, [])
    watch.stop()


async def test_a_watch_that_was_stopped_looks_again_at_what_comes_later() -> None:
    loop = asyncio.get_running_loop()
    reader = Reader(deadline=loop.time())
    watch = SilenceWatch(loop, [reader])
    watch.stop()
    watch.expect(reader, loop.time())
    await eventually(lambda: reader.failures)
