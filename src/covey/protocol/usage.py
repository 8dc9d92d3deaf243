"""What was used, and who changed what: the gateway's usage log, its roll-ups, and the audit log."""

from __future__ import annotations

from typing import Any, Literal

from covey.protocol.endpoint import Endpoint, Message
from covey.protocol.ids import InstanceId, KeyId, ModelName, NodeName, RequestId, UserId

Outcome = Literal["ok", "failed", "cancelled", "refused"]


class UsageRecord(Message, frozen=True, kw_only=True):
    """One request, also one that was refused once it was known whose it is. Never any content."""

    request_id: RequestId
    user_id: UserId
    key_id: KeyId | None = None
    model: ModelName
    kind: Literal["chat", "completion", "embedding"]
    at: float
    """Unix seconds when it ended."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    estimated: bool = False
    outcome: Outcome = "ok"
    error_code: str | None = None
    processor: InstanceId | None = None
    queue_ms: float | None = None
    first_token_ms: float | None = None
    duration_ms: float = 0.0
    username: str = ""
    """As it was then."""
    node: NodeName | None = None
    """Where the processor runs."""
    admitted: bool = True
    """False: it was refused before any processor saw it. It is no part of the usage then."""


class UsageTotals(Message, frozen=True, kw_only=True):
    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    failed: int = 0
    cancelled: int = 0


class UsageRow(Message, frozen=True, kw_only=True):
    day: str
    """UTC, ``2026-01-31``."""
    model: ModelName
    user_id: UserId
    key_id: KeyId | None = None
    totals: UsageTotals
    username: str | None = None
    """None: the account is gone, and so is its name."""
    user_deleted: bool = False
    key_name: str | None = None
    key_prefix: str | None = None
    key_deleted: bool = False
    """Whether the key was revoked or is gone."""


class QueryUsage(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Own usage; an administrator may name another user, or ``*`` for all."""

    first_day: str | None = None
    last_day: str | None = None
    user_id: str | None = None


class UsageReport(Message, frozen=True, kw_only=True):
    items: tuple[UsageRow, ...]
    total: UsageTotals


class AuditEvent(Message, frozen=True, kw_only=True):
    """One change to an account, key, session policy or model, or an attempt at one."""

    id: str
    at: float
    action: str
    """The operation's name, for example ``keys.create``."""
    actor_id: UserId | None = None
    actor_name: str | None = None
    target: str | None = None
    """The id of what was changed."""
    outcome: Literal["ok", "refused", "failed"]
    error_code: str | None = None
    request_id: RequestId
    client_address: str | None = None
    details: dict[str, Any] = {}
    """Names of changed fields and harmless values; never a secret."""


class QueryAudit(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    cursor: str | None = None
    limit: int = 100
    """1 to 500, newest first."""
    actor_id: UserId | None = None
    action: str | None = None
    """The operation's name, or its beginning up to a dot: ``keys.`` is all that was done to keys."""
    target: str | None = None
    """The id, or the model or node, that was changed."""
    outcome: Literal["ok", "refused", "failed"] | None = None
    since: float | None = None
    """Unix seconds: only what was done then or later."""
    until: float | None = None
    """Unix seconds: only what was done before."""


class AuditPage(Message, frozen=True, kw_only=True):
    items: tuple[AuditEvent, ...]
    next: str | None = None


QUERY_USAGE = Endpoint("gateway.query_usage", QueryUsage, UsageReport, timeout_s=15.0, idempotent=True)
QUERY_AUDIT = Endpoint("gateway.query_audit", QueryAudit, AuditPage, timeout_s=15.0, idempotent=True)
