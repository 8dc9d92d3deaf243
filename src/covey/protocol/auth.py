"""The auth worker's conversation: accounts, sessions, API keys, invitations, signing keys.

The auth worker owns all of it. Passwords, password hashes and private signing keys never leave it; the ``access``
records at the end are what gateways read to verify credentials on their own.
"""

from __future__ import annotations

from typing import Literal

from covey.protocol.endpoint import Empty, Endpoint, Message
from covey.protocol.ids import InvitationId, KeyId, SessionId, UserId

SERVICE = "auth"

Role = Literal["admin", "member"]
UserStatus = Literal["active", "suspended"]
InvitationState = Literal["open", "used", "expired", "revoked"]
Scope = Literal["inference", "account", "admin"]
"""``inference``: use models. ``account``: manage own keys, sessions, conversations. ``admin``: everything an
administrator may do, and only when the user is one."""
ALL_SCOPES: tuple[Scope, ...] = ("inference", "account", "admin")


class Identity(Message, frozen=True, kw_only=True):
    """Who a verified credential speaks for, and what it may do."""

    user_id: UserId
    username: str
    role: Role = "member"
    scopes: tuple[Scope, ...] = ()
    """Already cut down to what the user's role allows."""
    models: tuple[str, ...] | None = None
    """Model names and aliases that may be used; None means all."""
    key_id: KeyId | None = None
    session_id: SessionId | None = None


class UserInfo(Message, frozen=True, kw_only=True):
    id: UserId
    username: str
    role: Role = "member"
    status: UserStatus = "active"
    created_at: float = 0.0
    """Unix seconds."""
    last_login_at: float | None = None


class SessionTokens(Message, frozen=True, kw_only=True):
    """What a login yields. The access token is a short-lived JWT; the refresh token works once."""

    access_token: str
    refresh_token: str
    session_id: SessionId
    access_expires_in_s: int
    refresh_expires_in_s: int
    user: UserInfo


class Register(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    username: str
    """3 to 64 characters; compared in a canonical form, so look-alikes of an existing name are refused."""
    password: str
    """10 to 1024 bytes."""
    invitation: str | None = None
    label: str = ""
    """What the session is called in the list of sessions, for example ``Firefox on Linux``; at most 100 characters."""


class Login(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    username: str
    password: str
    label: str = ""


class RefreshSession(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    refresh_token: str


class Logout(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    everywhere: bool = False


class ChangePassword(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    current_password: str
    new_password: str


class SessionInfo(Message, frozen=True, kw_only=True):
    id: SessionId
    label: str = ""
    created_at: float
    last_used_at: float
    expires_at: float
    current: bool = False


class SessionList(Message, frozen=True, kw_only=True):
    items: tuple[SessionInfo, ...]


class RevokeSession(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    session_id: SessionId


class CreateKey(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    """1 to 100 characters."""
    expires_in_s: int | None = None
    """Seconds until it expires; None: never."""
    scopes: tuple[Scope, ...] = ("inference",)
    models: tuple[str, ...] | None = None


class KeyInfo(Message, frozen=True, kw_only=True):
    id: KeyId
    name: str
    prefix: str
    """The first characters of the secret, for recognising it."""
    created_at: float
    expires_at: float | None = None
    last_used_at: float | None = None
    scopes: tuple[Scope, ...] = ("inference",)
    models: tuple[str, ...] | None = None
    revoked_at: float | None = None


class CreatedKey(Message, frozen=True, kw_only=True):
    """The only message that carries a key's secret, once."""

    key: KeyInfo
    secret: str


class KeyList(Message, frozen=True, kw_only=True):
    items: tuple[KeyInfo, ...]


class RevokeKey(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    key_id: KeyId


class KeyUse(Message, frozen=True, kw_only=True):
    key_id: KeyId
    at: float


class RecordKeyUses(Message, frozen=True, kw_only=True):
    """A gateway's batch of when keys were last used."""

    uses: tuple[KeyUse, ...]


class ListUsers(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    cursor: str | None = None
    limit: int = 100
    """1 to 500."""
    search: str | None = None
    """Only those whose name contains this, capitals or not; at most 64 characters."""
    role: Role | None = None
    status: UserStatus | None = None


class UserList(Message, frozen=True, kw_only=True):
    items: tuple[UserInfo, ...]
    """In the order in which the accounts were made. Where there are very many, a page of those that are searched for
    may be short, or empty, though there is a next one."""
    next: str | None = None


class UpdateUser(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    user_id: UserId
    role: Role | None = None
    status: UserStatus | None = None


class UserRef(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    user_id: UserId


class RevokeUserKey(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    user_id: UserId
    key_id: KeyId


class DeleteUser(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    user_id: UserId


class ResetPassword(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An administrator sets a new password; all of the user's sessions end."""

    user_id: UserId
    new_password: str


class CreateInvitation(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    role: Role = "member"
    expires_in_s: int = 7 * 24 * 3600


class InvitationInfo(Message, frozen=True, kw_only=True):
    id: InvitationId
    role: Role
    created_at: float
    expires_at: float
    """When it stops, or stopped, to work, if it was not used before; a revoked one stopped when it was revoked."""
    used_by: UserId | None = None
    state: InvitationState = "open"
    used_by_name: str | None = None
    """As it was then: the account may be gone."""
    used_at: float | None = None
    revoked_at: float | None = None


class CreatedInvitation(Message, frozen=True, kw_only=True):
    invitation: InvitationInfo
    code: str
    """Shown once."""


class InvitationList(Message, frozen=True, kw_only=True):
    items: tuple[InvitationInfo, ...]


class RevokeInvitation(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    invitation_id: InvitationId


class RegistrationPolicy(Message, frozen=True, kw_only=True):
    """What a stranger may know before registering."""

    policy: Literal["open", "invitation", "closed"]
    first_account: bool
    """True while no account exists: the first one becomes the administrator whatever the policy."""


class SigningKeyRotated(Message, frozen=True, kw_only=True):
    key_id: str


REGISTER = Endpoint("auth.register", Register, SessionTokens, timeout_s=15.0)
LOGIN = Endpoint("auth.login", Login, SessionTokens, timeout_s=15.0)
REFRESH_SESSION = Endpoint("auth.refresh_session", RefreshSession, SessionTokens)
LOGOUT = Endpoint("auth.logout", Logout, Empty, idempotent=True)
CHANGE_PASSWORD = Endpoint("auth.change_password", ChangePassword, Empty, timeout_s=15.0)
GET_USER = Endpoint("auth.get_user", Empty, UserInfo, idempotent=True)
LIST_SESSIONS = Endpoint("auth.list_sessions", Empty, SessionList, idempotent=True)
REVOKE_SESSION = Endpoint("auth.revoke_session", RevokeSession, Empty, idempotent=True)
CREATE_KEY = Endpoint("auth.create_key", CreateKey, CreatedKey)
LIST_KEYS = Endpoint("auth.list_keys", Empty, KeyList, idempotent=True)
REVOKE_KEY = Endpoint("auth.revoke_key", RevokeKey, Empty, idempotent=True)
RECORD_KEY_USES = Endpoint("auth.record_key_uses", RecordKeyUses, Empty, idempotent=True)
LIST_USERS = Endpoint("auth.list_users", ListUsers, UserList, idempotent=True)
UPDATE_USER = Endpoint("auth.update_user", UpdateUser, UserInfo, idempotent=True)
DELETE_USER = Endpoint("auth.delete_user", DeleteUser, Empty, idempotent=True)
RESET_PASSWORD = Endpoint("auth.reset_password", ResetPassword, Empty, timeout_s=15.0)
LIST_USER_KEYS = Endpoint("auth.list_user_keys", UserRef, KeyList, idempotent=True)
REVOKE_USER_KEY = Endpoint("auth.revoke_user_key", RevokeUserKey, Empty, idempotent=True)
LIST_USER_SESSIONS = Endpoint("auth.list_user_sessions", UserRef, SessionList, idempotent=True)
END_USER_SESSIONS = Endpoint("auth.end_user_sessions", UserRef, Empty, idempotent=True)
CREATE_INVITATION = Endpoint("auth.create_invitation", CreateInvitation, CreatedInvitation)
LIST_INVITATIONS = Endpoint("auth.list_invitations", Empty, InvitationList, idempotent=True)
REVOKE_INVITATION = Endpoint("auth.revoke_invitation", RevokeInvitation, Empty, idempotent=True)
GET_REGISTRATION_POLICY = Endpoint("auth.get_registration_policy", Empty, RegistrationPolicy, idempotent=True)
ROTATE_SIGNING_KEY = Endpoint("auth.rotate_signing_key", Empty, SigningKeyRotated)


# Records of the ``access`` bucket: written by the auth worker alone, read by gateways through a watch.


class AccessUser(Message, frozen=True, kw_only=True):
    """Key ``user.<user_id>``. No record: the user does not exist."""

    user_id: UserId
    username: str
    role: Role = "member"
    status: UserStatus = "active"
    sessions_valid_after: float = 0.0
    """Unix seconds; access tokens issued before it are refused (log out everywhere, password change)."""


class AccessKey(Message, frozen=True, kw_only=True):
    """Key ``key.<SHA-256 of the secret, hexadecimal>``. Deleted or ``revoked_at`` set: refused."""

    key_id: KeyId
    user_id: UserId
    scopes: tuple[Scope, ...]
    models: tuple[str, ...] | None = None
    expires_at: float | None = None
    revoked_at: float | None = None
    name: str = ""
    prefix: str = ""
    """The secret's first characters."""


class AccessSession(Message, frozen=True, kw_only=True):
    """Key ``ended.<session_id>``: written when a session ends before its access tokens do; expires after they did."""

    session_id: SessionId
    user_id: UserId = UserId("")
    ended_at: float


class AccessSigningKey(Message, frozen=True, kw_only=True):
    """Key ``jwk.<key id>``: a public key that verifies access tokens."""

    key_id: str
    public_key: str
    """Ed25519 public key, base64url without padding (the ``x`` of its JWK)."""
    not_before: float = 0.0
    retired_after: float | None = None
    """Unix seconds after which tokens signed by it are refused; None: it signs now."""
