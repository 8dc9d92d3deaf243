"""A cluster of three loses the server that leads a bucket: nothing acknowledged is lost, and nobody storms it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from covey.facilities.store_config import NatsStoreConfig
from covey.store.read_copy import ReadCopy
from covey.testing.eventually import eventually
from tests.helpers.ledger import Ledger
from tests.helpers.nats_cluster import leader_of, running_nats_cluster
from tests.helpers.stores import nats_store

pytestmark = pytest.mark.nats

THREE_COPIES = NatsStoreConfig(replicas=3, timeout_s=5.0, bind_timeout_s=20.0, watch_heartbeat_s=0.5)
WRITERS = 8


async def test_s3_kill_of_the_leader_loses_nothing_and_is_not_answered_with_a_storm(tmp_path: Path) -> None:
    ledger = Ledger()
    async with running_nats_cluster(tmp_path) as servers, nats_store(servers[0], THREE_COPIES) as first:
        await first.bucket("ledger")
        victim = await leader_of(first, "KV_ledger")
        async with nats_store(servers[(victim + 1) % 3], THREE_COPIES) as store:
            bucket = await store.bucket("ledger")
            copy = ReadCopy(bucket, "k", bytes)
            await copy.start()
            stop = asyncio.Event()

            async def write() -> None:
                while not stop.is_set():
                    await ledger.write(bucket)

            writers = [asyncio.create_task(write()) for _ in range(WRITERS)]
            try:
                await eventually(lambda: len(ledger.acknowledged) > 300, timeout_s=15)
                await servers[victim].kill()
                before, sent = len(ledger.acknowledged), store._calls.client.stats["out_msgs"]
                await eventually(lambda: len(ledger.acknowledged) > before + 300, timeout_s=30)
                sent = store._calls.client.stats["out_msgs"] - sent
            finally:
                stop.set()
                await asyncio.gather(*writers)
            asked_anew = sent - (len(ledger.acknowledged) - before)
            assert asked_anew < 1000, "pauses between attempts keep the outage quiet"
            await eventually(lambda: copy.age_s < 2.5, timeout_s=15)
            assert await ledger.missing(bucket) == []
            found = await bucket.range("k")
            await eventually(lambda: len(copy) >= len(found))
            await copy.stop()
