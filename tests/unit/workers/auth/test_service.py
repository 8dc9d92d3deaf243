from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from covey.errors import Conflict, Forbidden, InvalidRequest, NotFound, Unauthenticated
from covey.protocol import attempts, auth, settings
from covey.protocol.auth import Identity, SessionTokens
from covey.protocol.endpoint import Empty, Endpoint
from covey.protocol.ids import InvitationId, KeyId, SessionId, UserId
from covey.workers.auth.service import AuthService
from tests.helpers.auth_worker import PASSWORD, AuthRig, auth_rig, identity_of


@pytest.fixture
async def rig() -> AsyncIterator[AuthRig]:
    async with auth_rig() as made:
        yield made


@pytest.fixture
async def admin(rig: AuthRig) -> SessionTokens:
    return await rig.register("admin")


@pytest.fixture
async def member(rig: AuthRig, admin: SessionTokens) -> SessionTokens:
    return await rig.register("member")


def test_every_endpoint_of_the_contract_is_served() -> None:
    declared = (*vars(auth).values(), *vars(attempts).values(), *vars(settings).values())
    contract = {each.name for each in declared if isinstance(each, Endpoint) and each.service == "auth"}
    assert set(AuthService.endpoints) == contract


async def test_the_first_account_administers_and_the_second_does_not(rig: AuthRig) -> None:
    assert (await rig.call(auth.GET_REGISTRATION_POLICY)).first_account
    assert (await rig.register("Alice")).user.role == "admin"
    assert (await rig.register("bob")).user.role == "member"
    assert not (await rig.call(auth.GET_REGISTRATION_POLICY)).first_account


async def test_an_access_token_says_who_and_what(rig: AuthRig, member: SessionTokens) -> None:
    claims = await rig.verify(member.access_token)
    assert (claims.user_id, claims.session_id, claims.role) == (member.user.id, member.session_id, "member")
    assert claims.scopes == ("inference", "account")
    assert claims.expires_at - claims.issued_at == member.access_expires_in_s == 600


async def test_an_account_reads_itself(rig: AuthRig, member: SessionTokens) -> None:
    assert await rig.call(auth.GET_USER, by=member) == member.user


async def test_logging_out_ends_this_session_only(rig: AuthRig, member: SessionTokens) -> None:
    other = await rig.login("member")
    await rig.call(auth.LOGOUT, auth.Logout(), by=member)
    assert not await rig.accepts(member.access_token)
    with pytest.raises(Unauthenticated):
        await rig.refresh(member.refresh_token)
    assert await rig.accepts(other.access_token)
    await rig.call(auth.LOGOUT, auth.Logout(), by=member)


async def test_logging_out_everywhere_ends_all_and_a_new_login_works_at_once(
    rig: AuthRig, member: SessionTokens
) -> None:
    for _ in range(3):
        other = await rig.login("member")
        await rig.call(auth.LOGOUT, auth.Logout(everywhere=True), by=member)
        assert not await rig.accepts(member.access_token)
        assert not await rig.accepts(other.access_token)
        with pytest.raises(Unauthenticated):
            await rig.refresh(other.refresh_token)
        assert await rig.accepts((await rig.login("member")).access_token)


async def test_an_api_key_has_no_session_to_log_out_of(rig: AuthRig, member: SessionTokens) -> None:
    with pytest.raises(InvalidRequest):
        await rig.call(auth.LOGOUT, auth.Logout(), by=identity_of(member, session_id=None, key_id=KeyId("key_1")))


async def test_sessions_are_listed_with_the_present_one_marked(rig: AuthRig, member: SessionTokens) -> None:
    await rig.call(auth.LOGIN, auth.Login(username="member", password=PASSWORD, label=" Firefox on Linux "))
    items = (await rig.call(auth.LIST_SESSIONS, by=member)).items
    assert [(each.label, each.current) for each in items] == [("", True), ("Firefox on Linux", False)]


async def test_a_session_is_revoked_by_its_owner_only(
    rig: AuthRig, admin: SessionTokens, member: SessionTokens
) -> None:
    request = auth.RevokeSession(session_id=member.session_id)
    with pytest.raises(NotFound):
        await rig.call(auth.REVOKE_SESSION, request, by=admin)
    assert await rig.accepts(member.access_token)
    await rig.call(auth.REVOKE_SESSION, request, by=await rig.login("member"))
    assert not await rig.accepts(member.access_token)
    for strange in ("ses_unknown", "*", "../x", ""):
        with pytest.raises(NotFound):
            await rig.call(auth.REVOKE_SESSION, auth.RevokeSession(session_id=SessionId(strange)), by=member)


async def test_users_are_listed_page_by_page(rig: AuthRig, admin: SessionTokens) -> None:
    for number in range(4):
        await rig.register(f"user{number}")
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await rig.call(auth.LIST_USERS, auth.ListUsers(cursor=cursor, limit=2), by=admin)
        found += [user.username for user in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert sorted(found) == ["admin", "user0", "user1", "user2", "user3"]


@pytest.mark.parametrize("request_", [auth.ListUsers(limit=0), auth.ListUsers(limit=501), auth.ListUsers(cursor="a.b")])
async def test_a_page_that_cannot_be_is_refused(rig: AuthRig, admin: SessionTokens, request_: auth.ListUsers) -> None:
    with pytest.raises(InvalidRequest):
        await rig.call(auth.LIST_USERS, request_, by=admin)


async def test_a_suspended_user_is_out_at_once_and_back_when_reactivated(
    rig: AuthRig, admin: SessionTokens, member: SessionTokens
) -> None:
    await rig.call(auth.UPDATE_USER, auth.UpdateUser(user_id=member.user.id, status="suspended"), by=admin)
    assert not await rig.accepts(member.access_token)
    for attempt in (rig.login("member"), rig.refresh(member.refresh_token), rig.call(auth.GET_USER, by=member)):
        with pytest.raises(Unauthenticated):
            await attempt
    await rig.call(auth.UPDATE_USER, auth.UpdateUser(user_id=member.user.id, status="active"), by=admin)
    assert not await rig.accepts(member.access_token)
    assert await rig.accepts((await rig.login("member")).access_token)


async def test_a_new_role_ends_the_sessions_of_the_old_one(
    rig: AuthRig, admin: SessionTokens, member: SessionTokens
) -> None:
    info = await rig.call(auth.UPDATE_USER, auth.UpdateUser(user_id=member.user.id, role="admin"), by=admin)
    assert info.role == "admin"
    assert not await rig.accepts(member.access_token)
    promoted = await rig.login("member")
    assert (await rig.verify(promoted.access_token)).role == "admin"
    assert (await rig.call(auth.LIST_USERS, auth.ListUsers(), by=promoted)).items


async def test_an_update_that_changes_nothing_ends_nothing(
    rig: AuthRig, admin: SessionTokens, member: SessionTokens
) -> None:
    await rig.call(auth.UPDATE_USER, auth.UpdateUser(user_id=member.user.id, role="member"), by=admin)
    assert await rig.accepts(member.access_token)


@pytest.mark.parametrize(
    "request_",
    [
        lambda user: (auth.UPDATE_USER, auth.UpdateUser(user_id=user, role="member")),
        lambda user: (auth.UPDATE_USER, auth.UpdateUser(user_id=user, status="suspended")),
        lambda user: (auth.DELETE_USER, auth.DeleteUser(user_id=user)),
    ],
    ids=["demote", "suspend", "delete"],
)
async def test_the_last_administrator_stays(rig: AuthRig, admin: SessionTokens, request_: Any) -> None:
    endpoint, request = request_(admin.user.id)
    with pytest.raises(Conflict):
        await rig.call(endpoint, request, by=admin)
    assert await rig.accepts(admin.access_token)


async def test_an_administrator_who_was_demoted_is_refused_though_the_gateway_does_not_know_yet(
    rig: AuthRig, admin: SessionTokens, member: SessionTokens
) -> None:
    await rig.call(auth.UPDATE_USER, auth.UpdateUser(user_id=member.user.id, role="admin"), by=admin)
    stale = identity_of(await rig.login("member"))
    await rig.call(auth.UPDATE_USER, auth.UpdateUser(user_id=member.user.id, role="member"), by=admin)
    with pytest.raises(Forbidden):
        await rig.call(auth.LIST_USERS, auth.ListUsers(), by=stale)


async def test_an_administrator_sees_and_revokes_the_keys_of_others(
    rig: AuthRig, admin: SessionTokens, member: SessionTokens
) -> None:
    made = await rig.call(auth.CREATE_KEY, auth.CreateKey(name="k"), by=member)
    whose = auth.UserRef(user_id=member.user.id)
    assert [key.id for key in (await rig.call(auth.LIST_USER_KEYS, whose, by=admin)).items] == [made.key.id]
    revoke = auth.RevokeUserKey(user_id=admin.user.id, key_id=made.key.id)
    with pytest.raises(NotFound):
        await rig.call(auth.REVOKE_USER_KEY, revoke, by=admin)
    revoke = auth.RevokeUserKey(user_id=member.user.id, key_id=made.key.id)
    with pytest.raises(Forbidden):
        await rig.call(auth.REVOKE_USER_KEY, revoke, by=member)
    await rig.call(auth.REVOKE_USER_KEY, revoke, by=admin)
    (key,) = (await rig.call(auth.LIST_KEYS, by=member)).items
    assert key.revoked_at is not None


async def test_an_administrator_sees_and_ends_the_sessions_of_others(
    rig: AuthRig, admin: SessionTokens, member: SessionTokens
) -> None:
    whose = auth.UserRef(user_id=member.user.id)
    (session,) = (await rig.call(auth.LIST_USER_SESSIONS, whose, by=admin)).items
    assert (session.id, session.current) == (member.session_id, False)
    await rig.call(auth.END_USER_SESSIONS, whose, by=admin)
    assert not await rig.accepts(member.access_token)
    assert await rig.accepts(admin.access_token)
    for strange in ("usr_unknown", "*", "../x", ""):
        with pytest.raises(NotFound):
            await rig.call(auth.LIST_USER_KEYS, auth.UserRef(user_id=UserId(strange)), by=admin)


async def test_a_deleted_user_is_gone_everywhere(rig: AuthRig, admin: SessionTokens, member: SessionTokens) -> None:
    await rig.call(auth.CREATE_KEY, auth.CreateKey(name="k"), by=member)
    await rig.call(auth.DELETE_USER, auth.DeleteUser(user_id=member.user.id), by=admin)
    assert not await rig.accepts(member.access_token)
    for bucket in (await rig.auth(), await rig.access()):
        keys = [entry.key for entry in await bucket.range() if not entry.key.startswith("ended.")]
        assert [key for key in keys if member.user.id in key] == []
        assert [key for key in keys if key.startswith("key.")] == []
    with pytest.raises(NotFound):
        await rig.call(auth.DELETE_USER, auth.DeleteUser(user_id=member.user.id), by=admin)


async def test_a_reset_password_works_and_the_old_one_does_not(
    rig: AuthRig, admin: SessionTokens, member: SessionTokens
) -> None:
    request = auth.ResetPassword(user_id=member.user.id, new_password="something else 1")
    await rig.call(auth.RESET_PASSWORD, request, by=admin)
    assert not await rig.accepts(member.access_token)
    with pytest.raises(Unauthenticated):
        await rig.login("member")
    assert await rig.login("member", "something else 1")


ADMINISTRATION: list[tuple[Any, Any]] = [
    (auth.LIST_USERS, auth.ListUsers()),
    (auth.UPDATE_USER, auth.UpdateUser(user_id=UserId("usr_1"))),
    (auth.DELETE_USER, auth.DeleteUser(user_id=UserId("usr_1"))),
    (auth.RESET_PASSWORD, auth.ResetPassword(user_id=UserId("usr_1"), new_password="something else 1")),
    (auth.CREATE_INVITATION, auth.CreateInvitation()),
    (auth.LIST_INVITATIONS, Empty()),
    (auth.REVOKE_INVITATION, auth.RevokeInvitation(invitation_id=InvitationId("inv_1"))),
    (auth.ROTATE_SIGNING_KEY, Empty()),
]
OWN: list[tuple[Any, Any]] = [
    (auth.LOGOUT, auth.Logout(everywhere=True)),
    (auth.CHANGE_PASSWORD, auth.ChangePassword(current_password=PASSWORD, new_password="something else 1")),
    (auth.LIST_SESSIONS, Empty()),
    (auth.REVOKE_SESSION, auth.RevokeSession(session_id=SessionId("ses_1"))),
    (auth.CREATE_KEY, auth.CreateKey(name="k")),
    (auth.LIST_KEYS, Empty()),
    (auth.REVOKE_KEY, auth.RevokeKey(key_id=KeyId("key_1"))),
]


@pytest.mark.parametrize(("endpoint", "request_"), ADMINISTRATION, ids=lambda each: getattr(each, "name", ""))
async def test_administration_is_for_administrators(
    rig: AuthRig, admin: SessionTokens, member: SessionTokens, endpoint: Any, request_: Any
) -> None:
    with pytest.raises(Unauthenticated):
        await rig.call(endpoint, request_)
    for refused in (
        identity_of(member),
        identity_of(member, role="admin", scopes=("inference", "account", "admin")),
        identity_of(admin, scopes=("inference", "account")),
        identity_of(admin, role="member"),
    ):
        with pytest.raises(Forbidden):
            await rig.call(endpoint, request_, by=refused)


@pytest.mark.parametrize(("endpoint", "request_"), OWN, ids=lambda each: getattr(each, "name", ""))
async def test_own_things_need_a_credential_with_the_account_scope(
    rig: AuthRig, admin: SessionTokens, member: SessionTokens, endpoint: Any, request_: Any
) -> None:
    with pytest.raises(Unauthenticated):
        await rig.call(endpoint, request_)
    with pytest.raises(Forbidden):
        await rig.call(endpoint, request_, by=identity_of(member, scopes=("inference",)))
    ghost = Identity(user_id=UserId("usr_ghost"), username="ghost", scopes=("account",))
    with pytest.raises(Unauthenticated):
        await rig.call(endpoint, request_, by=ghost)


@pytest.mark.parametrize("user_id", ["usr_unknown", "", "*", "a.b", "../x", "x" * 1000])
async def test_a_user_that_cannot_exist_is_not_found(rig: AuthRig, admin: SessionTokens, user_id: str) -> None:
    for endpoint, request in (
        (auth.UPDATE_USER, auth.UpdateUser(user_id=UserId(user_id), role="admin")),
        (auth.DELETE_USER, auth.DeleteUser(user_id=UserId(user_id))),
        (auth.RESET_PASSWORD, auth.ResetPassword(user_id=UserId(user_id), new_password="something else 1")),
    ):
        with pytest.raises(NotFound):
            await rig.call(endpoint, request, by=admin)


async def test_an_administrator_rotates_the_signing_key_and_old_tokens_go_on(
    rig: AuthRig, admin: SessionTokens
) -> None:
    rotated = await rig.call(auth.ROTATE_SIGNING_KEY, by=admin)
    assert await (await rig.access()).get(f"jwk.{rotated.key_id}") is not None
    assert await rig.accepts(admin.access_token)
