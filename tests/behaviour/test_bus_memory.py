from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from covey.rpc.node import RpcNode
from covey.testing.memory_carrier import MemoryHub
from tests.behaviour.bus import Ends, RemoteBusSuite


@pytest.fixture
async def ends() -> AsyncIterator[Ends]:
    hub = MemoryHub()
    caller, server = RpcNode(hub.carrier("_INBOX_client.client-1")), RpcNode(hub.carrier("_INBOX_gateway.gateway-1"))
    await caller.start()
    await server.start()
    yield Ends(caller, server)
    await caller.stop()
    await server.stop()


class TestBusBetweenTwoNodesInMemory(RemoteBusSuite):
    pass
