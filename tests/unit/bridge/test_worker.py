from __future__ import annotations

import pytest

from covey.errors import Draining, NotStarted, PeerUnavailable
from tests.helpers.bridges import new_bridge


async def test_readiness_follows_the_state_and_the_client_worker() -> None:
    running = new_bridge()
    with pytest.raises(NotStarted):
        await running.bridge.check()
    running.bridge.state = "serving"
    await running.bridge.check()
    running.bus.present = False
    with pytest.raises(PeerUnavailable):
        await running.bridge.check()
    running.bridge.state = "draining"
    with pytest.raises(Draining):
        await running.bridge.check()


async def test_closing_what_never_opened_is_safe_twice() -> None:
    running = new_bridge()
    await running.bridge.close()
    await running.bridge.close()
