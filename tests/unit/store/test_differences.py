from __future__ import annotations

import pytest

from covey.errors import InvalidRequest, KeyNotFound
from covey.store.differences import Revision, differences
from covey.store.key_value import Change


def put(key: str, revision: int, *, first: bool = False) -> Revision:
    return Revision(change=Change(key, "put", revision, 0.0, str(revision).encode()), first=first)


def delete(key: str, revision: int) -> Revision:
    return Revision(change=Change(key, "delete", revision, 0.0), first=False)


def told(kept: list[Revision], after: int, before: int, first_removed: int | None = None) -> list[object]:
    found = differences(kept, after=after, before=before, first_removed=first_removed)
    return [(each.key, each.before and each.before.revision, each.after and each.after.revision) for each in found]


def test_only_the_ends_count_not_what_was_in_between() -> None:
    kept = [put("a", 1), put("a", 2), put("a", 3), put("b", 4), delete("b", 5)]
    assert told(kept, 1, 5) == [("a", 1, 3)]
    assert told(kept, 0, 4) == [("a", None, 3), ("b", None, 4)]
    assert told(kept, 4, 5) == [("b", 4, None)]


def test_keys_come_in_order_whatever_the_order_of_the_revisions() -> None:
    assert told([put("b", 2), put("a", 1)], 0, 2) == [("a", None, 1), ("b", None, 2)]


def test_a_key_whose_older_revisions_may_be_gone_is_refused() -> None:
    with pytest.raises(KeyNotFound):
        told([put("a", 5)], 3, 5, first_removed=2)


def test_nothing_is_in_doubt_when_the_key_was_made_later_or_all_that_went_came_later() -> None:
    assert told([put("a", 5, first=True)], 3, 5, first_removed=2) == [("a", None, 5)]
    assert told([put("a", 5)], 3, 5, first_removed=4) == [("a", None, 5)]


@pytest.mark.parametrize(("after", "before"), [(-1, 2), (3, 2)])
def test_ends_that_are_the_wrong_way_round_are_refused(after: int, before: int) -> None:
    with pytest.raises(InvalidRequest):
        told([], after, before)
