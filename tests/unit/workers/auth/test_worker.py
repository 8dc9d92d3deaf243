from __future__ import annotations

import asyncio

import pytest

from covey.errors import NotStarted, StoreUnavailable
from covey.protocol import auth
from covey.testing.eventually import eventually
from covey.workers.auth.config import SigningKeyConfig
from tests.helpers.auth_worker import AuthRig, auth_rig


async def test_a_worker_serves_between_start_and_stop_and_may_be_started_again() -> None:
    rig = AuthRig()
    await rig.start()
    (worker,) = rig.workers
    await worker.check()
    assert [info.instance for info in rig.bus.instances("auth")] == ["auth-0"]
    tokens = await rig.register("alice")
    await worker.stop()
    assert list(rig.bus.instances("auth")) == []
    with pytest.raises(NotStarted):
        await worker.check()
    await worker.start()
    assert await rig.accepts(tokens.access_token)
    assert await rig.login("alice")
    await rig.stop()


async def test_a_start_without_the_store_leaves_nothing_behind() -> None:
    rig = AuthRig()
    rig.memory.available = False
    tasks = asyncio.all_tasks()
    with pytest.raises(StoreUnavailable):
        await rig.start()
    assert asyncio.all_tasks() == tasks
    await rig.stop()


async def test_a_worker_is_not_ready_while_the_store_is_away() -> None:
    async with auth_rig() as rig:
        rig.memory.available = False
        with pytest.raises(StoreUnavailable):
            await rig.workers[0].check()


async def test_maintenance_rotates_and_heals_and_survives_the_loss_of_the_store() -> None:
    keys = SigningKeyConfig(max_age_s=1000.0, settle_s=10.0, refresh_interval_s=0.01)
    async with auth_rig(signing_keys=keys, healing_interval_s=0.01, healing_grace_s=0.0) as rig:
        access = await rig.access()
        rig.memory.available = False
        await eventually(lambda: rig.metric("covey_auth_maintenance_failures_total") >= 2)
        rig.memory.available = True
        rig.clock.advance(1000.0)

        async def rotated() -> bool:
            return len(await access.range("jwk")) == 2

        await eventually(rotated)


async def test_workers_on_one_store_share_everything() -> None:
    async with auth_rig(workers=3) as rig:
        tokens = await rig.register("alice", to="auth-0")
        renewed = await rig.refresh(tokens.refresh_token, to="auth-1")
        await rig.call(auth.LOGOUT, auth.Logout(), by=renewed, to="auth-2")
        assert not await rig.accepts(renewed.access_token)
