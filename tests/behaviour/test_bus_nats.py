from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.behaviour.bus import Ends, RemoteBusSuite
from tests.helpers.nats import running_nats_server
from tests.helpers.nats_buses import running_bus

pytestmark = pytest.mark.nats


@pytest.fixture
async def ends(tmp_path: Path) -> AsyncIterator[Ends]:
    async with (
        running_nats_server(tmp_path / "nats", jetstream=False) as server,
        running_bus(server.url, "client", "client-1") as caller,
        running_bus(server.url, "gateway", "gateway-1") as answerer,
    ):
        yield Ends(caller.node, answerer.node)


class TestBusBetweenTwoNodesOverNats(RemoteBusSuite):
    pass
