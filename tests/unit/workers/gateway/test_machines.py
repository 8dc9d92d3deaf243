from __future__ import annotations

import pytest

from covey.errors import Conflict, NotFound
from covey.protocol.ids import NodeName
from covey.protocol.nodes import InviteNode, NodeJoined
from covey.workers.gateway.machines import NoMachines


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
