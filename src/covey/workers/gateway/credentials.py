"""Verifies access tokens and API keys from copies of the access records, without asking anybody."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from typing import TypeVar

import msgspec
import structlog

from covey.domain.access_tokens import VerificationKey, verify_access_token
from covey.domain.api_keys import hash_api_key, looks_like_api_key
from covey.domain.policy import scopes_of
from covey.errors import StoreCorrupt, StoreUnavailable, Unauthenticated
from covey.protocol.auth import (
    AccessKey,
    AccessSession,
    AccessSigningKey,
    AccessUser,
    Identity,
    KeyUse,
    RecordKeyUses,
)
from covey.protocol.ids import KeyId, SessionId, UserId
from covey.runtime.clock import Clock
from covey.store.read_copy import ReadCopy
from covey.workers.gateway.metrics import GatewayMetrics

_log = structlog.get_logger(__name__)

RecordT = TypeVar("RecordT")
LONGEST_CREDENTIAL = 8192
NEVER = float("inf")
_user = msgspec.msgpack.Decoder(AccessUser).decode
_key = msgspec.msgpack.Decoder(AccessKey).decode
_session = msgspec.msgpack.Decoder(AccessSession).decode
_signing_key = msgspec.msgpack.Decoder(AccessSigningKey).decode


class Verified:
    """A credential that was found good, and until when nothing but a change of records can make it bad."""

    __slots__ = ("digest", "identity", "issued_at", "records", "valid_until")

    def __init__(self, digest: bytes, identity: Identity, valid_until: float, issued_at: float | None) -> None:
        self.digest = digest
        """The credential's SHA-256, in full: a part of it could be somebody else's."""
        self.identity = identity
        self.valid_until = valid_until
        self.issued_at = issued_at
        """Of an access token; None for an API key."""
        other = f"key.{digest.hex()}" if issued_at is None else f"ended.{identity.session_id}"
        self.records = (f"user.{identity.user_id}", other)
        """Keys of the records that it stands on, the signing key aside."""


class Credentials:
    """Who a credential speaks for, now. Every change of a record that an answer was built on takes the answer back."""

    def __init__(
        self,
        records: ReadCopy[bytes],
        clock: Clock,
        metrics: GatewayMetrics,
        *,
        max_staleness_s: float,
        cache_size: int,
    ) -> None:
        self._records = records
        self._clock = clock
        self._metrics = metrics
        self._max_staleness_s = max_staleness_s
        self._cache_size = cache_size
        self._cache: OrderedDict[bytes, Verified] = OrderedDict()
        self._by_record: dict[str, set[bytes]] = {}
        """Record → cached credentials that were built on it."""
        self._verification_keys: dict[str, VerificationKey] | None = None
        self._uses: dict[KeyId, float] = {}
        self._listeners: list[Callable[[str], None]] = []
        records.on_change(self._changed)

    def on_change(self, callback: Callable[[str], None]) -> None:
        """Call ``callback(record key)`` when a record changed: what was good may be so no longer."""
        self._listeners.append(callback)

    def __len__(self) -> int:
        return len(self._cache)

    def verify(self, credential: str) -> Verified:
        """Raises Unauthenticated, never saying why; StoreUnavailable when what is known here is too old to go by."""
        if self._records.age_s > self._max_staleness_s:
            raise StoreUnavailable("credentials cannot be verified while the store is away", retry_after_s=2.0)
        now = self._clock.now()
        try:
            digest = sha256(credential.encode()).digest()
        except UnicodeEncodeError as error:
            raise self._rejected() from error
        known = self._cache.get(digest)
        if known is not None and now < known.valid_until:
            self._cache.move_to_end(digest)
            self._metrics.cached.value += 1
        else:
            known = self._verify_anew(credential, digest, now)
        key_id = known.identity.key_id
        if key_id is not None:
            self._uses[key_id] = now
        return known

    def still_good(self, verified: Verified) -> bool:
        """Whether the records still allow it. That an access token ran out meanwhile does not matter here."""
        identity = verified.identity
        user = self._find(_user, f"user.{identity.user_id}")
        if user is None or user.status != "active":
            return False
        if verified.issued_at is not None:
            return self._session_good(identity.session_id, verified.issued_at, user)
        key = self._find(_key, f"key.{verified.digest.hex()}")
        return key is not None and key.revoked_at is None

    def take_uses(self) -> RecordKeyUses | None:
        """When each key was last used since this was last asked; None: none was."""
        if not self._uses:
            return None
        uses, self._uses = self._uses, {}
        return RecordKeyUses(uses=tuple(KeyUse(key_id=key_id, at=at) for key_id, at in uses.items()))

    def give_back_uses(self, uses: RecordKeyUses) -> None:
        """They could not be reported: keep them for the next time."""
        for use in uses.uses:
            self._uses.setdefault(use.key_id, use.at)

    # Cold path

    def _verify_anew(self, credential: str, digest: bytes, now: float) -> Verified:
        self._forget(digest)
        if len(credential) > LONGEST_CREDENTIAL:
            raise self._rejected()
        try:
            if looks_like_api_key(credential):
                verified = self._verify_key(credential, digest, now)
            else:
                verified = self._verify_token(credential, digest, now)
        except Unauthenticated as error:
            raise self._rejected() from error
        self._remember(verified)
        self._metrics.verified.inc()
        return verified

    def _rejected(self) -> Unauthenticated:
        self._metrics.rejected.inc()
        return Unauthenticated("the credential is not valid: unknown, expired or revoked")

    def _verify_key(self, secret: str, digest: bytes, now: float) -> Verified:
        key = self._find(_key, f"key.{hash_api_key(secret)}")
        if key is None or key.revoked_at is not None:
            raise Unauthenticated
        if key.expires_at is not None and key.expires_at <= now:
            raise Unauthenticated
        user = self._active_user(key.user_id)
        identity = Identity(
            user_id=user.user_id,
            username=user.username,
            role=user.role,
            scopes=scopes_of(user.role, key.scopes),
            models=key.models,
            key_id=key.key_id,
        )
        return Verified(digest, identity, NEVER if key.expires_at is None else key.expires_at, None)

    def _verify_token(self, token: str, digest: bytes, now: float) -> Verified:
        keys = self._keys()
        claims = verify_access_token(token, keys, now)
        user = self._active_user(claims.user_id)
        if not self._session_good(claims.session_id, claims.issued_at, user):
            raise Unauthenticated
        identity = Identity(
            user_id=user.user_id,
            username=user.username,
            role=user.role,
            scopes=scopes_of(user.role, claims.scopes),
            session_id=claims.session_id,
        )
        # Whichever key signed it: when one retires, everything is looked at anew.
        retiring = [key.retired_after for key in keys.values() if key.retired_after is not None]
        valid_until = min([claims.expires_at, *(at for at in retiring if at >= now)])
        return Verified(digest, identity, valid_until, claims.issued_at)

    def _keys(self) -> dict[str, VerificationKey]:
        if self._verification_keys is None:
            self._verification_keys = {}
            names = [name for name, _ in self._records.items() if name.startswith("jwk.")]
            for name in names:
                record = self._find(_signing_key, name)
                if record is not None:
                    self._add_key(self._verification_keys, record)
        return self._verification_keys

    def _add_key(self, keys: dict[str, VerificationKey], record: AccessSigningKey) -> None:
        try:
            keys[record.key_id] = VerificationKey.from_record(record)
        except StoreCorrupt:  # it verifies nothing; the others still do
            _log.exception("signing_key_unreadable", key_id=record.key_id)

    def _active_user(self, user_id: UserId) -> AccessUser:
        user = self._find(_user, f"user.{user_id}")
        if user is None or user.status != "active":
            raise Unauthenticated
        return user

    def _session_good(self, session_id: SessionId | None, issued_at: float, user: AccessUser) -> bool:
        if session_id is None or self._find(_session, f"ended.{session_id}") is not None:
            return False
        return issued_at >= user.sessions_valid_after

    def _find(self, decode: Callable[[bytes], RecordT], key: str) -> RecordT | None:
        """A record that cannot be read is no record: it grants nothing."""
        value = self._records.get(key)
        if value is None:
            return None
        try:
            return decode(value)
        except msgspec.MsgspecError:
            _log.exception("access_record_unreadable", kind=key.partition(".")[0])
            return None

    # The cache

    def _remember(self, verified: Verified) -> None:
        self._cache[verified.digest] = verified
        for record in verified.records:
            self._by_record.setdefault(record, set()).add(verified.digest)
        while len(self._cache) > self._cache_size:
            self._forget(next(iter(self._cache)))

    def _forget(self, digest: bytes) -> None:
        verified = self._cache.pop(digest, None)
        if verified is None:
            return
        for record in verified.records:
            digests = self._by_record[record]
            digests.discard(digest)
            if not digests:
                del self._by_record[record]

    def _changed(self, key: str, value: bytes | None) -> None:
        if key.startswith("jwk."):
            self._verification_keys = None
            for verified in [each for each in self._cache.values() if each.issued_at is not None]:
                self._forget(verified.digest)
        else:
            for digest in tuple(self._by_record.get(key, ())):
                self._forget(digest)
        for listener in self._listeners:
            listener(key)
