from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from covey.errors import StoreUnavailable
from covey.protocol.ids import InstanceId
from covey.protocol.subjects import BUCKET_GATEWAY
from covey.testing.manual_clock import ManualClock
from covey.testing.memory_store import MemoryStore
from covey.workers.gateway.usage_rows import MARKS
from tests.helpers.usage_writer import UsageWriter, writer_on


@pytest.fixture
async def store() -> AsyncIterator[MemoryStore]:
    made = MemoryStore(ManualClock())
    yield made
    await made.stop()


async def in_the_log_only(store: MemoryStore, directory: Path) -> UsageWriter:
    """A gateway that was killed before its totals were written."""
    gone = await writer_on(store, "gateway-1", directory, ManualClock())
    await gone.open()
    for number in range(1, 4):
        gone.use("usr_ada", number, number * 10.0)
        gone.writer.put(gone.meter.entry(*next(gone.queue.take())))
    await gone.writer.flush()
    return gone


async def marks(store: MemoryStore) -> list[str]:
    return [entry.key for entry in await (await store.bucket(BUCKET_GATEWAY)).range(MARKS)]


async def test_what_is_missing_is_added_once_and_the_mark_goes(store: MemoryStore, tmp_path: Path) -> None:
    gone = await in_the_log_only(store, tmp_path)
    heir = await writer_on(store, "gateway-2", tmp_path, ManualClock())
    await heir.meter.open(heir._log)
    assert await heir.recovery.run() == 3
    assert await heir.recovery.run() == 0
    assert await heir.totals() == {"usr_ada": 6}
    assert f"{MARKS}.{gone.meter.name}" not in await marks(store)


async def test_the_totals_of_a_gateway_that_lives_are_its_own_affair(store: MemoryStore, tmp_path: Path) -> None:
    gone = await in_the_log_only(store, tmp_path)
    heir = await writer_on(store, "gateway-2", tmp_path, ManualClock())
    heir.alive = (InstanceId("gateway-1"),)
    assert await heir.recovery.run() == 0
    assert await marks(store) == [f"{MARKS}.{gone.meter.name}"]


async def test_at_the_start_totals_are_completed_and_marks_are_left(store: MemoryStore, tmp_path: Path) -> None:
    gone = await in_the_log_only(store, tmp_path)
    heir = await writer_on(store, "gateway-2", tmp_path, ManualClock())
    await heir.recovery.first(5.0)
    assert await heir.totals() == {"usr_ada": 6}
    assert await marks(store) == [f"{MARKS}.{gone.meter.name}"]


async def test_a_store_that_is_away_does_not_stop_the_start(store: MemoryStore, tmp_path: Path) -> None:
    heir = await writer_on(store, "gateway-2", tmp_path, ManualClock())
    store.available = False
    await heir.recovery.first(5.0)
    with pytest.raises(StoreUnavailable):
        await heir.recovery.run()


async def test_a_gateway_that_stops_in_order_leaves_no_mark(store: MemoryStore, tmp_path: Path) -> None:
    writer = await writer_on(store, "gateway-1", tmp_path, ManualClock())
    await writer.open()
    writer.use("usr_ada", 1, 5.0)
    await writer.flush()
    assert len(await marks(store)) == 1
    await writer.meter.close()
    assert await marks(store) == []
