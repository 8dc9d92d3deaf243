"""An append-only log in memory."""

from __future__ import annotations

from collections.abc import Sequence

from covey.errors import StoreUnavailable
from covey.runtime.clock import Clock
from covey.store.key_value import LogRecord
from covey.store.keys import check_key, check_record_id, check_value

DUPLICATE_WINDOW_S = 120.0


class MemoryLog:
    """Keeps the newest ``max_bytes`` and ``max_age_s``, drops the oldest, as the real log does."""

    def __init__(self, name: str, clock: Clock, *, max_age_s: float | None = None, max_bytes: int = -1) -> None:
        self.name = name
        self.available = True
        self._clock = clock
        self._max_age_s = max_age_s
        self._max_bytes = max_bytes
        self._records: list[LogRecord] = []
        self._sequence = 0
        self._seen: dict[str, tuple[int, float]] = {}

    async def append(self, value: bytes, *, subject: Sequence[str], record_id: str) -> int:
        self._enter()
        check_key(".".join(subject))
        check_record_id(record_id)
        check_value(value)
        now = self._clock.now()
        known = self._seen.get(record_id)
        if known and now - known[1] < DUPLICATE_WINDOW_S:
            return known[0]
        self._sequence += 1
        self._seen[record_id] = (self._sequence, now)
        self._records.append(LogRecord(self._sequence, now, tuple(subject), value))
        self._trim()
        return self._sequence

    async def append_many(self, records: Sequence[tuple[bytes, Sequence[str], str]]) -> Sequence[int]:
        return [await self.append(value, subject=subject, record_id=record_id) for value, subject, record_id in records]

    async def read(
        self, *, subject: Sequence[str] = (), after: int = 0, limit: int = 1000, newest_first: bool = False
    ) -> Sequence[LogRecord]:
        self._enter()
        if subject:
            check_key(".".join(subject))
        self._trim()
        wanted = tuple(subject)
        found = [record for record in self._records if record.subject[: len(wanted)] == wanted]
        if newest_first:
            found = [record for record in reversed(found) if not after or record.sequence < after]
        else:
            found = [record for record in found if record.sequence > after]
        return found[: max(0, limit)]

    def _enter(self) -> None:
        if not self.available:
            raise StoreUnavailable

    def _trim(self) -> None:
        if self._max_age_s is not None:
            oldest = self._clock.now() - self._max_age_s
            self._records = [record for record in self._records if record.at > oldest]
        if self._max_bytes >= 0:
            size = sum(len(record.value) for record in self._records)
            while self._records and size > self._max_bytes:
                size -= len(self._records.pop(0).value)
