from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from covey.rpc import listening
from covey.rpc.listening import Listener, Listeners
from covey.testing.eventually import eventually
from covey.testing.gate import Gate


async def test_a_slow_listener_loses_events_and_that_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "BACKLOG", 3)
    gate, heard = Gate(), list[int]()

    async def listen(event: int) -> None:
        await gate.enter()
        heard.append(event)

    listeners = Listeners()
    listeners.add("t", listen)
    with capture_logs() as logs:
        for number in range(10):
            listeners.tell("t", number)
        gate.open()
        await eventually(lambda: "events_caught_up" in [entry["event"] for entry in logs])
    assert heard == [0, 1, 2]
    assert {entry["event"]: entry.get("dropped") for entry in logs} == {"events_dropped": None, "events_caught_up": 7}
    await listeners.close()


async def test_a_listener_may_close_itself() -> None:
    listeners, heard = Listeners(), list[int]()
    made: list[Listener] = []

    async def listen(event: int) -> None:
        heard.append(event)
        await made[0].close()

    made.append(listeners.add("t", listen))
    listeners.tell("t", 1)
    await eventually(lambda: listeners.count("t") == 0)
    listeners.tell("t", 2)
    assert heard == [1]
