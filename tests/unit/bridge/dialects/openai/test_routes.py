from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine
from typing import Any

import pytest

from covey.errors import ModelNotFound, NotFound
from covey.protocol.ids import GenerationId, ModelName
from covey.protocol.inference import (
    Delta,
    Failed,
    Finished,
    GenerationEvent,
    Loading,
    Queued,
    Started,
    StartGeneration,
)
from covey.protocol.whole_answers import CLIENT_ANSWER, WholeAnswer
from covey.rpc.gathered import gathered
from tests.helpers.asgi import ask
from tests.helpers.bridges import AUTHORIZATION, RunningBridge, new_bridge

CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
PATH = "/v1/chat/completions"


async def failed_at_once(start: StartGeneration) -> AsyncIterator[GenerationEvent]:
    yield Queued(position=1)
    yield Failed(code="overloaded", detail="the queue is full", retry_after_s=2.0)


async def without_start(start: StartGeneration) -> AsyncIterator[GenerationEvent]:
    yield Delta(text="x")
    yield Finished(reason="stop")


async def without_end(start: StartGeneration) -> AsyncIterator[GenerationEvent]:
    yield Started(model=start.generate.model)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_failure_before_the_first_token_keeps_its_status(stream: bool) -> None:
    running = new_bridge()
    running.worker.script = failed_at_once
    answer = await ask(running.bridge.application, "POST", PATH, AUTHORIZATION, CHAT | {"stream": stream})
    assert (answer.status, answer.json["error"]["code"]) == (503, "overloaded")
    assert int(answer.headers["retry-after"]) >= 2


async def loaded_first(start: StartGeneration) -> AsyncIterator[GenerationEvent]:
    yield Queued(position=1)
    yield Loading(model=ModelName("real-name"), size_bytes=5)
    yield Started(model=ModelName("real-name"))
    yield Delta(text="x")
    yield Finished(reason="stop")


@pytest.mark.parametrize("stream", [False, True])
async def test_what_a_request_waits_for_is_not_told(stream: bool) -> None:
    running = new_bridge()
    running.worker.script = loaded_first
    answer = await ask(running.bridge.application, "POST", PATH, AUTHORIZATION, CHAT | {"stream": stream})
    assert answer.status == 200
    assert b'"content":"x"' in answer.body
    assert b"loading" not in answer.body
    assert answer.body.count(b'"role":"assistant"') == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_without_its_start_is_still_an_answer(stream: bool) -> None:
    running = new_bridge()
    running.worker.script = without_start
    answer = await ask(running.bridge.application, "POST", PATH, AUTHORIZATION, CHAT | {"stream": stream})
    assert answer.status == 200
    assert b'"content":"x"' in answer.body


async def test_an_answer_without_its_end_is_an_error() -> None:
    running = new_bridge()
    running.worker.script = without_end
    whole = await ask(running.bridge.application, "POST", PATH, AUTHORIZATION, CHAT)
    assert whole.status == 502
    streamed = await ask(running.bridge.application, "POST", PATH, AUTHORIZATION, CHAT | {"stream": True})
    assert b"stream_interrupted" in streamed.body
    assert b"[DONE]" not in streamed.body


async def test_a_model_that_is_not_there_is_named() -> None:
    running = new_bridge()
    running.worker.operation_error = NotFound()
    answer = await ask(running.bridge.application, "GET", "/v1/models/no/such", AUTHORIZATION)
    assert (answer.status, answer.json["error"]["code"]) == (404, ModelNotFound.code)
    assert "no/such" in answer.json["error"]["message"]


async def kept(start: StartGeneration) -> AsyncIterator[GenerationEvent]:
    yield Started(model=start.generate.model, kept_as=GenerationId("gen_abc_0001"), kept_at=1234.5)
    yield Delta(text="x")
    yield Finished(reason="stop")


async def test_an_answer_that_is_kept_has_the_same_id_and_time_each_time() -> None:
    running = new_bridge()
    running.worker.script = kept
    for _ in range(2):
        whole = await ask(running.bridge.application, "POST", PATH, AUTHORIZATION, CHAT)
        assert (whole.json["id"], whole.json["created"]) == ("chatcmpl-abc_0001", 1234)
        streamed = await ask(running.bridge.application, "POST", PATH, AUTHORIZATION, CHAT | {"stream": True})
        assert streamed.body.count(b'"id":"chatcmpl-abc_0001"') == streamed.body.count(b'"object"')


def answers_whole(running: RunningBridge) -> list[StartGeneration]:
    """Let its client worker answer by a call, as one of the same process does. What it is asked is in the list."""
    asked: list[StartGeneration] = []

    def call_local(endpoint: Any, request: StartGeneration, context: Any) -> Coroutine[Any, Any, WholeAnswer]:
        assert endpoint is CLIENT_ANSWER
        asked.append(request)
        return gathered(running.worker.generate(request, context))  # type: ignore[arg-type]  # a generator, in fact

    running.bus.call_local = call_local  # type: ignore[assignment,method-assign]
    return asked


@pytest.mark.parametrize("path", [PATH, "/v1/completions"])
async def test_a_client_worker_in_the_process_is_asked_by_a_call_for_the_same_answer(path: str) -> None:
    running = new_bridge()
    body = CHAT if path == PATH else {"model": "m", "prompt": "hi"}
    streamed = await ask(running.bridge.application, "POST", path, AUTHORIZATION, body)
    asked = answers_whole(running)
    called = await ask(running.bridge.application, "POST", path, AUTHORIZATION, body)
    (start,) = asked
    assert not start.generate.stream
    assert called.status == 200
    for name in ("choices", "usage", "model"):
        assert called.json[name] == streamed.json[name]
    for header in ("x-covey-node", "x-covey-queue-ms"):
        assert called.headers[header] == streamed.headers[header]
    assert len(running.worker.starts) == 2
    assert running.worker.contexts[1].deadline is not None


@pytest.mark.parametrize(("script", "status"), [(failed_at_once, 503), (without_end, 502)])
async def test_a_call_that_fails_keeps_its_status(script: Any, status: int) -> None:
    running = new_bridge()
    running.worker.script = script
    answers_whole(running)
    assert (await ask(running.bridge.application, "POST", PATH, AUTHORIZATION, CHAT)).status == status


async def test_an_answer_that_is_watched_is_never_asked_for_by_a_call() -> None:
    running = new_bridge()
    asked = answers_whole(running)
    answer = await ask(running.bridge.application, "POST", PATH, AUTHORIZATION, CHAT | {"stream": True})
    assert b"[DONE]" in answer.body
    assert asked == []
