"""Durations and moments as people type them."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime

import click

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_DURATION = re.compile(r"(\d{1,9})([smhdw])")


class Duration(click.ParamType[int]):
    """``90s``, ``12h``, ``30d``: seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        match = _DURATION.fullmatch(str(value))
        if match is None:
            self.fail("a number with s, m, h, d or w, for example 30d", param, ctx)
        return int(match[1]) * _UNITS[match[2]]


class Moment(click.ParamType[float]):
    """``2h`` (ago), ``2026-01-31`` or ``2026-01-31T12:00`` (UTC unless it says otherwise): Unix seconds."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        match = _DURATION.fullmatch(str(value))
        if match is not None:
            return time.time() - int(match[1]) * _UNITS[match[2]]
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail("so long ago, for example 2h, or a day, for example 2026-01-31", param, ctx)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
