from __future__ import annotations

import asyncio
from base64 import urlsafe_b64decode

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from covey.domain.access_tokens import LEEWAY_S
from covey.errors import NotStarted, StoreCorrupt, TooManyAttempts
from covey.protocol import auth
from covey.protocol.auth import AccessSigningKey, SessionTokens
from covey.protocol.ids import SessionId, UserId
from covey.workers.auth.config import SigningKeyConfig
from covey.workers.auth.metrics import AuthMetrics
from covey.workers.auth.records import UserRecord
from covey.workers.auth.signing_keys import LAG_S, MOST_KEYS, SigningKeys
from tests.helpers.auth_worker import AuthRig, auth_rig

SETTLE_S = SigningKeyConfig().settle_s
MAX_AGE_S = SigningKeyConfig().max_age_s


async def published(rig: AuthRig) -> list[AccessSigningKey]:
    return [
        msgspec.msgpack.decode(entry.value, type=AccessSigningKey) for entry in await (await rig.access()).range("jwk")
    ]


def kid_of(tokens: SessionTokens) -> str:
    head = tokens.access_token.partition(".")[0]
    return str(msgspec.json.decode(urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"])


async def test_of_several_workers_the_first_makes_the_key() -> None:
    rig = AuthRig()
    try:
        await rig.start(4)
        (key,) = await published(rig)
        tokens = await rig.register("alice")
        assert kid_of(tokens) == key.key_id
        for number in range(4):
            assert kid_of(await rig.login("alice", to=f"auth-{number}")) == key.key_id
    finally:
        await rig.stop()


async def test_a_race_for_the_first_key_has_one_winner() -> None:
    async with auth_rig() as rig:
        secret, access = await rig.auth(), await rig.access()
        await secret.delete("signing")
        rings = [SigningKeys(secret, access, rig.clock, rig.config, AuthMetrics(CollectorRegistry())) for _ in range(5)]
        await asyncio.gather(*(ring.open() for ring in rings))
        user = UserRecord(id=UserId("usr_1"), username="alice", password_hash="")
        tokens = [ring.issue(user, SessionId("ses_1")) for ring in rings]
        assert len(await published(rig)) == 1
        assert len(set(tokens)) == 1


async def test_a_new_key_is_published_before_it_signs_and_the_old_one_has_an_end() -> None:
    async with auth_rig(workers=2) as rig:
        first = await rig.register("alice")
        rotated = await rig.call(auth.ROTATE_SIGNING_KEY, by=first)
        ends = {key.key_id: key.retired_after for key in await published(rig)}
        assert ends[rotated.key_id] is None
        assert ends[kid_of(first)] == rig.clock.now() + SETTLE_S + LAG_S + 600 + LEEWAY_S
        assert kid_of(await rig.login("alice")) == kid_of(first)
        rig.clock.advance(SETTLE_S)
        await rig.refresh_signing_keys()
        for number in range(2):
            assert kid_of(await rig.login("alice", to=f"auth-{number}")) == rotated.key_id


async def test_a_key_that_is_old_enough_is_followed_by_one_new_key_whoever_notices() -> None:
    async with auth_rig(workers=3) as rig:
        rig.clock.advance(MAX_AGE_S - 1.0)
        await rig.refresh_signing_keys()
        assert len(await published(rig)) == 1
        rig.clock.advance(1.0)
        await asyncio.gather(*(worker.signing_keys.refresh() for worker in rig.workers if worker.signing_keys))
        assert len(await published(rig)) == 2
        assert rig.metric("covey_auth_signing_key_rotations_total") <= 1


async def test_keys_without_an_age_limit_stay() -> None:
    async with auth_rig(signing_keys=SigningKeyConfig(max_age_s=0.0)) as rig:
        rig.clock.advance(100 * MAX_AGE_S)
        await rig.refresh_signing_keys()
        assert len(await published(rig)) == 1


async def test_rotating_without_end_is_refused() -> None:
    async with auth_rig() as rig:
        admin = await rig.register("alice")
        for _ in range(MOST_KEYS - 1):
            await rig.call(auth.ROTATE_SIGNING_KEY, by=admin)
        with pytest.raises(TooManyAttempts) as caught:
            await rig.call(auth.ROTATE_SIGNING_KEY, by=admin)
        assert caught.value.retry_after_s is not None
        rig.clock.advance(caught.value.retry_after_s + 1.0)
        assert await rig.call(auth.ROTATE_SIGNING_KEY, by=admin)


async def test_a_publication_that_was_lost_or_altered_is_put_right() -> None:
    async with auth_rig() as rig:
        tokens = await rig.register("alice")
        access = await rig.access()
        await access.put(f"jwk.{kid_of(tokens)}", b"damaged")
        await rig.refresh_signing_keys()
        assert await rig.accepts(tokens.access_token)
        await access.delete(f"jwk.{kid_of(tokens)}")
        await rig.refresh_signing_keys()
        assert await rig.accepts(tokens.access_token)


async def test_nothing_is_signed_before_the_start_and_a_lost_ring_is_named() -> None:
    async with auth_rig() as rig:
        unopened = SigningKeys(
            await rig.auth(), await rig.access(), rig.clock, rig.config, AuthMetrics(CollectorRegistry())
        )
        with pytest.raises(NotStarted):
            unopened.issue(UserRecord(id=UserId("usr_1"), username="alice", password_hash=""), SessionId("ses_1"))
        await (await rig.auth()).delete("signing")
        with pytest.raises(StoreCorrupt):
            await rig.refresh_signing_keys()
