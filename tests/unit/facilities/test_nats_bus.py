from __future__ import annotations

import pytest

from covey.errors import NotStarted
from covey.facilities.connection_config import NatsConnectionConfig
from covey.facilities.nats_bus import NatsBus
from covey.facilities.nats_connection import NatsConnection
from covey.runtime.lifecycle import Facility
from tests.helpers.bus_services import ECHO, Counter, Question, context


async def test_a_bus_on_a_connection_that_is_not_started_says_so_and_can_be_stopped() -> None:
    connection = NatsConnection(NatsConnectionConfig(), name="test", inbox_prefix="_INBOX_node.node-1")
    bus = NatsBus(connection)
    facilities: list[Facility] = [connection, bus]
    assert [facility.name for facility in facilities] == ["connection", "bus"]
    with pytest.raises(NotStarted):
        await bus.check()
    with pytest.raises(NotStarted):
        await bus.start()
    counter = Counter()
    with pytest.raises(NotStarted):
        await bus.node.serve(counter, counter.info)
    with pytest.raises(NotStarted):
        await bus.node.call(ECHO, Question(), context())
    await bus.stop()
    await bus.stop()
