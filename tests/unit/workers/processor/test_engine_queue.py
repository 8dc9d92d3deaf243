from __future__ import annotations

import asyncio

import pytest

from covey.domain.admission import Admission
from covey.errors import Overloaded
from covey.protocol.inference import Queued
from covey.testing.manual_clock import ManualClock
from covey.workers.processor.engine_queue import SIGN_OF_LIFE_S, EngineQueue, Ticket


def queue(clock: ManualClock, slots: int = 1, limit: int = 5) -> EngineQueue:
    admission = Admission(slots=slots, waiting_limit=limit, user_waiting_limit=limit)
    return EngineQueue("e", admission, clock, report_interval_s=0.005)


async def places(found: EngineQueue, ticket: Ticket) -> list[Queued]:
    return [place async for place in found.wait(ticket)]


async def test_a_free_slot_needs_no_waiting() -> None:
    found = queue(ManualClock())
    ticket = found.enter("u")
    assert await places(found, ticket) == []
    assert ticket.queue_ms == 0.0


async def test_the_next_in_line_starts_when_a_slot_is_left() -> None:
    clock = ManualClock()
    found = queue(clock)
    first, second = found.enter("u"), found.enter("u")
    waiting = asyncio.create_task(places(found, second))
    await asyncio.sleep(0)
    clock.advance(2.0)
    first.leave(served=True)
    assert [place.position for place in await waiting] == [1]
    assert second.queue_ms == 2000.0
    second.leave(served=True)
    assert (found.admission.running, found.admission.waiting) == (0, 0)


async def test_a_place_is_said_again_only_when_it_changed_or_as_a_sign_of_life() -> None:
    clock = ManualClock()
    found = queue(clock)
    found.enter("u")
    stream = found.wait(found.enter("u"))
    assert (await anext(stream)).position == 1
    again = asyncio.ensure_future(anext(stream))
    done, _ = await asyncio.wait([again], timeout=0.05)
    assert done == set()
    clock.advance(SIGN_OF_LIFE_S)
    assert (await again).position == 1
    await stream.aclose()


async def test_a_full_queue_refuses() -> None:
    found = queue(ManualClock(), limit=0)
    found.enter("u")
    with pytest.raises(Overloaded):
        found.enter("u")


async def test_new_slots_are_used_at_once() -> None:
    found = queue(ManualClock())
    found.enter("u")
    second = found.enter("u")
    found.set_slots(2)
    assert second.started_at is not None
    assert second.turn is not None
    assert second.turn.done()
