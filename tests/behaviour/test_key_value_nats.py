from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from covey.errors import StoreUnavailable
from covey.store.key_value import Store
from covey.store.read_copy import ReadCopy, ReadCopyConfig
from covey.testing.eventually import eventually
from tests.behaviour.key_value import KeyValueBehaviour
from tests.helpers.nats import running_nats_server
from tests.helpers.stores import bare_connection, nats_store


@pytest.mark.nats
class TestNatsKeyValue(KeyValueBehaviour):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[Store]:
        async with running_nats_server(tmp_path) as server, nats_store(server) as store:
            yield store


@pytest.mark.nats
async def test_opening_a_bucket_with_the_defaults_costs_neither_history_nor_limit(tmp_path: Path) -> None:
    async with running_nats_server(tmp_path) as server:
        async with nats_store(server) as store:
            bucket = await store.bucket("past", history=5, max_bytes=100_000)
            for number in range(5):
                await bucket.put("a", str(number).encode())
        async with nats_store(server) as store:
            again = await store.bucket("past")
            assert len(await again.history("a")) == 5
            with pytest.raises(StoreUnavailable, match="full"):
                await again.put("b", b"x" * 200_000)
            await (await store.bucket("past", history=9)).put("a", b"5")


@pytest.mark.nats
async def test_a_longer_history_reaches_a_bucket_that_exists(tmp_path: Path) -> None:
    async with running_nats_server(tmp_path) as server:
        async with nats_store(server) as store:
            await store.bucket("past", history=1)
        async with nats_store(server) as store:
            bucket = await store.bucket("past", history=3)
            for number in range(4):
                await bucket.put("a", str(number).encode())
            assert len(await bucket.history("a")) == 3


@pytest.mark.nats
async def test_a_bucket_is_readable_with_the_standard_client(tmp_path: Path) -> None:
    async with running_nats_server(tmp_path) as server, nats_store(server) as store, bare_connection(server) as bare:
        bucket = await store.bucket("plain")
        await bucket.put("user.1", b"readable")
        standard = await bare.client.jetstream().key_value("plain")
        assert (await standard.get("user.1")).value == b"readable"
        await standard.put("user.2", b"written outside")
        await standard.delete("user.1")
        assert [(entry.key, entry.value) for entry in await bucket.range()] == [("user.2", b"written outside")]


@pytest.mark.nats
async def test_the_stores_own_records_do_not_make_a_copy_look_old(tmp_path: Path) -> None:
    async with running_nats_server(tmp_path) as server, nats_store(server) as store:
        bucket = await store.bucket("watched")
        await bucket.put("a", b"1")
        copy = ReadCopy(bucket, "", bytes, config=ReadCopyConfig(proof_interval_s=0.01, lag_timeout_s=60.0))
        await copy.start()
        await store.check()  # writes beside the keys
        written = asyncio.get_running_loop().time()
        await eventually(lambda: copy.age_s < asyncio.get_running_loop().time() - written)
        await copy.stop()
