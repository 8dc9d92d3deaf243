"""The service at a glance: what happened lately, what happens now, and whether all is well."""

from __future__ import annotations

from covey.protocol.endpoint import Empty, Endpoint, Message
from covey.protocol.ids import InstanceId, ModelName, NodeName


class ActivityMinute(Message, frozen=True, kw_only=True):
    """One minute of one gateway."""

    at: float
    """Unix seconds at which it began."""
    requests: int = 0
    """All that ended, refused ones included."""
    failed: int = 0
    refused: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    first_token: dict[int, int] = {}
    """How many answers began how late: step of the scale of durations → how many."""


class GatewayActivity(Message, frozen=True, kw_only=True):
    minutes: tuple[ActivityMinute, ...] = ()
    running: int = 0
    access_age_s: float | None = None
    """How old what it knows about credentials is; None: it knows nothing."""
    records_waiting: int = 0
    """Usage records that the store has not taken yet."""


class AskActivity(Message, frozen=True, kw_only=True):
    """From one gateway to all. They verify the credential themselves."""

    credential: str


class ActivityTotals(Message, frozen=True, kw_only=True):
    requests: int = 0
    failed: int = 0
    refused: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    first_token_p50_ms: float | None = None
    first_token_p95_ms: float | None = None


class ActivityPoint(Message, frozen=True, kw_only=True):
    """One minute of the whole service."""

    at: float
    requests: int = 0
    failed: int = 0
    refused: int = 0
    tokens: int = 0
    first_token_p50_ms: float | None = None
    first_token_p95_ms: float | None = None


class NodeSummary(Message, frozen=True, kw_only=True):
    name: NodeName
    services: tuple[str, ...]
    draining: bool = False


class ServiceHealth(Message, frozen=True, kw_only=True):
    mesh: bool
    """Whether every gateway that is there answered over the network."""
    store: bool
    """Whether the gateways' copies of the store are fresh and what was used is being written."""
    access_age_s: float | None = None
    """Of the gateway that knows least lately."""
    records_waiting: int = 0
    silent_gateways: tuple[InstanceId, ...] = ()


class Overview(Message, frozen=True, kw_only=True):
    at: float
    version: str
    started_at: float
    """Of the worker that has been running longest."""
    uptime_s: float
    last_minute: ActivityTotals
    last_hour: ActivityTotals
    last_day: ActivityTotals
    """Since the gateways started, if that is less."""
    series: tuple[ActivityPoint, ...]
    """The last 60 minutes, oldest first."""
    running: int
    waiting: int
    slots: int
    models: int
    loaded_models: tuple[ModelName, ...]
    users: int
    nodes: tuple[NodeSummary, ...]
    health: ServiceHealth


GATEWAY_ACTIVITY = Endpoint("gateway.activity", AskActivity, GatewayActivity, timeout_s=2.0, idempotent=True)
GET_OVERVIEW = Endpoint("gateway.overview", Empty, Overview, timeout_s=5.0, idempotent=True)
