"""The embedded engine with the real small model, under the suite that every engine passes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from covey.backends.base import Engine
from covey.backends.llamacpp import LlamaCppConfig, LlamaCppEngine, ModelFile
from covey.protocol.ids import RequestId
from covey.protocol.inference import ChatMessage, Finished
from tests.behaviour.engine import EngineSuite, chat, events_of, text_of
from tests.helpers.model import small_model_path

pytestmark = pytest.mark.model


class TestLlamaCppEngine(EngineSuite):
    model = "small"
    embedding_model = "small"
    long_tokens = 400

    @pytest.fixture
    async def engine(self) -> AsyncIterator[Engine]:
        config = LlamaCppConfig(load="at_start", slots=3, context_length=512, prompt_cache="off")
        engine = LlamaCppEngine(config, files=lambda: [ModelFile(name="small", path=small_model_path())])
        await engine.start()
        yield engine
        await engine.close()

    async def test_several_generations_run_at_once_without_mixing(self, engine: Engine) -> None:
        """Batched arithmetic rounds differently, so the texts may differ from those made alone: each is whole, and says
        what only its own prompt asks for."""
        words = ["apple", "river", "candle"]
        together = await asyncio.gather(
            *(
                events_of(engine, chat(self.model, f"Repeat this word: {word}"), RequestId(f"req_{word}"))
                for word in words
            )
        )
        for word, events in zip(words, together, strict=True):
            assert isinstance(events[-1], Finished)
            assert text_of(events)
            assert not any(other in text_of(events).lower() for other in words if other != word)

    async def test_an_answer_that_was_cut_goes_on_where_it_stopped(self, engine: Engine) -> None:
        asked = chat(self.model, "Count from one to twenty in words.")
        sampling = msgspec.structs.replace(asked.sampling, temperature=0.0, seed=1, max_tokens=24)
        whole = text_of(await events_of(engine, msgspec.structs.replace(asked, sampling=sampling), RequestId("req_a")))
        short = msgspec.structs.replace(asked, sampling=msgspec.structs.replace(sampling, max_tokens=8))
        begun = text_of(await events_of(engine, short, RequestId("req_b")))
        assert whole.startswith(begun)
        further = msgspec.structs.replace(
            asked,
            sampling=msgspec.structs.replace(sampling, max_tokens=8),
            messages=(*asked.messages, ChatMessage(role="assistant", content=begun)),
            continue_last=True,
        )
        added = text_of(await events_of(engine, further, RequestId("req_c")))
        assert added
        assert whole.startswith(begun + added)
