"""The openai package, unchanged, against a bridge on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest

from covey.errors import ModelNotFound, Overloaded, QuotaExceeded
from covey.protocol.inference import Delta, Failed, Finished, GenerationEvent, Started, StartGeneration, Usage
from covey.testing.eventually import eventually
from tests.helpers.bridges import RunningBridge, running_bridge
from tests.helpers.client_worker import KEY, Gated

MESSAGES: Any = [{"role": "user", "content": "Say hello"}]


@pytest.fixture
async def bridge() -> AsyncIterator[RunningBridge]:
    async with running_bridge() as running:
        yield running


@pytest.fixture
async def client(bridge: RunningBridge) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{bridge.url}/v1", api_key=KEY, max_retries=0) as made:
        yield made


async def test_chat_completion_is_whole_and_counted(bridge: RunningBridge, client: openai.AsyncOpenAI) -> None:
    raw = await client.chat.completions.with_raw_response.create(
        model="tiny", messages=MESSAGES, temperature=0.5, stop=["END"], seed=7, max_completion_tokens=9
    )
    answer = raw.parse()
    assert answer.choices[0].message.content == "Hello world"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens == 7
    assert raw.headers["x-covey-node"] == "node-1"
    assert raw.headers["x-covey-queue-ms"] == "3"
    assert answer.id.startswith("chatcmpl-")
    asked = bridge.worker.starts[0]
    assert asked.credential == KEY
    sampling = asked.generate.sampling
    assert (sampling.temperature, sampling.stop, sampling.seed, sampling.max_tokens) == (0.5, ("END",), 7, 9)


async def test_chat_stream_yields_pieces_then_usage(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model="tiny", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == "Hello world"
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 2
    assert all(chunk.usage is None for chunk in chunks[:-1])
    assert len({chunk.id for chunk in chunks}) == 1


async def test_chat_stream_has_no_usage_unless_asked(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(model="tiny", messages=MESSAGES, stream=True)
    chunks = [chunk async for chunk in stream]
    assert all(chunk.choices and "usage" not in chunk.model_fields_set for chunk in chunks)


async def test_tool_calls_arrive_whole_and_in_pieces(bridge: RunningBridge, client: openai.AsyncOpenAI) -> None:
    async def script(start: StartGeneration) -> AsyncIterator[GenerationEvent]:
        yield Started(model=start.generate.model)
        first = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "add", "arguments": '{"a":'}}
        yield Delta(tool_calls=(first,))
        yield Delta(tool_calls=({"index": 0, "function": {"arguments": "1}"}},))
        yield Finished(reason="tool_calls")

    bridge.worker.script = script
    tools: Any = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]
    answer = await client.chat.completions.create(model="tiny", messages=MESSAGES, tools=tools)
    assert answer.choices[0].message.tool_calls is not None
    call: Any = answer.choices[0].message.tool_calls[0]
    assert (call.id, call.function.name, call.function.arguments) == ("call_1", "add", '{"a":1}')
    assert answer.choices[0].message.content is None
    assert bridge.worker.starts[0].generate.tools == tuple(tools)
    stream = await client.chat.completions.create(model="tiny", messages=MESSAGES, tools=tools, stream=True)
    pieces = [call async for chunk in stream for call in chunk.choices[0].delta.tool_calls or []]
    assert "".join((piece.function.arguments or "") for piece in pieces if piece.function) == '{"a":1}'


async def test_completion_whole_streamed_and_echoed(client: openai.AsyncOpenAI) -> None:
    answer = await client.completions.create(model="tiny", prompt=["Once"], echo=True)
    assert answer.choices[0].text == "OnceHello world"
    stream = await client.completions.create(model="tiny", prompt="Once", stream=True)
    assert "".join([chunk.choices[0].text async for chunk in stream]) == "Hello world"


async def test_embeddings_in_the_encoding_that_clients_default_to(
    bridge: RunningBridge, client: openai.AsyncOpenAI
) -> None:
    answer = await client.embeddings.create(model="tiny", input=["a", "b"], dimensions=2)
    assert [item.embedding for item in answer.data] == [[1.0, 0.0], [1.0, 1.0]]
    assert answer.usage.prompt_tokens == 4
    plain = await client.embeddings.create(model="tiny", input="a", encoding_format="float")
    assert plain.data[0].embedding == [1.0, 0.0]
    assert bridge.worker.embeds[0].embed.dimensions == 2


async def test_models_are_listed_and_found_with_slashes_in_their_names(client: openai.AsyncOpenAI) -> None:
    assert [model.id async for model in client.models.list()] == ["org/tiny:latest"]
    assert (await client.models.retrieve("org/tiny:latest")).owned_by == "sample"


async def test_errors_become_the_exceptions_that_clients_know(
    bridge: RunningBridge, client: openai.AsyncOpenAI
) -> None:
    stranger = client.with_options(api_key="sk-wrong")
    with pytest.raises(openai.AuthenticationError) as wrong_key:
        await stranger.chat.completions.create(model="tiny", messages=MESSAGES)
    assert wrong_key.value.code == "invalid_api_key"

    async def missing(start: StartGeneration) -> AsyncIterator[GenerationEvent]:
        raise ModelNotFound("there is no model tiny", param="model")
        yield

    bridge.worker.script = missing
    with pytest.raises(openai.NotFoundError) as not_found:
        await client.chat.completions.create(model="tiny", messages=MESSAGES, stream=True)
    assert (not_found.value.code, not_found.value.param) == ("model_not_found", "model")
    assert not_found.value.request_id is not None

    async def limited(start: StartGeneration) -> AsyncIterator[GenerationEvent]:
        raise QuotaExceeded("the limit of tokens per day is used up", retry_after_s=4000.0)
        yield

    bridge.worker.script = limited
    with pytest.raises(openai.RateLimitError) as too_many:
        await client.chat.completions.create(model="tiny", messages=MESSAGES)
    assert too_many.value.response.headers["x-should-retry"] == "false"
    assert too_many.value.response.headers["retry-after"] == "4000"


async def test_clients_come_back_by_themselves_after_overload(
    bridge: RunningBridge, client: openai.AsyncOpenAI
) -> None:
    calls = 0

    async def busy_once(start: StartGeneration) -> AsyncIterator[GenerationEvent]:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise Overloaded("the queue is full", retry_after_s=0.01)
        yield Started(model=start.generate.model)
        yield Delta(text="ok")
        yield Finished(reason="stop")

    bridge.worker.script = busy_once
    patient = client.with_options(max_retries=2)
    answer = await patient.chat.completions.create(model="tiny", messages=MESSAGES)
    assert answer.choices[0].message.content == "ok"
    assert calls == 2


async def test_failure_after_the_first_piece_is_an_error_in_the_stream(
    bridge: RunningBridge, client: openai.AsyncOpenAI
) -> None:
    async def breaks(start: StartGeneration) -> AsyncIterator[GenerationEvent]:
        yield Started(model=start.generate.model)
        yield Delta(text="half")
        yield Failed(code="stream_interrupted", detail="the processor died", usage=Usage(completion_tokens=1))

    bridge.worker.script = breaks
    stream = await client.chat.completions.create(model="tiny", messages=MESSAGES, stream=True)
    seen: list[str] = []

    async def read() -> None:
        async for chunk in stream:
            seen.append(chunk.choices[0].delta.content or "")

    with pytest.raises(openai.APIError) as failure:
        await read()
    assert "".join(seen) == "half"
    assert failure.value.code == "stream_interrupted"
    with pytest.raises(openai.InternalServerError) as whole:
        await client.chat.completions.create(model="tiny", messages=MESSAGES)
    assert whole.value.status_code == 502


async def test_client_that_closes_its_stream_stops_the_generation(
    bridge: RunningBridge, client: openai.AsyncOpenAI
) -> None:
    gate = Gated()
    bridge.worker.script = gate
    stream = await client.chat.completions.create(model="tiny", messages=MESSAGES, stream=True)
    await asyncio.wait_for(gate.reached.wait(), 5.0)
    await stream.close()
    await eventually(lambda: bridge.worker.closed == 1)
    await eventually(lambda: bridge.bridge.application.in_flight == 0)


async def test_client_that_gives_up_on_a_whole_answer_stops_the_generation(
    bridge: RunningBridge, client: openai.AsyncOpenAI
) -> None:
    gate = Gated()
    bridge.worker.script = gate
    waiting = asyncio.create_task(client.chat.completions.create(model="tiny", messages=MESSAGES))
    await asyncio.wait_for(gate.reached.wait(), 5.0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await eventually(lambda: bridge.worker.closed == 1)


async def test_vendor_extras_are_passed_on_and_unknown_fields_are_named(
    bridge: RunningBridge, client: openai.AsyncOpenAI
) -> None:
    raw = await client.chat.completions.with_raw_response.create(
        model="tiny",
        messages=MESSAGES,
        user="someone",
        metadata={"a": "b"},
        extra_body={"top_k": 40, "min_p": 0.1, "repetition_penalty": 1.1, "id_slot": 3},
    )
    sampling = bridge.worker.starts[0].generate.sampling
    assert (sampling.top_k, sampling.min_p, sampling.repeat_penalty) == (40, 0.1, 1.1)
    assert raw.headers["x-covey-ignored"] == "id_slot"
