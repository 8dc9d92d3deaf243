from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from covey.errors import ModelNotFound, NotFound
from covey.protocol.ids import GenerationId
from covey.protocol.inference import Delta, Failed, Finished, GenerationEvent, Queued, Started, StartGeneration
from tests.helpers.asgi import ask
from tests.helpers.bridges import AUTHORIZATION, new_bridge

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
