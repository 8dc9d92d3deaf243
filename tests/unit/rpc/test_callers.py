from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from covey.rpc.callers import CALLERS, WINDOW, Caller, Callers


@given(st.lists(st.integers(0, 300)))
def test_each_number_is_new_exactly_once(numbers: list[int]) -> None:
    caller = Caller()
    seen: set[int] = set()
    for number in numbers:
        assert caller.is_new(number) == (number not in seen)
        seen.add(number)


def test_what_fell_out_of_the_window_counts_as_seen() -> None:
    caller = Caller()
    assert caller.is_new(WINDOW + 10)
    assert not caller.is_new(10)
    assert caller.is_new(11)
    assert caller.is_new(10 * WINDOW)
    assert not caller.is_new(WINDOW + 11)


def test_the_quickest_message_is_the_measure_of_delay() -> None:
    caller = Caller()
    assert caller.delay_s(sent_s=1000.0, now=5.002) == 0.0
    assert caller.delay_s(sent_s=1001.0, now=6.001) == 0.0
    assert round(caller.delay_s(sent_s=1002.0, now=7.501), 3) == 0.5
    assert caller.delay_s(sent_s=1003.0, now=8.001) == 0.0


def test_clocks_of_another_pace_do_not_add_up_to_a_delay() -> None:
    caller = Caller()
    for minute in range(600):
        now = minute * 60.0
        assert caller.delay_s(sent_s=now * 0.9999, now=now) < 0.03


def test_a_long_standstill_does_not_hide_a_delay() -> None:
    caller = Caller()
    for second in range(10):
        caller.delay_s(sent_s=float(second), now=float(second))
    assert caller.delay_s(sent_s=10.0, now=300.0) == 290.0
    assert caller.delay_s(sent_s=11.0, now=300.0) == 289.0


def test_callers_are_apart_and_the_silent_ones_are_forgotten() -> None:
    callers = Callers()
    assert callers.get("first").is_new(1)
    assert callers.get("second").is_new(1)
    assert not callers.get("first").is_new(1)
    for number in range(CALLERS):
        callers.get(f"other-{number}")
    assert callers.get("first").is_new(1)
