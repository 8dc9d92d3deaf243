from __future__ import annotations

from covey.protocol import auth
from covey.workers.auth.healing import PAGE, pages
from tests.helpers.auth_worker import auth_rig


async def test_nothing_is_healed_where_nothing_is_wrong() -> None:
    async with auth_rig() as rig:
        tokens = await rig.register("alice")
        await rig.call(auth.CREATE_KEY, auth.CreateKey(name="k"), by=tokens)
        assert await rig.heal() == 0
        assert await rig.accepts(tokens.access_token)


async def test_an_account_that_gateways_see_otherwise_is_published_again() -> None:
    async with auth_rig() as rig:
        tokens = await rig.register("alice")
        access = await rig.access()
        before = await access.get(f"user.{tokens.user.id}")
        assert before is not None
        await access.put(before.key, b"damaged")
        assert await rig.heal() == 1
        after = await access.get(before.key)
        assert after is not None
        assert after.value == before.value
        assert rig.metric("covey_auth_healed_total", kind="account") == 1


async def test_keys_of_an_account_that_is_gone_are_swept() -> None:
    async with auth_rig() as rig:
        tokens = await rig.register("alice")
        await rig.call(auth.CREATE_KEY, auth.CreateKey(name="k"), by=tokens)
        await (await rig.auth()).delete(f"user.{tokens.user.id}")
        assert await rig.heal() >= 2
        assert await (await rig.access()).range("key") == []
        assert await (await rig.auth()).range("keys") == []
        assert await (await rig.access()).range("user") == []


async def test_pages_reach_beyond_the_first() -> None:
    async with auth_rig() as rig:
        bucket = await rig.memory.bucket("many")
        for number in range(PAGE + 5):
            await bucket.put(f"user.{number:05}", b"x")
        found = [entry.key async for entry in pages(bucket, "user")]
        assert found == sorted(found)
        assert len(found) == PAGE + 5
