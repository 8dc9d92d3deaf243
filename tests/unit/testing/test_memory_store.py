from __future__ import annotations

import asyncio

import pytest

from covey.errors import StoreUnavailable
from covey.store.key_value import Change
from covey.testing.eventually import eventually
from covey.testing.memory_store import MemoryStore


async def test_the_same_name_is_the_same_bucket() -> None:
    store = MemoryStore()
    assert await store.bucket("a") is await store.bucket("a")
    assert await store.log("a") is await store.log("a")


async def test_a_reader_waits_for_the_owner_to_make_the_bucket() -> None:
    store = MemoryStore()
    reader = asyncio.create_task(store.bucket("late", create=False))
    await asyncio.sleep(0)
    owner = await store.bucket("late")
    assert await reader is owner


async def test_a_store_that_went_away_answers_nothing_and_tells_the_rest_when_back() -> None:
    store = MemoryStore()
    bucket, log = await store.bucket("a"), await store.log("l")
    watch = await bucket.watch()
    seen: list[Change | None] = []

    async def read() -> None:
        async for change in watch:
            seen.append(change)

    reader = asyncio.create_task(read())
    await eventually(lambda: seen == [None])
    store.available = False
    for call in (bucket.get("k"), bucket.put("k", b""), log.read(), store.check(), store.bucket("b"), bucket.watch()):
        with pytest.raises(StoreUnavailable):
            await call
    store.available = True
    await bucket.put("k", b"1")
    await eventually(lambda: len(seen) == 2)
    await store.stop()
    await reader
