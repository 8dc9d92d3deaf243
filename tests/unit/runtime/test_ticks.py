from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from covey.runtime import ticks
from covey.runtime.ticks import TICK_S, until_tick

MOMENTS = st.floats(0.0, 1e6)
ALMOST = 1e-6


@given(st.floats(TICK_S, 100.0), MOMENTS)
def test_the_moment_is_a_tick_and_near_to_what_was_asked_for(about_s: float, now: float) -> None:
    delay_s = until_tick(about_s, now)
    in_ticks = (now + delay_s - ticks._phase_s) / TICK_S
    assert abs(in_ticks - round(in_ticks)) < 1e-3
    assert abs(delay_s - about_s) <= (TICK_S / 2 if about_s >= 2 * TICK_S else TICK_S) + ALMOST
    assert delay_s > TICK_S / 4 - ALMOST


@given(st.floats(0.0, TICK_S, exclude_max=True), MOMENTS)
def test_what_is_shorter_than_a_tick_is_waited_for_as_it_is(about_s: float, now: float) -> None:
    assert until_tick(about_s, now) == about_s


@given(MOMENTS)
def test_work_of_every_tick_comes_at_every_tick_though_it_wakes_a_little_late_or_early(now: float) -> None:
    for late_s in (0.003, -0.002, 0.01, 0.0):
        before, now = now, now + until_tick(TICK_S, now)
        assert TICK_S / 4 - ALMOST < now - before < 1.5 * TICK_S + ALMOST
        now += late_s
