"""Access records as the auth worker writes them: users, keys, sessions, signing keys; and credentials that fit."""

from __future__ import annotations

import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from covey.domain.access_tokens import AUDIENCE, ISSUER, AccessClaims, SigningKey, sign_access_token
from covey.domain.api_keys import format_api_key, hash_api_key
from covey.protocol.auth import (
    AccessKey,
    AccessSession,
    AccessSigningKey,
    AccessUser,
    Role,
    Scope,
    UserStatus,
)
from covey.protocol.ids import KeyId, SessionId, UserId
from covey.protocol.subjects import BUCKET_ACCESS
from covey.runtime.clock import Clock, SystemClock
from covey.runtime.identifiers import mint
from covey.store.key_value import KeyValue, Store
from covey.testing.eventually import eventually

MEMBER_SCOPES: tuple[Scope, ...] = ("inference", "account")


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


class AccessRecords:
    """Writes the ``access`` bucket of a store."""

    def __init__(self, bucket: KeyValue, clock: Clock) -> None:
        self.bucket = bucket
        self.clock = clock
        self._signing_key: SigningKey | None = None
        self.users: dict[str, AccessUser] = {}
        self.seen: Callable[[str], bytes | None] | None = None
        """What the reader of the records has under a key; each write waits until it has been seen there."""

    @classmethod
    async def open(cls, store: Store, clock: Clock | None = None) -> AccessRecords:
        records = cls(await store.bucket(BUCKET_ACCESS), clock or SystemClock())
        await records.rotate()
        return records

    async def _put(self, key: str, record: msgspec.Struct) -> None:
        value = msgspec.msgpack.encode(record)
        await self.bucket.put(key, value)
        await self._until_seen(key, value)

    async def _delete(self, key: str) -> None:
        await self.bucket.delete(key)
        await self._until_seen(key, None)

    async def _until_seen(self, key: str, value: bytes | None) -> None:
        seen = self.seen
        if seen is not None:
            await eventually(lambda: seen(key) == value, interval_s=0.001)

    async def rotate(self, *, retire_after: float | None = None) -> str:
        """A new signing key; with ``retire_after`` the old one gets that end."""
        if self._signing_key is not None and retire_after is not None:
            old = self._signing_key
            public = old.jwk.as_dict(private=False)["x"]
            assert isinstance(public, str)
            await self._put(
                f"jwk.{old.key_id}",
                AccessSigningKey(key_id=old.key_id, public_key=public, retired_after=retire_after),
            )
        private = Ed25519PrivateKey.generate()
        raw = private.private_bytes(
            serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
        )
        public = _text(private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw))
        key_id = mint("jwk")
        self._signing_key = SigningKey(key_id, public_key=public, private_key=_text(raw))
        await self._put(f"jwk.{key_id}", AccessSigningKey(key_id=key_id, public_key=public))
        return key_id

    async def user(self, name: str, role: Role = "member") -> UserId:
        user_id = UserId(mint("usr"))
        await self.put_user(AccessUser(user_id=user_id, username=name, role=role))
        return user_id

    async def put_user(self, user: AccessUser) -> None:
        self.users[user.user_id] = user
        await self._put(f"user.{user.user_id}", user)

    async def change_user(
        self,
        user_id: UserId,
        *,
        role: Role | None = None,
        status: UserStatus | None = None,
        sessions_valid_after: float | None = None,
    ) -> None:
        user = self.users[user_id]
        changes = {"role": role, "status": status, "sessions_valid_after": sessions_valid_after}
        given = {name: value for name, value in changes.items() if value is not None}
        await self.put_user(msgspec.structs.replace(user, **given))

    async def delete_user(self, user_id: UserId) -> None:
        await self._delete(f"user.{user_id}")

    def token(self, user_id: UserId, *, session_id: str | None = None, lasts_s: int = 600, age_s: int = 0) -> str:
        """An access token of a session."""
        assert self._signing_key is not None
        user = self.users[user_id]
        now = int(self.clock.now()) - age_s
        scopes: tuple[Scope, ...] = (*MEMBER_SCOPES, "admin") if user.role == "admin" else MEMBER_SCOPES
        claims = AccessClaims(
            issuer=ISSUER,
            audience=AUDIENCE,
            user_id=user_id,
            session_id=SessionId(session_id or mint("ses")),
            role=user.role,
            scopes=scopes,
            issued_at=now,
            not_before=now,
            expires_at=now + lasts_s,
        )
        return sign_access_token(claims, self._signing_key)

    async def key(
        self,
        user_id: UserId,
        *,
        scopes: tuple[Scope, ...] = ("inference",),
        models: tuple[str, ...] | None = None,
        expires_at: float | None = None,
    ) -> str:
        """An API key."""
        secret = format_api_key(secrets.token_bytes(32))
        await self._put(
            f"key.{hash_api_key(secret)}",
            AccessKey(key_id=KeyId(mint("key")), user_id=user_id, scopes=scopes, models=models, expires_at=expires_at),
        )
        return secret

    async def revoke_key(self, secret: str) -> None:
        await self._delete(f"key.{hash_api_key(secret)}")

    async def end_session(self, session_id: str) -> None:
        await self._put(f"ended.{session_id}", AccessSession(session_id=SessionId(session_id), ended_at=time.time()))
