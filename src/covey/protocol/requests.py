"""The request log: the last requests of the whole service, one by one. Never any content."""

from __future__ import annotations

from covey.protocol.endpoint import Endpoint, Message
from covey.protocol.ids import InstanceId, KeyId, ModelName, NodeName, RequestId, UserId
from covey.protocol.usage import Outcome, UsageRecord


class QueryRequests(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Own requests; an administrator sees all. Newest first."""

    cursor: str | None = None
    limit: int = 100
    """1 to 500."""
    user_id: UserId | None = None
    """Another user's, or ``*`` for all, which is what an administrator gets without it."""
    key_id: KeyId | None = None
    model: ModelName | None = None
    outcome: Outcome | None = None
    error_code: str | None = None
    processor: InstanceId | None = None
    node: NodeName | None = None
    request_id: RequestId | None = None
    min_duration_ms: float | None = None
    """Only requests that took at least so long."""
    since: float | None = None
    """Unix seconds: only requests that ended then or later."""
    until: float | None = None
    """Unix seconds: only requests that ended before."""


class LoggedRequest(Message, frozen=True, kw_only=True):
    record: UsageRecord
    username: str | None = None
    """The user's present name, or the one at the time of the request when the account is gone."""
    user_deleted: bool = False
    key_name: str | None = None
    """None when it was no API key, or when nothing is known of the key any more."""
    key_prefix: str | None = None
    key_deleted: bool = False
    """Whether the key was revoked or is gone."""


class RequestPage(Message, frozen=True, kw_only=True):
    items: tuple[LoggedRequest, ...]
    next: str | None = None


QUERY_REQUESTS = Endpoint("gateway.query_requests", QueryRequests, RequestPage, timeout_s=15.0, idempotent=True)
