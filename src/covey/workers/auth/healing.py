"""Puts right what a crash between two writes left behind.

Writes are ordered so that a leftover grants nothing: a key that is listed and does not work, a session that is marked
and still stored, an account that gateways see as stricter than it is. Differences younger than the grace time are left
alone, because the worker that is about to remove them may be alive.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

import structlog

from covey.errors import RevisionConflict, StoreCorrupt
from covey.protocol.auth import AccessKey, AccessSession
from covey.protocol.ids import KeyId, UserId
from covey.runtime.clock import Clock
from covey.store.key_value import Entry, KeyValue
from covey.workers.auth.accounts import Accounts
from covey.workers.auth.api_keys import ApiKeys, is_active
from covey.workers.auth.metrics import AuthMetrics, HealedKind
from covey.workers.auth.records import (
    KeyRing,
    UserRecord,
    access_key_key,
    decode,
    encode,
    session_key,
    user_key,
)

_log = structlog.get_logger(__name__)
PAGE = 500


class Healing:
    def __init__(
        self, auth: KeyValue, access: KeyValue, accounts: Accounts, api_keys: ApiKeys, metrics: AuthMetrics
    ) -> None:
        self._auth = auth
        self._access = access
        self._accounts = accounts
        self._api_keys = api_keys
        self._metrics = metrics

    async def run(self, clock: Clock, grace_s: float) -> int:
        """One round over everything; how many things were put right. Raises StoreUnavailable."""
        oldest = clock.now() - grace_s
        healed = await self._sessions(oldest)
        healed += await self._accounts_without_publication(oldest)
        healed += await self._publications_without_account(oldest)
        healed += await self._keys_that_do_not_work(oldest)
        healed += await self._keys_that_are_not_listed(oldest)
        healed += await self._uses_without_key(oldest)
        return healed

    async def _sessions(self, oldest: float) -> int:
        """Sessions whose end was marked and that are still stored."""
        healed = 0
        async for entry in pages(self._access, "ended"):
            mark = decode(entry, AccessSession).record
            key = session_key(mark.user_id, mark.session_id)
            if entry.created_at <= oldest and mark.user_id and await self._auth.delete(key):
                healed += self._count("session", user_id=mark.user_id)
        return healed

    async def _accounts_without_publication(self, oldest: float) -> int:
        """Accounts that gateways do not know, or see otherwise than they are."""
        published = {entry.key: entry async for entry in pages(self._access, "user")}
        healed = 0
        async for entry in pages(self._auth, "user"):
            user = decode(entry, UserRecord).record
            seen = published.get(user_key(user.id))
            if seen is not None and seen.value == encode(user.access()):
                continue
            if max(entry.created_at, seen.created_at if seen else 0.0) > oldest:
                continue
            await self._accounts.publish(user.id)
            healed += self._count("account", user_id=user.id)
        return healed

    async def _publications_without_account(self, oldest: float) -> int:
        existing = {entry.key async for entry in pages(self._auth, "user")}
        healed = 0
        async for entry in pages(self._access, "user"):
            if entry.created_at <= oldest and entry.key not in existing:
                user_id = UserId(entry.key.partition(".")[2])
                await self._accounts.publish(user_id)
                healed += self._count("account", user_id=user_id)
        return healed

    async def _keys_that_do_not_work(self, oldest: float) -> int:
        """Keys that are listed as active and have no access record; and the rings of accounts that are gone."""
        existing = {entry.key async for entry in pages(self._auth, "user")}
        working = {entry.key async for entry in pages(self._access, "key")}
        healed = 0
        async for entry in pages(self._auth, "keys"):
            if entry.created_at > oldest:
                continue
            user_id = UserId(entry.key.partition(".")[2])
            if user_key(user_id) not in existing:
                with suppress(RevisionConflict):
                    await self._auth.delete(entry.key, revision=entry.revision)
                continue
            for key in decode(entry, KeyRing).record.items:
                record_key = access_key_key(key.hash)
                if not is_active(key, oldest) or record_key in working:
                    continue
                if await self._access.get(record_key) is None:
                    await self._api_keys.mark_revoked(user_id, key.id)
                    healed += self._count("key", user_id=user_id)
        return healed

    async def _keys_that_are_not_listed(self, oldest: float) -> int:
        """Access records of keys that no account has, that one has revoked, or that belong to another than they say."""
        listed: dict[str, UserId] = {}
        async for entry in pages(self._auth, "keys"):
            user_id = UserId(entry.key.partition(".")[2])
            ring = decode(entry, KeyRing).record.items
            listed.update((access_key_key(key.hash), user_id) for key in ring if key.revoked_at is None)
        healed = 0
        async for entry in pages(self._access, "key"):
            owner = _owner(entry)
            if entry.created_at <= oldest and (owner is None or listed.get(entry.key) != owner):
                with suppress(RevisionConflict):
                    await self._access.delete(entry.key, revision=entry.revision)
                healed += self._count("key")
        return healed

    async def _uses_without_key(self, oldest: float) -> int:
        """The last uses of keys that are forgotten."""
        listed: set[KeyId] = set()
        async for entry in pages(self._auth, "keys"):
            listed.update(key.id for key in decode(entry, KeyRing).record.items)
        healed = 0
        async for entry in pages(self._auth, "used"):
            key_id = KeyId(entry.key.partition(".")[2])
            if key_id not in listed and entry.created_at <= oldest:
                await self._auth.delete(entry.key)
                healed += self._count("key_use")
        return healed

    def _count(self, kind: HealedKind, user_id: UserId | None = None) -> int:
        self._metrics.healed(kind)
        _log.warning("leftover_healed", kind=kind, user_id=user_id)
        return 1


def _owner(entry: Entry) -> UserId | None:
    """Whose key it says that it is; None when it cannot be read, and so grants nothing."""
    try:
        return decode(entry, AccessKey).record.user_id
    except StoreCorrupt:
        return None


async def pages(bucket: KeyValue, prefix: str) -> AsyncIterator[Entry]:
    """All entries below a prefix, read a page at a time."""
    after: str | None = None
    while True:
        page = await bucket.range(prefix, after=after, limit=PAGE)
        for entry in page:
            yield entry
        if len(page) < PAGE:
            return
        after = page[-1].key
