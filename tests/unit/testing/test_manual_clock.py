from __future__ import annotations

import pytest

from covey.runtime.clock import Clock
from covey.testing.manual_clock import ManualClock


def test_time_stands_still_until_it_is_moved() -> None:
    clock: Clock = ManualClock(100.0)
    assert (clock.now(), clock.monotonic()) == (100.0, 0.0)
    assert (clock.now(), clock.monotonic()) == (100.0, 0.0)


def test_advancing_moves_both_clocks() -> None:
    clock = ManualClock(100.0)
    clock.advance(2.5)
    assert (clock.now(), clock.monotonic()) == (102.5, 2.5)


def test_a_jump_moves_the_wall_clock_alone() -> None:
    clock = ManualClock(100.0)
    clock.jump(50.0)
    assert (clock.now(), clock.monotonic()) == (50.0, 0.0)


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="does not go back"):
        ManualClock().advance(-1)
