"""Admission: bounds, turns, places, estimates; any order of events keeps the invariants."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.domain.admission import Admission, Place


def admission(slots: int = 1, waiting: int = 10, each: int = 10) -> Admission:
    return Admission(slots=slots, waiting_limit=waiting, user_waiting_limit=each)


def test_free_slots_are_given_at_once() -> None:
    found = admission(slots=2)
    assert [found.enter(ticket, "u", 0.0) for ticket in (1, 2, 3)] == ["start", "start", "wait"]
    assert (found.running, found.waiting) == (2, 1)


def test_no_limit_starts_everything() -> None:
    found = admission(slots=0)
    assert {found.enter(ticket, "u", 0.0) for ticket in range(50)} == {"start"}


def test_the_queue_is_bounded_for_all_and_for_each() -> None:
    found = admission(waiting=3, each=2)
    decisions = [found.enter(ticket, user, 0.0) for ticket, user in enumerate("aaaabcd")]
    assert decisions == ["start", "wait", "wait", "refuse", "wait", "refuse", "refuse"]


def test_users_take_turns() -> None:
    found = admission()
    for ticket, user in enumerate(["x", "a", "a", "a", "b", "c"]):
        found.enter(ticket, user, 0.0)
    order = []
    done = 0
    for _ in range(5):
        (done,) = found.leave(done, 1.0)
        order.append(done)
    assert order == [1, 4, 5, 2, 3]


def test_places_tell_the_order_in_which_requests_will_start() -> None:
    found = admission()
    for ticket, user in enumerate(["x", "a", "a", "b"]):
        found.enter(ticket, user, 0.0)
    assert [found.place(ticket).position for ticket in (1, 3, 2)] == [1, 2, 3]  # type: ignore[union-attr]
    assert found.place(0) is None
    found.leave(1, 1.0)
    assert [found.place(ticket).position for ticket in (2, 3)] == [1, 2]  # type: ignore[union-attr]


def test_waits_are_estimated_from_recent_service_times() -> None:
    found = admission(slots=2)
    for ticket in range(4):
        found.enter(ticket, "a", 0.0)
    assert found.place(2) == Place(1, 2.5)
    found.leave(0, 8.0)
    assert found.service_time_s == 8.0
    assert found.place(3) == Place(1, 4.0)


def test_failures_teach_nothing_about_service_times() -> None:
    found = admission()
    found.enter(1, "a", 0.0)
    found.leave(1, 0.001, served=False)
    assert found.service_time_s is None


def test_a_refused_request_is_told_when_to_come_back_within_bounds() -> None:
    found = admission()
    assert found.retry_after_s() == 1.0
    found.enter(0, "a", 0.0)
    found.leave(0, 10_000.0)
    for ticket in range(1, 10):
        found.enter(ticket, "a", 0.0)
    assert found.retry_after_s() == 120.0


def test_more_slots_start_those_who_wait() -> None:
    found = admission()
    for ticket in range(4):
        found.enter(ticket, "a", 0.0)
    assert found.set_slots(3, 1.0) == [1, 2]
    assert found.set_slots(1, 1.0) == []
    assert found.leave(0, 2.0) == []


@pytest.mark.parametrize("ticket", [7, 99])
def test_leaving_twice_or_unknown_changes_nothing(ticket: int) -> None:
    found = admission()
    found.enter(7, "a", 0.0)
    found.leave(7, 1.0)
    assert found.leave(ticket, 2.0) == []
    assert (found.running, found.waiting) == (0, 0)


@given(
    slots=st.integers(0, 4),
    steps=st.lists(st.tuples(st.booleans(), st.sampled_from("abc"), st.integers(0, 60)), max_size=80),
)
def test_any_order_of_events_keeps_the_bounds_and_loses_nobody(slots: int, steps: list[tuple[bool, str, int]]) -> None:
    found = Admission(slots=slots, waiting_limit=5, user_waiting_limit=3)
    running: set[int] = set()
    waiting: set[int] = set()
    for now, (enters, user, number) in enumerate(steps):
        if enters:
            decision = found.enter(now, user, float(now))
            (running if decision == "start" else waiting if decision == "wait" else set()).add(now)
        else:
            known = sorted(running | waiting)
            leaving = known[number % len(known)] if known else -1
            running.discard(leaving)
            waiting.discard(leaving)
            started = found.leave(leaving, float(now))
            assert waiting.issuperset(started)
            waiting.difference_update(started)
            running.update(started)
        assert (found.running, found.waiting) == (len(running), len(waiting))
        assert slots == 0 or len(running) <= slots
        assert len(waiting) <= 5
        assert not waiting or len(running) == slots
        places = [found.place(ticket) for ticket in waiting]
        assert sorted(place.position for place in places if place) == list(range(1, len(waiting) + 1))
