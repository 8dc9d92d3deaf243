"""Nodes: taking one out of service and back, and letting other machines join."""

from __future__ import annotations

from covey.protocol.endpoint import Empty, Endpoint, Message
from covey.protocol.ids import InvitationId, NodeName
from covey.protocol.registry import NodeInfo


class NodeRef(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    node: NodeName


class SetDraining(Message, frozen=True, kw_only=True):
    draining: bool


class InviteNode(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str | None = None
    """What the machine will be called, 1 to 32 letters, digits, ``-`` and ``_``; None: by its host name."""
    expires_in_s: int = 3600
    """A minute to seven days."""
    addresses: tuple[str, ...] = ()
    """Where it can reach this mesh, ``host:port`` or ``host``; none: as the settings say, or what is likely."""


class NodeInvitation(Message, frozen=True, kw_only=True):
    id: InvitationId
    """The public key that goes with the invitation's secret."""
    name: str | None = None
    created_at: float
    expires_at: float
    invited_by: str = ""


class CreatedNodeInvitation(Message, frozen=True, kw_only=True):
    invitation: NodeInvitation
    token: str
    """Shown once. Nothing is kept that it could be made from."""
    command: str
    """To be run on the machine that joins, where Covey is installed."""
    addresses: tuple[str, ...] = ()
    """Those in the token."""


class NodeInvitationList(Message, frozen=True, kw_only=True):
    accepts: bool
    """Whether machines can join here at all."""
    setting: str | None = None
    """The setting that has to be given for that; None: it is."""
    items: tuple[NodeInvitation, ...] = ()
    """Those that are open."""
    addresses: tuple[str, ...] = ()
    """Which addresses new ones will name."""


class RevokeNodeInvitation(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    invitation_id: InvitationId


class NodeJoined(Message, frozen=True, kw_only=True):
    """What is written down when a machine has joined."""

    node: NodeName
    invited_by: str
    version: str = ""


INVITE_NODE = Endpoint("gateway.invite_node", InviteNode, CreatedNodeInvitation, timeout_s=15.0)
LIST_NODE_INVITATIONS = Endpoint("gateway.list_node_invitations", Empty, NodeInvitationList, idempotent=True)
REVOKE_NODE_INVITATION = Endpoint(
    "gateway.revoke_node_invitation", RevokeNodeInvitation, Empty, timeout_s=15.0, idempotent=True
)
REMOVE_NODE = Endpoint("gateway.remove_node", NodeRef, Empty, timeout_s=15.0, idempotent=True)
DRAIN_NODE = Endpoint("gateway.drain_node", NodeRef, NodeInfo, timeout_s=10.0, idempotent=True)
RESUME_NODE = Endpoint("gateway.resume_node", NodeRef, NodeInfo, timeout_s=10.0, idempotent=True)
PROCESSOR_SET_DRAINING = Endpoint("processor.set_draining", SetDraining, Empty, idempotent=True)
