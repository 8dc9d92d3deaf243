from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from covey.bridge import websocket
from covey.errors import StreamInterrupted, Unauthenticated
from covey.protocol.conversations import ConversationChanged, Watching
from covey.protocol.ids import ConversationId, ModelName
from covey.protocol.inference import Finished, GenerationEvent, Loading, Started, StartGeneration
from tests.helpers.asgi import http_scope
from tests.helpers.bridges import RunningBridge, new_bridge
from tests.helpers.client_worker import GENERATION, KEY

HELLO = {"type": "hello", "credential": KEY}


async def talk(
    *frames: Any,
    path: str = "/covey/v1/ws",
    headers: dict[str, str] | None = None,
    to: RunningBridge | None = None,
) -> list[Any]:
    """What the bridge sends to a client that says ``frames`` and leaves."""
    said: list[dict[str, Any]] = [{"type": "websocket.connect"}]
    said += [{"type": "websocket.receive", "text": json.dumps(frame)} for frame in frames]
    said.append({"type": "websocket.disconnect", "code": 1000})
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        for _ in range(100):  # what was asked before is answered
            await asyncio.sleep(0)
        return said.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = http_scope("GET", path, headers) | {"type": "websocket", "scheme": "ws"}
    await (to or new_bridge()).bridge.application(scope, receive, send)
    return sent


def texts(sent: list[Any]) -> list[Any]:
    return [json.loads(message["text"]) for message in sent if message["type"] == "websocket.send"]


async def test_a_greeting_is_answered_with_the_account_and_the_limits() -> None:
    (welcome,) = texts(await talk(HELLO))
    assert welcome["user"]["username"] == "ada"
    assert welcome["limits"]["max_requests"] == 16


async def test_no_task_outlives_its_socket() -> None:
    await talk(HELLO, {"type": "follow", "id": "1", "generation_id": "gen_abc123_0001"})
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/other", {}, 404),
        ("/covey/v1/ws", {"origin": "https://evil.example"}, 403),
        ("/covey/v1/ws", {"host": "evil.example"}, 421),
    ],
)
async def test_refusals_are_problems_with_a_status(path: str, headers: dict[str, str], status: int) -> None:
    start, body = await talk(HELLO, path=path, headers=headers)
    assert start["status"] == status
    assert json.loads(body["body"])["status"] == status


async def test_a_long_id_is_an_error() -> None:
    _, error = texts(await talk(HELLO, {"type": "cancel", "id": "x" * 65, "generation_id": "g"}))
    assert error["error"]["param"] == "id"
    assert error["error"]["request_id"].endswith("-2")


async def test_a_start_says_where_it_goes_and_hears_the_ids() -> None:
    start = {"type": "start", "id": "1", "generate": {"model": "m"}, "conversation_id": "conv_1"}
    for place in ({"parent_id": "msg_1", "stored_history": True}, {"answer_to": "msg_1"}, {"continue_id": "msg_1"}):
        running = new_bridge()
        _, accepted, *_ = texts(await talk(HELLO, {**start, **place}, to=running, headers={"x-request-id": "req_1"}))
        assert accepted == {
            "type": "accepted", "id": "1", "generation_id": GENERATION, "question_id": "msg_q", "answer_id": "msg_a",
            "request_id": "req_1-2",
        }  # fmt: skip
        (asked,) = running.worker.starts
        assert {name: getattr(asked, name) for name in place} == place


async def test_a_load_arrives_before_the_start_with_a_number_of_its_own() -> None:
    async def loaded_first(start: StartGeneration) -> AsyncIterator[GenerationEvent]:
        yield Loading(model=ModelName("m"), size_bytes=7)
        yield Started(model=ModelName("m"))
        yield Finished(reason="stop")

    running = new_bridge()
    running.worker.script = loaded_first
    start = {"type": "start", "id": "1", "generate": {"model": "m"}}
    events = [frame for frame in texts(await talk(HELLO, start, to=running)) if frame["type"] == "event"]
    assert [(frame["seq"], frame["event"]["type"]) for frame in events] == [
        (0, "loading"), (1, "started"), (2, "finished")
    ]  # fmt: skip
    assert events[0]["event"] == {"type": "loading", "model": "m", "size_bytes": 7, "expected_s": None}


async def test_changes_are_passed_on_until_the_watch_ends() -> None:
    running = new_bridge()
    change = ConversationChanged(conversation_id=ConversationId("conv_1"), kind="message", revision=3)
    running.worker.changes = [Watching(), Watching(fresh=False), change]
    said = texts(await talk(HELLO, {"type": "watch", "id": "w", "conversation_id": "conv_1"}, to=running))
    assert [frame["type"] for frame in said] == ["welcome", "watching", "changed", "end"]
    assert said[2] == {
        "type": "changed", "id": "w", "conversation_id": "conv_1", "kind": "message", "revision": 3,
        "message_id": None, "generation_id": None,
    }  # fmt: skip
    assert running.worker.watches[0].conversation_id == "conv_1"


async def test_a_watch_whose_credential_is_no_longer_good_fails() -> None:
    running = new_bridge()
    running.worker.changes = [Watching(), Unauthenticated("expired")]
    said = texts(await talk(HELLO, {"type": "watch", "id": "w"}, to=running))
    assert [frame["type"] for frame in said] == ["welcome", "watching", "error"]
    assert said[2]["error"]["code"] == "unauthenticated"


async def test_a_watch_goes_on_at_another_worker_and_says_that_it_may_have_missed_something(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(websocket, "REWATCH_S", 0.0)
    running = new_bridge()
    running.worker.changes = [Watching(), StreamInterrupted()]
    running.worker.changes_later = [Watching()]
    said = texts(await talk(HELLO, {"type": "watch", "id": "w"}, to=running))
    assert [frame["type"] for frame in said] == ["welcome", "watching", "watching", "end"]


async def test_a_watch_that_cannot_begin_says_why() -> None:
    running = new_bridge()
    running.worker.changes = [StreamInterrupted()]
    said = texts(await talk(HELLO, {"type": "watch", "id": "w"}, to=running))
    assert said[1]["error"]["code"] == "stream_interrupted"
