from __future__ import annotations

from functools import partial

import pytest

from covey.errors import Conflict, NotFound
from covey.protocol.ids import InstanceId, NodeName
from covey.protocol.nodes import InviteNode, NodeJoined
from covey.protocol.registry import InstanceInfo
from covey.rpc.local import LocalBus
from covey.rpc.service import Service
from covey.workers.gateway.machines import NoMachines, keeper_of


class Gateway(Service):
    service = "gateway"


async def test_where_the_mesh_is_elsewhere_nobody_joins_and_this_is_said() -> None:
    machines = NoMachines()
    assert not machines.invitations().accepts
    assert machines.invitations().setting is None
    assert machines.joined() == ()
    with pytest.raises(Conflict):
        await machines.invite(InviteNode(), "robin")
    with pytest.raises(NotFound):
        await machines.revoke("U")
    with pytest.raises(NotFound):
        await machines.remove("box")
    await machines.on_joined(NodeJoined(node=NodeName("box"), invited_by="robin"))


async def test_the_gateway_beside_the_server_is_found_by_what_it_says() -> None:
    bus = LocalBus()
    assert keeper_of(bus) is None
    for number, keeps in ((1, False), (2, True)):
        info = InstanceInfo(
            service="gateway", instance=InstanceId(f"gateway-{number}"), node=NodeName("main"), keeps_mesh=keeps
        )
        await bus.serve(Gateway(), partial(lambda told: told, info))
    assert keeper_of(bus) == "gateway-2"
    await bus.close()
