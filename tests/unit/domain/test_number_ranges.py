from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from covey.domain.number_ranges import NumberRanges


@given(some.lists(some.integers(1, 40), max_size=80))
def test_they_are_a_set_told_by_the_fewest_ranges(numbers: list[int]) -> None:
    ranges, seen = NumberRanges(), set[int]()
    for number in numbers:
        assert ranges.add(number) == (number not in seen)
        seen.add(number)
    told = ranges.ranges()
    assert [number for first, last in told for number in range(first, last + 1)] == sorted(seen)
    assert all(last + 1 < first for (_, last), (first, _) in zip(told, told[1:], strict=False))
    assert all((number in ranges) == (number in seen) for number in range(42))
    assert NumberRanges(told).ranges() == told


def test_numbers_in_order_are_one_range() -> None:
    ranges = NumberRanges()
    assert all(ranges.add(number) for number in range(1, 10_000))
    assert ranges.ranges() == ((1, 9999),)
