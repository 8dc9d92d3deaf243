from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta

from covey.quantities import (
    LONGEST_S,
    NonNegativeInt,
    Port,
    PositiveInt,
    PositiveSeconds,
    Seconds,
    SecondsOrForever,
    limits_of,
    notable_range,
    range_in_words,
)


@pytest.mark.parametrize(
    ("annotation", "words", "notable"),
    [
        (PositiveInt, "at least 1", ""),
        (NonNegativeInt | None, "at least 0", ""),
        (Port, "0 to 65,535", "0 to 65,535"),
        (Seconds, "0 to 315,360,000", ""),
        (PositiveSeconds, "above 0, at most 315,360,000", ""),
        (SecondsOrForever, "-315,360,000 to 315,360,000", ""),
        (Annotated[float, Meta(gt=0.0, le=1.0)] | None, "above 0, at most 1", "above 0, at most 1"),
        (Annotated[float, Meta(ge=60.0, le=LONGEST_S)], "60 to 315,360,000", "at least 60"),
        (Annotated[float, Meta(ge=0.001, le=10)], "0.001 to 10", "0.001 to 10"),
        (Annotated[int, Meta(ge=-1)], "at least -1", ""),
        (Annotated[int, Meta(ge=60, le=10**15)], "60 to 1,000,000,000,000,000", "60 to 1,000,000,000,000,000"),
    ],
)
def test_a_range_is_told_in_words(annotation: Any, words: str, notable: str) -> None:
    limits = limits_of(annotation)
    assert limits is not None
    assert (range_in_words(limits), notable_range(limits)) == (words, notable)


@pytest.mark.parametrize("annotation", [int, float | None, str, tuple[int, ...], Annotated[str, "about"]])
def test_a_type_without_a_range_has_none(annotation: Any) -> None:
    assert limits_of(annotation) is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), -1.0, LONGEST_S + 1.0])
def test_what_is_no_time_is_refused(value: float) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(value, Seconds)
