"""Which numbers of a counting were seen: hardly any gaps, and told by few ranges."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

Range = tuple[int, int]
"""First and last, both inclusive."""


class NumberRanges:
    def __init__(self, ranges: Iterable[Range] = ()) -> None:
        """``ranges`` are such as :meth:`ranges` gives."""
        self._ranges: list[Range] = [(first, last) for first, last in ranges]

    def __contains__(self, number: int) -> bool:
        place = bisect_right(self._ranges, number, key=lambda each: each[0]) - 1
        return place >= 0 and number <= self._ranges[place][1]

    def add(self, number: int) -> bool:
        """False: it was there already."""
        place = bisect_right(self._ranges, number, key=lambda each: each[0])
        first = last = number
        if place > 0:
            before = self._ranges[place - 1]
            if number <= before[1]:
                return False
            if number == before[1] + 1:
                first = before[0]
        if place < len(self._ranges) and self._ranges[place][0] == number + 1:
            last = self._ranges[place][1]
        self._ranges[place - (first < number) : place + (last > number)] = [(first, last)]
        return True

    def ranges(self) -> tuple[Range, ...]:
        """In order, with gaps between them."""
        return tuple(self._ranges)
