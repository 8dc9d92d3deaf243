"""Writes down what was used: a record for each request, and totals by day that can be asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date

import structlog

from covey.domain.metering import RollUp, RollUpEntry, by_model_and_key, summed
from covey.errors import CoveyError, Forbidden, InvalidRequest
from covey.protocol.auth import Identity
from covey.protocol.ids import InstanceId, UserId
from covey.protocol.usage import QueryUsage, UsageRecord, UsageReport, UsageRow
from covey.runtime.clock import Clock
from covey.runtime.identifiers import mint
from covey.store.key_value import KeyValue, Log
from covey.store.keys import check_key
from covey.workers.gateway.spill import LogEntry
from covey.workers.gateway.usage_rows import (
    DAY_S,
    Batch,
    Mark,
    add_to_row,
    day_of,
    decode_batch,
    decode_row,
    encode_batch,
    encode_mark,
    encode_row,
    mark_key,
    row_key,
)

_log = structlog.get_logger(__name__)
MARK_INTERVAL_S = 10.0
"""How often a gateway that is used says up to where the log is in its totals."""


class UsageMeter:
    """One gateway's part of the usage: it alone rewrites its totals while it lives, so the sum over gateways is exact.

    Totals hold what is in the log. A mark in the store says up to where they do for sure; when the gateway is killed,
    :class:`~covey.workers.gateway.usage_recovery.UsageRecovery` goes on from there.
    """

    def __init__(self, bucket: KeyValue, instance: InstanceId, clock: Clock) -> None:
        self._bucket = bucket
        self._instance = instance
        self._clock = clock
        self.name = mint("meter")
        """Not the instance's: a worker that is started again in its process counts its batches anew."""
        self._numbers: dict[tuple[UserId, str], int] = {}
        self._most_batches = 0
        """Of those that were forgotten: whoever is counted anew goes on from there, so that no number comes twice."""
        self._roll_ups: dict[str, RollUp] = {}
        self._dirty: set[str] = set()
        self._forgotten_days: set[str] = set()
        self._elsewhere: dict[str, list[Batch]] = {}
        """Batches for rows that are not kept here: of meters that are gone, of days that are long over."""
        self._through = self._marked = 0
        self._marked_at = clock.monotonic()
        self._turn = asyncio.Lock()

    async def open(self, log: Log) -> None:
        """Mark the place in the log from which on there may be batches of this meter. Raises StoreUnavailable."""
        newest = await log.read(limit=1, newest_first=True)
        self._through = newest[0].sequence if newest else 0
        await self._mark()

    async def close(self) -> None:
        """After the last flush: when everything is written, nobody has to look after these totals. Never raises a named
        error."""
        if self._dirty or self._elsewhere:
            return
        try:
            await self._bucket.delete(mark_key(self.name))
        except CoveyError as error:
            _log.info("usage_mark_left_behind", code=error.code)

    def entry(self, *records: UsageRecord) -> LogEntry:
        """Records of one user and day as they go into the log, filed under the user."""
        user_id, day = records[0].user_id, day_of(records[0].at)
        number = self._numbers[user_id, day] = self._numbers.get((user_id, day), self._most_batches) + 1
        return LogEntry(encode_batch(records, self.name, number), (user_id,), f"{self.name}-{user_id}-{day}-{number}")

    def written(self, entries: Sequence[LogEntry], sequence: int) -> None:
        """Count what is in the log now, up to ``sequence``."""
        for entry in entries:
            batch = decode_batch(entry.value)
            if any(record.admitted for record in batch.records):
                self._count(batch)
        self._through = max(self._through, sequence)

    async def flush(self) -> None:
        """Write the totals that changed. What cannot be written now is written next time."""
        async with self._turn:
            try:
                await self._write_rows()
                if self._through != self._marked and self._clock.monotonic() - self._marked_at >= MARK_INTERVAL_S:
                    await self._mark()
            except CoveyError as error:
                _log.warning("usage_totals_not_written", code=error.code)
                return
            self._forget_old_days()

    def _count(self, batch: Batch) -> None:
        first = batch.records[0]
        day = day_of(first.at)
        own = row_key(first.user_id, day, self.name)
        if batch.meter not in (self.name, None) or (own not in self._roll_ups and not self._kept(day)):
            self._elsewhere.setdefault(batch.row or own, []).append(batch)
            return
        self._roll_ups.setdefault(own, RollUp()).add_batch(batch.number, batch.records)
        self._dirty.add(own)

    def _kept(self, day: str) -> bool:
        """Whether rows of that day are held here as a whole."""
        return day in self._recent_days() and day not in self._forgotten_days

    async def _write_rows(self) -> None:
        for key in tuple(self._dirty):
            self._dirty.discard(key)
            try:
                await self._bucket.put(key, encode_row(self._roll_ups[key]))
            except (CoveyError, asyncio.CancelledError):
                self._dirty.add(key)
                raise
        for key in tuple(self._elsewhere):
            batches = self._elsewhere[key]
            taken = tuple(batches)
            await add_to_row(self._bucket, key, taken)
            del batches[: len(taken)]
            if not batches:
                del self._elsewhere[key]

    async def _mark(self) -> None:
        """Only when no totals wait to be written."""
        through = self._through
        await self._bucket.put(mark_key(self.name), encode_mark(Mark(instance=self._instance, sequence=through)))
        self._marked, self._marked_at = through, self._clock.monotonic()

    def _forget_old_days(self) -> None:
        """Older days hardly ever grow, and then only by what was on disk."""
        recent = self._recent_days()
        for key in [key for key in self._roll_ups if key.split(".")[2] not in recent and key not in self._dirty]:
            self._forgotten_days.add(key.split(".")[2])
            del self._roll_ups[key]
        for each in [each for each in self._numbers if each[1] not in recent]:
            self._most_batches = max(self._most_batches, self._numbers.pop(each))

    def _recent_days(self) -> set[str]:
        return {day_of(self._clock.now() - days * DAY_S) for days in range(-1, 3)}

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
        found = {entry.key: decode_row(entry.value) for entry in await self._bucket.range(prefix)}
        # Its own totals are newer here than in the store.
        for key, roll_up in self._roll_ups.items():
            if key.startswith(f"{prefix}."):
                found[key] = roll_up.entries()
        for key, batches in self._elsewhere.items():
            if key.startswith(f"{prefix}."):
                more = RollUp(found.get(key, ()))
                for batch in batches:
                    more.add_batch(batch.number, batch.records)
                found[key] = more.entries()
        return found


def _day(text: str | None, param: str) -> str | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text).strftime("%Y%m%d")
    except ValueError as error:
        raise InvalidRequest("a day is written 2026-01-31", param=param) from error
