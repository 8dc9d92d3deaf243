"""Totals of gateways that were killed between the log and the totals: completed from the log by those that live."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import structlog

from covey.errors import CoveyError, RevisionConflict
from covey.protocol.ids import InstanceId
from covey.store.key_value import Entry, KeyValue, Log, LogRecord
from covey.workers.gateway.usage_rows import MARKS, Batch, add_to_row, by_row, decode_batch, decode_mark

_log = structlog.get_logger(__name__)
READ = 100
"""Batches that are read from the log at once."""


class UsageRecovery:
    """Any number of gateways may do this at the same time: each batch is in its row once.

    That a gateway is gone is a guess. When it lives after all, nothing is counted twice, since what it writes holds the
    same batches, and it sets its mark again.
    """

    def __init__(self, bucket: KeyValue, log: Log, meter: str, gateways: Callable[[], Sequence[InstanceId]]) -> None:
        """``gateways`` are the other gateways that live; ``meter`` is the own one."""
        self._bucket = bucket
        self._log = log
        self._meter = meter
        self._gateways = gateways

    async def first(self, budget_s: float) -> None:
        """At the start, when it is not known yet who lives: complete the totals, and leave the marks to :meth:`run`.
        What takes longer than ``budget_s`` seconds is left to it too. Never raises a named error."""
        try:
            async with asyncio.timeout(budget_s):
                await self._run(settled=False)
        except (CoveyError, TimeoutError) as error:
            _log.warning("usage_totals_not_completed", kind=type(error).__name__)

    async def run(self) -> int:
        """How many batches were missing. Raises StoreUnavailable, Overloaded."""
        return await self._run(settled=True)

    async def _run(self, *, settled: bool) -> int:
        marks = {entry.key.partition(".")[2]: entry for entry in await self._bucket.range(MARKS)}
        living = set(self._gateways())
        kept = {meter for meter, entry in marks.items() if decode_mark(entry.value).instance in living}
        kept.add(self._meter)
        missing = 0
        for meter, entry in marks.items():
            if meter not in kept:
                missing += await self._complete(decode_mark(entry.value).sequence, kept)
                if settled:
                    await self._forget(entry)
        if missing:
            _log.info("usage_totals_completed", batches=missing)
        return missing

    async def _complete(self, position: int, kept: set[str]) -> int:
        """Batches of all meters that are gone: one may have written down what it found on disk of another."""
        missing = 0
        while True:
            found = await self._log.read(after=position, limit=READ)
            for key, batches in by_row(_batches(found, kept)).items():
                missing += await add_to_row(self._bucket, key, batches)
            if len(found) < READ:
                return missing
            position = found[-1].sequence

    async def _forget(self, mark: Entry) -> None:
        with suppress(RevisionConflict):  # it lives
            await self._bucket.delete(mark.key, revision=mark.revision)


def _batches(found: Sequence[LogRecord], kept: set[str]) -> Iterator[Batch]:
    for record in found:
        batch = decode_batch(record.value)
        if batch.meter is not None and batch.meter not in kept and any(each.admitted for each in batch.records):
            yield batch
