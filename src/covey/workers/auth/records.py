"""What the auth worker stores, and under which keys.

Bucket ``auth``, which nobody else can read:

    user.<user id>                     UserRecord
    name.<hash of the name>            NameRecord: whose it is
    session.<user id>.<session id>     SessionRecord, until it expires
    keys.<user id>                     KeyRing: all API keys of one account
    used.<key id>                      KeyUseRecord
    invitation.<hash of the code>      InvitationRecord, until some days after it expired
    administrators                     AdministratorList; made together with the first account
    signing                            SigningRing, with private keys

Bucket ``access``, which gateways read: see the end of ``covey.protocol.auth``.
"""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

from covey.domain.signing_keys import SigningKeyRecord
from covey.errors import StoreCorrupt
from covey.protocol.auth import (
    AccessUser,
    InvitationInfo,
    InvitationState,
    KeyInfo,
    Role,
    Scope,
    SessionInfo,
    UserInfo,
    UserStatus,
)
from covey.protocol.ids import InvitationId, KeyId, SessionId, UserId
from covey.store.key_value import Entry, KeyValue

RecordT = TypeVar("RecordT", bound=msgspec.Struct)

ADMINISTRATORS = "administrators"
SIGNING = "signing"


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of everything stored; grows by fields with defaults only, so that old and new workers run together."""


class UserRecord(Record, frozen=True, kw_only=True):
    id: UserId
    username: str
    """In canonical form."""
    password_hash: str
    role: Role = "member"
    status: UserStatus = "active"
    created_at: float = 0.0
    last_login_at: float | None = None
    sessions_valid_after: float = 0.0
    known_networks: tuple[str, ...] = ()
    """Hashes of where the last logins came from, newest first."""

    def info(self) -> UserInfo:
        return UserInfo(
            id=self.id,
            username=self.username,
            role=self.role,
            status=self.status,
            created_at=self.created_at,
            last_login_at=self.last_login_at,
        )

    def access(self) -> AccessUser:
        """What gateways are told."""
        return AccessUser(
            user_id=self.id,
            username=self.username,
            role=self.role,
            status=self.status,
            sessions_valid_after=self.sessions_valid_after,
        )


class NameRecord(Record, frozen=True, kw_only=True):
    user_id: UserId


class SessionRecord(Record, frozen=True, kw_only=True):
    id: SessionId
    user_id: UserId
    label: str = ""
    created_at: float
    last_used_at: float
    expires_at: float
    family_hash: str
    turn_hash: str

    def info(self, current: SessionId | None) -> SessionInfo:
        return SessionInfo(
            id=self.id,
            label=self.label,
            created_at=self.created_at,
            last_used_at=self.last_used_at,
            expires_at=self.expires_at,
            current=self.id == current,
        )


class KeyRecord(Record, frozen=True, kw_only=True):
    id: KeyId
    hash: str
    name: str
    prefix: str
    created_at: float
    expires_at: float | None = None
    scopes: tuple[Scope, ...] = ()
    models: tuple[str, ...] | None = None
    revoked_at: float | None = None

    def info(self, last_used_at: float | None) -> KeyInfo:
        return KeyInfo(
            id=self.id,
            name=self.name,
            prefix=self.prefix,
            created_at=self.created_at,
            expires_at=self.expires_at,
            last_used_at=last_used_at,
            scopes=self.scopes,
            models=self.models,
            revoked_at=self.revoked_at,
        )


class KeyRing(Record, frozen=True, kw_only=True):
    items: tuple[KeyRecord, ...] = ()


class KeyUseRecord(Record, frozen=True, kw_only=True):
    at: float


class InvitationRecord(Record, frozen=True, kw_only=True):
    id: InvitationId
    role: Role = "member"
    created_at: float
    expires_at: float
    created_by: UserId
    used_by: UserId | None = None
    used_by_name: str | None = None
    used_at: float | None = None
    revoked_at: float | None = None

    def state(self, now: float) -> InvitationState:
        if self.used_by is not None:
            return "used"
        if self.revoked_at is not None:
            return "revoked"
        return "open" if self.expires_at > now else "expired"

    def info(self, now: float) -> InvitationInfo:
        return InvitationInfo(
            id=self.id,
            role=self.role,
            created_at=self.created_at,
            expires_at=self.expires_at,
            used_by=self.used_by,
            state=self.state(now),
            used_by_name=self.used_by_name,
            used_at=self.used_at,
            revoked_at=self.revoked_at,
        )


class AdministratorList(Record, frozen=True, kw_only=True):
    user_ids: tuple[UserId, ...]
    """Active ones only."""


class SigningRing(Record, frozen=True, kw_only=True):
    keys: tuple[SigningKeyRecord, ...]


class Stored(Generic[RecordT]):
    """A record as it was read, with what a compare-and-set needs."""

    __slots__ = ("created_at", "key", "record", "revision")

    def __init__(self, entry: Entry, record: RecordT) -> None:
        self.key = entry.key
        self.record = record
        self.revision = entry.revision
        self.created_at = entry.created_at


encode = msgspec.msgpack.encode


def decode(entry: Entry, kind: type[RecordT]) -> Stored[RecordT]:
    """Raises StoreCorrupt when the value is not of that kind."""
    try:
        return Stored(entry, msgspec.msgpack.decode(entry.value, type=kind))
    except msgspec.MsgspecError as error:
        raise StoreCorrupt(f"a {kind.__name__} cannot be read") from error


async def read(bucket: KeyValue, key: str, kind: type[RecordT]) -> Stored[RecordT] | None:
    """Raises StoreUnavailable and StoreCorrupt."""
    entry = await bucket.get(key)
    return None if entry is None else decode(entry, kind)


def user_key(user_id: UserId) -> str:
    return f"user.{user_id}"


def name_key(hashed_name: str) -> str:
    return f"name.{hashed_name}"


def session_key(user_id: UserId, session_id: SessionId) -> str:
    return f"session.{user_id}.{session_id}"


def key_ring_key(user_id: UserId) -> str:
    return f"keys.{user_id}"


def key_use_key(key_id: KeyId) -> str:
    return f"used.{key_id}"


def invitation_key(hashed_code: str) -> str:
    return f"invitation.{hashed_code}"


def access_key_key(hashed_secret: str) -> str:
    return f"key.{hashed_secret}"


def ended_key(session_id: SessionId) -> str:
    return f"ended.{session_id}"


def signing_key_key(key_id: str) -> str:
    return f"jwk.{key_id}"
