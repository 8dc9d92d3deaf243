"""The auth worker on the real store: the races that compare-and-set and atomic batches have to decide."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from covey.errors import Unauthenticated
from covey.protocol import auth
from covey.protocol.auth import SessionTokens
from covey.runtime.clock import SystemClock
from covey.store.key_value import Store
from tests.helpers.auth_worker import AuthRig, auth_config
from tests.helpers.nats import running_nats_server
from tests.helpers.stores import nats_store

pytestmark = pytest.mark.nats


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with running_nats_server(tmp_path) as server, nats_store(server) as made:
        yield made


@pytest.fixture
async def rig(store: Store) -> AsyncIterator[AuthRig]:
    made = AuthRig(auth_config(), store=store, clock=SystemClock())
    await made.start(2)
    yield made
    await made.stop()


async def test_a_whole_life_of_an_account(rig: AuthRig) -> None:
    admin = await rig.register("admin")
    alice = await rig.register("alice")
    assert (admin.user.role, alice.user.role) == ("admin", "member")
    assert await rig.accepts(alice.access_token)
    renewed = await rig.refresh(alice.refresh_token, to="auth-1")
    key = await rig.call(auth.CREATE_KEY, auth.CreateKey(name="k"), by=renewed)
    await rig.call(auth.REVOKE_KEY, auth.RevokeKey(key_id=key.key.id), by=renewed)
    await rig.call(auth.LOGOUT, auth.Logout(everywhere=True), by=renewed)
    assert not await rig.accepts(renewed.access_token)
    again = await rig.login("alice")
    assert await rig.accepts(again.access_token)
    await rig.call(auth.UPDATE_USER, auth.UpdateUser(user_id=alice.user.id, status="suspended"), by=admin)
    assert not await rig.accepts(again.access_token)
    await rig.call(auth.DELETE_USER, auth.DeleteUser(user_id=alice.user.id), by=admin)
    second = await rig.register("alice")
    assert second.user.id != alice.user.id
    assert await rig.accepts(second.access_token)
    assert (await rig.call(auth.LIST_KEYS, by=second)).items == ()


async def test_of_many_first_registrations_one_administers(rig: AuthRig) -> None:
    made = await asyncio.gather(*(rig.register(f"user{number}", to=f"auth-{number % 2}") for number in range(12)))
    assert [tokens.user.role for tokens in made].count("admin") == 1


async def test_of_many_uses_of_a_refresh_token_one_wins_and_the_session_ends(rig: AuthRig) -> None:
    tokens = await rig.register("alice")
    found = await asyncio.gather(
        *(rig.refresh(tokens.refresh_token, to=f"auth-{number % 2}") for number in range(20)), return_exceptions=True
    )
    won = [each for each in found if isinstance(each, SessionTokens)]
    assert len(won) == 1
    assert sum(isinstance(each, Unauthenticated) for each in found) == 19
    assert not await rig.accepts(won[0].access_token)


async def test_logins_at_the_same_time_all_get_their_session(rig: AuthRig) -> None:
    await rig.register("alice")
    made = await asyncio.gather(*(rig.login("alice", to=f"auth-{number % 2}") for number in range(10)))
    assert len({tokens.session_id for tokens in made}) == 10
    assert len((await rig.call(auth.LIST_SESSIONS, by=made[0])).items) == 11


async def test_workers_that_start_together_share_one_signing_key(store: Store) -> None:
    rigs = [AuthRig(auth_config(), store=store, clock=SystemClock()) for _ in range(3)]
    try:
        await asyncio.gather(*(rig.start() for rig in rigs))
        assert len(await (await store.bucket("access")).range("jwk")) == 1
        tokens = await rigs[0].register("alice")
        for rig in rigs:
            assert await rig.accepts((await rig.login("alice")).access_token)
            assert await rig.accepts(tokens.access_token)
    finally:
        for rig in rigs:
            await rig.stop()
