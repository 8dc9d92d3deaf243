"""What administrators ask of a gateway, gathered for the operations."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from covey.protocol.auth import Identity
from covey.protocol.contents import GET_CONTENT_POLICY, GET_REQUEST_CONTENT
from covey.protocol.endpoint import Empty
from covey.protocol.model_settings import (
    CANCEL_PULL,
    GET_CATALOGUE,
    GET_MODEL_SETTINGS,
    LIST_PULLS,
    RESET_MODEL_SETTINGS,
    SET_MODEL_SETTINGS,
)
from covey.protocol.nodes import (
    DRAIN_NODE,
    INVITE_NODE,
    LIST_NODE_INVITATIONS,
    REMOVE_NODE,
    RESUME_NODE,
    REVOKE_NODE_INVITATION,
)
from covey.protocol.requests import QUERY_REQUESTS
from covey.rpc.context import CallContext
from covey.workers.gateway.contents import Contents
from covey.workers.gateway.machines import Machines
from covey.workers.gateway.model_settings import ModelSettingsStore
from covey.workers.gateway.names import Names
from covey.workers.gateway.node_settings import NodeSettings
from covey.workers.gateway.nodes import Nodes
from covey.workers.gateway.overview import Overviews
from covey.workers.gateway.pulls import GatewayPulls
from covey.workers.gateway.request_log import RequestLog

Handler = Callable[[Any, Identity, CallContext], Awaitable[msgspec.Struct]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Administration:
    names: Names
    nodes: Nodes
    machines: Machines
    models: ModelSettingsStore
    pulls: GatewayPulls
    requests: RequestLog
    contents: Contents
    overviews: Overviews
    settings: NodeSettings


def administrative(parts: Administration) -> dict[str, Handler]:
    """Endpoint name → what answers it."""

    async def get_model_settings(request: Any, _: Identity, __: CallContext) -> msgspec.Struct:
        return parts.models.get(request)

    async def get_content_policy(_: Any, __: Identity, ___: CallContext) -> msgspec.Struct:
        return parts.contents.policy()

    async def list_node_invitations(_: Any, __: Identity, ___: CallContext) -> msgspec.Struct:
        return parts.machines.invitations()

    async def revoke_node_invitation(request: Any, _: Identity, __: CallContext) -> msgspec.Struct:
        await parts.machines.revoke(request.invitation_id)
        return Empty()

    async def remove_node(request: Any, _: Identity, __: CallContext) -> msgspec.Struct:
        await parts.machines.remove(request.node)
        return Empty()

    return {
        INVITE_NODE.name: lambda request, identity, _: parts.machines.invite(request, identity.username),
        LIST_NODE_INVITATIONS.name: list_node_invitations,
        REVOKE_NODE_INVITATION.name: revoke_node_invitation,
        REMOVE_NODE.name: remove_node,
        DRAIN_NODE.name: lambda request, identity, context: parts.nodes.set_draining(request, context, draining=True),
        RESUME_NODE.name: lambda request, identity, context: parts.nodes.set_draining(request, context, draining=False),
        QUERY_REQUESTS.name: lambda request, identity, context: parts.requests.query(request, identity),
        GET_REQUEST_CONTENT.name: lambda request, identity, _: parts.contents.get(request),
        GET_CONTENT_POLICY.name: get_content_policy,
        GET_MODEL_SETTINGS.name: get_model_settings,
        SET_MODEL_SETTINGS.name: lambda request, identity, context: parts.models.set(request, identity),
        RESET_MODEL_SETTINGS.name: lambda request, identity, context: parts.models.reset(request),
        GET_CATALOGUE.name: lambda request, identity, context: parts.pulls.catalogue(context),
        LIST_PULLS.name: lambda request, identity, context: parts.pulls.list(context),
        CANCEL_PULL.name: lambda request, identity, context: parts.pulls.cancel(request, context),
    }
