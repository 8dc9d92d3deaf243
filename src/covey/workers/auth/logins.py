"""Registration, login, renewal, change of password: everything that begins with a secret somebody knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

import msgspec
import structlog

from covey.domain.passwords_policy import check_new_password, normal_password
from covey.domain.sessions import judge, parse_refresh_token
from covey.domain.usernames import canonical_username, name_hash
from covey.errors import (
    Conflict,
    CoveyError,
    Forbidden,
    InvalidRequest,
    Overloaded,
    RevisionConflict,
    TooManyAttempts,
    Unauthenticated,
)
from covey.protocol.auth import ChangePassword, Login, Register, RegistrationPolicy, SessionTokens
from covey.protocol.ids import UserId
from covey.rpc.context import CallContext
from covey.runtime.clock import Clock
from covey.runtime.identifiers import mint
from covey.store.key_value import KeyValue, Write
from covey.workers.auth.accounts import ROUNDS, Accounts
from covey.workers.auth.attempts import Attempt, AttemptCounts, Attempts, network_mark
from covey.workers.auth.authorization import Actor
from covey.workers.auth.config import AuthConfig
from covey.workers.auth.invitations import Invitations
from covey.workers.auth.labels import check_label
from covey.workers.auth.metrics import AuthMetrics, RefreshOutcome
from covey.workers.auth.password_hashing import PasswordHashing
from covey.workers.auth.records import (
    InvitationRecord,
    SessionRecord,
    Stored,
    UserRecord,
    encode,
    session_key,
    user_key,
)
from covey.workers.auth.sessions import Sessions
from covey.workers.auth.signing_keys import SigningKeys

_log = structlog.get_logger(__name__)
LOGIN_REFUSED = "the username or the password is not right"
REFRESH_REFUSED = "the session has ended; log in again"
MOST_KNOWN_NETWORKS = 10


class LoginParts(msgspec.Struct, frozen=True, kw_only=True):
    """What logins are made of."""

    auth: KeyValue
    accounts: Accounts
    sessions: Sessions
    invitations: Invitations
    signing_keys: SigningKeys
    hashing: PasswordHashing
    counts: AttemptCounts
    attempts: Attempts


class Logins:
    def __init__(self, parts: LoginParts, clock: Clock, config: AuthConfig, metrics: AuthMetrics) -> None:
        self._parts = parts
        self._clock = clock
        self._policy = config.registration
        self._metrics = metrics

    async def registration_policy(self) -> RegistrationPolicy:
        first = await self._parts.accounts.administrators() is None
        return RegistrationPolicy(policy=self._policy, first_account=first)

    async def register(self, request: Register, context: CallContext) -> SessionTokens:
        """A new account, logged in. Raises InvalidRequest, Forbidden, Conflict, TooManyAttempts.

        Whether strangers may register is decided before the name is looked at, so that they cannot try out names.
        """
        try:
            attempt = await self._parts.attempts.registration(context)
        except TooManyAttempts:
            self._metrics.registered("throttled")
            raise
        try:
            tokens = await self._register(request, context.client_address)
        except CoveyError as error:
            if error.http_status >= 500:
                attempt.give_back()
            self._metrics.registered("taken" if isinstance(error, Conflict) else "refused")
            raise
        self._metrics.registered("ok")
        return tokens

    async def login(self, request: Login, context: CallContext) -> SessionTokens:
        """Raises Unauthenticated with one and the same text whatever was wrong, TooManyAttempts."""
        label = check_label(request.label, param="label")
        address = context.client_address
        name = self._canonical(request.username)
        hashed_name = name_hash(name)
        stored = await self._parts.accounts.by_name(hashed_name)
        if stored is not None and stored.record.username != name:
            stored = None  # it only looks like that account
        known = stored is not None and network_mark(stored.record.id, address) in stored.record.known_networks
        try:
            attempt = await self._parts.attempts.login(hashed_name, context, known=known)
            tokens = await self._login(request, stored, label, address, attempt)
        except TooManyAttempts:
            self._metrics.logged_in("throttled")
            raise
        except Unauthenticated:
            self._metrics.logged_in("refused")
            raise
        attempt.give_back()
        self._metrics.logged_in("ok")
        return tokens

    async def refresh(self, refresh_token: str) -> SessionTokens:
        """The next pair of tokens; the given one never works again, and a second use of it ends the session.

        Raises Unauthenticated. When the answer is lost, or the store did not say whether it wrote, the session is lost
        with it: telling a retry from a thief is not possible.
        """
        parts = parse_refresh_token(refresh_token)
        if parts is None:
            self._refuse_refresh("refused")
        for _ in range(ROUNDS):
            stored = await self._parts.sessions.find(parts.user_id, parts.session_id)
            if stored is None:
                self._refuse_refresh("refused")
            session = stored.record
            presented = judge(parts, family_hash=session.family_hash, turn_hash=session.turn_hash)
            if presented == "unknown":
                self._refuse_refresh("refused")
            if presented == "reused":
                _log.warning("refresh_token_reused", user_id=session.user_id, session_id=session.id)
                await self._parts.sessions.end(session, "reuse")
                self._refuse_refresh("reused")
            user = await self._parts.accounts.find(session.user_id)
            if user is None or user.record.status != "active":
                self._refuse_refresh("refused")
            turned, token = self._parts.sessions.turned(session, parts)
            try:
                await self._parts.auth.batch([self._parts.sessions.write(turned, stored.revision)])
            except RevisionConflict:
                continue  # it was used at the same time, or ended: look again
            self._metrics.refreshed("ok")
            return self._tokens(user.record, turned, token)
        raise Overloaded("the session is being changed by others; try again", retry_after_s=1.0)

    async def change_password(self, actor: Actor, request: ChangePassword, context: CallContext) -> None:
        """Ends all other sessions. Raises Forbidden when the current password is not right, InvalidRequest."""
        user = actor.user
        attempt = await self._parts.attempts.password_check(user.id, context)
        current = self._or_none(lambda: normal_password(request.current_password))
        if current is None or not await self._verified(user.password_hash, current, attempt):
            raise Forbidden("the current password is not right", param="current_password")
        attempt.give_back()
        new = check_new_password(request.new_password, user.username, param="new_password")
        if new == current:
            raise InvalidRequest("the new password is the old one", param="new_password")
        new_hash = await self._parts.hashing.hash(new)
        mark = network_mark(user.id, context.client_address)

        def decide(present: UserRecord) -> UserRecord:
            if present.password_hash != user.password_hash:
                raise Conflict("the password was changed meanwhile")
            known = (mark,) if mark in present.known_networks else ()
            return msgspec.structs.replace(present, password_hash=new_hash, known_networks=known)

        await self._parts.accounts.change(user.id, decide, keep=actor.identity.session_id)
        _log.info("password_changed", user_id=user.id)

    async def _register(self, request: Register, address: str | None) -> SessionTokens:
        label = check_label(request.label, param="label")
        await self._entitlement(request)
        name = canonical_username(request.username)
        password = check_new_password(request.password, name)
        if await self._parts.accounts.name_is_taken(name_hash(name)):
            raise Conflict("that username is taken", param="username")
        password_hash = await self._parts.hashing.hash(password)
        for _ in range(ROUNDS):
            tokens = await self._make_account(request, name, password_hash, label, address)
            if tokens is not None:
                return tokens
            if await self._parts.accounts.name_is_taken(name_hash(name)):
                raise Conflict("that username is taken", param="username")
        raise Overloaded("too many registrations at the same time; try again", retry_after_s=1.0)

    async def _make_account(
        self, request: Register, name: str, password_hash: str, label: str, address: str | None
    ) -> SessionTokens | None:
        """None: somebody else was quicker with the name, the invitation or the first place."""
        administrators = await self._parts.accounts.administrators()
        invitation = await self._entitlement(request)
        now = self._clock.now()
        user_id = UserId(mint("usr"))
        role = "admin" if administrators is None else invitation.record.role if invitation else "member"
        user = UserRecord(
            id=user_id,
            username=name,
            password_hash=password_hash,
            role=role,
            created_at=now,
            last_login_at=now,
            known_networks=(network_mark(user_id, address),),
        )
        session, refresh_token = self._parts.sessions.new(user_id, label)
        others: tuple[Write, ...] = (self._parts.sessions.write(session),)
        if invitation is not None:
            others = (*others, self._parts.invitations.use(invitation, user_id, name))
        try:
            await self._parts.auth.batch(self._parts.accounts.writes_for_new(user, administrators, others))
        except RevisionConflict:
            return None
        await self._parts.accounts.publish(user_id)
        _log.info("user_registered", user_id=user_id, role=role, invited=invitation is not None)
        return self._tokens(user, session, refresh_token)

    async def _entitlement(self, request: Register) -> Stored[InvitationRecord] | None:
        """The invitation to use up, if one was given and counts. Raises Forbidden when one is needed, or none helps."""
        if await self._parts.accounts.administrators() is None:
            return None
        if self._policy == "closed":
            raise Forbidden("registration is closed")
        if request.invitation is not None:
            return await self._parts.invitations.valid(request.invitation)
        if self._policy == "invitation":
            raise Forbidden("registration needs an invitation")
        return None

    async def _login(
        self, request: Login, stored: Stored[UserRecord] | None, label: str, address: str | None, attempt: Attempt
    ) -> SessionTokens:
        password = self._or_none(lambda: normal_password(request.password))
        if password is None:
            raise Unauthenticated(LOGIN_REFUSED)  # too long to hash: so it is nobody's
        password_hash = stored.record.password_hash if stored is not None else None
        right = await self._verified(password_hash, password, attempt)
        if not right or stored is None or stored.record.status != "active":
            raise Unauthenticated(LOGIN_REFUSED)
        new_hash = None
        if self._parts.hashing.is_outdated(stored.record.password_hash):
            new_hash = await self._parts.hashing.hash(password)
        try:
            return await self._admit(stored, new_hash, label, address)
        except CoveyError:
            attempt.give_back()
            raise

    async def _verified(self, password_hash: str | None, password: str, attempt: Attempt) -> bool:
        try:
            return await self._parts.hashing.verify(password_hash, password)
        except CoveyError:
            attempt.give_back()  # it was not answered, so it was no guess
            raise

    async def _admit(
        self, stored: Stored[UserRecord], new_hash: str | None, label: str, address: str | None
    ) -> SessionTokens:
        """A session for somebody whose password was right. It is written together with the account, so that no login
        slips past a change of password, a suspension or the limit of sessions at the same time."""
        verified_hash = stored.record.password_hash
        for _ in range(ROUNDS):
            present = stored.record
            if present.status != "active" or present.password_hash != verified_hash:
                raise Unauthenticated(LOGIN_REFUSED)
            session, refresh_token = self._parts.sessions.new(present.id, label)
            surplus = self._parts.sessions.surplus(await self._parts.sessions.of(present.id))
            mark = network_mark(present.id, address)
            known = (mark, *(each for each in present.known_networks if each != mark))[:MOST_KNOWN_NETWORKS]
            user = msgspec.structs.replace(
                present,
                password_hash=new_hash or verified_hash,
                last_login_at=self._clock.now(),
                known_networks=known,
            )
            writes = [
                Write(user_key(user.id), encode(user), stored.revision),
                self._parts.sessions.write(session),
                *(Write(session_key(user.id, each.id), None) for each in surplus),
            ]
            await self._parts.sessions.mark_ended(surplus, "surplus")
            try:
                await self._parts.auth.batch(writes)
            except RevisionConflict:
                stored = await self._again(stored)
                continue
            await self._parts.accounts.publish(user.id)
            _log.info("user_logged_in", user_id=user.id, session_id=session.id)
            return self._tokens(user, session, refresh_token)
        raise Overloaded("too many logins to this account at the same time; try again", retry_after_s=1.0)

    async def _again(self, stored: Stored[UserRecord]) -> Stored[UserRecord]:
        fresh = await self._parts.accounts.find(stored.record.id)
        if fresh is None:
            raise Unauthenticated(LOGIN_REFUSED)
        return fresh

    def _tokens(self, user: UserRecord, session: SessionRecord, refresh_token: str) -> SessionTokens:
        return SessionTokens(
            access_token=self._parts.signing_keys.issue(user, session.id),
            refresh_token=refresh_token,
            session_id=session.id,
            access_expires_in_s=self._parts.signing_keys.token_ttl_s,
            refresh_expires_in_s=max(0, int(session.expires_at - self._clock.now())),
            user=user.info(),
        )

    def _refuse_refresh(self, outcome: RefreshOutcome) -> NoReturn:
        self._metrics.refreshed(outcome)
        raise Unauthenticated(REFRESH_REFUSED)

    def _canonical(self, username: str) -> str:
        """The name to look for. What cannot be a name is looked for under its own text, and not found."""
        name = self._or_none(lambda: canonical_username(username))
        return name if name is not None else f"? {username[:256]!r}"

    @staticmethod
    def _or_none(read: Callable[[], str]) -> str | None:
        try:
            return read()
        except InvalidRequest:
            return None
