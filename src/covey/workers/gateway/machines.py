"""Machines that join by invitation, as a gateway asks for them. Whoever runs the nats-server lets them in and out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from covey.errors import Conflict, NotFound
from covey.protocol.ids import InstanceId
from covey.protocol.nodes import CreatedNodeInvitation, InviteNode, NodeInvitationList, NodeJoined
from covey.protocol.registry import JoinedNode
from covey.rpc.bus import Bus

KEPT = frozenset({"nodes.list", "nodes.invite", "nodes.invitations", "nodes.revoke_invitation", "nodes.remove"})
"""Operations that the gateway beside the nats-server answers for all."""


class Machines(Protocol):
    """What lets machines join and leave."""

    here: bool
    """Whether this process is the one to ask."""
    on_joined: Callable[[NodeJoined], Awaitable[None]]
    """Awaited with each machine that joined."""

    def joined(self) -> Sequence[JoinedNode]:
        """Those that belong here, whether they are there or away."""

    def invitations(self) -> NodeInvitationList: ...

    async def invite(self, request: InviteNode, invited_by: str) -> CreatedNodeInvitation: ...

    async def revoke(self, invitation_id: str) -> None:
        """Raises NotFound."""

    async def remove(self, name: str) -> None:
        """Its connection has ended when this returns. Raises NotFound."""


class NoMachines:
    """Where the nats-server is not this process's own, nobody can be let in."""

    here = False

    def __init__(self) -> None:
        self.on_joined: Callable[[NodeJoined], Awaitable[None]] = _forget

    def joined(self) -> Sequence[JoinedNode]:
        return ()

    def invitations(self) -> NodeInvitationList:
        return NodeInvitationList(accepts=False)

    async def invite(self, _: InviteNode, __: str) -> CreatedNodeInvitation:
        raise Conflict("machines cannot join here: this gateway does not run the mesh itself")

    async def revoke(self, _: str) -> None:
        raise NotFound("there is no such invitation", param="invitation_id")

    async def remove(self, _: str) -> None:
        raise NotFound("no machine of this name has joined", param="node")


def keeper_of(bus: Bus) -> InstanceId | None:
    """The gateway that lets machines in and out; None: there is none."""
    return next((info.instance for info in bus.instances("gateway") if info.keeps_mesh), None)


async def _forget(_: NodeJoined) -> None:
    """Nobody joins."""
