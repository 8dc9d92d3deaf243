from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from covey.domain.generation_log import EVENT_BYTES, GenerationLog
from covey.errors import InvalidRequest, StreamInterrupted
from covey.protocol.ids import ModelName
from covey.protocol.inference import Delta, Failed, Finished, Started


def filled(count: int, max_bytes: int = 1_000_000) -> GenerationLog:
    log = GenerationLog(max_bytes)
    for number in range(count):
        log.append(Delta(text=str(number)))
    return log


def texts(log: GenerationLog, after: int, limit: int = 1000) -> list[str]:
    return [event.text for event in log.after(after, limit) if isinstance(event, Delta)]


def test_reading_begins_after_the_given_number() -> None:
    log = filled(5)
    assert texts(log, -1) == ["0", "1", "2", "3", "4"]
    assert texts(log, 2) == ["3", "4"]
    assert texts(log, 4) == []
    assert texts(log, -1, limit=2) == ["0", "1"]


@pytest.mark.parametrize("number", [-2, 5, 99])
def test_a_number_that_was_never_given_out_is_refused(number: int) -> None:
    with pytest.raises(InvalidRequest):
        filled(5).after(number, 10)


def test_after_the_last_event_nothing_is_added() -> None:
    for last in (Finished(reason="stop"), Failed(code="internal")):
        log = GenerationLog(1000)
        log.append(Started(model=ModelName("m")))
        assert not log.ended
        log.append(last)
        assert log.ended
        with pytest.raises(ValueError, match="ended"):
            log.append(Delta())


def test_above_its_size_the_oldest_events_are_given_up_and_late_readers_are_told() -> None:
    log = filled(100, max_bytes=20 * EVENT_BYTES)
    assert log.length == 100
    assert log.size_bytes <= 20 * EVENT_BYTES
    assert not log.whole
    with pytest.raises(StreamInterrupted):
        log.after(-1, 10)
    assert texts(log, 97) == ["98", "99"]


@given(some.lists(some.integers(0, 400), max_size=80), some.integers(1000, 5000))
def test_numbers_hold_whatever_is_given_up(sizes: list[int], max_bytes: int) -> None:
    log = GenerationLog(max_bytes)
    for number, size in enumerate(sizes):
        log.append(Delta(text=f"{number}:" + "x" * size))
    for after in range(-1, len(sizes) - 1):
        try:
            events = log.after(after, 1)
        except StreamInterrupted:
            continue
        event = events[0]
        assert isinstance(event, Delta)
        assert event.text.startswith(f"{after + 1}:")
