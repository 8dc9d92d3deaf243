"""The keys that sign access tokens: one ring for all auth workers, public halves published before they are used."""

from __future__ import annotations

from contextlib import suppress

import structlog
from joserfc.jwk import OKPKey

from covey.domain.access_tokens import AUDIENCE, ISSUER, AccessClaims, SigningKey, sign_access_token
from covey.domain.policy import scopes_of
from covey.domain.sessions import issue_time
from covey.domain.signing_keys import RotationPolicy, SigningKeyRecord, is_due, rotated, signer_at, without_dead
from covey.errors import KeyExists, NotStarted, Overloaded, RevisionConflict, StoreCorrupt, TooManyAttempts
from covey.protocol.auth import ALL_SCOPES, AccessSigningKey
from covey.protocol.ids import SessionId
from covey.runtime.clock import Clock
from covey.runtime.identifiers import mint
from covey.store.key_value import KeyValue
from covey.workers.auth.config import AuthConfig
from covey.workers.auth.metrics import AuthMetrics
from covey.workers.auth.records import SIGNING, SigningRing, Stored, UserRecord, encode, read, signing_key_key

_log = structlog.get_logger(__name__)
LAG_S = 120.0
"""How long an auth worker may sign with the old key after the new one has begun."""
MOST_KEYS = 8
"""Keys alive at the same time; more rotations have to wait for the oldest to die."""
ROUNDS = 10


class SigningKeys:
    """One auth worker's view of the ring. :meth:`refresh` keeps it near to what is stored."""

    def __init__(
        self, auth: KeyValue, access: KeyValue, clock: Clock, config: AuthConfig, metrics: AuthMetrics
    ) -> None:
        self._auth = auth
        self._access = access
        self._clock = clock
        self._metrics = metrics
        self._token_ttl_s = config.sessions.access_token_ttl_s
        self._policy = RotationPolicy(
            settle_s=config.signing_keys.settle_s,
            lag_s=LAG_S,
            token_ttl_s=self._token_ttl_s,
            max_age_s=config.signing_keys.max_age_s,
        )
        self._ring: tuple[SigningKeyRecord, ...] = ()
        self._parsed: dict[str, SigningKey] = {}

    @property
    def token_ttl_s(self) -> int:
        return self._token_ttl_s

    async def open(self) -> None:
        """Take over the ring, or make the first key; of several workers one makes it. Its public half is published
        when this returns."""
        now = self._clock.now()
        with suppress(KeyExists):
            if await self._auth.get(SIGNING) is None:
                await self._auth.create(SIGNING, encode(SigningRing(keys=(self._make(now, not_before=now),))))
        await self.refresh()

    async def refresh(self) -> None:
        """Read the ring, publish what is not published, follow a key that is too old, forget the dead."""
        stored = await self._read()
        now = self._clock.now()
        alive = without_dead(stored.record.keys, now)
        if is_due(alive, self._policy, now):
            with suppress(TooManyAttempts):
                await self.rotate(only_when_due=True)
                return
        if alive != stored.record.keys:
            with suppress(RevisionConflict):  # another worker did it
                await self._auth.update(SIGNING, encode(SigningRing(keys=alive)), stored.revision)
        await self._publish(alive)

    async def rotate(self, *, only_when_due: bool = False) -> str:
        """Add a key that begins to sign when it has had time to be known; returns the newest key's id.

        Raises TooManyAttempts when too many old ones are still alive.
        """
        for _ in range(ROUNDS):
            stored = await self._read()
            now = self._clock.now()
            alive = without_dead(stored.record.keys, now)
            if only_when_due and not is_due(alive, self._policy, now):
                await self._publish(alive)
                return alive[-1].key_id
            if len(alive) >= MOST_KEYS:
                ends = min(key.retired_after for key in alive if key.retired_after is not None)
                raise TooManyAttempts("too many old signing keys are still needed", retry_after_s=max(1.0, ends - now))
            successor = self._make(now, not_before=now + self._policy.settle_s)
            ring = rotated(alive, successor, self._policy)
            try:
                await self._auth.update(SIGNING, encode(SigningRing(keys=ring)), stored.revision)
            except RevisionConflict:
                continue
            await self._publish(ring)
            self._metrics.rotated()
            _log.info("signing_key_rotated", key_id=successor.key_id)
            return successor.key_id
        raise Overloaded("the signing keys are being changed by others; try again", retry_after_s=1.0)

    def issue(self, user: UserRecord, session_id: SessionId) -> str:
        """An access token of a session. Raises NotStarted before :meth:`open`."""
        now = self._clock.now()
        record = signer_at(self._ring, now)
        if record is None:
            raise NotStarted
        issued_at = issue_time(now, user.sessions_valid_after)
        claims = AccessClaims(
            issuer=ISSUER,
            audience=AUDIENCE,
            user_id=user.id,
            session_id=session_id,
            role=user.role,
            scopes=scopes_of(user.role, ALL_SCOPES),
            issued_at=issued_at,
            not_before=issued_at,
            expires_at=issued_at + self._token_ttl_s,
        )
        return sign_access_token(claims, self._parsed[record.key_id])

    async def _read(self) -> Stored[SigningRing]:
        stored = await read(self._auth, SIGNING, SigningRing)
        if stored is None or not stored.record.keys:
            raise StoreCorrupt("the signing keys are gone")
        return stored

    async def _publish(self, ring: tuple[SigningKeyRecord, ...]) -> None:
        """Only when every public half can be known is the ring used for signing."""
        for key in ring:
            public = AccessSigningKey(
                key_id=key.key_id,
                public_key=key.public_key,
                not_before=key.not_before,
                retired_after=key.retired_after,
            )
            entry = await self._access.get(signing_key_key(key.key_id))
            if entry is None or entry.value != encode(public):
                await self._access.put(signing_key_key(key.key_id), encode(public))
        known = {signing_key_key(key.key_id) for key in ring}
        for entry in await self._access.range("jwk"):
            # One that another worker has just made is in the ring by the time it is published: read it again.
            if entry.key not in known and not await self._is_in_ring(entry.key):
                with suppress(RevisionConflict):
                    await self._access.delete(entry.key, revision=entry.revision)
        self._parsed = {
            key.key_id: self._parsed.get(key.key_id)
            or SigningKey(key.key_id, public_key=key.public_key, private_key=key.private_key)
            for key in ring
        }
        self._ring = ring

    async def _is_in_ring(self, published_key: str) -> bool:
        stored = await self._read()
        return any(signing_key_key(key.key_id) == published_key for key in stored.record.keys)

    def _make(self, now: float, *, not_before: float) -> SigningKeyRecord:
        fields = OKPKey.generate_key("Ed25519").as_dict(private=True)
        return SigningKeyRecord(
            key_id=mint("jwk"),
            public_key=str(fields["x"]),
            private_key=str(fields["d"]),
            created_at=now,
            not_before=not_before,
        )
