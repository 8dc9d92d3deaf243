from __future__ import annotations

import time

import click
import pytest

from covey.cli.moments import Duration, Moment


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("15m", 900), ("12h", 43_200), ("30d", 2_592_000)])
def test_durations(text: str, seconds: int) -> None:
    assert Duration().convert(text, None, None) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-01-31", 1_769_817_600.0),
        ("2026-01-31T12:00", 1_769_860_800.0),
        ("2026-01-31T12:00+02:00", 1_769_853_600.0),
    ],
)
def test_moments_are_utc_unless_they_say_otherwise(text: str, seconds: float) -> None:
    assert Moment().convert(text, None, None) == seconds


def test_a_moment_may_be_so_long_ago() -> None:
    before = time.time()
    assert before - 7200 <= Moment().convert("2h", None, None) <= time.time() - 7200


@pytest.mark.parametrize("text", ["", "yesterday", "2h30m", "-1h", "2026-13-01", "9" * 40 + "s"])
def test_what_is_neither_is_refused(text: str) -> None:
    for kind in (Duration(), Moment()):
        with pytest.raises(click.BadParameter):
            kind.convert(text, None, None)
