"""What every engine has to do, written once. A test class inherits the suite and gives the engine in a fixture."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator
from typing import cast

import pytest

from covey.backends.base import Engine
from covey.errors import BackendError, ModelNotFound
from covey.protocol.ids import ModelName, RequestId
from covey.protocol.inference import (
    ChatMessage,
    Delta,
    Embed,
    Finished,
    Generate,
    GenerationEvent,
    Sampling,
    Started,
)

REQUEST = RequestId("req_1")
PATIENCE_S = 20.0


def chat(model: str, text: str = "Say something about birds.", *, max_tokens: int = 8) -> Generate:
    return Generate(
        model=ModelName(model),
        messages=(ChatMessage(role="user", content=text),),
        sampling=Sampling(max_tokens=max_tokens, seed=1, temperature=0.0),
    )


async def events_of(engine: Engine, request: Generate, request_id: RequestId = REQUEST) -> list[GenerationEvent]:
    return [event async for event in engine.generate(request, request_id)]


def text_of(events: list[GenerationEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))


def check_order(events: list[GenerationEvent]) -> Finished:
    """``Started``, ``Delta`` …, ``Finished``, and nothing else."""
    assert isinstance(events[0], Started)
    assert all(isinstance(event, Delta) for event in events[1:-1])
    last = events[-1]
    assert isinstance(last, Finished)
    return last


class EngineSuite:
    """Inherit, and give the fixtures ``engine`` (started) and, where they differ, the class attributes.

    ``long_tokens`` is an answer long enough to be stopped half-way.
    """

    model = "sample"
    embedding_model: str | None = "sample"
    long_tokens = 2000

    async def test_a_chat_starts_streams_and_finishes_with_usage(self, engine: Engine) -> None:
        events = await events_of(engine, chat(self.model))
        finished = check_order(events)
        assert text_of(events)
        assert finished.reason in ("stop", "length")
        assert finished.usage.prompt_tokens > 0
        assert finished.usage.completion_tokens > 0

    async def test_the_answer_stops_at_the_token_limit(self, engine: Engine) -> None:
        finished = check_order(await events_of(engine, chat(self.model, max_tokens=3)))
        assert finished.reason == "length"
        assert finished.usage.completion_tokens == 3

    async def test_a_plain_prompt_is_completed(self, engine: Engine) -> None:
        request = Generate(model=ModelName(self.model), prompt="The lark", sampling=Sampling(max_tokens=4), raw=True)
        events = await events_of(engine, request)
        check_order(events)
        assert text_of(events)

    async def test_the_same_request_with_a_seed_gives_the_same_answer(self, engine: Engine) -> None:
        first = await events_of(engine, chat(self.model))
        second = await events_of(engine, chat(self.model), RequestId("req_2"))
        assert text_of(first) == text_of(second)

    async def test_several_generations_run_at_once_without_mixing(self, engine: Engine) -> None:
        texts = ["one", "two", "three"]
        alone = [text_of(await events_of(engine, chat(self.model, text))) for text in texts]
        together = await asyncio.gather(
            *(events_of(engine, chat(self.model, text), RequestId(f"req_{text}")) for text in texts)
        )
        assert [text_of(events) for events in together] == alone

    async def test_an_unknown_model_is_named_as_not_found(self, engine: Engine) -> None:
        with pytest.raises(ModelNotFound):
            await events_of(engine, chat("no-such-model"))
        with pytest.raises(ModelNotFound):
            await engine.show("no-such-model")

    async def test_closing_the_iterator_half_way_leaves_the_engine_usable(self, engine: Engine) -> None:
        stream = cast(
            "AsyncGenerator[GenerationEvent]",
            engine.generate(chat(self.model, max_tokens=self.long_tokens), REQUEST),
        )
        async for event in stream:
            if isinstance(event, Delta):
                break
        await stream.aclose()
        check_order(await events_of(engine, chat(self.model)))

    async def test_an_abort_ends_the_generation_as_cancelled(self, engine: Engine) -> None:
        events: list[GenerationEvent] = []
        async with asyncio.timeout(PATIENCE_S):
            async for event in engine.generate(chat(self.model, max_tokens=self.long_tokens), REQUEST):
                events.append(event)
                if len(events) == 3:
                    await engine.abort(REQUEST)
        finished = check_order(events)
        assert finished.reason == "cancelled"
        assert finished.usage.completion_tokens < self.long_tokens

    async def test_aborting_an_unknown_generation_does_nothing(self, engine: Engine) -> None:
        await engine.abort(RequestId("req_unknown"))

    async def test_closing_the_engine_ends_what_runs_with_a_backend_error(self, engine: Engine) -> None:
        async def close_at_the_third_event() -> None:
            seen = 0
            async for _ in engine.generate(chat(self.model, max_tokens=self.long_tokens), REQUEST):
                seen += 1
                if seen == 3:
                    await engine.close()

        with pytest.raises(BackendError):
            await asyncio.wait_for(close_at_the_third_event(), PATIENCE_S)

    async def test_embeddings_are_unit_vectors_in_the_order_of_the_inputs(self, engine: Engine) -> None:
        if self.embedding_model is None:
            pytest.skip("the engine under test has no embedding model")
        model = ModelName(self.embedding_model)
        both = await engine.embed(Embed(model=model, inputs=("lark", "a quiet wood")), REQUEST)
        alone = await engine.embed(Embed(model=model, inputs=("a quiet wood",)), REQUEST)
        assert len(both.vectors) == 2
        for vector in both.vectors:
            assert math.isclose(math.hypot(*vector), 1.0, abs_tol=1e-3)
        assert both.vectors[1] == pytest.approx(alone.vectors[0], abs=1e-3)
        assert both.usage.prompt_tokens > 0

    async def test_models_are_listed_and_can_be_shown(self, engine: Engine) -> None:
        listed = {info.name: info for info in await engine.models()}
        assert self.model in listed
        assert listed[ModelName(self.model)].engine == engine.name
        details = await engine.show(self.model)
        assert details.model.name == self.model

    async def test_a_started_engine_is_healthy_and_a_closed_one_is_not(self, engine: Engine) -> None:
        await engine.health()
        await engine.close()
        await engine.close()
        with pytest.raises(BackendError):
            await engine.health()

    async def test_a_closed_engine_can_be_started_again(self, engine: Engine) -> None:
        await engine.close()
        await engine.start()
        check_order(await events_of(engine, chat(self.model)))

    async def test_slots_are_not_negative(self, engine: Engine) -> None:
        assert engine.slots >= 0
