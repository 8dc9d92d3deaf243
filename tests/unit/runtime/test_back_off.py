from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from covey.runtime.back_off import BackOff


def test_delays_double_up_to_the_maximum() -> None:
    back_off = BackOff(initial_s=0.5, maximum_s=3.0, random_fraction=lambda: 0.0)
    assert [back_off.next_delay_s() for _ in range(5)] == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_reset_begins_anew() -> None:
    back_off = BackOff(initial_s=1.0, random_fraction=lambda: 0.0)
    back_off.next_delay_s()
    back_off.next_delay_s()
    back_off.reset()
    assert back_off.attempts == 0
    assert back_off.next_delay_s() == 1.0


@given(fraction=some.floats(0.0, 1.0, exclude_max=True), attempts=some.integers(0, 5000))
def test_jitter_takes_at_most_half_and_never_overflows(fraction: float, attempts: int) -> None:
    back_off = BackOff(initial_s=0.5, maximum_s=30.0, random_fraction=lambda: fraction)
    back_off.attempts = attempts
    full_s = min(30.0, 0.5 * 2.0 ** min(attempts, 64))
    assert full_s / 2 <= back_off.next_delay_s() <= full_s
