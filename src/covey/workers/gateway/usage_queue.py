"""Usage records on their way to the log, many to one log record.

A log record costs a round trip and an fsync of its own, whatever its size. Under load, what one user did in half a
second travels together; when it is quiet, a record travels alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from covey.protocol.ids import UserId
from covey.protocol.usage import UsageRecord

DAY_S = 86_400
RECORDS_PER_ENTRY = 500


class UsageQueue:
    """Takes a record per request, which costs an append; gives them out by user."""

    def __init__(self, limit: int, lost: Callable[[], None]) -> None:
        self._limit = limit
        self._lost = lost
        self._records: list[UsageRecord] = []

    def __len__(self) -> int:
        return len(self._records)

    def put(self, record: UsageRecord) -> None:
        """When too many wait already, it is lost, and counted."""
        if len(self._records) >= self._limit:
            self._lost()
            return
        self._records.append(record)

    def take(self) -> Iterator[Sequence[UsageRecord]]:
        """Everything that waits, each part of one user and UTC day, and of at most ``RECORDS_PER_ENTRY`` records."""
        records, self._records = self._records, []
        parts: dict[tuple[UserId, int], list[UsageRecord]] = {}
        for record in records:
            parts.setdefault((record.user_id, int(record.at // DAY_S)), []).append(record)
        for found in parts.values():
            for begin in range(0, len(found), RECORDS_PER_ENTRY):
                yield found[begin : begin + RECORDS_PER_ENTRY]
