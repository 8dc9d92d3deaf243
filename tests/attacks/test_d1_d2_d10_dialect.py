"""D1 to D4, D10: requests that would make Covey call somewhere, and answers that would break out of their frames."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from covey.protocol.ids import ModelName
from covey.protocol.inference import Delta, Failed, Finished, GenerationEvent, Started, StartGeneration
from tests.helpers.bridges import AUTHORIZATION, RunningBridge, running_bridge
from tests.helpers.http import RawConnection, exchange, request

MESSAGES = [{"role": "user", "content": "hi"}]


@pytest.fixture
async def bridge() -> AsyncIterator[RunningBridge]:
    async with running_bridge() as running:
        yield running


async def chat(bridge: RunningBridge, **fields: Any) -> tuple[int, dict[str, str], dict[str, Any]]:
    body = json.dumps({"model": "m", "messages": MESSAGES} | fields).encode()
    ((status, headers, answer),) = await exchange(
        bridge.port, request("POST", "/v1/chat/completions", AUTHORIZATION, body)
    )
    found: dict[str, Any] = json.loads(answer)
    return status, headers, found


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/x.png",
        "http://169.254.169.254/latest/meta-data",
        "https://example.org/x.png",
        "file:///etc/passwd",
        "gopher://x",
        "//x/y",
        "/etc/passwd",
        "",
        " data:image/png;base64,AA==",
        "DATA:image/png;base64,AA==",
        "data:text/html,<script>",
        "http://[::ffff:127.0.0.1]/",
        "http://2130706433/",
    ],
)
async def test_d1_pictures_come_out_of_the_request_only(bridge: RunningBridge, url: str) -> None:
    content = [{"type": "text", "text": "what is it"}, {"type": "image_url", "image_url": {"url": url}}]
    status, _, answer = await chat(bridge, messages=[{"role": "user", "content": content}])
    assert status == 400
    assert answer["error"]["param"] == "messages.0.content.1.image_url.url"
    generate = {"model": "m", "messages": [{"role": "user", "content": content}]}
    body = json.dumps({"generate": generate}).encode()
    sent = request("POST", "/covey/v1/generations", AUTHORIZATION | {"Content-Type": "application/json"}, body)
    ((status, _, _),) = await exchange(bridge.port, sent)
    assert status == 400
    assert bridge.worker.starts == []


async def test_d1_pictures_in_the_request_are_passed_on(bridge: RunningBridge) -> None:
    content = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]
    status, _, _ = await chat(bridge, messages=[{"role": "user", "content": content}])
    assert status == 200


@pytest.mark.parametrize(
    "name", "api_base base_url api_key headers extra_headers extra_body organization proxy options endpoint".split()
)
async def test_d2_fields_that_choose_an_upstream_are_refused(bridge: RunningBridge, name: str) -> None:
    status, _, answer = await chat(bridge, **{name: "http://127.0.0.1:9"})
    assert status == 422
    assert (answer["error"]["code"], answer["error"]["param"]) == ("unknown_field", name)
    for path, body in (
        ("/v1/completions", {"model": "m", "prompt": "x", name: {}}),
        ("/v1/embeddings", {"model": "m", "input": "x", name: {}}),
    ):
        ((status, _, _),) = await exchange(bridge.port, request("POST", path, AUTHORIZATION, json.dumps(body).encode()))
        assert status == 422
    assert bridge.worker.starts == []
    assert bridge.worker.embeds == []


async def test_d3_engine_switches_are_dropped_and_named(bridge: RunningBridge) -> None:
    switches = {"n_discard": -1, "n_keep": 5, "cache_prompt": True, "id_slot": 3, "grammar": "x", "num_gpu": 99}
    status, headers, _ = await chat(bridge, **switches)
    assert status == 200
    assert set(headers["x-covey-ignored"].split(", ")) == set(switches)
    assert not any(hasattr(bridge.worker.starts[0].generate, name) for name in switches)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"n": 2**31}, "n"),
        ({"n": 0}, "n"),
        ({"max_tokens": 2**70}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"top_k": "40"}, "top_k"),
        ({"stop": {"a": 1}}, "stop"),
        ({"logit_bias": [1]}, "logit_bias"),
        ({"functions": []}, "functions"),
        ({"modalities": ["audio"]}, "modalities"),
        ({"tools": "x"}, "tools"),
        ({"messages": "x"}, "messages"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages.0.content.0.type"),
    ],
)
async def test_d4_fields_that_cannot_be_kept_are_refused_by_name(
    bridge: RunningBridge, fields: dict[str, Any], param: str
) -> None:
    status, _, answer = await chat(bridge, **fields)
    assert (status, answer["error"]["param"]) == (400, param)
    assert bridge.worker.starts == []


NASTY = '\n\ndata: [DONE]\n\n\r\nevent: x\rid: 9\n: c\u2028\u2029\x00"\\</script>é\U0001f600'


async def test_d10_nothing_in_an_answer_begins_another_event(bridge: RunningBridge) -> None:
    async def script(start: StartGeneration) -> AsyncIterator[GenerationEvent]:
        yield Started(model=ModelName("m" + NASTY))
        yield Delta(text=NASTY)
        yield Delta(reasoning=NASTY)
        yield Delta(tool_calls=({"index": 0, "id": NASTY, "function": {"name": NASTY, "arguments": NASTY}},))
        yield Finished(reason="stop")

    bridge.worker.script = script
    events = await stream(bridge)
    assert events[-1] == "[DONE]"
    chunks = [json.loads(event) for event in events[:-1]]
    assert len(chunks) == 5
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert deltas[1]["content"] == NASTY
    assert deltas[2]["reasoning_content"] == NASTY
    assert deltas[3]["tool_calls"][0]["function"]["arguments"] == NASTY
    assert all(chunk["model"] == "m" + NASTY for chunk in chunks)


async def test_d10_nothing_in_an_error_begins_another_event(bridge: RunningBridge) -> None:
    async def script(start: StartGeneration) -> AsyncIterator[GenerationEvent]:
        yield Started(model=start.generate.model)
        yield Delta(text="a")
        yield Failed(code="backend_rejected", detail=NASTY)

    bridge.worker.script = script
    events = await stream(bridge)
    assert len(events) == 3
    assert json.loads(events[-1])["error"]["message"] == NASTY


async def stream(bridge: RunningBridge) -> list[str]:
    """The data of every event, read as strictly as the standard has it."""
    body = json.dumps({"model": "m", "messages": MESSAGES, "stream": True}).encode()
    async with RawConnection(bridge.port) as connection:
        await connection.send(request("POST", "/v1/chat/completions", AUTHORIZATION, body, close=False))
        response = await connection.read_response()
    assert response.status == 200
    text = response.body.decode()
    assert "\r" not in text
    assert "\x00" not in text
    frames = text.split("\n\n")
    assert frames.pop() == ""
    assert all(frame.startswith("data: ") and "\n" not in frame for frame in frames)
    return [frame.removeprefix("data: ") for frame in frames]
