"""What the auth worker answers. Every method decides for itself what the asker may do."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

import msgspec
import structlog

from covey.domain.passwords_policy import check_new_password
from covey.domain.sessions import next_valid_after
from covey.errors import InvalidRequest, NotFound
from covey.protocol import auth as protocol
from covey.protocol.attempts import GIVE_BACK_ATTEMPT, TAKE_ATTEMPT, AttemptTaken, GiveBackAttempt, TakeAttempt
from covey.protocol.endpoint import Empty
from covey.protocol.ids import UserId
from covey.protocol.settings import AUTH_SHOW_SETTINGS, SettingsInForce
from covey.rpc.context import CallContext
from covey.rpc.service import Service, serves
from covey.runtime.clock import Clock
from covey.workers.auth.api_keys import ApiKeys
from covey.workers.auth.authorization import Authorization
from covey.workers.auth.logins import LoginParts, Logins
from covey.workers.auth.records import UserRecord
from covey.workers.auth.user_lists import UserLists

_log = structlog.get_logger(__name__)
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


class AuthService(Service):
    """The endpoints of ``covey.protocol.auth``. Things of others are NotFound, not Forbidden."""

    service: ClassVar[str] = protocol.SERVICE

    def __init__(
        self,
        parts: LoginParts,
        logins: Logins,
        api_keys: ApiKeys,
        clock: Clock,
        settings: Callable[[], SettingsInForce],
    ) -> None:
        self._settings = settings
        self._accounts = parts.accounts
        self._sessions = parts.sessions
        self._invitations = parts.invitations
        self._signing_keys = parts.signing_keys
        self._hashing = parts.hashing
        self._counts = parts.counts
        self._logins = logins
        self._api_keys = api_keys
        self._clock = clock
        self._user_lists = UserLists(parts.auth)
        self._authorization = Authorization(parts.accounts)

    # Strangers

    @serves(protocol.GET_REGISTRATION_POLICY)
    async def get_registration_policy(self, request: Empty, context: CallContext) -> protocol.RegistrationPolicy:
        return await self._logins.registration_policy()

    @serves(protocol.REGISTER)
    async def register(self, request: protocol.Register, context: CallContext) -> protocol.SessionTokens:
        return await self._logins.register(request, context)

    @serves(protocol.LOGIN)
    async def login(self, request: protocol.Login, context: CallContext) -> protocol.SessionTokens:
        return await self._logins.login(request, context)

    @serves(protocol.REFRESH_SESSION)
    async def refresh_session(self, request: protocol.RefreshSession, context: CallContext) -> protocol.SessionTokens:
        return await self._logins.refresh(request.refresh_token)

    # Other auth workers

    @serves(TAKE_ATTEMPT)
    async def take_attempt(self, request: TakeAttempt, context: CallContext) -> AttemptTaken:
        return AttemptTaken(wait_s=self._counts.take(request.charges))

    @serves(GIVE_BACK_ATTEMPT)
    async def give_back_attempt(self, request: GiveBackAttempt, context: CallContext) -> Empty:
        self._counts.give_back(request.charges, request.age_s)
        return Empty()

    # Gateways, for administrators

    @serves(AUTH_SHOW_SETTINGS)
    async def show_settings(self, request: Empty, context: CallContext) -> SettingsInForce:
        return self._settings()

    # One's own account

    @serves(protocol.GET_USER)
    async def get_user(self, request: Empty, context: CallContext) -> protocol.UserInfo:
        return (await self._authorization.anyone(context)).user.info()

    @serves(protocol.CHANGE_PASSWORD)
    async def change_password(self, request: protocol.ChangePassword, context: CallContext) -> Empty:
        actor = await self._authorization.owner(context)
        await self._logins.change_password(actor, request, context)
        return Empty()

    @serves(protocol.LOGOUT)
    async def logout(self, request: protocol.Logout, context: CallContext) -> Empty:
        """With an API key only ``everywhere`` makes sense; keys go on working."""
        actor = await self._authorization.owner(context)
        if request.everywhere:
            await self._accounts.change(actor.user.id, self._with_tokens_ended)
            _log.info("logged_out_everywhere", user_id=actor.user.id)
            return Empty()
        session_id = actor.identity.session_id
        if session_id is None:
            raise InvalidRequest("an API key is no session; revoke it instead")
        found = await self._sessions.find(actor.user.id, session_id)
        if found is not None:
            await self._sessions.end(found.record, "logout")
        return Empty()

    @serves(protocol.LIST_SESSIONS)
    async def list_sessions(self, request: Empty, context: CallContext) -> protocol.SessionList:
        actor = await self._authorization.owner(context)
        found = await self._sessions.of(actor.user.id)
        return protocol.SessionList(items=tuple(each.record.info(actor.identity.session_id) for each in found))

    @serves(protocol.REVOKE_SESSION)
    async def revoke_session(self, request: protocol.RevokeSession, context: CallContext) -> Empty:
        actor = await self._authorization.owner(context)
        own = await self._sessions.of(actor.user.id)
        found = next((each.record for each in own if each.record.id == request.session_id), None)
        if found is None:
            raise NotFound("there is no such session")
        await self._sessions.end(found, "revoked")
        return Empty()

    # One's own keys

    @serves(protocol.CREATE_KEY)
    async def create_key(self, request: protocol.CreateKey, context: CallContext) -> protocol.CreatedKey:
        return await self._api_keys.create(await self._authorization.owner(context), request)

    @serves(protocol.LIST_KEYS)
    async def list_keys(self, request: Empty, context: CallContext) -> protocol.KeyList:
        actor = await self._authorization.owner(context)
        return protocol.KeyList(items=await self._api_keys.infos(actor.user.id))

    @serves(protocol.REVOKE_KEY)
    async def revoke_key(self, request: protocol.RevokeKey, context: CallContext) -> Empty:
        actor = await self._authorization.owner(context)
        await self._api_keys.revoke(actor.user.id, request.key_id)
        return Empty()

    @serves(protocol.RECORD_KEY_USES)
    async def record_key_uses(self, request: protocol.RecordKeyUses, context: CallContext) -> Empty:
        """For gateways, which the grants of the mesh alone let ask; no operation of people leads here."""
        await self._api_keys.record_uses(request.uses)
        return Empty()

    # Administration

    @serves(protocol.LIST_USERS)
    async def list_users(self, request: protocol.ListUsers, context: CallContext) -> protocol.UserList:
        await self._authorization.administrator(context)
        return await self._user_lists.find(request)

    @serves(protocol.UPDATE_USER)
    async def update_user(self, request: protocol.UpdateUser, context: CallContext) -> protocol.UserInfo:
        """A changed role or status ends the user's sessions. Raises Conflict for the last administrator."""
        actor = await self._authorization.administrator(context)

        def decide(present: UserRecord) -> UserRecord:
            wanted = msgspec.structs.replace(
                present, role=request.role or present.role, status=request.status or present.status
            )
            return present if wanted == present else self._with_tokens_ended(wanted)

        user = await self._accounts.change(self._checked(request.user_id), decide)
        _log.info("user_updated", user_id=user.id, by=actor.user.id, role=user.role, status=user.status)
        return user.info()

    @serves(protocol.DELETE_USER)
    async def delete_user(self, request: protocol.DeleteUser, context: CallContext) -> Empty:
        await self._authorization.administrator(context)
        await self._accounts.delete(self._checked(request.user_id))
        return Empty()

    @serves(protocol.RESET_PASSWORD)
    async def reset_password(self, request: protocol.ResetPassword, context: CallContext) -> Empty:
        actor = await self._authorization.administrator(context)
        user = (await self._accounts.get(self._checked(request.user_id))).record
        password = check_new_password(request.new_password, user.username, param="new_password")
        password_hash = await self._hashing.hash(password)

        def decide(present: UserRecord) -> UserRecord:
            return self._with_tokens_ended(
                msgspec.structs.replace(present, password_hash=password_hash, known_networks=())
            )

        await self._accounts.change(user.id, decide)
        _log.info("password_reset", user_id=user.id, by=actor.user.id)
        return Empty()

    @serves(protocol.LIST_USER_KEYS)
    async def list_user_keys(self, request: protocol.UserRef, context: CallContext) -> protocol.KeyList:
        await self._authorization.administrator(context)
        user = (await self._accounts.get(self._checked(request.user_id))).record
        return protocol.KeyList(items=await self._api_keys.infos(user.id))

    @serves(protocol.REVOKE_USER_KEY)
    async def revoke_user_key(self, request: protocol.RevokeUserKey, context: CallContext) -> Empty:
        actor = await self._authorization.administrator(context)
        user = (await self._accounts.get(self._checked(request.user_id))).record
        await self._api_keys.revoke(user.id, request.key_id)
        _log.info("user_key_revoked", user_id=user.id, by=actor.user.id, key_id=request.key_id)
        return Empty()

    @serves(protocol.LIST_USER_SESSIONS)
    async def list_user_sessions(self, request: protocol.UserRef, context: CallContext) -> protocol.SessionList:
        actor = await self._authorization.administrator(context)
        user = (await self._accounts.get(self._checked(request.user_id))).record
        found = await self._sessions.of(user.id)
        return protocol.SessionList(items=tuple(each.record.info(actor.identity.session_id) for each in found))

    @serves(protocol.END_USER_SESSIONS)
    async def end_user_sessions(self, request: protocol.UserRef, context: CallContext) -> Empty:
        """The user's keys go on working."""
        actor = await self._authorization.administrator(context)
        user = await self._accounts.change(self._checked(request.user_id), self._with_tokens_ended)
        _log.info("user_sessions_ended", user_id=user.id, by=actor.user.id)
        return Empty()

    @serves(protocol.CREATE_INVITATION)
    async def create_invitation(
        self, request: protocol.CreateInvitation, context: CallContext
    ) -> protocol.CreatedInvitation:
        actor = await self._authorization.administrator(context)
        return await self._invitations.create(actor.user.id, request)

    @serves(protocol.LIST_INVITATIONS)
    async def list_invitations(self, request: Empty, context: CallContext) -> protocol.InvitationList:
        await self._authorization.administrator(context)
        return protocol.InvitationList(items=await self._invitations.infos())

    @serves(protocol.REVOKE_INVITATION)
    async def revoke_invitation(self, request: protocol.RevokeInvitation, context: CallContext) -> Empty:
        await self._authorization.administrator(context)
        await self._invitations.revoke(request.invitation_id)
        return Empty()

    @serves(protocol.ROTATE_SIGNING_KEY)
    async def rotate_signing_key(self, request: Empty, context: CallContext) -> protocol.SigningKeyRotated:
        await self._authorization.administrator(context)
        return protocol.SigningKeyRotated(key_id=await self._signing_keys.rotate())

    def _with_tokens_ended(self, user: UserRecord) -> UserRecord:
        valid_after = next_valid_after(self._clock.now(), user.sessions_valid_after)
        return msgspec.structs.replace(user, sessions_valid_after=valid_after)

    @staticmethod
    def _checked(user_id: UserId) -> UserId:
        """Raises NotFound for what cannot be an id: it never becomes part of a key."""
        if not _IDENTIFIER.match(user_id):
            raise NotFound("there is no such user")
        return user_id
