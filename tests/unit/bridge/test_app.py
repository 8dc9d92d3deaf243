from __future__ import annotations

import asyncio

import pytest

from covey.bridge.app import accept_request_id
from covey.errors import Draining
from covey.testing.eventually import eventually
from tests.helpers.asgi import Sent, ask, http_scope
from tests.helpers.bridges import AUTHORIZATION, new_bridge
from tests.helpers.client_worker import Gated

CHAT = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


@pytest.mark.parametrize(("given", "kept"), [(b"Abc-1_2", True), (b"a b", False), (b"", False), (b"x" * 65, False)])
def test_well_formed_request_ids_are_kept(given: bytes, kept: bool) -> None:
    assert (accept_request_id(given) == given.decode()) is kept
    assert accept_request_id(None) != accept_request_id(None)


async def test_requests_are_counted_by_template_status_and_outcome() -> None:
    running = new_bridge()
    await ask(running.bridge.application, "GET", "/v1/models/a/b", AUTHORIZATION)
    await ask(running.bridge.application, "GET", "/v1/models")
    name = "covey_bridge_requests_total"
    assert running.sample(name, route="/v1/models/{model:path}", method="GET", status="200", outcome="ok") == 1
    assert running.sample(name, route="/v1/models", method="GET", status="401", outcome="unauthenticated") == 1


async def test_other_methods_answer_405_with_those_that_are_served() -> None:
    answer = await ask(new_bridge().bridge.application, "PUT", "/v1/chat/completions")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert "error" in answer.json


async def test_method_overrides_are_not_obeyed() -> None:
    running = new_bridge()
    override = AUTHORIZATION | {"X-HTTP-Method-Override": "DELETE", "X-Method-Override": "DELETE"}
    await ask(running.bridge.application, "GET", "/covey/v1/models/m", override)
    assert [name for name, _, _ in running.worker.operations] == ["models.show"]


async def test_an_exchange_that_is_aborted_says_why() -> None:
    running = new_bridge()
    gate = Gated()
    running.worker.script = gate
    asking = asyncio.create_task(ask(running.bridge.application, "POST", "/v1/chat/completions", AUTHORIZATION, CHAT))
    await asyncio.wait_for(gate.reached.wait(), 5.0)
    running.bridge.application.abort_all(Draining("going away"))
    answer = await asking
    assert (answer.status, answer.json["error"]["code"]) == (503, "draining")
    assert running.worker.closed == 1
    assert running.bridge.application.in_flight == 0


async def test_cancelling_from_outside_is_answered_and_passed_on() -> None:
    running = new_bridge()
    gate = Gated()
    running.worker.script = gate
    asking = asyncio.create_task(ask(running.bridge.application, "POST", "/v1/chat/completions", AUTHORIZATION, CHAT))
    await asyncio.wait_for(gate.reached.wait(), 5.0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert running.worker.closed == 1


async def test_the_connection_is_told_whom_to_call_only_while_work_can_be_cancelled() -> None:
    class Connection:
        on_lost = None

    running = new_bridge()
    gate = Gated()
    running.worker.script = gate
    connection = Connection()
    import json

    wire = Sent(json.dumps(CHAT).encode())
    scope = http_scope("POST", "/v1/chat/completions", AUTHORIZATION) | {"covey.connection": connection}
    serving = asyncio.ensure_future(running.bridge.application(scope, wire.receive, wire.send))
    await asyncio.wait_for(gate.reached.wait(), 5.0)
    assert connection.on_lost is not None
    connection.on_lost("client_left")
    await serving
    assert wire.messages == []
    assert connection.on_lost is None
    await eventually(lambda: running.worker.closed == 1)


async def test_trace_context_and_address_travel() -> None:
    running = new_bridge()
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await ask(running.bridge.application, "GET", "/covey/v1/me", AUTHORIZATION | {"traceparent": traceparent})
    await ask(running.bridge.application, "GET", "/covey/v1/me", AUTHORIZATION | {"traceparent": "nonsense"})
    first, second = running.worker.contexts
    assert (first.traceparent, first.client_address, second.traceparent) == (traceparent, "192.0.2.1", None)
