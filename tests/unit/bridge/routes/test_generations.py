from __future__ import annotations

import json

import pytest

from covey.bridge.routes.generations import owner_of
from covey.errors import NotFound
from tests.helpers.asgi import ask
from tests.helpers.bridges import AUTHORIZATION, new_bridge
from tests.helpers.client_worker import CLIENT, GENERATION

START = {"generate": {"model": "m", "messages": [{"role": "user", "content": "hi"}]}}
EVENTS = f"/covey/v1/generations/{GENERATION}/events"


async def test_a_generation_is_started_detached() -> None:
    running = new_bridge()
    headers = AUTHORIZATION | {"idempotency-key": "once"}
    answer = await ask(running.bridge.application, "POST", "/covey/v1/generations", headers, START)
    assert (answer.status, answer.json["generation_id"]) == (202, GENERATION)
    assert answer.headers["location"].endswith(GENERATION)
    assert running.worker.starts[0].detached
    assert running.worker.contexts[0].idempotency_key == "once"


@pytest.mark.parametrize(
    ("headers", "query", "first"), [({}, "", 0), ({"last-event-id": "1"}, "", 2), ({}, "after=2", 3)]
)
async def test_its_events_are_followed_from_any_one_on(headers: dict[str, str], query: str, first: int) -> None:
    running = new_bridge()
    app = running.bridge.application
    await ask(app, "POST", "/covey/v1/generations", AUTHORIZATION, START)
    answer = await ask(app, "GET", EVENTS, AUTHORIZATION | headers, query=query)
    frames = [frame.split("\n") for frame in answer.body.decode().split("\n\n") if frame]
    assert [frame[0] for frame in frames] == [f"id: {number}" for number in range(first, 4)]
    last = json.loads(frames[-1][1].removeprefix("data: "))
    assert (last["type"], last["usage"]["prompt_tokens"]) == ("finished", 5)
    assert running.bus.addressed[-1] == CLIENT


async def test_it_is_cancelled_by_id() -> None:
    running = new_bridge()
    answer = await ask(running.bridge.application, "DELETE", f"/covey/v1/generations/{GENERATION}", AUTHORIZATION)
    assert (answer.status, answer.json) == (200, {})
    assert running.worker.cancels[0].generation_id == GENERATION


@pytest.mark.parametrize("after", ["x", "-2", "1e3", "99999999999"])
async def test_a_malformed_place_to_go_on_from_is_refused(after: str) -> None:
    answer = await ask(new_bridge().bridge.application, "GET", EVENTS, AUTHORIZATION, query=f"after={after}")
    assert answer.status == 400


async def test_unknown_fields_are_refused_at_both_levels() -> None:
    running = new_bridge()
    for body in (START | {"detached": False}, {"generate": START["generate"] | {"api_base": "x"}}):
        answer = await ask(running.bridge.application, "POST", "/covey/v1/generations", AUTHORIZATION, body)
        assert answer.status == 422
    assert running.worker.starts == []


def test_the_owner_is_read_off_the_id() -> None:
    bus = new_bridge().bus
    assert owner_of(bus, GENERATION) == CLIENT
    assert owner_of(bus, "gen_zzz_1") is None
    for bad in ("", "gen_", "gen_*_1", "gen_abc123_1.2", "../x", "gen_abc123_1\n"):
        with pytest.raises(NotFound):
            owner_of(bus, bad)
