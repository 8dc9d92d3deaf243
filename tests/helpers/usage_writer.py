"""What a gateway writes usage with, without the rest of it; and a process of it that is killed between two writes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nats.aio.client import Client
from prometheus_client import CollectorRegistry

from covey.facilities.nats_store import NatsStore
from covey.protocol.auth import Identity
from covey.protocol.ids import InstanceId, ModelName, RequestId, UserId
from covey.protocol.subjects import BUCKET_GATEWAY, LOG_USAGE
from covey.protocol.usage import QueryUsage, UsageRecord
from covey.runtime.clock import Clock, SystemClock
from covey.store.key_value import KeyValue, Log, Store
from covey.workers.gateway.log_writer import LogWriter
from covey.workers.gateway.metering import UsageMeter
from covey.workers.gateway.metrics import GatewayMetrics
from covey.workers.gateway.spill import Spill
from covey.workers.gateway.usage_queue import UsageQueue
from covey.workers.gateway.usage_recovery import UsageRecovery
from covey.workers.gateway.usage_rows import decode_batch
from tests.helpers.stores import IMPATIENT, BareConnection

ADMINISTRATOR = Identity(user_id=UserId("usr_root"), username="root", role="admin", scopes=("admin",))


class Watched:
    """Passes everything on; ``before`` hears the name of every write and its first argument."""

    def __init__(self, inner: Any, before: Callable[[str, Any], None]) -> None:
        self._inner = inner
        self._before = before

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        if name not in ("put", "create", "update", "delete", "append", "append_many"):
            return method

        def call(*arguments: Any, **options: Any) -> Any:
            self._before(name, arguments[0])
            return method(*arguments, **options)

        return call


class UsageWriter:
    def __init__(self, instance: str, bucket: KeyValue, log: Log, spill: Spill, clock: Clock) -> None:
        self.instance = InstanceId(instance)
        self.alive: tuple[InstanceId, ...] = ()
        self._log = log
        self._spill = spill
        self.meter = UsageMeter(bucket, self.instance, clock)
        self.writer = LogWriter(
            log, spill, GatewayMetrics(CollectorRegistry()), queue_size=1000, written=self.meter.written
        )
        self.queue = UsageQueue(1000, lambda: None)
        self.recovery = UsageRecovery(bucket, log, self.meter.name, lambda: self.alive)

    async def open(self) -> None:
        await self._spill.open()
        await self.meter.open(self._log)
        await self.recovery.first(5.0)

    def use(self, user: str, number: int, at: float) -> None:
        record = UsageRecord(
            request_id=RequestId(f"req_{number}"), user_id=UserId(user), model=ModelName("m"), kind="chat", at=at,
            prompt_tokens=1, completion_tokens=number,
        )  # fmt: skip
        self.queue.put(record)

    async def flush(self) -> None:
        for taken in self.queue.take():
            self.writer.put(self.meter.entry(*taken))
        await self.writer.flush()
        await self.meter.flush()

    async def totals(self) -> dict[str, int]:
        """Completion tokens by user."""
        report = await self.meter.query(QueryUsage(user_id="*"), ADMINISTRATOR)
        found: dict[str, int] = {}
        for row in report.items:
            found[row.user_id] = found.get(row.user_id, 0) + row.totals.completion_tokens
        return found


async def writer_on(
    store: Store, instance: str, directory: Path, clock: Clock, before: Callable[[str, Any], None] | None = None
) -> UsageWriter:
    bucket: Any = await store.bucket(BUCKET_GATEWAY)
    log: Any = await store.log(LOG_USAGE)
    if before is not None:
        bucket, log = Watched(bucket, before), Watched(log, before)
    return UsageWriter(instance, bucket, log, Spill(directory, "usage", InstanceId(instance), max_bytes=10**6), clock)


async def used_by(log: Log) -> dict[str, int]:
    """Completion tokens by user, as the log has them; what is in it twice counts once."""
    seen: dict[tuple[str | None, str, int | None], Sequence[UsageRecord]] = {}
    for record in await log.read(limit=10_000):
        batch = decode_batch(record.value)
        seen[batch.meter, batch.row, batch.number] = batch.records
    found: dict[str, int] = {}
    for records in seen.values():
        for each in records:
            found[each.user_id] = found.get(each.user_id, 0) + each.completion_tokens
    return found


async def _die(url: str, directory: str, rounds: str) -> None:
    """Use, and be killed when the totals of round ``rounds`` are about to be written."""
    client = Client()
    await client.connect(url)
    store = NatsStore(BareConnection(client), IMPATIENT, None)
    await store.start()
    left = int(rounds)

    def before(name: str, key: Any) -> None:
        nonlocal left
        if name == "put" and str(key).startswith("usage."):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    clock = SystemClock()
    writer = await writer_on(store, "gateway-victim", Path(directory), clock, before)
    await writer.open()
    number = 0
    while True:
        for user in ("usr_ada", "usr_bob"):
            number += 1
            writer.use(user, number, clock.now())
        await writer.flush()


if __name__ == "__main__":
    asyncio.run(_die(*sys.argv[1:]))
