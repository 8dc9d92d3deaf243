"""What this process takes of its machine."""

from __future__ import annotations

import pytest

from covey.runtime import process_usage
from covey.runtime.process_usage import ProcessUsage, memory_bytes


def test_processor_time_is_told_per_second_that_passed() -> None:
    now = [0.0]
    usage = ProcessUsage(lambda: now[0])
    before = usage._processor_s
    now[0] = 2.0
    usage.measure()
    spent_s = usage._processor_s - before
    assert usage.cpu_percent == round(50 * spent_s, 1)


def test_it_is_measured_once_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = iter([100, 200])
    monkeypatch.setattr(process_usage, "memory_bytes", lambda: next(sizes))
    now = [0.0]
    usage = ProcessUsage(lambda: now[0])
    now[0] = process_usage.INTERVAL_S / 2
    usage.measure()
    assert usage.memory_bytes == 100
    now[0] = process_usage.INTERVAL_S
    usage.measure()
    assert usage.memory_bytes == 200


def test_memory_is_some_megabytes() -> None:
    assert 1_000_000 < memory_bytes() < 100_000_000_000
