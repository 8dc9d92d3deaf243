"""Sessions as they are stored, and the marks that end their access tokens before their time.

A session ends in this order: first the mark that gateways see, then the session's own record. A crash in between leaves
a session that is marked: its tokens are refused, it cannot be renewed, and healing removes it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence

import msgspec
import structlog

from covey.domain.access_tokens import LEEWAY_S
from covey.domain.api_keys import base62
from covey.domain.sessions import SECRET_BYTES, RefreshParts, format_refresh_token, hash_secret
from covey.protocol.auth import AccessSession
from covey.protocol.ids import SessionId, UserId
from covey.runtime.clock import Clock
from covey.runtime.identifiers import mint
from covey.store.key_value import KeyValue, Write
from covey.workers.auth.config import SessionConfig
from covey.workers.auth.metrics import AuthMetrics, EndReason
from covey.workers.auth.records import SessionRecord, Stored, decode, encode, ended_key, read, session_key

_log = structlog.get_logger(__name__)
MARK_MARGIN_S = 60.0
"""How much longer than the last access token the mark of its session is kept."""


def new_secret() -> str:
    return base62(int.from_bytes(secrets.token_bytes(SECRET_BYTES)), 43)


class Sessions:
    """Reads, makes, ends. Who may do so is decided elsewhere."""

    def __init__(
        self, auth: KeyValue, access: KeyValue, clock: Clock, config: SessionConfig, metrics: AuthMetrics
    ) -> None:
        self._auth = auth
        self._access = access
        self._clock = clock
        self._config = config
        self._metrics = metrics

    async def of(self, user_id: UserId) -> list[Stored[SessionRecord]]:
        """All sessions of an account, oldest first."""
        now = self._clock.now()
        entries = await self._auth.range(f"session.{user_id}")
        found = [decode(entry, SessionRecord) for entry in entries]
        return [stored for stored in found if stored.record.expires_at > now]

    async def find(self, user_id: UserId, session_id: SessionId) -> Stored[SessionRecord] | None:
        """None when it does not exist, has expired, or is marked as ended."""
        stored = await read(self._auth, session_key(user_id, session_id), SessionRecord)
        if stored is None or stored.record.expires_at <= self._clock.now():
            return None
        if await self._access.get(ended_key(session_id)) is not None:
            return None
        return stored

    def new(self, user_id: UserId, label: str) -> tuple[SessionRecord, str]:
        """A session that is not stored yet, and its first refresh token."""
        now = self._clock.now()
        parts = RefreshParts(
            user_id=user_id, session_id=SessionId(mint("ses")), family_secret=new_secret(), turn_secret=new_secret()
        )
        record = SessionRecord(
            id=parts.session_id,
            user_id=user_id,
            label=label,
            created_at=now,
            last_used_at=now,
            expires_at=now + min(self._config.idle_ttl_s, self._config.max_ttl_s),
            family_hash=hash_secret(parts.family_secret),
            turn_hash=hash_secret(parts.turn_secret),
        )
        return record, format_refresh_token(parts)

    def turned(self, record: SessionRecord, parts: RefreshParts) -> tuple[SessionRecord, str]:
        """The session after one use of its refresh token, and the next refresh token."""
        now = self._clock.now()
        following = msgspec.structs.replace(parts, turn_secret=new_secret())
        turned = msgspec.structs.replace(
            record,
            last_used_at=now,
            expires_at=min(now + self._config.idle_ttl_s, record.created_at + self._config.max_ttl_s),
            turn_hash=hash_secret(following.turn_secret),
        )
        return turned, format_refresh_token(following)

    def write(self, record: SessionRecord, expected_revision: int = 0) -> Write:
        """The write that stores it; the store forgets it when it expires."""
        ttl_s = max(1.0, record.expires_at - self._clock.now())
        return Write(session_key(record.user_id, record.id), encode(record), expected_revision, ttl_s)

    def surplus(self, present: Sequence[Stored[SessionRecord]]) -> list[SessionRecord]:
        """The sessions that have to go before one more is made: those unused longest."""
        by_use = sorted((stored.record for stored in present), key=lambda record: record.last_used_at)
        return by_use[: max(0, len(by_use) + 1 - self._config.max_per_user)]

    async def mark_ended(self, records: Sequence[SessionRecord], reason: EndReason) -> None:
        """Tell gateways to refuse their access tokens from now on."""
        now = self._clock.now()
        ttl_s = self._config.access_token_ttl_s + LEEWAY_S + MARK_MARGIN_S
        marks = [
            (ended_key(record.id), AccessSession(session_id=record.id, user_id=record.user_id, ended_at=now))
            for record in records
        ]
        await asyncio.gather(*(self._access.put(key, encode(mark), ttl_s=ttl_s) for key, mark in marks))
        self._metrics.sessions_ended(reason, len(marks))

    async def end(self, record: SessionRecord, reason: EndReason) -> None:
        """End one session, on every gateway and for good."""
        await self.mark_ended([record], reason)
        await self._auth.delete(session_key(record.user_id, record.id))
        _log.info("session_ended", user_id=record.user_id, session_id=record.id, reason=reason)
