from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from covey.backends.base import Engine
from covey.backends.ollama import OllamaConfig, OllamaEngine
from covey.testing.fake_backend import Behaviour, fake_backend
from tests.behaviour.engine import EngineSuite


class TestOllamaEngine(EngineSuite):
    @pytest.fixture
    async def engine(self) -> AsyncIterator[Engine]:
        async with fake_backend(Behaviour(tokens=3000)) as backend:
            engine = OllamaEngine(OllamaConfig(base_url=backend.url))
            await engine.start()
            yield engine
            await engine.close()
