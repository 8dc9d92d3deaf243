from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from covey.backends.openai import OpenAICompatibleEngine, OpenAIConfig, OpenAIModel
from covey.errors import (
    BackendProtocolError,
    BackendRejected,
    BackendUnavailable,
    CoveyError,
    InvalidRequest,
    ModelNotFound,
    Overloaded,
)
from covey.protocol.ids import ModelName, RequestId
from covey.protocol.inference import Delta, Embed, Finished, Generate, Sampling, Started
from covey.testing.eventually import eventually
from covey.testing.fake_backend import Behaviour, fake_backend
from tests.helpers.scripted_server import Peer, answer, scripted_server
from tests.helpers.upstream_engines import HttpEngine, Outcome, chat, engine_and_backend, outcome_of

pytestmark = pytest.mark.sockets


async def test_a_started_engine_keeps_one_connection_between_generations() -> None:
    async with engine_and_backend("openai") as (engine, backend):
        for _ in range(4):
            assert isinstance((await outcome_of(engine)).events[-1], Finished)
        assert backend.connections == 1


async def test_models_may_be_allowed_one_by_one_and_renamed() -> None:
    models = (
        OpenAIModel(name="small", upstream="sample", capabilities=("chat", "vision")),
        OpenAIModel(name="absent", context_length=99),
    )
    async with fake_backend() as backend:
        engine = OpenAICompatibleEngine(OpenAIConfig(name="o", base_url=f"{backend.url}/v1", models=models, slots=3))
        await engine.start()
        small, absent = await engine.models()
        assert (small.name, small.state, small.context_length) == ("small", "loaded", 4096)
        assert small.capabilities == ("chat", "vision")
        assert (absent.name, absent.state, absent.context_length) == ("absent", "unavailable", 99)
        assert engine.slots == 3
        request = chat()
        with pytest.raises(ModelNotFound):
            [event async for event in engine.generate(request, RequestId("req_1"))]
        assert backend.generations() == []
        events = [
            event
            async for event in engine.generate(
                type(request)(model=ModelName("small"), messages=request.messages), RequestId("req_1")
            )
        ]
        assert isinstance(events[-1], Finished)
        assert backend.generations()[0].body["model"] == "sample"
        await engine.close()


async def test_the_key_and_the_request_id_go_along() -> None:
    async with fake_backend() as backend:
        config = OpenAIConfig(name="o", base_url=f"{backend.url}/v1", api_key="sk-upstream")
        engine = OpenAICompatibleEngine(config)
        await engine.start()
        await outcome_of(engine, request_id="req_abc")
        await engine.close()
    headers = backend.generations()[0].headers
    assert headers["authorization"] == "Bearer sk-upstream"
    assert headers["x-request-id"] == "req_abc"


async def test_a_start_that_failed_may_be_tried_again() -> None:
    async def first_fails(peer: Peer) -> None:
        while True:
            await peer.request()
            first = len(peer.server.requests) == 1
            await peer.send(answer(b'{"data":[]}', status="500 X" if first else "200 OK"))

    async with scripted_server(first_fails) as server:
        engine = OpenAICompatibleEngine(OpenAIConfig(name="o", base_url=server.url))
        with pytest.raises(BackendUnavailable):
            await engine.start()
        with pytest.raises(BackendUnavailable, match="not running"):
            await engine.health()
        await engine.start()
        await engine.health()
        await engine.close()


async def test_a_busy_server_is_a_healthy_one() -> None:
    async def busy(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.send(answer(b"{}", status="503 X"))

    async with scripted_server(busy) as server:
        engine = OpenAICompatibleEngine(OpenAIConfig(name="o", base_url=server.url))
        await engine.start()
        await engine.health()
        await engine.close()


async def test_tool_calls_and_reasoning_come_through() -> None:
    behaviour = Behaviour(tokens=4, reasoning=2, tool_calls=(("look", '{"at":"larks"}'),))
    async with engine_and_backend("openai", behaviour) as (engine, _):
        outcome = await outcome_of(engine, chat(tools=({"type": "function", "function": {"name": "look"}},)))
    deltas = [event for event in outcome.events if isinstance(event, Delta)]
    assert sum(bool(delta.reasoning) for delta in deltas) == 2
    calls = [call for delta in deltas for call in delta.tool_calls]
    assert calls[0]["function"]["name"] == "look"
    assert "".join(call["function"]["arguments"] for call in calls) == '{"at":"larks"}'
    last = outcome.events[-1]
    assert isinstance(last, Finished)
    assert last.reason == "tool_calls"


@pytest.mark.parametrize(
    "body",
    [
        b'{"data":[{"index":0,"embedding":[1]}]}',
        b'{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}',
        b'{"data":[{"index":0,"embedding":[0]},{"index":1,"embedding":[1]}]}',
        b'{"data":"x"}',
        b"<html>",
        b"\xff",
    ],
)
async def test_embeddings_that_cannot_be_right_are_refused(body: bytes) -> None:
    async def script(peer: Peer) -> None:
        while True:
            request = await peer.request()
            await peer.send(answer(b'{"data":[]}' if request.startswith(b"GET") else body))

    async with scripted_server(script) as server:
        engine = OpenAICompatibleEngine(OpenAIConfig(name="o", base_url=server.url))
        await engine.start()
        with pytest.raises(BackendProtocolError):
            await engine.embed(Embed(model=ModelName("m"), inputs=("a", "b")), RequestId("req_1"))
        await engine.close()


async def test_a_request_that_is_wrong_never_leaves() -> None:
    async with engine_and_backend("openai") as (engine, backend):
        outcome = await outcome_of(engine, type(chat())(model=ModelName("sample"), messages=chat().messages,
                                                        sampling=Sampling(temperature=9.0)))  # fmt: skip
        assert isinstance(outcome.error, InvalidRequest)
        assert backend.generations() == []


async def test_an_abort_of_one_generation_leaves_the_others_alone() -> None:
    async with engine_and_backend("openai", Behaviour(silent="stream")) as (engine, backend):
        tasks = {name: asyncio.create_task(outcome_of(engine, request_id=name)) for name in ("req_a", "req_b")}
        await eventually(lambda: len(backend.streams) == 2 and all(stream.tokens == 2 for stream in backend.streams))
        await engine.abort(RequestId("req_a"))
        last = (await tasks["req_a"]).events[-1]
        assert isinstance(last, Finished)
        assert last.reason == "cancelled"
        assert not tasks["req_b"].done()
        await engine.close()
        assert isinstance((await tasks["req_b"]).error, BackendUnavailable)


def unwatched(**more: Any) -> Generate:
    return chat(stream=False, **more)


async def answered(engine: HttpEngine, request: Generate | None = None, request_id: str = "req_1") -> Outcome:
    """What comes of a generation that is asked for by a call."""
    assert isinstance(engine, OpenAICompatibleEngine)
    try:
        whole = await engine.answer(request or unwatched(), RequestId(request_id))
    except CoveyError as error:
        return Outcome(error=error)
    assert whole.started is not None
    return Outcome([whole.started, *whole.deltas, whole.finished])


Ask = Callable[[HttpEngine, Generate], Awaitable[Outcome]]
both_ways = pytest.mark.parametrize("ask", [outcome_of, answered], ids=["events", "call"])


@both_ways
async def test_an_answer_that_nobody_watches_comes_as_a_whole(ask: Ask) -> None:
    async with engine_and_backend("openai", Behaviour(tokens=6)) as (engine, backend):
        streamed, whole = await outcome_of(engine), await ask(engine, unwatched())
        assert [type(event) for event in whole.events] == [Started, Delta, Finished]
        assert whole.text == streamed.text
        assert whole.events[-1] == streamed.events[-1]
        delta = whole.events[1]
        assert isinstance(delta, Delta)
        assert delta.tokens == 6
        bodies = [asked.body for asked in backend.generations()]
        assert [body["stream"] for body in bodies] == [True, False]
        assert "stream_options" not in bodies[1]
        assert backend.connections == 1


@both_ways
@pytest.mark.parametrize(
    "behaviour", [Behaviour(stream_always=True), Behaviour(whole_always=True)], ids=["always streams", "never streams"]
)
async def test_a_server_may_stream_or_not_as_it_likes(behaviour: Behaviour, ask: Ask) -> None:
    async with engine_and_backend("openai", behaviour) as (engine, _):
        streamed, whole = await outcome_of(engine), await ask(engine, unwatched())
    assert streamed.error is whole.error is None
    assert whole.text == streamed.text != ""
    assert isinstance(whole.events[-1], Finished)


@both_ways
async def test_a_whole_answer_is_waited_for_longer_than_a_stream(ask: Ask) -> None:
    limits = {"first_byte_timeout_s": 0.2, "idle_timeout_s": 0.2, "whole_answer_timeout_s": 60.0}
    gate = asyncio.Event()
    async with engine_and_backend("openai", Behaviour(tokens=2, gate=gate), **limits) as (engine, _):
        waiting = asyncio.ensure_future(ask(engine, unwatched()))
        assert isinstance((await outcome_of(engine)).error, BackendUnavailable)
        gate.set()
        assert isinstance((await waiting).events[-1], Finished)


@both_ways
@pytest.mark.parametrize("silent", ["request", "head", "stream"])
async def test_a_whole_answer_that_never_comes_is_given_up(silent: Any, ask: Ask) -> None:
    async with engine_and_backend("openai", Behaviour(silent=silent), whole_answer_timeout_s=0.3) as (engine, _):
        outcome = await ask(engine, unwatched())
    assert isinstance(outcome.error, BackendUnavailable)
    assert outcome.events == []


@both_ways
@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streams unasked"])
async def test_an_abort_closes_the_connection_of_a_whole_answer(ask: Ask, streams: bool) -> None:
    behaviour = Behaviour(silent="stream", stream_always=streams)
    async with engine_and_backend("openai", behaviour) as (engine, backend):
        task = asyncio.ensure_future(ask(engine, unwatched()))
        await eventually(lambda: bool(backend.streams) and backend.streams[0].tokens == 2)
        await engine.abort(RequestId("req_1"))
        outcome = await asyncio.wait_for(task, 5.0)
        assert outcome.error is None
        last = outcome.events[-1]
        assert isinstance(last, Finished)
        assert last.reason == "cancelled"
        assert engine.running == 0
        await eventually(lambda: backend.streams[0].closed_by_client)


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (Behaviour(status=429), Overloaded),
        (Behaviour(status=500), BackendUnavailable),
        (Behaviour(error_after=0), BackendUnavailable),
        (Behaviour(error_after=0, error={"message": "no", "type": "BadRequestError"}), BackendRejected),
        (Behaviour(body=b"<html>", content_type="text/html"), BackendProtocolError),
        (Behaviour(body=b'{"choices":['), BackendProtocolError),
        (Behaviour(ending="half_chunk"), BackendUnavailable),
        (Behaviour(ending="reset"), BackendUnavailable),
    ],
    ids=["busy", "failed", "error", "refused", "page", "half of JSON", "cut off", "reset"],
)
@both_ways
async def test_a_whole_answer_that_is_none_is_an_error_by_name(
    behaviour: Behaviour, error: type[CoveyError], ask: Ask
) -> None:
    async with engine_and_backend("openai", behaviour) as (engine, _):
        outcome = await ask(engine, unwatched())
    assert type(outcome.error) is error
    assert outcome.events == []


@both_ways
async def test_a_whole_answer_that_is_too_large_is_refused(ask: Ask) -> None:
    async with engine_and_backend("openai", Behaviour(tokens=4000), max_body_bytes=2000) as (engine, _):
        outcome = await ask(engine, unwatched())
        assert isinstance(outcome.error, BackendProtocolError)
        assert "too large" in outcome.error.detail
        assert isinstance((await ask(engine, unwatched(max_tokens=1))).events[-1], Finished)
        assert engine.running == 0


@pytest.mark.parametrize("behaviour", [Behaviour(error_after=2), Behaviour(ending="no_finish")], ids=["error", "end"])
async def test_a_stream_that_nobody_asked_for_and_that_fails_is_no_answer(behaviour: Behaviour) -> None:
    behaviour.stream_always = True
    async with engine_and_backend("openai", behaviour) as (engine, _):
        assert (await answered(engine)).error is not None
        assert engine.running == 0


@pytest.mark.parametrize("streams", [False, True], ids=["whole", "streams unasked"])
async def test_cancelling_the_call_for_an_answer_closes_the_connection(streams: bool) -> None:
    behaviour = Behaviour(silent="stream", stream_always=streams)
    async with engine_and_backend("openai", behaviour) as (engine, backend):
        task = asyncio.create_task(answered(engine))
        await eventually(lambda: bool(backend.streams) and backend.streams[0].tokens == 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert engine.running == 0
        await eventually(lambda: backend.streams[0].closed_by_client)


async def test_only_a_started_engine_answers_and_only_what_is_sound() -> None:
    async with engine_and_backend("openai") as (engine, backend):
        wrong = Generate(
            model=ModelName("sample"), messages=chat().messages, sampling=Sampling(temperature=9.0), stream=False
        )
        assert isinstance((await answered(engine, wrong)).error, InvalidRequest)
        await engine.close()
        assert isinstance((await answered(engine)).error, BackendUnavailable)
        assert backend.generations() == []
