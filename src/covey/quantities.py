"""What the numbers of settings may be. The range stands in a field's type and is held to when settings are read;
Structs that are made in code are taken as they are.
"""

from __future__ import annotations

from typing import Annotated, Any, get_args, get_origin

from msgspec import Meta

LONGEST_S = 10 * 365 * 86_400
"""Ten years, in seconds: what is longer is a mistake, and what is not finite is too."""

PositiveInt = Annotated[int, Meta(ge=1)]
"""A count or a size without which nothing can be done."""
NonNegativeInt = Annotated[int, Meta(ge=0)]
"""A count or a size that may be nothing."""
Port = Annotated[int, Meta(ge=0, le=65_535)]
"""A TCP port; 0 picks a free one."""
Seconds = Annotated[float, Meta(ge=0.0, le=LONGEST_S)]
"""A time that may be none."""
PositiveSeconds = Annotated[float, Meta(gt=0.0, le=LONGEST_S)]
"""Of repeated work, or of a wait within which something has to come."""
SecondsOrForever = Annotated[float, Meta(ge=-LONGEST_S, le=LONGEST_S)]
"""Negative: for ever."""


def limits_of(annotation: Any) -> Meta | None:
    """The range that stands in this type, alone or beside None."""
    if get_origin(annotation) is Annotated:
        return next((part for part in get_args(annotation) if isinstance(part, Meta)), None)
    return next((found for part in get_args(annotation) if (found := limits_of(part)) is not None), None)


def range_in_words(limits: Meta) -> str:
    """For example "1 to 64" or "above 0"."""
    return _in_words(limits, limits.le)


def notable_range(limits: Meta) -> str:
    """The same for a description; empty where nobody would expect another range of such a number."""
    highest = None if limits.le == LONGEST_S else limits.le
    if highest is None and (limits.ge or 0) <= 1:
        return ""
    return _in_words(limits, highest)


def _in_words(limits: Meta, highest: float | None) -> str:
    if limits.gt is not None:
        return f"above {_digits(limits.gt)}" + ("" if highest is None else f", at most {_digits(highest)}")
    lowest = _digits(limits.ge or 0)
    return f"at least {lowest}" if highest is None else f"{lowest} to {_digits(highest)}"


def _digits(number: float) -> str:
    return f"{int(number):,}" if number == int(number) else f"{number:g}"
