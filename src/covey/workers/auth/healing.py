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
        healed = 0
        async for entry in pages(self._auth, "user"):
            user = decode(entry, UserRecord).record
            published = await self._access.get(user_key(user.id))
            if published is not None and published.value == encode(user.access()):
                continue
            if max(entry.created_at, published.created_at if published else 0.0) > oldest:
                continue
            await self._accounts.publish(user.id)
            healed += self._count("account", user_id=user.id)
        return healed

    async def _publications_without_account(self, oldest: float) -> int:
        healed = 0
        async for entry in pages(self._access, "user"):
            user_id = UserId(entry.key.partition(".")[2])
            if entry.created_at <= oldest and await self._accounts.find(user_id) is None:
                await self._accounts.publish(user_id)
                healed += self._count("account", user_id=user_id)
        return healed

    async def _keys_that_do_not_work(self, oldest: float) -> int:
        """Keys that are listed as active and have no access record; and the rings of accounts that are gone."""
        healed = 0
        async for entry in pages(self._auth, "keys"):
            if entry.created_at > oldest:
                continue
            user_id = UserId(entry.key.partition(".")[2])
            if await self._accounts.find(user_id) is None:
                with suppress(RevisionConflict):
                    await self._auth.delete(entry.key, revision=entry.revision)
                continue
            for key in decode(entry, KeyRing).record.items:
                active = is_active(key, oldest)
                if active and await self._access.get(access_key_key(key.hash)) is None:
                    await self._api_keys.mark_revoked(user_id, key.id)
                    healed += self._count("key", user_id=user_id)
        return healed

    async def _keys_that_are_not_listed(self, oldest: float) -> int:
        """Access records of keys that no account has, or has revoked."""
        healed = 0
        async for entry in pages(self._access, "key"):
            if entry.created_at > oldest:
                continue
            try:
                user_id = decode(entry, AccessKey).record.user_id
                ring = (await self._api_keys.ring(user_id)).items
            except StoreCorrupt:
                ring = ()  # what cannot be read grants nothing
            if not any(access_key_key(key.hash) == entry.key and key.revoked_at is None for key in ring):
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
