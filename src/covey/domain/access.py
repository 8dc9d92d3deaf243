"""What gateways are told about an account while a change is under way."""

from __future__ import annotations

from covey.protocol.auth import AccessUser


def tightened(present: AccessUser, wanted: AccessUser) -> AccessUser:
    """The most restrictive of both: safe to publish before the change to ``wanted`` is certain."""
    return AccessUser(
        user_id=present.user_id,
        username=present.username,
        role="admin" if present.role == wanted.role == "admin" else "member",
        status="active" if present.status == wanted.status == "active" else "suspended",
        sessions_valid_after=max(present.sessions_valid_after, wanted.sessions_valid_after),
    )
