from __future__ import annotations

import pytest

from covey.backends.ollama import OllamaConfig, OllamaEngine
from covey.errors import (
    BackendProtocolError,
    BackendUnavailable,
    CoveyError,
    InvalidRequest,
    ModelNotFound,
)
from covey.protocol.ids import ModelName, RequestId
from covey.protocol.inference import Delta, Embed, Finished
from covey.protocol.registry import PullProgress
from covey.testing.fake_backend import Behaviour, fake_backend
from tests.helpers.scripted_server import Peer, answer, scripted_server
from tests.helpers.upstream_engines import chat, engine_and_backend, outcome_of

pytestmark = pytest.mark.sockets


async def test_models_say_what_they_can_and_whether_they_are_loaded() -> None:
    async with fake_backend(Behaviour(models=("sample:latest", "cold:1b"))) as backend:
        engine = OllamaEngine(OllamaConfig(base_url=backend.url))
        await engine.start()
        loaded, cold = await engine.models()
        await engine.models()
        assert (loaded.name, loaded.aliases, loaded.state, loaded.context_length) == (
            "sample:latest", ("sample",), "loaded", 4096,
        )  # fmt: skip
        assert (cold.name, cold.aliases, cold.state, cold.context_length) == ("cold:1b", (), "cold", 8192)
        assert loaded.capabilities == ("chat", "completion", "embedding", "tools", "thinking", "vision")
        assert sum(asked.path == "/api/show" for asked in backend.asked) == 2  # once a model, not once a list
        details = await engine.show("sample")
        assert details.model.name == "sample:latest"
        assert details.parameters == {"stop": "<|im_end|>", "temperature": 0.2}
        assert list(await engine.expiries()) == ["sample:latest"]
        await engine.close()


async def test_only_allowed_models_are_offered_and_used() -> None:
    async with fake_backend(Behaviour(models=("sample:latest", "other"))) as backend:
        engine = OllamaEngine(OllamaConfig(base_url=backend.url, models=("other",)))
        await engine.start()
        assert [info.name for info in await engine.models()] == ["other"]
        assert isinstance((await outcome_of(engine)).error, ModelNotFound)
        assert backend.generations() == []
        await engine.close()


async def test_timings_and_tool_calls_come_through() -> None:
    behaviour = Behaviour(tokens=3, reasoning=1, tool_calls=(("look", '{"at": "larks"}'),))
    async with engine_and_backend("ollama", behaviour) as (engine, _):
        outcome = await outcome_of(engine, chat(tools=({"type": "function", "function": {"name": "look"}},)))
    calls = [call for event in outcome.events if isinstance(event, Delta) for call in event.tool_calls]
    assert calls == [
        {"index": 0, "id": "call_req_1_0", "type": "function",
         "function": {"name": "look", "arguments": '{"at":"larks"}'}}
    ]  # fmt: skip
    last = outcome.events[-1]
    assert isinstance(last, Finished)
    assert last.reason == "tool_calls"
    assert (last.timings.load_ms, last.timings.prompt_ms, last.timings.generation_ms) == (1500.0, 250.0, 750.0)


async def pulled(engine: OllamaEngine, name: str) -> list[PullProgress]:
    return [progress async for progress in engine.pull(name)]


async def test_a_pull_reports_its_steps_and_ends_with_done() -> None:
    async with engine_and_backend("ollama") as (engine, _):
        assert isinstance(engine, OllamaEngine)
        steps = await pulled(engine, "smollm2:135m")
    assert [step.status for step in steps] == [
        "resolving", "downloading", "downloading", "downloading", "verifying", "installing", "done",
    ]  # fmt: skip
    assert [step.completed_bytes for step in steps[1:4]] == [0, 400, 1000]
    assert steps[1].total_bytes == 1000


@pytest.mark.parametrize(
    ("behaviour", "name", "error"),
    [
        (Behaviour(error_after=0, error="pull model manifest: file does not exist"), "x", ModelNotFound),
        (Behaviour(error_after=0, error="disk full at /var"), "x", BackendUnavailable),
        (Behaviour(ending="no_finish"), "x", BackendProtocolError),
        (Behaviour(status=500), "x", BackendUnavailable),
        (Behaviour(), "evil.example/a/b", InvalidRequest),
    ],
)
async def test_a_pull_that_fails_says_why(behaviour: Behaviour, name: str, error: type[CoveyError]) -> None:
    async with engine_and_backend("ollama", behaviour) as (engine, _):
        assert isinstance(engine, OllamaEngine)
        with pytest.raises(error) as failed:
            await pulled(engine, name)
        assert "/var" not in failed.value.detail


async def test_models_are_removed_and_loaded_by_name() -> None:
    async def script(peer: Peer) -> None:
        while True:
            request = await peer.request()
            known = b'"known"' in request
            if request.startswith(b"GET"):
                await peer.send(answer(b'{"version":"0.20.1"}'))
            elif known:
                await peer.send(answer(b'{"model":"known","done":true,"done_reason":"load"}'))
            else:
                await peer.send(answer(b'{"error":"model not found"}', status="404 Not Found"))

    async with scripted_server(script) as server:
        engine = OllamaEngine(OllamaConfig(base_url=server.url, keep_alive_s=60, context_length=2048))
        await engine.start()
        await engine.load("known")
        assert b'"keep_alive":60' in server.requests[-1]
        assert b'"num_ctx":2048' in server.requests[-1]
        await engine.remove("known")
        assert server.requests[-1].startswith(b"DELETE /api/delete HTTP/1.1")
        for call in (engine.remove, engine.load):
            with pytest.raises(ModelNotFound):
                await call("unknown")
        await engine.close()


async def test_an_unknown_model_in_the_embedding_is_not_found() -> None:
    async with engine_and_backend("ollama") as (engine, _):
        with pytest.raises(ModelNotFound):
            await engine.embed(Embed(model=ModelName("nope"), inputs=("a",)), RequestId("req_1"))
