"""Sessions: what a refresh token is made of, and what presenting one means.

A refresh token has two secrets: one of the whole session, the same in all its tokens, and one that changes with each
use. The right first and a wrong second is an old token of this session: it was stolen, or its thief used it before. A
wrong first is a guess, which must not be able to end anybody's session.
"""

from __future__ import annotations

import hmac
import math
import re
from hashlib import sha256
from typing import Literal

import msgspec

from covey.protocol.ids import SessionId, UserId

PREFIX = "covey-refresh"
SECRET_BYTES = 32
_TOKEN = re.compile(
    rf"{PREFIX}\.([A-Za-z0-9_-]{{1,64}})\.([A-Za-z0-9_-]{{1,64}})\.([0-9A-Za-z]{{43}})\.([0-9A-Za-z]{{43}})\Z"
)

Presented = Literal["current", "reused", "unknown"]


class RefreshParts(msgspec.Struct, frozen=True, kw_only=True):
    user_id: UserId
    session_id: SessionId
    family_secret: str
    turn_secret: str


def format_refresh_token(parts: RefreshParts) -> str:
    return f"{PREFIX}.{parts.user_id}.{parts.session_id}.{parts.family_secret}.{parts.turn_secret}"


def parse_refresh_token(token: str) -> RefreshParts | None:
    """Its parts; None when it is not one."""
    match = _TOKEN.match(token) if len(token) <= 256 else None
    if match is None:
        return None
    user_id, session_id, family_secret, turn_secret = match.groups()
    return RefreshParts(
        user_id=UserId(user_id),
        session_id=SessionId(session_id),
        family_secret=family_secret,
        turn_secret=turn_secret,
    )


def hash_secret(secret: str) -> str:
    """What is stored of a 256-bit secret."""
    return sha256(secret.encode()).hexdigest()


def judge(parts: RefreshParts, *, family_hash: str, turn_hash: str) -> Presented:
    """What the secrets of a refresh token are, compared in constant time."""
    if not hmac.compare_digest(hash_secret(parts.family_secret), family_hash):
        return "unknown"
    if not hmac.compare_digest(hash_secret(parts.turn_secret), turn_hash):
        return "reused"
    return "current"


def next_valid_after(now: float, previous: float) -> float:
    """A moment that every access token issued before lies in front of: a whole second, later than the last one."""
    return float(math.floor(max(now, previous)) + 1)


def issue_time(now: float, valid_after: float) -> int:
    """The issue time of a new access token: now in whole seconds, but never one that has been declared invalid."""
    return max(int(now), math.ceil(valid_after))
