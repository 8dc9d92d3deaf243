"""Requests that may arrive twice and must count once: the key, what it stands for, and what is remembered of it."""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from covey.errors import InvalidRequest
from covey.protocol.endpoint import Message
from covey.protocol.ids import GenerationId, InstanceId, UserId

LONGEST_KEY = 255
SECRET_ANSWERS = frozenset({"keys.create", "invitations.create", "nodes.invite"})
"""Operations whose answer carries a secret: it is never stored, so a late repeat is refused instead of answered."""


class IdempotencyRecord(Message, frozen=True, kw_only=True):
    """What the store keeps under a user's key."""

    request_hash: bytes
    state: Literal["running", "done"]
    instance: InstanceId
    generation_id: GenerationId | None = None
    body: bytes | None = None
    """The answer; None once done: it was not kept."""


def record_key(user_id: UserId, key: str) -> str:
    """Where the record of a user's key is. Raises InvalidRequest for a key that is empty or too long."""
    if not 0 < len(key) <= LONGEST_KEY:
        raise InvalidRequest(f"an idempotency key has 1 to {LONGEST_KEY} characters", param="idempotency-key")
    return f"idempotency.{user_id}.{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()}"


def request_hash(kind: str, body: bytes) -> bytes:
    """What makes two requests the same one."""
    return hashlib.sha256(kind.encode() + b"\0" + body).digest()


def request_body(request: msgspec.Struct) -> bytes:
    """A request in its one spelling: the same fields give the same bytes, whatever the order of a client's JSON."""
    return msgspec.json.encode(request, order="sorted")
