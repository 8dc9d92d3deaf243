"""Taking a node out of service and back."""

from __future__ import annotations

from covey.protocol.endpoint import Empty, Endpoint, Message
from covey.protocol.ids import NodeName
from covey.protocol.registry import NodeInfo


class NodeRef(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    node: NodeName


class SetDraining(Message, frozen=True, kw_only=True):
    draining: bool


DRAIN_NODE = Endpoint("gateway.drain_node", NodeRef, NodeInfo, timeout_s=10.0, idempotent=True)
RESUME_NODE = Endpoint("gateway.resume_node", NodeRef, NodeInfo, timeout_s=10.0, idempotent=True)
PROCESSOR_SET_DRAINING = Endpoint("processor.set_draining", SetDraining, Empty, idempotent=True)
