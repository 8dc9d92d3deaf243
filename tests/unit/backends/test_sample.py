from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from covey.backends.sample import SampleConfig, SampleEngine, answer_of, unit_vector
from covey.errors import BackendUnavailable, InvalidRequest, ModelLoadFailed, Overloaded
from covey.protocol.ids import ModelName, RequestId
from covey.protocol.inference import Delta, Embed, Finished, Generate, GenerationEvent, Loading, Sampling, Started

MODEL = ModelName("sample")


def prompt(text: str = "hello there", **sampling: Any) -> Generate:
    return Generate(model=MODEL, prompt=text, sampling=Sampling(**sampling))


async def started(**settings: Any) -> SampleEngine:
    engine = SampleEngine(SampleConfig(**settings))
    await engine.start()
    return engine


async def run(engine: SampleEngine, request: Generate, request_id: str = "req_1") -> list[GenerationEvent]:
    return [event async for event in engine.generate(request, RequestId(request_id))]


def text_of(events: list[GenerationEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))


async def until_running(engine: SampleEngine) -> None:
    async with asyncio.timeout(10):
        while not engine.running:  # noqa: ASYNC110 - the engine has no event for it
            await asyncio.sleep(0)


async def test_token_k_does_not_depend_on_how_many_are_asked_for() -> None:
    engine = await started(tokens=100)
    short, long = await run(engine, prompt(max_tokens=5)), await run(engine, prompt())
    assert text_of(long).startswith(text_of(short))
    assert text_of(long) == answer_of(prompt(), 100)


async def test_different_prompts_and_seeds_give_different_answers() -> None:
    assert len({answer_of(prompt("a"), 20), answer_of(prompt("b"), 20), answer_of(prompt("a", seed=7), 20)}) == 3


@pytest.mark.parametrize(("max_tokens", "reason", "tokens"), [(3, "length", 3), (10, "stop", 10), (None, "stop", 10)])
async def test_the_reason_says_whether_the_answer_was_cut(max_tokens: int | None, reason: str, tokens: int) -> None:
    engine = await started(tokens=10)
    last = (await run(engine, prompt(max_tokens=max_tokens)))[-1]
    assert isinstance(last, Finished)
    assert (last.reason, last.usage.completion_tokens, last.usage.prompt_tokens) == (reason, tokens, 2)


async def test_a_stop_string_cuts_the_answer_before_itself() -> None:
    engine = await started(tokens=40)
    whole = answer_of(prompt(), 40)
    stop = whole[30:36]
    events = await run(engine, prompt(stop=(stop,)))
    assert text_of(events) == whole[: whole.find(stop)]
    assert isinstance(events[-1], Finished)
    assert events[-1].reason == "stop"


async def test_a_prompt_longer_than_the_context_is_refused() -> None:
    engine = await started(context_length=4)
    with pytest.raises(InvalidRequest, match="context"):
        await run(engine, prompt("one two three four"))


async def test_json_is_answered_with_json() -> None:
    engine = await started()
    request = Generate(model=MODEL, prompt="x", response_format={"type": "json_object"})
    assert set(json.loads(text_of(await run(engine, request)))) == {"answer"}


async def test_a_required_tool_is_called() -> None:
    engine = await started()
    tool = {"type": "function", "function": {"name": "look", "parameters": {}}}
    events = await run(engine, Generate(model=MODEL, prompt="x", tools=(tool,), tool_choice="required"))
    calls = [call for event in events if isinstance(event, Delta) for call in event.tool_calls]
    assert [call["function"]["name"] for call in calls] == ["look"]
    assert isinstance(events[-1], Finished)
    assert events[-1].reason == "tool_calls"


async def test_thinking_comes_before_the_answer() -> None:
    engine = await started(tokens=8)
    events = await run(engine, Generate(model=MODEL, prompt="x", think=True))
    kinds = ["reasoning" if event.reasoning else "text" for event in events if isinstance(event, Delta)]
    assert kinds == ["reasoning"] * 4 + ["text"] * 4


async def test_it_lets_others_run_while_it_generates_at_full_speed() -> None:
    engine = await started(tokens=4000, context_length=5000)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    await run(engine, prompt())
    task.cancel()
    assert turns > 100


@pytest.mark.parametrize(
    ("code", "error"),
    [("backend_unavailable", BackendUnavailable), ("overloaded", Overloaded), ("model_load_failed", ModelLoadFailed)],
)
async def test_it_fails_as_told_after_some_tokens(code: str, error: type[Exception]) -> None:
    engine = await started(fail_after_tokens=3, fail_code=code)
    events: list[GenerationEvent] = []

    async def collect() -> None:
        async for event in engine.generate(prompt(), RequestId("req_1")):
            events.append(event)

    with pytest.raises(error):
        await collect()
    assert isinstance(events[0], Started)
    assert len(events) == 4
    assert engine.running == 0


async def test_every_nth_generation_fails_before_its_first_event() -> None:
    engine = await started(fail_every=2)
    await run(engine, prompt())
    with pytest.raises(BackendUnavailable):
        await run(engine, prompt())
    await run(engine, prompt())


async def test_a_silent_generation_ends_when_it_is_aborted() -> None:
    engine = await started(hang_after_tokens=2)
    running = asyncio.create_task(run(engine, prompt()))
    await until_running(engine)
    await engine.abort(RequestId("req_1"))
    last = (await running)[-1]
    assert isinstance(last, Finished)
    assert last.reason == "cancelled"
    assert last.usage.completion_tokens <= 2


async def test_close_ends_a_paced_generation_at_once() -> None:
    engine = await started(tokens_per_second=0.001)
    running = asyncio.create_task(run(engine, prompt()))
    await until_running(engine)
    await engine.close()
    with pytest.raises(BackendUnavailable):
        await running
    with pytest.raises(BackendUnavailable):
        await run(engine, prompt())


async def test_embeddings_take_the_asked_length() -> None:
    engine = await started()
    found = await engine.embed(Embed(model=MODEL, inputs=("a", "a b"), dimensions=16), RequestId("req_1"))
    assert [len(vector) for vector in found.vectors] == [16, 16]
    with pytest.raises(InvalidRequest):
        await engine.embed(Embed(model=MODEL, inputs=("a",), dimensions=5000), RequestId("req_1"))


def test_texts_that_share_words_are_nearer() -> None:
    def likeness(one: str, other: str) -> float:
        return sum(a * b for a, b in zip(unit_vector(one, 64), unit_vector(other, 64), strict=True))

    assert likeness("the red fox", "a red fox") > likeness("the red fox", "slow green boat")


async def test_health_fails_when_told_to() -> None:
    engine = await started(fail_health=True)
    with pytest.raises(BackendUnavailable):
        await engine.health()


async def test_a_model_that_is_not_in_memory_is_loaded_by_the_first_who_asks() -> None:
    engine = await started(tokens=2, cold_load_s=0.02)
    assert [model.state for model in await engine.models()] == ["cold"]
    stream = engine.generate(prompt(), RequestId("req_1"))
    assert await anext(stream) == Loading(model=MODEL, expected_s=0.02)
    events = [event async for event in stream]
    assert [type(event) for event in events] == [Started, Delta, Delta, Finished]
    assert [model.state for model in await engine.models()] == ["loaded"]
    assert isinstance((await run(engine, prompt()))[0], Started)
    await engine.close()
    await engine.start()
    assert isinstance((await run(engine, prompt()))[0], Loading)


async def test_a_load_is_left_at_once_by_who_is_cancelled() -> None:
    engine = await started(cold_load_s=3600.0)
    running = asyncio.create_task(run(engine, prompt()))
    await until_running(engine)
    assert [model.state for model in await engine.models()] == ["loading"]
    await engine.abort(RequestId("req_1"))
    last = (await running)[-1]
    assert isinstance(last, Finished)
    assert (last.reason, last.usage.completion_tokens) == ("cancelled", 0)
