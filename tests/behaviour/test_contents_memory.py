from __future__ import annotations

import pytest

from covey.runtime.clock import Clock
from covey.store.key_value import Store
from covey.testing.manual_clock import ManualClock
from covey.testing.memory_store import MemoryStore
from tests.behaviour.contents import ContentsBehaviour


class TestMemoryContents(ContentsBehaviour):
    @pytest.fixture
    def store(self) -> Store:
        self.manual = ManualClock()
        return MemoryStore(self.manual)

    def clock(self) -> Clock:
        return self.manual

    def pass_time(self, seconds: float) -> None:
        self.manual.advance(seconds)
