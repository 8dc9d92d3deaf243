"""What administrators decide about single models while the service runs, and what can be fetched."""

from __future__ import annotations

from typing import Literal

from covey.protocol.auth import Role
from covey.protocol.endpoint import Empty, Endpoint, Message
from covey.protocol.ids import InstanceId, ModelName, NodeName, UserId
from covey.protocol.inference import Sampling
from covey.protocol.registry import ModelRef, PullProgress


class ModelAccess(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may use a model. Administrators always may."""

    kind: Literal["all", "users", "roles"] = "all"
    users: tuple[UserId, ...] = ()
    """For ``users``: these and nobody else; at most 1000."""
    roles: tuple[Role, ...] = ()
    """For ``roles``: everybody who has one of these."""


class SetModelSettings(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Replaces what was decided before. It goes before the settings file; requests go before both."""

    model: ModelName
    aliases: tuple[ModelName, ...] = ()
    """Further names, at most 16."""
    sampling: Sampling = Sampling()
    """Used where a request says nothing."""
    system_prompt: str | None = None
    """Put first in conversations that bring none of their own; at most 32 000 characters."""
    description: str | None = None
    """For lists; at most 500 characters."""
    hidden: bool = False
    """Kept from lists and from use, except for administrators."""
    access: ModelAccess = ModelAccess()


class ModelSettings(Message, frozen=True, kw_only=True):
    model: ModelName
    aliases: tuple[ModelName, ...] = ()
    sampling: Sampling = Sampling()
    system_prompt: str | None = None
    description: str | None = None
    hidden: bool = False
    access: ModelAccess = ModelAccess()
    updated_at: float | None = None
    """None: nothing was decided about this model."""
    updated_by: UserId | None = None


class PullableModel(Message, frozen=True, kw_only=True):
    name: ModelName
    size_bytes: int
    """About; what the server says counts."""
    description: str = ""
    license: str = ""
    installed: bool = False


class PullableList(Message, frozen=True, kw_only=True):
    items: tuple[PullableModel, ...]


class RunningPull(Message, frozen=True, kw_only=True):
    id: str
    model: ModelName
    instance: InstanceId
    node: NodeName
    started_at: float
    progress: PullProgress


class PullList(Message, frozen=True, kw_only=True):
    items: tuple[RunningPull, ...]


class PullRef(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pull_id: str


SET_MODEL_SETTINGS = Endpoint("gateway.set_model_settings", SetModelSettings, ModelSettings, timeout_s=10.0)
GET_MODEL_SETTINGS = Endpoint("gateway.get_model_settings", ModelRef, ModelSettings, idempotent=True)
RESET_MODEL_SETTINGS = Endpoint("gateway.reset_model_settings", ModelRef, Empty, timeout_s=10.0, idempotent=True)
GET_CATALOGUE = Endpoint("gateway.get_catalogue", Empty, PullableList, idempotent=True)
LIST_PULLS = Endpoint("gateway.list_pulls", Empty, PullList, idempotent=True)
CANCEL_PULL = Endpoint("gateway.cancel_pull", PullRef, Empty, timeout_s=10.0, idempotent=True)
PROCESSOR_CATALOGUE = Endpoint("processor.catalogue", Empty, PullableList, idempotent=True)
PROCESSOR_LIST_PULLS = Endpoint("processor.list_pulls", Empty, PullList, idempotent=True)
PROCESSOR_CANCEL_PULL = Endpoint("processor.cancel_pull", PullRef, Empty, idempotent=True)
