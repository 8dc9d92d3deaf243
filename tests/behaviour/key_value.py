"""What every bucket does, whatever it is made of. Subclasses give the fixture ``store``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from covey.errors import (
    InvalidRequest,
    KeyExists,
    KeyNotFound,
    PayloadTooLarge,
    RevisionConflict,
    StoreUnavailable,
)
from covey.store.key_value import Change, Entry, KeyValue, Store, Write
from covey.testing.eventually import eventually

EXPIRY_TIMEOUT_S = 6.0


@asynccontextmanager
async def recorded(bucket: KeyValue, prefix: str = "") -> AsyncIterator[list[Change | None]]:
    """Everything that a watch tells while the block runs."""
    watch = await bucket.watch(prefix)
    seen: list[Change | None] = []

    async def read() -> None:
        async for change in watch:
            seen.append(change)

    reader = asyncio.create_task(read())
    try:
        yield seen
    finally:
        await watch.close()
        await reader


def told(seen: list[Change | None]) -> list[tuple[str, str, bytes] | None]:
    return [None if change is None else (change.key, change.kind, change.value) for change in seen]


class KeyValueBehaviour:
    @pytest.fixture
    async def bucket(self, store: Store) -> KeyValue:
        return await store.bucket("things", history=1)

    @pytest.fixture
    async def historic(self, store: Store) -> KeyValue:
        return await store.bucket("past", history=5)

    def pass_time(self, seconds: float) -> None:
        """Real time passes by itself; a suite with a clock of its own moves it here."""

    async def expired(self, bucket: KeyValue, key: str) -> None:
        async def gone() -> bool:
            return await bucket.get(key) is None

        self.pass_time(2)
        await eventually(gone, timeout_s=EXPIRY_TIMEOUT_S)

    async def test_a_key_that_was_never_written_has_no_value(self, bucket: KeyValue) -> None:
        assert await bucket.get("nobody") is None
        assert await bucket.revision() == 0

    async def test_a_put_value_is_read_back_with_its_revision(self, bucket: KeyValue) -> None:
        revision = await bucket.put("user.u1", b"one")
        entry = await bucket.get("user.u1")
        assert entry is not None
        assert (entry.key, entry.value, entry.revision, entry.expires_at) == ("user.u1", b"one", revision, None)
        assert entry.created_at > 0

    async def test_an_empty_value_is_a_value(self, bucket: KeyValue) -> None:
        await bucket.put("flag", b"")
        entry = await bucket.get("flag")
        assert entry is not None
        assert entry.value == b""

    async def test_binary_values_survive_unchanged(self, bucket: KeyValue) -> None:
        value = bytes(range(256)) * 100
        await bucket.put("blob", value)
        assert (await bucket.range("blob"))[0].value == value
        assert (await bucket.history("blob"))[0].value == value

    async def test_revisions_grow_over_the_whole_bucket(self, bucket: KeyValue) -> None:
        first = await bucket.put("a", b"1")
        second = await bucket.put("b", b"1")
        third = await bucket.put("a", b"2")
        assert first < second < third

    async def test_a_second_create_is_refused_and_changes_nothing(self, bucket: KeyValue) -> None:
        await bucket.create("name", b"first")
        with pytest.raises(KeyExists):
            await bucket.create("name", b"second")
        entry = await bucket.get("name")
        assert entry is not None
        assert entry.value == b"first"

    async def test_of_many_simultaneous_creates_exactly_one_wins(self, bucket: KeyValue) -> None:
        outcomes = await asyncio.gather(
            *(bucket.create("name", str(n).encode()) for n in range(20)), return_exceptions=True
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["KeyExists"] * 19 + ["int"]

    async def test_create_works_on_a_deleted_key(self, bucket: KeyValue) -> None:
        await bucket.create("name", b"first")
        assert await bucket.delete("name")
        await bucket.create("name", b"second")
        entry = await bucket.get("name")
        assert entry is not None
        assert entry.value == b"second"

    async def test_update_needs_the_newest_revision(self, bucket: KeyValue) -> None:
        first = await bucket.put("a", b"1")
        second = await bucket.update("a", b"2", first)
        with pytest.raises(RevisionConflict):
            await bucket.update("a", b"3", first)
        assert await bucket.update("a", b"3", second) > second

    async def test_update_of_a_missing_key_is_a_conflict(self, bucket: KeyValue) -> None:
        with pytest.raises(RevisionConflict):
            await bucket.update("a", b"1", 7)

    async def test_concurrent_read_modify_write_loses_no_increment(self, bucket: KeyValue) -> None:
        await bucket.put("counter", b"0")

        async def increment() -> None:
            while True:
                entry = await bucket.get("counter")
                assert entry is not None
                try:
                    await bucket.update("counter", str(int(entry.value) + 1).encode(), entry.revision)
                except RevisionConflict:
                    continue
                return

        await asyncio.gather(*(increment() for _ in range(10)))
        entry = await bucket.get("counter")
        assert entry is not None
        assert entry.value == b"10"

    async def test_delete_says_whether_there_was_something(self, bucket: KeyValue) -> None:
        assert not await bucket.delete("a")
        await bucket.put("a", b"1")
        assert await bucket.delete("a")
        assert await bucket.get("a") is None
        assert not await bucket.delete("a")

    async def test_delete_with_a_revision_needs_the_newest(self, bucket: KeyValue) -> None:
        first = await bucket.put("a", b"1")
        second = await bucket.put("a", b"2")
        with pytest.raises(RevisionConflict):
            await bucket.delete("a", revision=first)
        assert await bucket.delete("a", revision=second)
        with pytest.raises(RevisionConflict):
            await bucket.delete("a", revision=second)

    @pytest.mark.parametrize("key", ["*", "a.>", "", "a..b", "a b", "_covey.probe"])
    async def test_wildcards_and_reserved_keys_are_refused_everywhere(self, bucket: KeyValue, key: str) -> None:
        for call in (
            bucket.get(key),
            bucket.put(key, b""),
            bucket.create(key, b""),
            bucket.update(key, b"", 1),
            bucket.delete(key),
            bucket.history(key),
            bucket.batch([Write(key, b"")]),
        ):
            with pytest.raises(InvalidRequest):
                await call
        if key:
            for prefixed in (bucket.range(key), bucket.watch(key), bucket.revision(key)):
                with pytest.raises(InvalidRequest):
                    await prefixed

    async def test_a_value_that_is_too_large_is_refused_by_name(self, bucket: KeyValue) -> None:
        with pytest.raises(PayloadTooLarge):
            await bucket.put("a", b"x" * 1_000_001)
        await bucket.put("a", b"x" * 1_000_000)

    async def test_an_expired_value_is_missing_and_its_key_can_be_created(self, bucket: KeyValue) -> None:
        await bucket.create("lease", b"mine", ttl_s=1)
        entry = await bucket.get("lease")
        assert entry is not None
        assert entry.expires_at == pytest.approx(entry.created_at + 1, abs=0.01)
        await self.expired(bucket, "lease")
        assert await bucket.range() == []
        await bucket.create("lease", b"theirs", ttl_s=5)
        entry = await bucket.get("lease")
        assert entry is not None
        assert entry.value == b"theirs"

    async def test_a_write_without_a_time_to_live_ends_an_earlier_one(self, bucket: KeyValue) -> None:
        await bucket.put("other", b"x", ttl_s=1)
        await bucket.put("kept", b"1", ttl_s=1)
        await bucket.put("kept", b"2")
        await self.expired(bucket, "other")
        entry = await bucket.get("kept")
        assert entry is not None
        assert entry.value == b"2"

    async def test_an_expiry_does_not_bring_an_older_value_back(self, historic: KeyValue) -> None:
        await historic.put("a", b"old")
        await historic.put("a", b"short", ttl_s=1)
        await self.expired(historic, "a")
        # The server removes the record itself a moment later; until then and after it, there is nothing.
        await historic.put("clock", b"", ttl_s=2)
        await self.expired(historic, "clock")
        assert await historic.get("a") is None
        assert [entry.key for entry in await historic.range()] == []

    async def test_a_watch_tells_of_an_expiry_as_a_delete(self, bucket: KeyValue) -> None:
        async with recorded(bucket) as seen:
            await eventually(lambda: None in seen)
            await bucket.put("lease", b"1", ttl_s=1)
            await eventually(lambda: told(seen) == [None, ("lease", "put", b"1")])
            self.pass_time(2)
            await eventually(lambda: told(seen)[-1] == ("lease", "delete", b""), timeout_s=EXPIRY_TIMEOUT_S)

    async def test_a_batch_writes_all_and_returns_the_last_revision(self, bucket: KeyValue) -> None:
        await bucket.put("old", b"x")
        revision = await bucket.batch([Write("a", b"1"), Write("b", b"2", 0), Write("old", None)])
        assert {entry.key: entry.value for entry in await bucket.range()} == {"a": b"1", "b": b"2"}
        entry = await bucket.get("b")
        assert entry is not None
        assert entry.revision < revision

    async def test_a_batch_with_one_stale_expectation_changes_nothing(self, bucket: KeyValue) -> None:
        first = await bucket.put("a", b"1")
        await bucket.put("a", b"2")
        with pytest.raises(RevisionConflict):
            await bucket.batch([Write("b", b"new"), Write("a", b"3", first), Write("c", b"new")])
        assert {entry.key: entry.value for entry in await bucket.range()} == {"a": b"2"}

    async def test_a_batch_may_create_what_was_deleted_but_not_what_is_there(self, bucket: KeyValue) -> None:
        await bucket.put("gone", b"1")
        await bucket.delete("gone")
        await bucket.put("there", b"1")
        await bucket.batch([Write("gone", b"2", 0), Write("fresh", b"2", 0)])
        with pytest.raises(RevisionConflict):
            await bucket.batch([Write("there", b"2", 0), Write("fresher", b"2", 0)])
        assert [entry.key for entry in await bucket.range()] == ["fresh", "gone", "there"]

    async def test_a_hundred_writes_fit_into_one_batch(self, bucket: KeyValue) -> None:
        await bucket.batch([Write(f"k{n:03}", b"v" * 1000) for n in range(100)])
        assert len(await bucket.range()) == 100

    async def test_of_two_batches_that_expect_the_same_one_wins_whole(self, bucket: KeyValue) -> None:
        outcomes = await asyncio.gather(
            bucket.batch([Write("x", b"1", 0), Write("y", b"1", 0)]),
            bucket.batch([Write("y", b"2", 0), Write("x", b"2", 0)]),
            return_exceptions=True,
        )
        assert sorted(type(outcome).__name__ for outcome in outcomes) == ["RevisionConflict", "int"]
        assert len({entry.value for entry in await bucket.range()}) == 1

    async def fill(self, bucket: KeyValue) -> None:
        for key in ("user.10", "user.1", "user.1.key.b", "user.1.key.a", "users", "user", "A"):
            await bucket.put(key, key.encode())

    async def test_a_range_is_ordered_by_the_bytes_of_the_key(self, bucket: KeyValue) -> None:
        await self.fill(bucket)
        keys = [entry.key for entry in await bucket.range()]
        assert keys == ["A", "user", "user.1", "user.1.key.a", "user.1.key.b", "user.10", "users"]
        assert [entry.key for entry in await bucket.range(reverse=True)] == keys[::-1]

    async def test_a_prefix_ends_at_a_whole_token(self, bucket: KeyValue) -> None:
        await self.fill(bucket)
        assert [entry.key for entry in await bucket.range("user.1")] == ["user.1", "user.1.key.a", "user.1.key.b"]
        assert await bucket.range("use") == []

    async def test_range_ends_are_exclusive_and_the_limit_counts_from_the_start(self, bucket: KeyValue) -> None:
        await self.fill(bucket)
        inner = [entry.key for entry in await bucket.range(after="user", before="users")]
        assert inner == ["user.1", "user.1.key.a", "user.1.key.b", "user.10"]
        assert [entry.key for entry in await bucket.range("user", after="user.1", limit=2)] == inner[1:3]
        assert [entry.key for entry in await bucket.range(before="users", reverse=True, limit=2)] == inner[:1:-1]
        assert await bucket.range(limit=0) == []

    async def test_a_page_by_page_reading_sees_every_key_once(self, bucket: KeyValue) -> None:
        for number in range(25):
            await bucket.put(f"item.n{number:02}", b"")
        seen: list[str] = []
        while page := await bucket.range("item", after=seen[-1] if seen else None, limit=10):
            seen += [entry.key for entry in page]
        assert seen == [f"item.n{number:02}" for number in range(25)]

    async def test_a_range_during_writes_never_misses_a_key_that_is_always_there(self, bucket: KeyValue) -> None:
        await bucket.batch([Write(f"k{n:02}", b"0") for n in range(40)])
        stop = asyncio.Event()

        async def write() -> None:
            number = 0
            while not stop.is_set():
                number += 1
                await asyncio.gather(*(bucket.put(f"k{n:02}", str(number).encode()) for n in range(0, 40, 3)))
                await asyncio.sleep(0)

        writer = asyncio.create_task(write())
        try:
            for _ in range(10):
                assert len(await bucket.range()) == 40
        finally:
            stop.set()
            await writer

    async def test_history_keeps_the_newest_revisions_oldest_first(self, historic: KeyValue) -> None:
        for number in range(7):
            await historic.put("a", str(number).encode())
        await historic.delete("a")
        kept = await historic.history("a")
        assert [(change.kind, change.value) for change in kept] == [
            *(("put", str(number).encode()) for number in range(3, 7)),
            ("delete", b""),
        ]
        assert [change.revision for change in kept] == sorted(change.revision for change in kept)
        assert await historic.history("b") == []

    async def test_a_bucket_without_history_keeps_the_newest_only(self, bucket: KeyValue) -> None:
        await bucket.put("a", b"1")
        await bucket.put("a", b"2")
        assert [change.value for change in await bucket.history("a")] == [b"2"]

    async def test_changes_between_two_revisions_are_told_by_key(self, historic: KeyValue) -> None:
        await historic.create("same", b"s")
        await historic.create("changed", b"1")
        start = await historic.create("removed", b"r")
        await historic.put("changed", b"2")
        await historic.delete("removed")
        await historic.create("brief", b"x")
        await historic.delete("brief")
        end = await historic.create("added", b"a")
        await historic.put("later", b"l")

        found = await historic.changes(start, end)

        def value(entry: Entry | None) -> bytes | None:
            return entry.value if entry else None

        assert [(each.key, value(each.before), value(each.after)) for each in found] == [
            ("added", None, b"a"),
            ("changed", b"1", b"2"),
            ("removed", b"r", None),
        ]
        assert [each.key for each in await historic.changes(end)] == ["later"]
        assert await historic.changes(end, end) == []

    async def test_changes_beyond_the_kept_history_are_refused(self, bucket: KeyValue) -> None:
        start = await bucket.put("a", b"1")
        await bucket.put("a", b"2")
        with pytest.raises(KeyNotFound):
            await bucket.changes(start)
        with pytest.raises(InvalidRequest):
            await bucket.changes(5, 2)

    async def test_a_watch_tells_the_state_then_none_then_every_change(self, bucket: KeyValue) -> None:
        await bucket.put("a.1", b"1")
        await bucket.put("a.2", b"2")
        await bucket.delete("a.1")
        async with recorded(bucket, "a") as seen:
            await eventually(lambda: None in seen)
            await bucket.put("b.1", b"not mine")
            await bucket.put("a.3", b"3")
            await bucket.delete("a.2")
            expected = [("a.2", "put", b"2"), None, ("a.3", "put", b"3"), ("a.2", "delete", b"")]
            await eventually(lambda: told(seen) == expected)

    async def test_watches_are_independent_of_each_other(self, bucket: KeyValue) -> None:
        async with recorded(bucket) as first:
            async with recorded(bucket) as second:
                await eventually(lambda: None in first and None in second)
            await bucket.put("a", b"1")
            await eventually(lambda: told(first) == [None, ("a", "put", b"1")])
        assert second == [None]

    async def test_the_revision_of_a_prefix_counts_deletes_and_only_its_keys(self, bucket: KeyValue) -> None:
        await bucket.put("a.1", b"1")
        mine = await bucket.revision("a")
        await bucket.put("b.1", b"1")
        assert await bucket.revision("a") == mine
        await bucket.delete("a.1")
        assert await bucket.revision("a") == mine + 2 == await bucket.revision()

    async def test_a_full_bucket_refuses_by_name_and_can_be_read_and_emptied(self, store: Store) -> None:
        small = await store.bucket("small", max_bytes=50_000)

        async def fill() -> None:
            for number in range(100):
                await small.put(f"k{number}", b"x" * 5000)

        with pytest.raises(StoreUnavailable, match="full"):
            await fill()
        kept = await small.range()
        assert 1 <= len(kept) <= 10
        assert await small.delete(kept[0].key)

    async def test_binding_to_a_bucket_sees_what_its_owner_wrote(self, store: Store) -> None:
        owner = await store.bucket("shared")
        await owner.put("a", b"1")
        reader = await store.bucket("shared", create=False)
        assert [entry.key for entry in await reader.range()] == ["a"]

    async def test_binding_to_a_bucket_that_nobody_makes_fails(self, store: Store) -> None:
        with pytest.raises(StoreUnavailable):
            await store.bucket("absent", create=False)
        with pytest.raises(InvalidRequest):
            await store.bucket("a.b")

    async def test_the_check_passes_while_the_store_works(self, store: Store, bucket: KeyValue) -> None:
        await store.check()
        assert await bucket.range() == []
