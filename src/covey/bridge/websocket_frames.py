"""The frames of the WebSocket at ``/covey/v1/ws``: JSON texts, told apart by ``type``. See docs/websocket.md."""

from __future__ import annotations

from typing import Any

import msgspec


class _Frame(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Hello(_Frame, frozen=True, kw_only=True, tag="hello"):
    """The first frame. Later ones renew the credential of the same account."""

    credential: str


class Start(_Frame, frozen=True, kw_only=True, tag="start"):
    """Begin a generation and follow it. It goes on when the socket closes."""

    id: str
    generate: dict[str, Any]
    conversation_id: str | None = None
    parent_id: str | None = None
    answer_to: str | None = None
    continue_id: str | None = None
    stored_history: bool = False
    idempotency_key: str | None = None


class Follow(_Frame, frozen=True, kw_only=True, tag="follow"):
    """Follow a generation from the event after ``after`` on."""

    id: str
    generation_id: str
    after: int = -1


class Watch(_Frame, frozen=True, kw_only=True, tag="watch"):
    """Hear what happens to the account's conversations, or to one of them."""

    id: str
    conversation_id: str | None = None


class Unfollow(_Frame, frozen=True, kw_only=True, tag="unfollow"):
    """Hear no more of a request. Its generation goes on."""

    id: str


class Cancel(_Frame, frozen=True, kw_only=True, tag="cancel"):
    """Stop a generation."""

    id: str
    generation_id: str


class Ping(_Frame, frozen=True, kw_only=True, tag="ping"):
    id: str | None = None


ClientFrame = Hello | Start | Follow | Watch | Unfollow | Cancel | Ping


class FrameError(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    message: str
    param: str | None = None
    retry_after_s: float | None = None
    request_id: str | None = None


def encode(kind: str, /, **fields: Any) -> str:
    """A frame of the server."""
    return msgspec.json.encode({"type": kind, **fields}).decode()
