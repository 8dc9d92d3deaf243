from __future__ import annotations

import json

from covey.errors import BackendUnavailable
from tests.helpers.asgi import ask
from tests.helpers.bridges import AUTHORIZATION, new_bridge

PATH = "/covey/v1/models/pull"


async def test_progress_is_a_line_for_each_step() -> None:
    running = new_bridge()
    answer = await ask(running.bridge.application, "POST", PATH, AUTHORIZATION, {"model": "tiny"})
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [json.loads(line)["status"] for line in answer.body.splitlines()] == ["downloading", "done"]
    assert running.worker.pulls[0].pull.model == "tiny"


async def test_those_who_ask_for_events_get_events() -> None:
    headers = AUTHORIZATION | {"accept": "text/event-stream"}
    answer = await ask(new_bridge().bridge.application, "POST", PATH, headers, {"model": "tiny"})
    assert answer.body.count(b"data: ") == 2


async def test_a_failure_on_the_way_is_the_last_line() -> None:
    running = new_bridge()
    running.worker.pull_error = BackendUnavailable("the download broke off")
    answer = await ask(running.bridge.application, "POST", PATH, AUTHORIZATION, {"model": "tiny"})
    assert answer.status == 200
    assert json.loads(answer.body.splitlines()[-1])["error"]["code"] == "backend_unavailable"


async def test_strangers_and_unknown_fields_are_refused_with_a_status() -> None:
    running = new_bridge()
    app = running.bridge.application
    assert (await ask(app, "POST", PATH, {}, {"model": "tiny"})).status == 401
    assert (await ask(app, "POST", PATH, {"x-api-key": "wrong"}, {"model": "tiny"})).status == 401
    assert (await ask(app, "POST", PATH, AUTHORIZATION, {"model": "tiny", "url": "x"})).status == 422
    assert running.worker.pulls == []
