"""What differs between a bucket as it was at two revisions, told from the revisions that are kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from covey.errors import InvalidRequest, KeyNotFound
from covey.store.key_value import Change, Difference, Entry


class Revision(msgspec.Struct, frozen=True, kw_only=True):
    """One kept revision of a key."""

    change: Change
    first: bool
    """Whether it was written where the store had nothing under this key, so that nothing older can be missing."""

    @property
    def entry(self) -> Entry | None:
        change = self.change
        if change.kind == "delete":
            return None
        return Entry(change.key, change.value, change.revision, change.created_at, change.expires_at)


def differences(
    kept: Iterable[Revision], *, after: int, before: int, first_removed: int | None
) -> Sequence[Difference]:
    """The keys whose value at revision ``after`` is not the one at ``before``, sorted by key.

    ``first_removed`` is the oldest revision that is no longer kept, or None. Raises ``InvalidRequest`` when the ends
    are the wrong way round, ``KeyNotFound`` when the value of a key at one end cannot be told with certainty.
    """
    if not 0 <= after <= before:
        raise InvalidRequest("the first revision is not below the second")
    by_key: dict[str, list[Revision]] = {}
    for revision in sorted(kept, key=lambda each: each.change.revision):
        by_key.setdefault(revision.change.key, []).append(revision)
    found = []
    for key in sorted(by_key):
        old, new = (_at(by_key[key], end, first_removed) for end in (after, before))
        if (old and old.revision) != (new and new.revision):
            found.append(Difference(key, old, new))
    return found


def _at(revisions: Sequence[Revision], end: int, first_removed: int | None) -> Entry | None:
    """The value at ``end``; a revision that was removed can only have counted when it was written by then."""
    reached = [revision for revision in revisions if revision.change.revision <= end]
    if reached:
        return reached[-1].entry
    if not revisions[0].first and first_removed is not None and first_removed <= end:
        raise KeyNotFound("the history that is kept does not reach back that far")
    return None
