"""Accounts: found, made, changed, deleted, and told to the gateways.

The record in the bucket ``auth`` is the truth; the one in ``access`` is what gateways go by. They are written in an
order that grants nothing when a crash comes between:

- a change that takes something away first tightens ``access`` (and marks the sessions that end), then writes ``auth``,
  then publishes what is true now;
- a change that grants something writes ``auth`` first, so that a crash leaves it granted to nobody;
- each publication reads ``auth`` after it has read ``access`` and replaces only what it has read, so that whatever the
  order of two of them, the last one tells the truth.

What a crash leaves behind is a difference between the two, which healing puts right.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import structlog

from covey.domain.access import tightened
from covey.domain.administrators import administrators_after
from covey.domain.usernames import name_hash
from covey.errors import CoveyError, KeyExists, NotFound, Overloaded, RevisionConflict
from covey.protocol.auth import AccessUser, Role, UserStatus
from covey.protocol.ids import SessionId, UserId
from covey.store.key_value import KeyValue, Write
from covey.workers.auth.records import (
    ADMINISTRATORS,
    AdministratorList,
    KeyRing,
    NameRecord,
    Stored,
    UserRecord,
    access_key_key,
    encode,
    key_ring_key,
    name_key,
    read,
    session_key,
    user_key,
)
from covey.workers.auth.sessions import Sessions

_log = structlog.get_logger(__name__)
ROUNDS = 40
"""How often a change is decided anew because others were quicker, before it is given up."""


class Accounts:
    """All accounts. Who may do what is decided elsewhere."""

    def __init__(self, auth: KeyValue, access: KeyValue, sessions: Sessions) -> None:
        self._auth = auth
        self._access = access
        self._sessions = sessions

    async def find(self, user_id: UserId) -> Stored[UserRecord] | None:
        return await read(self._auth, user_key(user_id), UserRecord)

    async def get(self, user_id: UserId) -> Stored[UserRecord]:
        """Raises NotFound."""
        stored = await self.find(user_id)
        if stored is None:
            raise NotFound("there is no such user")
        return stored

    async def by_name(self, hashed_name: str) -> Stored[UserRecord] | None:
        """Two reads whether or not it exists."""
        found = await read(self._auth, name_key(hashed_name), NameRecord)
        return await self.find(found.record.user_id if found else UserId("nobody"))

    async def name_is_taken(self, hashed_name: str) -> bool:
        return await self._auth.get(name_key(hashed_name)) is not None

    async def administrators(self) -> Stored[AdministratorList] | None:
        """None as long as there was never an account."""
        return await read(self._auth, ADMINISTRATORS, AdministratorList)

    def writes_for_new(
        self, user: UserRecord, administrators: Stored[AdministratorList] | None, others: tuple[Write, ...] = ()
    ) -> list[Write]:
        """The batch that makes an account: it succeeds only if neither the name nor the place of the first
        administrator was taken since."""
        writes = [
            Write(name_key(name_hash(user.username)), encode(NameRecord(user_id=user.id)), 0),
            Write(user_key(user.id), encode(user), 0),
            *others,
        ]
        if user.role == "admin":
            writes.append(self._administrators_write(administrators, user.id, user.role, user.status))
        return writes

    async def change(
        self, user_id: UserId, decide: Callable[[UserRecord], UserRecord], *, keep: SessionId | None = None
    ) -> UserRecord:
        """Apply ``decide`` and end all sessions but ``keep``. An unchanged record ends nothing.

        ``decide`` may be asked several times. Raises NotFound, Conflict for the last administrator, Overloaded when
        others keep changing the account.
        """
        for _ in range(ROUNDS):
            stored = await self.get(user_id)
            wanted = decide(stored.record)
            if wanted == stored.record:
                await self.publish(user_id)
                return wanted
            if await self._replace(stored, wanted, keep):
                await self.publish(user_id)
                return wanted
        raise Overloaded("the account is being changed by others; try again", retry_after_s=1.0)

    async def delete(self, user_id: UserId) -> None:
        """The account, its name, sessions and keys. Raises NotFound, Conflict for the last administrator."""
        for _ in range(ROUNDS):
            stored = await self.get(user_id)
            if await self._remove(stored):
                await self.publish(user_id)  # a login meanwhile may have published it once more
                _log.info("user_deleted", user_id=user_id)
                return
        raise Overloaded("the account is being changed by others; try again", retry_after_s=1.0)

    async def publish(self, user_id: UserId) -> None:
        """Make the access record say what is true now. Raises Overloaded, StoreUnavailable."""
        key = user_key(user_id)
        for _ in range(ROUNDS):
            entry = await self._access.get(key)
            stored = await self.find(user_id)
            try:
                if stored is None:
                    if entry is not None:
                        await self._access.delete(key, revision=entry.revision)
                    return
                value = encode(stored.record.access())
                if entry is None:
                    await self._access.create(key, value)
                elif entry.value != value:
                    await self._access.update(key, value, entry.revision)
                return
            except (RevisionConflict, KeyExists):
                continue
        raise Overloaded("the account is being changed by others; try again", retry_after_s=1.0)

    async def _replace(self, stored: Stored[UserRecord], wanted: UserRecord, keep: SessionId | None) -> bool:
        """Whether the change was made; False: the account changed meanwhile."""
        present = stored.record
        writes = [Write(user_key(present.id), encode(wanted), stored.revision)]
        if (present.role, present.status) != (wanted.role, wanted.status):
            administrators = await self.administrators()
            writes.append(self._administrators_write(administrators, wanted.id, wanted.role, wanted.status))
        ending = [each.record for each in await self._sessions.of(present.id) if each.record.id != keep]
        writes += [Write(session_key(record.user_id, record.id), None) for record in ending]
        await self._tighten(present, wanted)
        await self._sessions.mark_ended(ending, "account")
        return await self._commit(writes, present.id)

    async def _remove(self, stored: Stored[UserRecord]) -> bool:
        user = stored.record
        writes = [Write(user_key(user.id), None, stored.revision), Write(name_key(name_hash(user.username)), None)]
        administrators = await self.administrators()
        writes.append(self._administrators_write(administrators, user.id, None, None))
        sessions = [each.record for each in await self._sessions.of(user.id)]
        writes += [Write(session_key(user.id, record.id), None) for record in sessions]
        ring = await read(self._auth, key_ring_key(user.id), KeyRing)
        if ring is not None:
            writes.append(Write(ring.key, None, ring.revision))
        # Without its access record an account does not exist for any gateway; the rest may follow.
        await self._access.delete(user_key(user.id))
        for key in ring.record.items if ring is not None else ():
            await self._access.delete(access_key_key(key.hash))
        await self._sessions.mark_ended(sessions, "account")
        return await self._commit(writes, user.id)

    async def _commit(self, writes: list[Write], user_id: UserId) -> bool:
        try:
            await self._auth.batch(writes)
        except RevisionConflict:
            return False
        except CoveyError:
            # What was tightened for nothing is put back as well as can be; healing does the rest.
            with suppress(CoveyError):
                await self.publish(user_id)
            raise
        return True

    async def _tighten(self, present: UserRecord, wanted: UserRecord) -> None:
        strict = tightened(present.access(), wanted.access())
        if strict == present.access():
            return
        for _ in range(ROUNDS):
            entry = await read(self._access, user_key(present.id), AccessUser)
            if entry is None:
                return  # nobody is granted anything
            value = encode(tightened(entry.record, strict))
            try:
                await self._access.update(entry.key, value, entry.revision)
                return
            except RevisionConflict:
                continue
        raise Overloaded("the account is being changed by others; try again", retry_after_s=1.0)

    def _administrators_write(
        self,
        stored: Stored[AdministratorList] | None,
        user_id: UserId,
        role: Role | None,
        status: UserStatus | None,
    ) -> Write:
        present = stored.record.user_ids if stored else ()
        after = administrators_after(present, user_id, role, status)
        return Write(ADMINISTRATORS, encode(AdministratorList(user_ids=after)), stored.revision if stored else 0)
