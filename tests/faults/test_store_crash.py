"""The store's server is killed, restarted, filled up, damaged: nothing that was acknowledged is lost unnoticed."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from covey.errors import StoreCorrupt, StoreUnavailable
from covey.facilities.nats_store import NatsStore
from covey.facilities.store_config import NatsStoreConfig
from covey.store.key_value import Change, Write
from covey.store.read_copy import ReadCopy, ReadCopyConfig
from covey.testing.eventually import eventually
from tests.helpers.ledger import Ledger
from tests.helpers.nats import NatsServer, running_nats_server
from tests.helpers.stores import nats_store

pytestmark = pytest.mark.nats

QUICK = NatsStoreConfig(timeout_s=1.0, bind_timeout_s=5.0, watch_heartbeat_s=0.5)
WRITERS = 8
KILLS = 6


async def test_s14_kill_in_the_middle_of_writes_loses_nothing_acknowledged(tmp_path: Path) -> None:
    ledger = Ledger()
    async with running_nats_server(tmp_path) as server, nats_store(server, QUICK) as store:
        bucket = await store.bucket("ledger")
        stop = asyncio.Event()

        async def write() -> None:
            while not stop.is_set():
                await ledger.write(bucket)

        writers = [asyncio.create_task(write()) for _ in range(WRITERS)]
        try:
            for _ in range(KILLS):
                goal = len(ledger.acknowledged) + 100
                await eventually(lambda goal=goal: len(ledger.acknowledged) >= goal, timeout_s=15)  # type: ignore[misc]
                await server.kill()
                await server.start()
        finally:
            stop.set()
            await asyncio.gather(*writers)

        async def complete() -> bool:
            try:
                return await ledger.missing(bucket) == []
            except StoreUnavailable:
                return False

        await eventually(complete, timeout_s=10)
        assert len(ledger.acknowledged) >= 100 * KILLS


async def test_s10_a_watch_sees_changes_within_two_seconds_of_a_restart(tmp_path: Path) -> None:
    async with running_nats_server(tmp_path) as server, nats_store(server, QUICK) as store:
        bucket = await store.bucket("watched")
        await bucket.put("a", b"before")
        copy = ReadCopy(bucket, "", bytes, config=ReadCopyConfig(proof_interval_s=0.1))
        await copy.start()
        await server.restart()
        async with nats_store(server, QUICK) as other:
            await (await other.bucket("watched")).put("a", b"after")
        await eventually(lambda: copy.get("a") == b"after", timeout_s=2.0)
        await eventually(lambda: copy.age_s < 1.0)
        await copy.stop()


async def test_a_copy_grows_old_while_the_server_is_frozen(tmp_path: Path) -> None:
    async with running_nats_server(tmp_path) as server, nats_store(server, QUICK) as store:
        copy = ReadCopy(await store.bucket("watched"), "", bytes, config=ReadCopyConfig(proof_interval_s=0.05))
        await copy.start()
        server.freeze()
        await eventually(lambda: copy.age_s > 1.0)
        server.resume()
        await eventually(lambda: copy.age_s < 0.5, timeout_s=10)
        await copy.stop()


async def test_ten_reconnects_leave_one_consumer_per_watch(tmp_path: Path) -> None:
    async with running_nats_server(tmp_path) as server, nats_store(server, QUICK) as store:
        bucket = await store.bucket("watched")
        watch = await bucket.watch()
        states = 0

        async def read() -> None:
            nonlocal states
            async for change in watch:
                states += change is None

        reader = asyncio.create_task(read())
        await eventually(lambda: states >= 1)
        for _ in range(10):
            before = states
            await store._reconnected()
            await eventually(lambda before=before: states > before)  # type: ignore[misc]

        async def consumers() -> int:
            reply = await store._calls.client.request("$JS.API.CONSUMER.NAMES.KV_watched", b"", timeout=2)
            return reply.data.count(b'"total":1,')

        await eventually(consumers)
        await watch.close()
        await reader


async def test_a_key_that_vanished_during_an_outage_is_told_as_a_delete(tmp_path: Path) -> None:
    async with running_nats_server(tmp_path) as server, nats_store(server, QUICK) as store:
        bucket = await store.bucket("watched")
        await bucket.put("kept", b"1")
        await bucket.put("brief", b"1", ttl_s=1)
        watch = await bucket.watch()
        seen: list[Change | None] = []

        async def read() -> None:
            async for change in watch:
                seen.append(change)

        reader = asyncio.create_task(read())
        await eventually(lambda: None in seen)
        await server.stop()

        def expired() -> bool:
            entry = seen[-2] if seen[-1] is None else seen[-1]
            assert entry is not None
            assert entry.expires_at is not None
            return store._clock.now() > entry.expires_at + 1

        await eventually(expired)
        await server.start()
        await eventually(lambda: any(each and (each.key, each.kind) == ("brief", "delete") for each in seen))
        assert not any(each and (each.key, each.kind) == ("kept", "delete") for each in seen)
        await watch.close()
        await reader


async def test_calls_fail_by_name_within_their_time_while_the_server_is_away(tmp_path: Path) -> None:
    quick = NatsStoreConfig(timeout_s=0.3)
    async with running_nats_server(tmp_path) as server, nats_store(server, quick) as store:
        bucket = await store.bucket("things")
        await server.kill()
        for call in (bucket.get("a"), bucket.put("a", b""), bucket.range(), bucket.revision(), store.check()):
            with pytest.raises(StoreUnavailable):
                await call
        with pytest.raises(StoreUnavailable):
            await bucket.batch([Write("a", b""), Write("b", b"")])


async def fill(store: NatsStore, count: int) -> None:
    bucket = await store.bucket("users")
    for start in range(0, count, 100):
        await bucket.batch([Write(f"user.{n}", b"x" * 200) for n in range(start, start + 100)])


def flip_one_bit(folder: Path) -> None:
    (block, *_) = sorted((folder / "jetstream").rglob("KV_users/msgs/*.blk"), key=lambda path: -path.stat().st_size)
    data = bytearray(block.read_bytes())
    data[len(data) // 2] ^= 1
    block.write_bytes(data)


def forget_index(folder: Path) -> None:
    """As after a crash: the server has to read its blocks again, and stops at the first that is damaged."""
    for index in (folder / "jetstream").rglob("KV_users/msgs/index.db"):
        index.unlink()


@pytest.mark.parametrize("index", ["kept", "lost"])
async def test_s12_records_lost_by_a_flipped_bit_are_noticed_at_start(tmp_path: Path, index: str) -> None:
    async with running_nats_server(tmp_path) as server:
        async with nats_store(server, QUICK) as store:
            await fill(store, 3000)
        await server.stop()
        flip_one_bit(tmp_path)
        if index == "lost":
            forget_index(tmp_path)
        await server.start()
        async with nats_store(server, QUICK) as store:
            with pytest.raises(StoreCorrupt):
                await store.bucket("users")


async def test_s12_a_loss_can_be_accepted_after_what_was_lost_is_restored(tmp_path: Path) -> None:
    async with running_nats_server(tmp_path) as server:
        async with nats_store(server, QUICK) as store:
            await fill(store, 3000)
        await server.stop()
        flip_one_bit(tmp_path)
        forget_index(tmp_path)
        await server.start()
        async with nats_store(server, QUICK) as store:
            with pytest.raises(StoreCorrupt):
                await store.bucket("users", create=False)
        async with nats_store(server, NatsStoreConfig(manifest_interval_s=0)) as store:
            survivors = await (await store.bucket("users", create=False)).range()
            assert 0 < len(survivors) < 3000
            await store.accept_loss("users")
        async with nats_store(server, QUICK) as store:
            assert len(await (await store.bucket("users")).range()) == len(survivors)


async def test_s12_records_lost_under_a_running_process_are_not_called_missing(tmp_path: Path) -> None:
    async with running_nats_server(tmp_path) as server, nats_store(server, QUICK) as store:
        await fill(store, 1000)
        bucket = await store.bucket("users")
        await store._inspect_all(thorough=False)
        await server.stop()
        flip_one_bit(tmp_path)
        forget_index(tmp_path)
        await server.start()

        async def refuses() -> bool:
            try:
                await bucket.get("user.1")
            except StoreCorrupt:
                return True
            except StoreUnavailable:
                return False
            return False

        await eventually(refuses, timeout_s=10)
        with pytest.raises(StoreCorrupt):
            await store.check()


async def test_ordinary_deletes_expiries_and_restarts_are_not_mistaken_for_a_loss(tmp_path: Path) -> None:
    async with running_nats_server(tmp_path) as server:
        for _ in range(3):
            async with nats_store(server, QUICK) as store:
                bucket = await store.bucket("users")
                for number in range(20):
                    await bucket.put(f"user.{number}", b"1")
                await store._inspect_all(thorough=True)
                for number in range(15):
                    await bucket.delete(f"user.{number}")
                await bucket.put("user.15", b"1", ttl_s=1)
            await server.kill()
            await server.start()
        async with nats_store(server, QUICK) as store:
            assert len(await (await store.bucket("users")).range()) >= 4


async def test_counting_while_keys_come_and_go_finds_no_loss(tmp_path: Path) -> None:
    async with running_nats_server(tmp_path) as server, nats_store(server, QUICK) as store:
        bucket = await store.bucket("users")
        stop = asyncio.Event()

        async def come_and_go(worker: int) -> None:
            while not stop.is_set():
                await bucket.batch([Write(f"user.{worker}.{n}", b"1") for n in range(20)])
                await bucket.batch([Write(f"user.{worker}.{n}", None) for n in range(20)])

        workers = [asyncio.create_task(come_and_go(number)) for number in range(4)]
        try:
            for _ in range(30):
                assert await store._inspect_all(thorough=True)
                assert not bucket.corrupt
        finally:
            stop.set()
            await asyncio.gather(*workers)


async def test_deleted_keys_of_a_bucket_with_history_are_compacted_after_their_time(tmp_path: Path) -> None:
    async with running_nats_server(tmp_path) as server, nats_store(server, QUICK) as store:
        bucket = await store.bucket("users", history=3)
        for number in range(3):
            await bucket.put("gone", str(number).encode())
            await bucket.put("kept", str(number).encode())
        await bucket.delete("gone")
        keeper = store._kept["users"]
        await keeper.inspect(now=store._clock.now() + QUICK.marker_ttl_s - 60, thorough=True)
        assert len(await bucket.history("gone")) == 3
        await keeper.inspect(now=store._clock.now() + QUICK.marker_ttl_s + 60, thorough=True)
        assert await bucket.history("gone") == []
        assert len(await bucket.history("kept")) == 3
        assert await keeper.inspect(now=store._clock.now(), thorough=True) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
async def test_s11_a_full_disk_is_noticed_and_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    await asyncio.to_thread(
        subprocess.run, ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(tmp_path)], check=True
    )
    try:
        async with running_nats_server(tmp_path) as server:
            await fill_the_disk(server)
    finally:
        await asyncio.to_thread(subprocess.run, ["umount", str(tmp_path)], check=True)


async def fill_the_disk(server: NatsServer) -> None:
    async with nats_store(server, QUICK) as store:
        bucket = await store.bucket("big")
        written: list[str] = []

        async def write() -> None:
            for number in range(1000):
                await bucket.put(f"k.{number}", b"x" * 100_000)
                written.append(f"k.{number}")

        with pytest.raises(StoreUnavailable):
            await write()
        with pytest.raises(StoreUnavailable):
            await store.check()
    await server.stop()
    await asyncio.to_thread(subprocess.run, ["mount", "-o", "remount,size=40m", str(server.folder)], check=True)
    await server.start()
    async with nats_store(server, QUICK) as store:
        again = await store.bucket("big")
        found = {entry.key for entry in await again.range()}
        assert set(written) <= found
        await again.put("after", b"1")
