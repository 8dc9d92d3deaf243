"""API keys: made, listed, revoked, and when they were last used.

A key works when its access record exists. Making one writes the account's ring first and the access record second;
revoking one the other way round: after a crash in between the key does not work, and healing marks it as revoked.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable

import msgspec
import structlog

from covey.domain.api_keys import SECRET_BYTES, format_api_key, hash_api_key, shown_prefix
from covey.domain.policy import scopes_of
from covey.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    KeyExists,
    NotFound,
    Overloaded,
    QuotaExceeded,
    RevisionConflict,
)
from covey.protocol.auth import AccessKey, CreatedKey, CreateKey, KeyInfo, KeyUse, Scope
from covey.protocol.ids import KeyId, UserId
from covey.runtime.clock import Clock
from covey.runtime.identifiers import mint
from covey.store.key_value import KeyValue
from covey.workers.auth.authorization import Actor
from covey.workers.auth.config import ApiKeyConfig
from covey.workers.auth.labels import check_label
from covey.workers.auth.metrics import AuthMetrics
from covey.workers.auth.records import (
    KeyRecord,
    KeyRing,
    KeyUseRecord,
    access_key_key,
    encode,
    key_ring_key,
    key_use_key,
    read,
)

_log = structlog.get_logger(__name__)
ROUNDS = 40
LONGEST_LIFE_S = 10 * 365 * 24 * 3600
MOST_MODELS = 64
LONGEST_MODEL_NAME = 128
MOST_LISTED_INACTIVE = 50
MOST_USES = 2000
USES_AT_ONCE = 16


class ApiKeys:
    def __init__(
        self, auth: KeyValue, access: KeyValue, clock: Clock, config: ApiKeyConfig, metrics: AuthMetrics
    ) -> None:
        self._auth = auth
        self._access = access
        self._clock = clock
        self._config = config
        self._metrics = metrics

    async def create(self, actor: Actor, request: CreateKey) -> CreatedKey:
        """The only answer with the secret. Raises InvalidRequest, Forbidden, QuotaExceeded."""
        user_id = actor.user.id
        scopes = granted_scopes(actor, request.scopes)
        models = granted_models(actor, request.models)
        name = check_label(request.name, param="name", shortest=1)
        expires_at = self._expiry(request.expires_in_s)
        secret = format_api_key(secrets.token_bytes(SECRET_BYTES))
        record = KeyRecord(
            id=KeyId(mint("key")),
            hash=hash_api_key(secret),
            name=name,
            prefix=shown_prefix(secret),
            created_at=self._clock.now(),
            expires_at=expires_at,
            scopes=scopes,
            models=models,
        )

        def add(ring: KeyRing) -> KeyRing:
            nonlocal record
            record = self._not_outliving(record, actor, ring)
            return self._with(ring, record)

        await self._change_ring(user_id, add)
        await self._access.create(access_key_key(record.hash), encode(access_key(user_id, record)))
        self._metrics.key_created()
        _log.info("api_key_created", user_id=user_id, key_id=record.id)
        return CreatedKey(key=record.info(None), secret=secret)

    async def infos(self, user_id: UserId) -> tuple[KeyInfo, ...]:
        """Oldest first, revoked ones included."""
        ring = await self.ring(user_id)
        uses = await asyncio.gather(*(read(self._auth, key_use_key(key.id), KeyUseRecord) for key in ring.items))
        return tuple(key.info(use.record.at if use else None) for key, use in zip(ring.items, uses, strict=True))

    async def revoke(self, user_id: UserId, key_id: KeyId) -> None:
        """Done when it returns: the key is refused from now on. Raises NotFound for another account's key."""
        ring = await self.ring(user_id)
        found = next((key for key in ring.items if key.id == key_id), None)
        if found is None:
            raise NotFound("there is no such API key")
        await self._access.delete(access_key_key(found.hash))
        if found.revoked_at is None:
            await self.mark_revoked(user_id, key_id)
            self._metrics.key_revoked()
            _log.info("api_key_revoked", user_id=user_id, key_id=key_id)

    async def mark_revoked(self, user_id: UserId, key_id: KeyId) -> None:
        """In the list only: the access record has to be gone already."""
        now = self._clock.now()

        def mark(ring: KeyRing) -> KeyRing:
            items = (
                msgspec.structs.replace(key, revoked_at=now) if key.id == key_id and key.revoked_at is None else key
                for key in ring.items
            )
            return KeyRing(items=tuple(items))

        await self._change_ring(user_id, mark)

    async def record_uses(self, uses: tuple[KeyUse, ...]) -> None:
        """Keep the latest use of each key. Raises InvalidRequest when there are too many at once."""
        if len(uses) > MOST_USES:
            raise InvalidRequest(f"at most {MOST_USES} uses can be recorded at once", param="uses")
        latest: dict[KeyId, float] = {}
        for use in uses:
            latest[use.key_id] = max(use.at, latest.get(use.key_id, 0.0))
        free = asyncio.Semaphore(USES_AT_ONCE)

        async def record(key_id: KeyId, at: float) -> None:
            async with free:
                await self._record_use(key_id, min(at, self._clock.now()))

        await asyncio.gather(*(record(key_id, at) for key_id, at in latest.items()))

    async def ring(self, user_id: UserId) -> KeyRing:
        stored = await read(self._auth, key_ring_key(user_id), KeyRing)
        return stored.record if stored is not None else KeyRing()

    async def _record_use(self, key_id: KeyId, at: float) -> None:
        for _ in range(3):
            stored = await read(self._auth, key_use_key(key_id), KeyUseRecord)
            value = encode(KeyUseRecord(at=at))
            try:
                if stored is None:
                    await self._auth.create(key_use_key(key_id), value)
                elif at >= stored.record.at + self._config.last_used_precision_s:
                    await self._auth.update(key_use_key(key_id), value, stored.revision)
                return
            except (KeyExists, RevisionConflict):
                continue  # another gateway's report; the later of both stays

    async def _change_ring(self, user_id: UserId, change: Callable[[KeyRing], KeyRing]) -> None:
        key = key_ring_key(user_id)
        for _ in range(ROUNDS):
            stored = await read(self._auth, key, KeyRing)
            changed = encode(change(stored.record if stored is not None else KeyRing()))
            try:
                if stored is None:
                    await self._auth.create(key, changed)
                else:
                    await self._auth.update(key, changed, stored.revision)
                return
            except (KeyExists, RevisionConflict):
                continue
        raise Overloaded("the account's keys are being changed by others; try again", retry_after_s=1.0)

    def _with(self, ring: KeyRing, record: KeyRecord) -> KeyRing:
        now = self._clock.now()
        inactive = [key for key in ring.items if not is_active(key, now)]
        if len(ring.items) - len(inactive) >= self._config.max_per_user:
            raise QuotaExceeded(f"an account has at most {self._config.max_per_user} API keys; revoke one first")
        forgotten = {key.id for key in inactive[: max(0, len(inactive) - MOST_LISTED_INACTIVE)]}
        return KeyRing(items=(*(key for key in ring.items if key.id not in forgotten), record))

    def _not_outliving(self, record: KeyRecord, actor: Actor, ring: KeyRing) -> KeyRecord:
        """A key that makes a key cannot make one that lives longer than itself."""
        maker_id = actor.identity.key_id
        if maker_id is None:
            return record
        maker = next((key for key in ring.items if key.id == maker_id), None)
        if maker is None or not is_active(maker, self._clock.now()):
            raise Conflict("the API key that asks is gone")
        if maker.expires_at is None:
            return record
        return msgspec.structs.replace(record, expires_at=min(maker.expires_at, record.expires_at or maker.expires_at))

    def _expiry(self, expires_in_s: int | None) -> float | None:
        if expires_in_s is None:
            return None
        if not 1 <= expires_in_s <= LONGEST_LIFE_S:
            raise InvalidRequest(f"a key expires after 1 to {LONGEST_LIFE_S} seconds", param="expires_in_s")
        return self._clock.now() + expires_in_s


def is_active(key: KeyRecord, now: float) -> bool:
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now)


def access_key(user_id: UserId, record: KeyRecord) -> AccessKey:
    """What gateways are told."""
    return AccessKey(
        key_id=record.id,
        user_id=user_id,
        scopes=record.scopes,
        models=record.models,
        expires_at=record.expires_at,
        name=record.name,
        prefix=record.prefix,
    )


def granted_scopes(actor: Actor, wanted: tuple[Scope, ...]) -> tuple[Scope, ...]:
    """What was asked for, each once, cut to the role. Raises InvalidRequest when nothing is left, Forbidden when the
    credential itself has less."""
    scopes = scopes_of(actor.user.role, tuple(dict.fromkeys(wanted)))
    if not scopes:
        raise InvalidRequest("the key would have no scope that the account may grant", param="scopes")
    if actor.identity.key_id is not None and not set(scopes) <= set(actor.identity.scopes):
        raise Forbidden("an API key cannot grant a scope that it does not have")
    return scopes


def granted_models(actor: Actor, wanted: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """What was asked for, or what the credential itself is limited to. Raises InvalidRequest, Forbidden."""
    allowed = actor.identity.models
    if wanted is None:
        return allowed
    if not 1 <= len(wanted) <= MOST_MODELS or any(not 1 <= len(name) <= LONGEST_MODEL_NAME for name in wanted):
        raise InvalidRequest(
            f"a key names 1 to {MOST_MODELS} models of at most {LONGEST_MODEL_NAME} characters each", param="models"
        )
    if allowed is not None and not set(wanted) <= set(allowed):
        raise Forbidden("an API key cannot grant a model that it may not use")
    return tuple(dict.fromkeys(wanted))
