"""What happened lately, added up."""

from __future__ import annotations

import pytest

from covey.domain.activity import Activity, percentile_ms, series, step_of, totals_since
from covey.protocol.ids import ModelName, RequestId, UserId
from covey.protocol.usage import Outcome, UsageRecord


def record(at: float, outcome: Outcome = "ok", first_token_ms: float | None = None) -> UsageRecord:
    return UsageRecord(
        request_id=RequestId("req_1"), user_id=UserId("usr_1"), model=ModelName("m"), kind="chat", at=at,
        outcome=outcome, prompt_tokens=2, completion_tokens=3, first_token_ms=first_token_ms,
    )  # fmt: skip


def test_requests_are_counted_in_the_minute_in_which_they_ended() -> None:
    activity = Activity()
    activity.add([record(6000.0), record(6059.9, "failed"), record(6060.0, "refused")])
    first, second = activity.minutes(6060.0)
    assert (first.at, first.requests, first.failed, first.refused, first.completion_tokens) == (6000, 2, 1, 0, 6)
    assert (second.at, second.requests, second.failed, second.refused) == (6060, 1, 0, 1)


def test_what_is_older_than_a_day_is_forgotten() -> None:
    activity = Activity()
    activity.add([record(60.0), record(90_000.0)])
    assert [minute.at for minute in activity.minutes(90_000.0)] == [90_000]


def test_the_series_has_every_minute_of_the_hour_and_joins_gateways() -> None:
    one, other = Activity(), Activity()
    one.add([record(7200.0, first_token_ms=10.0)])
    other.add([record(7201.0, first_token_ms=1000.0)])
    points = series([*one.minutes(7210.0), *other.minutes(7210.0)], 7210.0)
    assert len(points) == 60
    assert (points[-1].at, points[-1].requests, points[-1].tokens) == (7200, 2, 10)
    assert points[-1].first_token_p50_ms == pytest.approx(10.0, rel=0.2)
    assert points[-1].first_token_p95_ms == pytest.approx(1000.0, rel=0.2)
    assert (points[0].at, points[0].requests, points[0].first_token_p50_ms) == (3660, 0, None)


@pytest.mark.parametrize("duration_ms", [0.2, 1.0, 7.3, 150.0, 60_000.0])
def test_a_percentile_is_no_less_than_what_was_measured_and_hardly_more(duration_ms: float) -> None:
    found = percentile_ms({step_of(duration_ms): 1}, 0.95)
    assert found is not None
    assert max(1.0, duration_ms) * 0.99 <= found <= max(1.0, duration_ms) * 1.21


def test_totals_begin_where_they_are_told_to() -> None:
    activity = Activity()
    activity.add([record(6000.0), record(6060.0)])
    minutes = activity.minutes(6060.0)
    assert (totals_since(minutes, 6060.0).requests, totals_since(minutes, 0.0).requests) == (1, 2)
    assert totals_since([], 0.0).first_token_p50_ms is None
