from __future__ import annotations

import asyncio

import msgspec
import pytest

from covey.errors import Conflict, Forbidden, InvalidRequest, StoreUnavailable, Unauthenticated
from covey.protocol import auth
from covey.workers.auth.config import PasswordHashConfig, SessionConfig
from covey.workers.auth.records import UserRecord
from tests.helpers.auth_worker import PASSWORD, AuthRig, auth_config, auth_rig, identity_of


async def stored_user(rig: AuthRig, user_id: str) -> UserRecord:
    entry = await (await rig.auth()).get(f"user.{user_id}")
    assert entry is not None
    return msgspec.msgpack.decode(entry.value, type=UserRecord)


async def test_changing_the_password_keeps_this_session_and_ends_the_others() -> None:
    async with auth_rig() as rig:
        mine, other = await rig.register("alice"), await rig.login("alice")
        request = auth.ChangePassword(current_password=PASSWORD, new_password="something else 1")
        await rig.call(auth.CHANGE_PASSWORD, request, by=mine)
        assert await rig.accepts(mine.access_token)
        assert not await rig.accepts(other.access_token)
        with pytest.raises(Unauthenticated):
            await rig.refresh(other.refresh_token)
        assert await rig.refresh(mine.refresh_token)
        with pytest.raises(Unauthenticated):
            await rig.login("alice")
        assert await rig.login("alice", "something else 1")


@pytest.mark.parametrize(
    ("current", "new", "error"),
    [
        ("not the password", "something else 1", Forbidden),
        (PASSWORD, PASSWORD, InvalidRequest),
        (PASSWORD, "short", InvalidRequest),
        (PASSWORD, "password123", InvalidRequest),
        ("x" * 2000, "something else 1", Forbidden),
    ],
)
async def test_a_change_of_password_that_is_wrong_changes_nothing(
    current: str, new: str, error: type[Exception]
) -> None:
    async with auth_rig() as rig:
        tokens, other = await rig.register("alice"), await rig.login("alice")
        request = auth.ChangePassword(current_password=current, new_password=new)
        with pytest.raises(error):
            await rig.call(auth.CHANGE_PASSWORD, request, by=tokens)
        assert await rig.accepts(other.access_token)
        assert await rig.login("alice")


async def test_two_changes_of_the_password_at_the_same_time_leave_one_that_is_known() -> None:
    async with auth_rig(workers=2) as rig:
        tokens = await rig.register("alice")
        wanted = ["something else 1", "something else 2"]
        found = await asyncio.gather(
            *(
                rig.call(
                    auth.CHANGE_PASSWORD,
                    auth.ChangePassword(current_password=PASSWORD, new_password=new),
                    by=tokens,
                    to=f"auth-{number}",
                )
                for number, new in enumerate(wanted)
            ),
            return_exceptions=True,
        )
        won = [new for new, answer in zip(wanted, found, strict=True) if not isinstance(answer, BaseException)]
        assert len(won) == 1
        assert sum(isinstance(each, Conflict | Forbidden) for each in found) == 1
        assert await rig.login("alice", won[0])


async def test_many_logins_at_the_same_time_all_succeed_and_keep_to_the_limit() -> None:
    async with auth_rig(workers=2, sessions=SessionConfig(max_per_user=4)) as rig:
        await rig.register("alice")
        made = await asyncio.gather(*(rig.login("alice", to=f"auth-{number % 2}") for number in range(20)))
        listed = (await rig.call(auth.LIST_SESSIONS, by=made[-1])).items
        assert len(listed) == 4
        alive = {session.id for session in listed}
        for tokens in made:
            assert await rig.accepts(tokens.access_token) == (tokens.session_id in alive)


async def test_the_session_that_goes_is_the_one_unused_longest() -> None:
    async with auth_rig(sessions=SessionConfig(max_per_user=2)) as rig:
        first = await rig.register("alice")
        rig.clock.advance(10.0)
        second = await rig.login("alice")
        rig.clock.advance(10.0)
        first = await rig.refresh(first.refresh_token)
        rig.clock.advance(10.0)
        await rig.login("alice")
        assert await rig.accepts(first.access_token)
        assert not await rig.accepts(second.access_token)


async def test_a_session_that_is_not_renewed_ends_and_one_that_is_goes_on_up_to_the_longest() -> None:
    async with auth_rig(sessions=SessionConfig(idle_ttl_s=1000, max_ttl_s=2500)) as rig:
        idle, used = await rig.register("alice"), await rig.login("alice")
        assert idle.refresh_expires_in_s == 1000
        for remaining in (1000, 1000, 700):
            rig.clock.advance(600.0)
            used = await rig.refresh(used.refresh_token)
            assert used.refresh_expires_in_s == remaining
        with pytest.raises(Unauthenticated):
            await rig.refresh(idle.refresh_token)
        rig.clock.advance(701.0)
        with pytest.raises(Unauthenticated):
            await rig.refresh(used.refresh_token)
        assert await (await rig.auth()).range("session") == []


async def test_a_hash_of_old_parameters_is_made_anew_at_the_next_login() -> None:
    async with auth_rig() as rig:
        tokens = await rig.register("alice")
        before = await stored_user(rig, tokens.user.id)
        rig.config = auth_config(password_hash=PasswordHashConfig(time_cost=2, memory_kib=16))
        await rig.start()
        await rig.login("alice", to="auth-1")
        after = await stored_user(rig, tokens.user.id)
        assert before.password_hash != after.password_hash
        assert "m=16,t=2" in after.password_hash
        assert await rig.login("alice", to="auth-0")


async def test_without_the_store_nobody_is_refused_for_good() -> None:
    async with auth_rig() as rig:
        tokens = await rig.register("alice")
        rig.memory.available = False
        for attempt in (rig.register("bob"), rig.login("alice"), rig.refresh(tokens.refresh_token)):
            with pytest.raises(StoreUnavailable):
                await attempt
        rig.memory.available = True
        assert await rig.refresh(tokens.refresh_token)


@pytest.mark.parametrize("label", ["x" * 101, "a\nb", "\x1b[31m", "x" * 1_000_000])
async def test_a_label_that_cannot_be_shown_is_refused(label: str) -> None:
    async with auth_rig() as rig:
        with pytest.raises(InvalidRequest) as caught:
            await rig.register("alice", label=label)
        assert caught.value.param == "label"


async def test_outcomes_are_counted() -> None:
    async with auth_rig() as rig:
        tokens = await rig.register("alice")
        await rig.login("alice")
        with pytest.raises(Unauthenticated):
            await rig.login("alice", "not the password")
        with pytest.raises(Conflict):
            await rig.register("alice")
        await rig.refresh(tokens.refresh_token)
        assert rig.metric("covey_auth_logins_total", outcome="ok") == 1
        assert rig.metric("covey_auth_logins_total", outcome="refused") == 1
        assert rig.metric("covey_auth_registrations_total", outcome="taken") == 1
        assert rig.metric("covey_auth_refreshes_total", outcome="ok") == 1


async def test_a_suspension_meanwhile_stops_a_login_that_has_proved_its_password() -> None:
    async with auth_rig(workers=2) as rig:
        admin = await rig.register("admin")
        member = await rig.register("member")
        request = auth.UpdateUser(user_id=member.user.id, status="suspended")
        results = await asyncio.gather(
            rig.login("member"),
            rig.call(auth.UPDATE_USER, request, by=identity_of(admin), to="auth-1"),
            return_exceptions=True,
        )
        for found in results:
            if isinstance(found, auth.SessionTokens):
                assert not await rig.accepts(found.access_token)
        assert await (await rig.auth()).range(f"session.{member.user.id}") == []
