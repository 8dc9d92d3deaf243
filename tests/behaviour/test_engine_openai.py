from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from covey.backends.base import Engine
from covey.backends.openai import OpenAICompatibleEngine, OpenAIConfig
from covey.testing.fake_backend import Behaviour, fake_backend
from tests.behaviour.engine import EngineSuite


class TestOpenAICompatibleEngine(EngineSuite):
    @pytest.fixture
    async def engine(self) -> AsyncIterator[Engine]:
        async with fake_backend(Behaviour(tokens=3000)) as backend:
            engine = OpenAICompatibleEngine(OpenAIConfig(name="upstream", base_url=f"{backend.url}/v1"))
            await engine.start()
            yield engine
            await engine.close()
