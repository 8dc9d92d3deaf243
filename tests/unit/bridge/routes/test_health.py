from __future__ import annotations

import pytest

from tests.helpers.asgi import ask
from tests.helpers.bridges import new_bridge


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz"])
async def test_health_needs_no_credential_and_names_no_version(path: str) -> None:
    running = new_bridge()
    running.bridge.state = "serving"
    for method in ("GET", "HEAD"):
        answer = await ask(running.bridge.application, method, path, {"host": "10.1.2.3"})
        assert (answer.status, answer.json) == (200, {"status": "ok"})


async def test_not_ready_while_draining_or_without_a_client_worker() -> None:
    running = new_bridge()
    app = running.bridge.application
    assert (await ask(app, "GET", "/readyz")).json == {"status": "not_started"}
    running.bridge.state = "serving"
    running.bus.present = False
    answer = await ask(app, "GET", "/readyz")
    assert (answer.status, answer.json) == (503, {"status": "peer_unavailable"})
    running.bridge.state = "draining"
    assert (await ask(app, "GET", "/readyz")).json == {"status": "draining"}
    assert (await ask(app, "GET", "/livez")).status == 200
