"""What is told of a model that has to be loaded first."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from covey.backends.sample import SampleConfig, SampleEngine
from covey.errors import BackendUnavailable, DeadlineExceeded
from covey.protocol.ids import RequestId
from covey.protocol.inference import Delta, Finished, Generate, GenerationEvent, Loading, Queued, Started
from covey.protocol.whole_answers import WholeAnswer
from covey.rpc.gathered import gathered
from covey.workers.processor import ProcessorConfig, generation
from tests.helpers.processors import chat, processor, sample, unwatched


def kinds(events: list[GenerationEvent]) -> list[str]:
    """The types of the events, each run of deltas as one."""
    found: list[str] = []
    for event in events:
        if not (isinstance(event, Delta) and found[-1:] == ["Delta"]):
            found.append(type(event).__name__)
    return found


class DiesWhileItLoads(SampleEngine):
    """Fails at the first load, and then needs another one."""

    deaths = 0

    async def generate(
        self, request: Generate, request_id: RequestId, asker: str = ""
    ) -> AsyncIterator[GenerationEvent]:
        yield Loading(model=request.model, size_bytes=self.deaths)
        if not self.deaths:
            self.deaths += 1
            raise BackendUnavailable("it died")
        async for event in super().generate(request, request_id, asker):
            yield event


class Listens(SampleEngine):
    """Remembers who asked."""

    asked: tuple[str, ...] = ()

    async def generate(
        self, request: Generate, request_id: RequestId, asker: str = ""
    ) -> AsyncIterator[GenerationEvent]:
        self.asked += (asker,)
        async for event in super().generate(request, request_id, asker):
            yield event

    async def answer(self, request: Generate, request_id: RequestId, asker: str = "") -> WholeAnswer:
        self.asked += (f"whole {asker}",)
        return await gathered(cast("AsyncGenerator[GenerationEvent]", super().generate(request, request_id, asker)))


async def test_an_engine_is_told_whose_request_it_is(tmp_path: Path) -> None:
    engine = Listens(SampleConfig(tokens=1))
    async with processor(tmp_path, engine) as node:
        await node.events(chat(), user="u1")
        await node.events(chat(), user="u2")
        await node.answer(unwatched(), user="u3")
    assert engine.asked == ("u1", "u2", "whole u3")


async def test_a_load_is_told_once_before_the_start_and_not_when_the_model_is_there(tmp_path: Path) -> None:
    async with processor(tmp_path, sample(tokens=2, cold_load_s=0.05)) as node:
        first = await node.events(chat())
        assert kinds(first) == ["Loading", "Started", "Delta", "Finished"]
        assert first[0] == Loading(model=node.worker.info().models[0].name, expected_s=0.05)
        assert isinstance(first[-1], Finished)
        assert (first[-1].timings.load_ms or 0) >= 50
        await node.worker.refresh()
        assert kinds(await node.events(chat())) == ["Started", "Delta", "Finished"]


async def test_after_the_load_was_told_nothing_says_that_the_request_waits_for_its_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generation, "SIGN_OF_LIFE_S", 0.01)
    async with processor(tmp_path, sample(tokens=1, cold_load_s=0.1)) as node:
        events = await node.events(chat())
    assert not any(isinstance(event, Queued) for event in events)
    assert kinds(events) == ["Loading", "Started", "Delta", "Finished"]


async def test_a_load_that_takes_too_long_fails_by_name(tmp_path: Path) -> None:
    config = ProcessorConfig(generation_timeout_s=0.05)
    async with processor(tmp_path, sample(cold_load_s=30.0), config=config) as node:
        stream = node.generate(chat())
        assert isinstance(await anext(stream), Loading)
        with pytest.raises(DeadlineExceeded):
            await anext(stream)


async def test_a_second_attempt_does_not_tell_the_load_again(tmp_path: Path) -> None:
    engine = DiesWhileItLoads(SampleConfig(tokens=1))
    async with processor(tmp_path, engine) as node:
        events = await node.events(chat())
    assert engine.deaths == 1
    assert kinds(events) == ["Loading", "Started", "Delta", "Finished"]
    assert isinstance(events[0], Loading)
    assert events[0].size_bytes == 0


async def test_who_waits_for_the_same_load_is_told_too(tmp_path: Path) -> None:
    async with processor(tmp_path, sample(tokens=1, cold_load_s=0.1)) as node:
        first, second = node.generate(chat(), request_id="req_1"), node.generate(chat(), request_id="req_2")
        assert isinstance(await anext(first), Loading)
        assert isinstance(await anext(second), Loading)
        assert isinstance(await anext(first), Started)
        assert isinstance(await anext(second), Started)
        await first.aclose()
        await second.aclose()
