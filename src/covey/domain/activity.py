"""What happened lately, by the minute, in a form that can be added up over gateways."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from covey.protocol.overview import ActivityMinute, ActivityPoint, ActivityTotals
from covey.protocol.usage import UsageRecord

MINUTES_KEPT = 1440
MINUTES_SHOWN = 60
GROWTH = 1.2
"""Each step of the scale of durations is so many times the one before: a percentile is exact to a tenth."""
STEPS = 80
"""From 1 ms to about half an hour."""
_BOUNDS_MS = [GROWTH**step for step in range(STEPS)]


class _Minute:
    __slots__ = ("completion_tokens", "failed", "first_token", "prompt_tokens", "refused", "requests")

    def __init__(self) -> None:
        self.requests = self.failed = self.refused = self.prompt_tokens = self.completion_tokens = 0
        self.first_token: dict[int, int] = {}


class Activity:
    """One gateway's last day in memory."""

    def __init__(self) -> None:
        self._minutes: dict[int, _Minute] = {}

    def add(self, records: Iterable[UsageRecord]) -> None:
        groups: dict[int, list[UsageRecord]] = {}
        for record in records:
            groups.setdefault(int(record.at // 60), []).append(record)
        for number, group in groups.items():
            minute = self._minutes.get(number)
            if minute is None:
                minute = self._minutes[number] = _Minute()
            outcomes = [record.outcome for record in group]
            minute.requests += len(group)
            minute.failed += outcomes.count("failed")
            minute.refused += outcomes.count("refused")
            minute.prompt_tokens += sum([record.prompt_tokens for record in group])
            minute.completion_tokens += sum([record.completion_tokens for record in group])
            counts = minute.first_token
            for step in [step_of(record.first_token_ms) for record in group if record.first_token_ms is not None]:
                counts[step] = counts.get(step, 0) + 1

    def minutes(self, now: float) -> tuple[ActivityMinute, ...]:
        """Those of the last day in which something happened, oldest first. Forgets those before."""
        oldest = int(now // 60) - MINUTES_KEPT + 1
        for number in [number for number in self._minutes if number < oldest]:
            del self._minutes[number]
        return tuple(
            ActivityMinute(
                at=number * 60,
                requests=minute.requests,
                failed=minute.failed,
                refused=minute.refused,
                prompt_tokens=minute.prompt_tokens,
                completion_tokens=minute.completion_tokens,
                first_token=dict(minute.first_token),
            )
            for number, minute in sorted(self._minutes.items())
        )


def step_of(duration_ms: float) -> int:
    """The first step whose bound it does not exceed, or the one above all bounds."""
    return bisect_left(_BOUNDS_MS, duration_ms)


def percentile_ms(counts: dict[int, int], fraction: float) -> float | None:
    """The duration that ``fraction`` of those counted did not exceed; None when nothing was counted."""
    total = sum(counts.values())
    if not total:
        return None
    wanted, seen = fraction * total, 0
    for step in sorted(counts):
        seen += counts[step]
        if seen >= wanted:
            return round(GROWTH**step, 1)
    raise AssertionError("unreachable: the counts add up to their total")


def totals_since(minutes: Sequence[ActivityMinute], since: float) -> ActivityTotals:
    """Of the minutes that began at ``since`` or later."""
    inside = [minute for minute in minutes if minute.at >= since]
    first_token = joined_counts(inside)
    return ActivityTotals(
        requests=sum(minute.requests for minute in inside),
        failed=sum(minute.failed for minute in inside),
        refused=sum(minute.refused for minute in inside),
        prompt_tokens=sum(minute.prompt_tokens for minute in inside),
        completion_tokens=sum(minute.completion_tokens for minute in inside),
        first_token_p50_ms=percentile_ms(first_token, 0.5),
        first_token_p95_ms=percentile_ms(first_token, 0.95),
    )


def joined_counts(minutes: Iterable[ActivityMinute]) -> dict[int, int]:
    counts: dict[int, int] = {}
    for minute in minutes:
        for step, count in minute.first_token.items():
            counts[step] = counts.get(step, 0) + count
    return counts


def series(minutes: Sequence[ActivityMinute], now: float) -> tuple[ActivityPoint, ...]:
    """The last hour by the minute, oldest first, the present minute last; minutes without requests are there too."""
    present = int(now // 60)
    by_number: dict[int, list[ActivityMinute]] = {}
    for minute in minutes:
        by_number.setdefault(int(minute.at // 60), []).append(minute)
    return tuple(
        _point(number, by_number.get(number, [])) for number in range(present - MINUTES_SHOWN + 1, present + 1)
    )


def _point(number: int, minutes: list[ActivityMinute]) -> ActivityPoint:
    totals = totals_since(minutes, 0.0)
    return ActivityPoint(
        at=number * 60,
        requests=totals.requests,
        failed=totals.failed,
        refused=totals.refused,
        tokens=totals.prompt_tokens + totals.completion_tokens,
        first_token_p50_ms=totals.first_token_p50_ms,
        first_token_p95_ms=totals.first_token_p95_ms,
    )
