from __future__ import annotations

import pytest

from covey.store.key_value import Store
from covey.testing.manual_clock import ManualClock
from covey.testing.memory_store import MemoryStore
from tests.behaviour.key_value import KeyValueBehaviour


class TestMemoryKeyValue(KeyValueBehaviour):
    @pytest.fixture
    def store(self) -> Store:
        self.clock = ManualClock()
        return MemoryStore(self.clock)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
