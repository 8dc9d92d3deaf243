"""Writes down what was used: a record for each request, and totals by day that can be asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime

import msgspec
import structlog

from covey.domain.metering import RollUp, RollUpEntry, by_model_and_key, summed
from covey.errors import CoveyError, Forbidden, InvalidRequest
from covey.protocol.auth import Identity
from covey.protocol.ids import InstanceId, UserId
from covey.protocol.usage import QueryUsage, UsageRecord, UsageReport, UsageRow
from covey.runtime.clock import Clock
from covey.store.key_value import KeyValue
from covey.store.keys import check_key
from covey.workers.gateway.spill import LogEntry

_log = structlog.get_logger(__name__)
_encode = msgspec.msgpack.Encoder().encode
_records = msgspec.msgpack.Decoder(tuple[UsageRecord, ...]).decode
_entries = msgspec.msgpack.Decoder(tuple[RollUpEntry, ...]).decode


DAY_S = 86_400


class UsageMeter:
    """One gateway's part of the usage: it alone rewrites its totals, so the sum over gateways is exact."""

    def __init__(self, bucket: KeyValue, instance: InstanceId, clock: Clock) -> None:
        self._bucket = bucket
        self._instance = instance
        self._clock = clock
        self._count = 0
        self._roll_ups: dict[str, RollUp] = {}
        self._complete: set[str] = set()
        """Rows whose totals here hold all that this gateway ever wrote to them."""
        self._dirty: set[str] = set()
        self._turn = asyncio.Lock()

    def entry(self, *records: UsageRecord) -> LogEntry:
        """Records of one user as they go into the log: an array, filed under the user."""
        self._count += 1
        return LogEntry(_encode(records), (records[0].user_id,), f"{self._instance}-{self._count}")

    def written(self, entries: Sequence[LogEntry]) -> None:
        """Count what is in the log now."""
        for entry in entries:
            key = day_number = None
            for record in _records(entry.value):
                if not record.admitted:
                    continue
                if key is None or record.at // DAY_S != day_number:
                    day_number = record.at // DAY_S
                    day = datetime.fromtimestamp(record.at, UTC).strftime("%Y%m%d")
                    key = f"usage.{record.user_id}.{day}.{self._instance}"
                    self._dirty.add(key)
                    roll_up = self._roll_ups.setdefault(key, RollUp())
                roll_up.add(record)

    async def flush(self) -> None:
        """Write the totals that changed. What cannot be written now is written next time."""
        async with self._turn:
            for key in tuple(self._dirty):
                self._dirty.discard(key)
                try:
                    await self._write(key)
                except CoveyError as error:
                    self._dirty.add(key)
                    _log.warning("usage_totals_not_written", code=error.code)
                    return
                except asyncio.CancelledError:
                    self._dirty.add(key)
                    raise
            self._forget_old_days()

    async def _write(self, key: str) -> None:
        roll_up = self._roll_ups[key]
        if key not in self._complete:
            stored = await self._bucket.get(key)
            for entry in _entries(stored.value) if stored else ():
                roll_up.merge(entry)
            self._complete.add(key)
        await self._bucket.put(key, _encode(roll_up.entries()))

    def _forget_old_days(self) -> None:
        """Older days hardly ever grow, and then only by what was on disk: their totals are read again if they do."""
        recent = {
            datetime.fromtimestamp(self._clock.now() - days * 86_400, UTC).strftime("%Y%m%d") for days in range(-1, 3)
        }
        for key in [key for key in self._roll_ups if key.split(".")[2] not in recent and key not in self._dirty]:
            del self._roll_ups[key]
            self._complete.discard(key)

    async def query(self, request: QueryUsage, identity: Identity) -> UsageReport:
        """Rows by day, newest first. Raises Forbidden for others' usage unless the caller administers."""
        user_id = request.user_id or identity.user_id
        if user_id != identity.user_id and "admin" not in identity.scopes:
            raise Forbidden("only administrators see the usage of others", param="user_id")
        first, last = _day(request.first_day, "first_day"), _day(request.last_day, "last_day")
        prefix = "usage" if user_id == "*" else check_key(f"usage.{user_id}")
        tables: dict[tuple[str, str], list[RollUpEntry]] = {}
        for key, entries in (await self._stored(prefix)).items():
            _, user, day, _ = key.split(".")
            if (first is None or day >= first) and (last is None or day <= last):
                tables.setdefault((day, user), []).extend(entries)
        rows = [
            UsageRow(
                day=f"{day[:4]}-{day[4:6]}-{day[6:]}",
                model=model,
                user_id=UserId(user),
                key_id=key_id,
                totals=totals,
            )
            for (day, user), entries in sorted(tables.items(), reverse=True)
            for (model, key_id), totals in sorted(
                by_model_and_key(entries).items(), key=lambda item: (item[0][0], item[0][1] or "")
            )
        ]
        return UsageReport(items=tuple(rows), total=summed(row.totals for row in rows))

    async def _stored(self, prefix: str) -> dict[str, tuple[RollUpEntry, ...]]:
        found = {entry.key: _entries(entry.value) for entry in await self._bucket.range(prefix)}
        # Its own totals are newer here than in the store.
        for key, roll_up in self._roll_ups.items():
            if key.startswith(f"{prefix}."):
                earlier = () if key in self._complete else found.get(key, ())
                found[key] = (*earlier, *roll_up.entries())
        return found


def _day(text: str | None, param: str) -> str | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text).strftime("%Y%m%d")
    except ValueError as error:
        raise InvalidRequest("a day is written 2026-01-31", param=param) from error
