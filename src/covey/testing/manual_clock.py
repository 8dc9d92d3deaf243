"""Time that moves only when a test says so."""

from __future__ import annotations


class ManualClock:
    """A :class:`covey.runtime.clock.Clock` for tests."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self._now = now
        self._monotonic = 0.0

    def now(self) -> float:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass, on both clocks. It cannot go back."""
        if seconds < 0:
            raise ValueError("time does not go back; use jump to set the wall clock")
        self._now += seconds
        self._monotonic += seconds

    def jump(self, now: float) -> None:
        """Set the wall clock, as an operator or NTP does; the monotonic clock goes on as before."""
        self._now = now
