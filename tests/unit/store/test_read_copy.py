from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from covey.errors import NotStarted, StoreUnavailable
from covey.store.key_value import KeyValue
from covey.store.read_copy import ReadCopy, ReadCopyConfig
from covey.testing.eventually import eventually
from covey.testing.manual_clock import ManualClock
from covey.testing.memory_store import MemoryStore

QUICK = ReadCopyConfig(proof_interval_s=0.01, lag_timeout_s=0.05)


class World:
    """A store, its clock, and a copy of the numbers below ``n``."""

    def __init__(self, bucket: KeyValue, store: MemoryStore, clock: ManualClock, config: ReadCopyConfig) -> None:
        self.bucket = bucket
        self.store = store
        self.clock = clock
        self.copy = ReadCopy(bucket, "n", int, clock=clock, config=config)
        self.told: list[tuple[str, int | None]] = []
        self.copy.on_change(lambda key, value: self.told.append((key, value)))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    clock = ManualClock()
    store = MemoryStore(clock)
    bucket = await store.bucket("numbers")
    await bucket.put("n.one", b"1")
    await bucket.put("other", b"not a number")
    made = World(bucket, store, clock, QUICK)
    yield made
    await made.copy.stop()


async def test_start_returns_with_the_whole_state_below_the_prefix(world: World) -> None:
    await world.copy.start()
    assert world.copy.items() == [("n.one", 1)]
    assert world.copy.get("n.one") == 1
    assert world.copy.get("other") is None
    assert world.told == [("n.one", 1)]
    assert len(world.copy) == 1


async def test_start_is_proven_although_the_newest_revision_is_a_delete(world: World) -> None:
    await world.bucket.put("n.two", b"2")
    await world.bucket.delete("n.two")
    await world.copy.start(timeout_s=2)
    assert world.copy.age_s == 0


async def test_an_empty_bucket_is_a_complete_state(world: World) -> None:
    empty = ReadCopy(await world.store.bucket("empty"), "", int, clock=world.clock, config=QUICK)
    await empty.start(timeout_s=2)
    assert empty.items() == []
    await empty.stop()


async def test_changes_arrive_and_are_told(world: World) -> None:
    await world.copy.start()
    await world.bucket.put("n.two", b"2")
    await eventually(lambda: world.copy.get("n.two") == 2)
    await world.bucket.delete("n.one")
    await eventually(lambda: world.copy.get("n.one") is None)
    assert world.told[1:] == [("n.two", 2), ("n.one", None)]


async def test_an_expired_value_is_not_returned_even_when_the_store_is_away(world: World) -> None:
    await world.bucket.put("n.short", b"7", ttl_s=10)
    await world.copy.start()
    world.store.available = False
    world.clock.advance(9)
    assert world.copy.get("n.short") == 7
    world.clock.advance(2)
    assert world.copy.get("n.short") is None
    assert world.copy.items() == [("n.one", 1)]


async def test_the_age_grows_while_the_store_is_away_and_falls_when_it_is_back(world: World) -> None:
    await world.copy.start()
    world.clock.advance(3)
    await eventually(lambda: world.copy.age_s == 0)
    world.store.available = False
    world.clock.advance(60)
    assert world.copy.age_s >= 60
    assert world.copy.get("n.one") == 1
    with pytest.raises(StoreUnavailable):
        world.copy.require_fresh(30)
    world.store.available = True
    await eventually(lambda: world.copy.age_s == 0)
    world.copy.require_fresh(30)


async def test_a_change_made_during_an_outage_is_seen_before_the_copy_counts_as_fresh(world: World) -> None:
    await world.copy.start()
    world.store.available = False
    world.clock.advance(5)
    world.store.available = True
    await world.bucket.delete("n.one")
    await eventually(lambda: world.copy.age_s < 5)
    assert world.copy.get("n.one") is None


async def test_a_watch_that_hides_a_change_makes_the_copy_age_and_is_replaced(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.copy.start()
    deaf = world.copy._watch
    assert deaf is not None
    monkeypatch.setattr(deaf, "tell", lambda *_: None)
    await world.bucket.delete("n.one")
    await eventually(lambda: world.copy.get("n.one") is None)
    assert world.copy._watch is not deaf


async def test_the_state_is_compared_now_and_then_without_any_change(world: World) -> None:
    config = ReadCopyConfig(proof_interval_s=0.01, compare_interval_s=0.05)
    copy = ReadCopy(world.bucket, "n", int, clock=world.clock, config=config)
    await copy.start()
    copy._values.clear()
    await eventually(lambda: copy.get("n.one") == 1)
    await copy.stop()


async def test_a_value_that_does_not_decode_counts_as_missing(world: World) -> None:
    await world.copy.start()
    await world.bucket.put("n.one", b"scrambled")
    await eventually(lambda: world.copy.get("n.one") is None)
    assert world.copy.undecodable == 1
    assert world.told[-1] == ("n.one", None)


async def test_a_listener_that_fails_does_not_stop_the_copy(world: World) -> None:
    def fail(key: str, value: int | None) -> None:
        raise RuntimeError

    world.copy.on_change(fail)
    await world.copy.start()
    await world.bucket.put("n.two", b"2")
    await eventually(lambda: world.copy.get("n.two") == 2)


async def test_start_fails_by_name_when_the_store_does_not_answer(world: World) -> None:
    world.store.available = False
    with pytest.raises(StoreUnavailable):
        await world.copy.start(timeout_s=0.1)
    assert world.copy.age_s == float("inf")
    with pytest.raises(NotStarted):
        world.copy.check(1)


async def test_stop_is_safe_twice_and_leaves_no_watch_behind(world: World) -> None:
    await world.copy.start()
    world.copy.check(1)
    await world.copy.stop()
    await world.copy.stop()
    world.clock.advance(10)
    assert world.copy.age_s >= 10
    assert world.copy.get("n.one") == 1
