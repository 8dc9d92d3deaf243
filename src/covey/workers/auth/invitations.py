"""Invitations: a code that works once, stored as its hash."""

from __future__ import annotations

import secrets

import msgspec
import structlog

from covey.domain.sessions import hash_secret
from covey.errors import Forbidden, InvalidRequest, NotFound, Overloaded, QuotaExceeded, RevisionConflict
from covey.protocol.auth import CreatedInvitation, CreateInvitation, InvitationInfo
from covey.protocol.ids import InvitationId, UserId
from covey.runtime.clock import Clock
from covey.runtime.identifiers import mint
from covey.store.key_value import KeyValue, Write
from covey.workers.auth.records import InvitationRecord, Stored, decode, encode, invitation_key, read

_log = structlog.get_logger(__name__)
CODE_BYTES = 20
LONGEST_CODE = 64
SHORTEST_LIFE_S = 60
LONGEST_LIFE_S = 365 * 24 * 3600
LISTED_AFTERWARDS_S = 7 * 24 * 3600.0
"""How long an invitation stays in the list after it expired or was revoked."""
ROUNDS = 10


class Invitations:
    def __init__(self, auth: KeyValue, clock: Clock, max_outstanding: int) -> None:
        self._auth = auth
        self._clock = clock
        self._max_outstanding = max_outstanding

    async def create(self, creator: UserId, request: CreateInvitation) -> CreatedInvitation:
        """The only answer with the code. Raises InvalidRequest, QuotaExceeded."""
        if not SHORTEST_LIFE_S <= request.expires_in_s <= LONGEST_LIFE_S:
            raise InvalidRequest(
                f"an invitation expires after {SHORTEST_LIFE_S} to {LONGEST_LIFE_S} seconds", param="expires_in_s"
            )
        now = self._clock.now()
        outstanding = [each for each in await self._all() if each.record.state(now) == "open"]
        if len(outstanding) >= self._max_outstanding:
            raise QuotaExceeded("there are too many unused invitations; revoke some first")
        code = secrets.token_hex(CODE_BYTES)
        record = InvitationRecord(
            id=InvitationId(mint("inv")),
            role=request.role,
            created_at=now,
            expires_at=now + request.expires_in_s,
            created_by=creator,
        )
        await self._auth.create(invitation_key(hash_secret(code)), encode(record), ttl_s=self._ttl_s(record))
        _log.info("invitation_created", user_id=creator, invitation_id=record.id)
        return CreatedInvitation(invitation=record.info(now), code=code)

    async def infos(self) -> tuple[InvitationInfo, ...]:
        """Oldest first, those that are over included for some days."""
        now = self._clock.now()
        return tuple(sorted((each.record.info(now) for each in await self._all()), key=lambda info: info.id))

    async def revoke(self, invitation_id: InvitationId) -> None:
        """An open one does not work any more; a used or expired one leaves the list. Raises NotFound, Overloaded."""
        for _ in range(ROUNDS):
            stored = next((each for each in await self._all() if each.record.id == invitation_id), None)
            if stored is None:
                raise NotFound("there is no such invitation")
            try:
                await self._revoke(stored)
            except RevisionConflict:
                continue  # it was used, or revoked, at the same moment
            return
        raise Overloaded("the invitation is being changed by others; try again", retry_after_s=1.0)

    async def _revoke(self, stored: Stored[InvitationRecord]) -> None:
        now = self._clock.now()
        state = stored.record.state(now)
        if state == "revoked":
            return
        if state != "open":
            await self._auth.delete(stored.key, revision=stored.revision)
            return
        revoked = msgspec.structs.replace(stored.record, expires_at=now, revoked_at=now)
        await self._auth.update(stored.key, encode(revoked), stored.revision, ttl_s=self._ttl_s(revoked))

    async def valid(self, code: str) -> Stored[InvitationRecord]:
        """The invitation of a code. Raises Forbidden, the same for every code that does not work."""
        stored = None
        if len(code) <= LONGEST_CODE and code.isascii():
            stored = await read(self._auth, invitation_key(hash_secret(code)), InvitationRecord)
        if stored is None or stored.record.state(self._clock.now()) != "open":
            raise Forbidden("the invitation is not valid")
        return stored

    def use(self, stored: Stored[InvitationRecord], user_id: UserId, username: str) -> Write:
        """The write that uses it up, for the batch that makes the account."""
        used = msgspec.structs.replace(stored.record, used_by=user_id, used_by_name=username, used_at=self._clock.now())
        return Write(stored.key, encode(used), stored.revision, self._ttl_s(used))

    async def _all(self) -> list[Stored[InvitationRecord]]:
        return [decode(entry, InvitationRecord) for entry in await self._auth.range("invitation")]

    def _ttl_s(self, record: InvitationRecord) -> float:
        return max(1.0, record.expires_at + LISTED_AFTERWARDS_S - self._clock.now())
