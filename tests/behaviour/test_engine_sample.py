from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from covey.backends.base import Engine
from covey.backends.sample import SampleConfig, SampleEngine
from tests.behaviour.engine import EngineSuite


class TestSampleEngine(EngineSuite):
    @pytest.fixture
    async def engine(self) -> AsyncIterator[Engine]:
        engine = SampleEngine(SampleConfig(tokens=5000))
        await engine.start()
        yield engine
        await engine.close()
