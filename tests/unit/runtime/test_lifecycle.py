from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Literal

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as some

from covey.errors import Draining, NotStarted, StartFailed, StoreUnavailable
from covey.protocol.ids import InstanceId, NodeName
from covey.runtime import lifecycle
from covey.runtime.lifecycle import LifecycleBudget, Worker

How = Literal["fine", "fails", "hangs", "deaf"]
BUDGET = LifecycleBudget(start_timeout_s=5.0, drain_timeout_s=5.0, stop_timeout_s=5.0)
SHORT = LifecycleBudget(start_timeout_s=0.02, drain_timeout_s=0.02, stop_timeout_s=0.02)


class Part:
    """A facility that writes down what happens to it, and misbehaves on request."""

    def __init__(self, name: str, story: list[str], *, start: How = "fine", stop: How = "fine") -> None:
        self.name = name
        self.entered = asyncio.Event()
        self.proceed = asyncio.Event()
        self._story = story
        self._start = start
        self._stop = stop

    async def start(self) -> None:
        self._story.append(f"+{self.name}")
        await self._behave(self._start)

    async def stop(self) -> None:
        self._story.append(f"-{self.name}")
        await self._behave(self._stop)

    async def check(self) -> None:
        return None

    async def _behave(self, how: How) -> None:
        self.entered.set()
        if how == "fails":
            raise ValueError(self.name)
        if how == "hangs":
            await self.proceed.wait()
        while how == "deaf" and not self.proceed.is_set():
            try:
                await self.proceed.wait()
            except asyncio.CancelledError:
                continue


class Sample(Worker):
    role = "sample"

    def __init__(
        self,
        facilities: Sequence[Part],
        story: list[str],
        *,
        opening: How = "fine",
        draining: How = "fine",
        closing: How = "fine",
        budget: LifecycleBudget = BUDGET,
    ) -> None:
        super().__init__(instance=InstanceId("sample-1"), node=NodeName("here"), budget=budget, facilities=facilities)
        self.own = Part("self", story, start=opening, stop=closing)
        self.drains: list[float] = []
        self.drain_entered = asyncio.Event()
        self.work_done = asyncio.Event()
        self._draining = draining

    async def open(self) -> None:
        await self.own.start()

    async def close(self) -> None:
        await self.own.stop()

    async def drain(self, budget_s: float) -> None:
        self.drains.append(budget_s)
        self.drain_entered.set()
        if budget_s > 0 and self._draining == "hangs":
            await self.work_done.wait()
        if self._draining == "fails":
            raise ValueError("drain")


def made(*names: str, budget: LifecycleBudget = BUDGET, draining: How = "fine") -> tuple[Sample, list[str]]:
    story: list[str] = []
    return Sample([Part(name, story) for name in names], story, budget=budget, draining=draining), story


async def test_facilities_start_in_order_and_stop_in_reverse() -> None:
    worker, story = made("a", "b")
    await worker.start()
    assert worker.state == "serving"
    await worker.check()
    await worker.stop()
    assert story == ["+a", "+b", "+self", "-self", "-b", "-a"]
    assert worker.drains == [5.0]


async def test_transitions_are_logged_once_each() -> None:
    worker, _ = made("a")
    with structlog.testing.capture_logs() as logs:
        worker._log = structlog.get_logger()
        await worker.start()
        await worker.stop()
        await worker.stop()
    states = [entry["state"] for entry in logs if entry["event"] == "worker_state_changed"]
    assert states == ["starting", "serving", "draining", "stopped"]


async def test_start_while_serving_is_refused() -> None:
    worker, _ = made()
    await worker.start()
    with pytest.raises(StartFailed, match="while serving"):
        await worker.start()
    await worker.stop()


async def test_stop_before_start_and_twice_does_nothing() -> None:
    worker, story = made("a")
    await worker.stop()
    assert (worker.state, story) == ("created", [])
    await worker.start()
    await worker.stop()
    await worker.stop(force=True)
    assert story.count("-a") == 1


async def test_restart_makes_a_whole_round() -> None:
    worker, story = made("a")
    await worker.start()
    await worker.restart()
    assert worker.state == "serving"
    assert story == ["+a", "+self", "-self", "-a", "+a", "+self"]
    await worker.stop()


async def test_failed_worker_can_be_started_again() -> None:
    story: list[str] = []
    part = Part("a", story, start="fails")
    worker = Sample([part], story)
    with pytest.raises(ValueError, match="a"):
        await worker.start()
    assert worker.state == "failed"
    part._start = "fine"
    await worker.start()
    await worker.check()
    await worker.stop()


async def test_start_that_takes_too_long_names_what_it_waited_for() -> None:
    story: list[str] = []
    worker = Sample([Part("a", story), Part("slow", story, start="hangs")], story, budget=SHORT)
    with pytest.raises(StartFailed, match="slow did not start"):
        await worker.start()
    assert worker.state == "failed"
    assert story == ["+a", "+slow", "-slow", "-a"]


async def test_cancelled_start_leaves_all_and_is_cancelled() -> None:
    story: list[str] = []
    slow = Part("slow", story, start="hangs")
    worker = Sample([Part("a", story), slow], story)
    starting = asyncio.create_task(worker.start())
    await slow.entered.wait()
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert story == ["+a", "+slow", "-slow", "-a"]


async def test_stop_during_start_ends_it_and_leaves_all() -> None:
    story: list[str] = []
    slow = Part("slow", story, start="hangs")
    worker = Sample([Part("a", story), slow], story)
    starting = asyncio.create_task(worker.start())
    await slow.entered.wait()
    await worker.stop()
    with pytest.raises(StartFailed, match="stopped while it started"):
        await starting
    assert (worker.state, worker.drains) == ("stopped", [])
    assert story == ["+a", "+slow", "-slow", "-a"]


@pytest.mark.parametrize("how", ["hangs", "deaf"])
async def test_facility_that_does_not_stop_is_abandoned_and_the_next_one_stopped(how: How) -> None:
    story: list[str] = []
    stuck = Part("stuck", story, stop=how)
    worker = Sample([Part("a", story), stuck], story, budget=SHORT)
    await worker.start()
    with structlog.testing.capture_logs() as logs:
        worker._log = structlog.get_logger()
        await worker.stop()
    assert story[-3:] == ["-self", "-stuck", "-a"]
    assert [entry["part"] for entry in logs if entry["event"] == "stop_abandoned"] == ["stuck"]
    stuck.proceed.set()
    for task in tuple(worker._abandoned):
        await asyncio.wait([task])
    assert worker._abandoned == set()


async def test_facility_that_fails_to_stop_is_logged_and_the_next_one_stopped() -> None:
    story: list[str] = []
    worker = Sample([Part("a", story), Part("b", story, stop="fails")], story)
    await worker.start()
    with structlog.testing.capture_logs() as logs:
        worker._log = structlog.get_logger()
        await worker.stop()
    assert story[-2:] == ["-b", "-a"]
    assert [entry["part"] for entry in logs if entry["event"] == "stop_failed"] == ["b"]


async def test_drain_that_fails_does_not_keep_the_worker_up() -> None:
    worker, story = made("a", draining="fails")
    await worker.start()
    await worker.stop()
    assert (worker.state, story[-1]) == ("stopped", "-a")


async def test_drain_beyond_its_budget_is_cut_short() -> None:
    worker, _ = made("a", draining="hangs", budget=SHORT)
    await worker.start()
    await worker.stop()
    assert worker.drains == [0.02, 0.0]
    assert worker.state == "stopped"


async def test_second_stop_with_force_ends_the_drain_at_once() -> None:
    worker, story = made("a", draining="hangs", budget=LifecycleBudget(drain_timeout_s=600.0))
    await worker.start()
    first = asyncio.create_task(worker.stop())
    await worker.drain_entered.wait()
    with pytest.raises(Draining):
        await worker.check()
    second = asyncio.create_task(worker.stop())
    await worker.stop(force=True)
    await asyncio.gather(first, second)
    assert worker.drains == [600.0, 0.0]
    assert story == ["+a", "+self", "-self", "-a"]


async def test_cancelled_stop_still_leaves_all_before_it_ends() -> None:
    worker, story = made("a", draining="hangs", budget=LifecycleBudget(drain_timeout_s=600.0))
    await worker.start()
    stopping = asyncio.create_task(worker.stop())
    await worker.drain_entered.wait()
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    assert (worker.state, story[-1]) == ("stopped", "-a")


async def test_check_says_when_it_is_not_serving_or_a_facility_is_not_well(monkeypatch: pytest.MonkeyPatch) -> None:
    story: list[str] = []
    part = Part("a", story)
    worker = Sample([part], story)
    with pytest.raises(NotStarted, match="created"):
        await worker.check()
    await worker.start()

    async def ill() -> None:
        raise StoreUnavailable

    monkeypatch.setattr(part, "check", ill)
    with pytest.raises(StoreUnavailable):
        await worker.check()
    await worker.stop()


HOWS = some.sampled_from(["fine", "fails", "hangs", "deaf"])
TINY = LifecycleBudget(start_timeout_s=0.01, drain_timeout_s=0.005, stop_timeout_s=0.005)


@given(
    facilities=some.lists(some.tuples(some.sampled_from(["fine", "fails", "hangs"]), HOWS), max_size=4),
    opening=some.sampled_from(["fine", "fails", "hangs"]),
    draining=some.sampled_from(["fine", "fails", "hangs"]),
    closing=HOWS,
    cancelled_at=some.none() | some.integers(0, 4),
)
@settings(max_examples=60, deadline=None)
def test_whatever_fails_where_all_that_was_entered_is_left_once_in_reverse(
    facilities: list[tuple[How, How]], opening: How, draining: How, closing: How, cancelled_at: int | None
) -> None:
    async def live() -> None:
        story: list[str] = []
        parts = [Part(f"f{n}", story, start=start, stop=stop) for n, (start, stop) in enumerate(facilities)]
        worker = Sample(parts, story, opening=opening, draining=draining, closing=closing, budget=TINY)
        try:
            await live_and_stop(worker, cancelled_at)
        finally:  # also when an assertion fails: what is deaf to cancellation would keep the loop from closing
            for part in (*parts, worker.own):
                part.proceed.set()
            for task in tuple(worker._abandoned):
                await asyncio.wait([task])
        entered = [step[1:] for step in story if step[0] == "+"]
        left = [step[1:] for step in story if step[0] == "-"]
        assert left == entered[::-1]

    with structlog.testing.capture_logs(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(lifecycle, "CANCEL_GRACE_S", 0.005)
        asyncio.run(live())


async def live_and_stop(worker: Sample, cancelled_at: int | None) -> None:
    starting = asyncio.create_task(worker.start())
    for _ in range(cancelled_at or 0):
        await asyncio.sleep(0)
    if cancelled_at is not None:
        starting.cancel()
    await asyncio.wait([starting])
    if not starting.cancelled():
        starting.exception()
    await worker.stop()
    assert worker.state in ("created", "stopped", "failed")
