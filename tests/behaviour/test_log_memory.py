from __future__ import annotations

import pytest

from covey.store.key_value import Store
from covey.testing.manual_clock import ManualClock
from covey.testing.memory_store import MemoryStore
from tests.behaviour.log import LogBehaviour, values


class TestMemoryLog(LogBehaviour):
    @pytest.fixture
    def store(self) -> Store:
        self.clock = ManualClock()
        return MemoryStore(self.clock)

    async def test_records_older_than_the_age_limit_are_dropped(self, store: Store) -> None:
        log = await store.log("aging", max_age_s=60)
        await log.append(b"old", subject=("a",), record_id="1")
        self.clock.advance(50)
        await log.append(b"new", subject=("a",), record_id="2")
        self.clock.advance(20)
        assert values(await log.read()) == [b"new"]

    async def test_a_record_id_is_forgotten_after_two_minutes(self, store: Store) -> None:
        log = await store.log("usage")
        first = await log.append(b"x", subject=("a",), record_id="1")
        self.clock.advance(121)
        assert await log.append(b"x", subject=("a",), record_id="1") == first + 1
