"""The auth worker dies, or loses the store, between any two writes of a change: nothing is granted that was not meant,
and after healing both buckets tell the same story."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from covey.domain.api_keys import hash_api_key
from covey.errors import CoveyError, StoreUnavailable
from covey.protocol import auth
from covey.protocol.auth import AccessKey, AccessUser, SessionTokens
from covey.protocol.ids import UserId
from covey.workers.auth.records import KeyRing, UserRecord
from tests.helpers.auth_worker import PASSWORD, AuthRig, auth_config
from tests.helpers.failing_store import FailingStore

MOST_WRITES = 12


class Scene:
    """An administrator, a member with two sessions and a key, and a store that can fail."""

    def __init__(self, rig: AuthRig, store: FailingStore) -> None:
        self.rig = rig
        self.store = store

    async def prepare(self) -> None:
        self.admin = await self.rig.register("admin")
        self.member = await self.rig.register("member")
        self.other = await self.rig.login("member")
        self.key = await self.rig.call(auth.CREATE_KEY, auth.CreateKey(name="k"), by=self.member)

    async def key_works(self) -> bool:
        access = await self.rig.access()
        user = await access.get(f"user.{self.member.user.id}")
        key = await access.get(f"key.{hash_api_key(self.key.secret)}")
        return key is not None and user is not None and decoded(user.value, AccessUser).status == "active"


def decoded(value: bytes, kind: Any) -> Any:
    return msgspec.msgpack.decode(value, type=kind)


@asynccontextmanager
async def scene() -> AsyncIterator[Scene]:
    rig = AuthRig(auth_config())
    store = FailingStore(rig.memory)
    rig.store = store
    try:
        await rig.start()
        made = Scene(rig, store)
        await made.prepare()
        yield made
    finally:
        store.writes_left = None
        await rig.stop()


async def interrupted(made: Scene, change: Awaitable[Any], writes: int) -> bool:
    """Run a change of which only the first ``writes`` writes succeed; whether it got through."""
    made.store.writes_left = writes
    try:
        await change
    except StoreUnavailable:
        return False
    finally:
        made.store.writes_left = None
    return True


async def assert_consistent(rig: AuthRig) -> None:
    """Both buckets tell the same story."""
    secret, access = await rig.auth(), await rig.access()
    users = {each.id: each for entry in await secret.range("user") for each in [decoded(entry.value, UserRecord)]}
    published = {
        each.user_id: each for entry in await access.range("user") for each in [decoded(entry.value, AccessUser)]
    }
    assert published == {user_id: user.access() for user_id, user in users.items()}
    listed = {
        key.hash
        for entry in await secret.range("keys")
        for key in decoded(entry.value, KeyRing).items
        if key.revoked_at is None
    }
    working = {entry.key.partition(".")[2] for entry in await access.range("key")}
    assert working == listed
    assert {decoded(entry.value, AccessKey).user_id for entry in await access.range("key")} <= set(users)
    ended = {entry.key.partition(".")[2] for entry in await access.range("ended")}
    stored = {entry.key.rpartition(".")[2] for entry in await secret.range("session")}
    assert not ended & stored
    names = await secret.range("name")
    assert len(names) == len(users)


Change = Callable[[Scene], Awaitable[Any]]
TAKING_AWAY: dict[str, Change] = {
    "suspend": lambda made: made.rig.call(
        auth.UPDATE_USER, auth.UpdateUser(user_id=made.member.user.id, status="suspended"), by=made.admin
    ),
    "delete": lambda made: made.rig.call(auth.DELETE_USER, auth.DeleteUser(user_id=made.member.user.id), by=made.admin),
    "log out everywhere": lambda made: made.rig.call(auth.LOGOUT, auth.Logout(everywhere=True), by=made.member),
    "reset password": lambda made: made.rig.call(
        auth.RESET_PASSWORD,
        auth.ResetPassword(user_id=made.member.user.id, new_password="another one 1"),
        by=made.admin,
    ),
    "log out": lambda made: made.rig.call(auth.LOGOUT, auth.Logout(), by=made.member),
    "revoke key": lambda made: made.rig.call(auth.REVOKE_KEY, auth.RevokeKey(key_id=made.key.key.id), by=made.member),
    "change password": lambda made: made.rig.call(
        auth.CHANGE_PASSWORD,
        auth.ChangePassword(current_password=PASSWORD, new_password="another one 1"),
        by=made.other,
    ),
}
GIVING: dict[str, Change] = {
    "promote": lambda made: made.rig.call(
        auth.UPDATE_USER, auth.UpdateUser(user_id=made.member.user.id, role="admin"), by=made.admin
    ),
    "create key": lambda made: made.rig.call(auth.CREATE_KEY, auth.CreateKey(name="new"), by=made.member),
    "register": lambda made: made.rig.register("newcomer"),
    "log in": lambda made: made.rig.login("member"),
    "refresh": lambda made: made.rig.refresh(made.member.refresh_token),
    "rotate": lambda made: made.rig.call(auth.ROTATE_SIGNING_KEY, by=made.admin),
}


@pytest.mark.parametrize("name", [*TAKING_AWAY, *GIVING])
async def test_after_a_crash_at_any_write_healing_makes_both_buckets_agree(name: str) -> None:
    for writes in range(MOST_WRITES):
        async with scene() as made:
            done = await interrupted(made, {**TAKING_AWAY, **GIVING}[name](made), writes)
            await made.rig.heal()
            await made.rig.refresh_signing_keys()
            await assert_consistent(made.rig)
            assert await made.rig.heal() == 0
            if done:
                return
    raise AssertionError(f"{name} takes more than {MOST_WRITES} writes")


@pytest.mark.parametrize("name", ["suspend", "delete", "log out everywhere", "reset password", "log out"])
async def test_a_crash_never_leaves_done_in_secret_and_undone_at_the_gateways(name: str) -> None:
    """Once the auth worker's own record says that the session is over, its access token is refused already."""
    for writes in range(MOST_WRITES):
        async with scene() as made:
            done = await interrupted(made, TAKING_AWAY[name](made), writes)
            key = f"session.{made.member.user.id}.{made.member.session_id}"
            gone = await (await made.rig.auth()).get(key) is None
            if gone:
                assert not await made.rig.accepts(made.member.access_token)
                with pytest.raises(CoveyError):
                    await made.rig.refresh(made.member.refresh_token)
            if done:
                assert gone
                return


async def test_a_key_that_is_listed_as_revoked_never_works() -> None:
    for writes in range(MOST_WRITES):
        async with scene() as made:
            done = await interrupted(made, TAKING_AWAY["revoke key"](made), writes)
            (listed,) = (await made.rig.call(auth.LIST_KEYS, by=made.member)).items
            assert listed.revoked_at is None or not await made.key_works()
            await made.rig.heal()
            (healed,) = (await made.rig.call(auth.LIST_KEYS, by=made.member)).items
            assert (healed.revoked_at is None) == await made.key_works()
            if done:
                return


async def test_a_change_that_failed_may_simply_be_asked_for_again() -> None:
    for name, change in TAKING_AWAY.items():
        if name == "change password":
            continue  # the second time, the current password is another one
        async with scene() as made:
            assert not await interrupted(made, change(made), 1)
            await change(made)
            await made.rig.heal()
            await assert_consistent(made.rig)


async def test_an_account_whose_publication_was_lost_is_published_by_its_next_login() -> None:
    async with scene() as made:
        assert not await interrupted(made, made.rig.register("newcomer"), 1)
        tokens: SessionTokens = await made.rig.login("newcomer")
        assert await made.rig.accepts(tokens.access_token)


async def test_differences_younger_than_the_grace_time_are_left_alone() -> None:
    async with scene() as made:
        assert not await interrupted(made, GIVING["create key"](made), 1)
        healing = made.rig.workers[0].healing
        assert healing is not None
        assert await healing.run(made.rig.clock, 30.0) == 0
        made.rig.clock.advance(31.0)
        assert await healing.run(made.rig.clock, 30.0) == 1


async def test_a_restarted_worker_heals_before_it_serves() -> None:
    async with scene() as made:
        assert not await interrupted(made, GIVING["create key"](made), 1)
        made.rig.clock.advance(31.0)
        await made.rig.workers[0].restart()
        await assert_consistent(made.rig)


async def test_a_forged_publication_does_not_survive() -> None:
    async with scene() as made:
        access = await made.rig.access()
        forged = AccessKey(key_id=made.key.key.id, user_id=made.admin.user.id, scopes=("admin",))
        await access.put(f"key.{'0' * 64}", msgspec.msgpack.encode(forged))
        await access.put(f"key.{'1' * 64}", b"anything")
        nobodys = AccessKey(key_id=made.key.key.id, user_id=UserId(""), scopes=("admin",))
        await access.put(f"key.{'2' * 64}", msgspec.msgpack.encode(nobodys))
        await access.put("jwk.forged", b"anything")
        await made.rig.refresh_signing_keys()
        await made.rig.heal()
        assert await access.get("jwk.forged") is None
        assert [entry.key for entry in await access.range("key")] == [f"key.{hash_api_key(made.key.secret)}"]
        await assert_consistent(made.rig)
