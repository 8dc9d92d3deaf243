"""Puts records into a log in batches, through the disk when the store is away."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from covey.errors import CoveyError
from covey.store.key_value import Log
from covey.workers.gateway.metrics import GatewayMetrics
from covey.workers.gateway.spill import LogEntry, Spill

_log = structlog.get_logger(__name__)

BATCH = 500
WRITE_TIMEOUT_S = 5.0


class LogWriter:
    """``written`` hears of every batch once, when it is durable in the log, also of what earlier gateways left; with it
    comes the largest of its sequence numbers."""

    def __init__(
        self,
        log: Log,
        spill: Spill,
        metrics: GatewayMetrics,
        *,
        queue_size: int,
        written: Callable[[Sequence[LogEntry], int], None] | None = None,
    ) -> None:
        self._log = log
        self._spill = spill
        self._metrics = metrics
        self._queue_size = queue_size
        self._written = written
        self._waiting: deque[LogEntry] = deque()
        self._turn = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, entry: LogEntry) -> None:
        """Write it with the next flush. When too many wait already, it is lost, and counted."""
        if len(self._waiting) >= self._queue_size:
            self._metrics.record(self._log.name, "lost")
            return
        self._waiting.append(entry)

    async def write(self, entry: LogEntry, timeout_s: float) -> None:
        """Write it now; on this machine's disk instead when that takes too long. Durable when it returns."""
        try:
            async with asyncio.timeout(timeout_s):
                sequence = await self._log.append(entry.value, subject=entry.subject, record_id=entry.record_id)
        except (CoveyError, TimeoutError) as error:
            await self._keep([entry], error)
        else:
            self._done([entry], "written", sequence)

    async def flush(self) -> None:
        """Write what waits, or put it on disk; then what is on disk already. Never raises a named error."""
        async with self._turn:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
                try:
                    sequence = await self._append(batch)
                except asyncio.CancelledError:
                    self._waiting.extendleft(reversed(batch))
                    raise
                except (CoveyError, TimeoutError) as error:
                    await self._keep(batch, error)
                else:
                    self._done(batch, "written", sequence)
            if self._spill.size_bytes:
                await self._replay()

    async def _replay(self) -> None:
        entries = await self._spill.read()
        for begin in range(0, len(entries), BATCH):
            batch = entries[begin : begin + BATCH]
            try:
                sequence = await self._append(batch)
            except (CoveyError, TimeoutError):
                return
            await self._spill.drop_first(len(batch))
            self._done(batch, "replayed", sequence)

    async def _append(self, batch: Sequence[LogEntry]) -> int:
        async with asyncio.timeout(WRITE_TIMEOUT_S):
            return max(await self._log.append_many([(entry.value, entry.subject, entry.record_id) for entry in batch]))

    async def _keep(self, batch: Sequence[LogEntry], error: Exception) -> None:
        _log.warning("log_unavailable", log=self._log.name, records=len(batch), kind=type(error).__name__)
        try:
            lost = await self._spill.add(batch)
        except OSError:
            _log.exception("spill_failed", log=self._log.name)
            lost = len(batch)
        if lost:
            self._metrics.record(self._log.name, "lost", lost)
        self._metrics.record(self._log.name, "spilled", len(batch) - lost)

    def _done(self, batch: Sequence[LogEntry], fate: str, sequence: int) -> None:
        self._metrics.record(self._log.name, fate, len(batch))
        if self._written is not None:
            self._written(batch, sequence)
