"""The embedded engine with the real small model, under the suite that every engine passes."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from covey.backends.base import Engine
from covey.backends.llamacpp import LlamaCppConfig, LlamaCppEngine, ModelFile
from tests.behaviour.engine import EngineSuite
from tests.helpers.model import small_model_path

pytestmark = pytest.mark.model


class TestLlamaCppEngine(EngineSuite):
    model = "small"
    embedding_model = "small"
    long_tokens = 400

    @pytest.fixture
    async def engine(self) -> AsyncIterator[Engine]:
        config = LlamaCppConfig(load="at_start", slots=3, context_length=512, prompt_cache=False)
        engine = LlamaCppEngine(config, files=lambda: [ModelFile(name="small", path=small_model_path())])
        await engine.start()
        yield engine
        await engine.close()
