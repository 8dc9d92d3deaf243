from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from covey.domain.api_keys import hash_api_key, looks_like_api_key
from covey.errors import InvalidRequest, QuotaExceeded
from covey.protocol import auth
from covey.protocol.auth import AccessKey, KeyUse, SessionTokens
from covey.protocol.ids import KeyId
from covey.workers.auth.api_keys import MOST_LISTED_INACTIVE, MOST_USES
from covey.workers.auth.config import ApiKeyConfig
from tests.helpers.auth_worker import AuthRig, auth_rig


@pytest.fixture
async def rig() -> AsyncIterator[AuthRig]:
    async with auth_rig(workers=2, api_keys=ApiKeyConfig(max_per_user=5)) as made:
        yield made


@pytest.fixture
async def tokens(rig: AuthRig) -> SessionTokens:
    return await rig.register("alice")


async def create(rig: AuthRig, tokens: SessionTokens, *, to: str | None = None, **fields: Any) -> auth.CreatedKey:
    request = auth.CreateKey(**{"name": "k", **fields})
    made: auth.CreatedKey = await rig.call(auth.CREATE_KEY, request, by=tokens, to=to)
    return made


async def test_a_key_is_shown_once_and_its_access_record_is_what_was_asked_for(
    rig: AuthRig, tokens: SessionTokens
) -> None:
    made = await create(rig, tokens, name=" laptop ", expires_in_s=60, models=("small", "small"))
    assert looks_like_api_key(made.secret)
    assert made.secret.startswith(made.key.prefix)
    entry = await (await rig.access()).get(f"key.{hash_api_key(made.secret)}")
    assert entry is not None
    assert msgspec.msgpack.decode(entry.value, type=AccessKey) == AccessKey(
        key_id=made.key.id,
        user_id=tokens.user.id,
        scopes=("inference",),
        models=("small",),
        expires_at=rig.clock.now() + 60,
        name="laptop",
        prefix=made.key.prefix,
    )
    (listed,) = (await rig.call(auth.LIST_KEYS, by=tokens)).items
    assert listed == made.key
    assert (listed.name, listed.last_used_at) == ("laptop", None)


async def test_a_member_gets_no_key_that_administers(rig: AuthRig, tokens: SessionTokens) -> None:
    member = await rig.register("bob")
    assert (await create(rig, member, scopes=("admin", "account"))).key.scopes == ("account",)
    with pytest.raises(InvalidRequest):
        await create(rig, member, scopes=("admin",))
    assert (await create(rig, tokens, scopes=("admin",))).key.scopes == ("admin",)


@pytest.mark.parametrize(
    "fields",
    [{"name": ""}, {"name": "   "}, {"name": "x" * 101}, {"name": "a\nb"}, {"expires_in_s": 0}, {"expires_in_s": -5},
     {"expires_in_s": 10**12}, {"scopes": ()}, {"models": ()}, {"models": ("",)}, {"models": ("x" * 200,)},
     {"models": tuple(map(str, range(65)))}],
)  # fmt: skip
async def test_a_key_that_makes_no_sense_is_refused(
    rig: AuthRig, tokens: SessionTokens, fields: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await create(rig, tokens, **fields)
    assert caught.value.param in fields


async def test_the_number_of_keys_is_held_exactly(rig: AuthRig, tokens: SessionTokens) -> None:
    found = await asyncio.gather(
        *(create(rig, tokens, to=f"auth-{number % 2}") for number in range(20)), return_exceptions=True
    )
    assert sum(isinstance(each, auth.CreatedKey) for each in found) == 5
    assert sum(isinstance(each, QuotaExceeded) for each in found) == 15
    assert len(await (await rig.access()).range("key")) == 5


async def test_revoked_and_expired_keys_do_not_count_and_are_forgotten_in_the_end(
    rig: AuthRig, tokens: SessionTokens
) -> None:
    for _ in range(MOST_LISTED_INACTIVE + 10):
        made = await create(rig, tokens)
        await rig.call(auth.REVOKE_KEY, auth.RevokeKey(key_id=made.key.id), by=tokens)
    listed = (await rig.call(auth.LIST_KEYS, by=tokens)).items
    assert MOST_LISTED_INACTIVE <= len(listed) <= MOST_LISTED_INACTIVE + 1
    for _ in range(5):
        await create(rig, tokens, expires_in_s=10)
    with pytest.raises(QuotaExceeded):
        await create(rig, tokens)
    rig.clock.advance(10.0)
    assert await create(rig, tokens)


async def test_the_last_use_is_kept_and_never_goes_back(rig: AuthRig, tokens: SessionTokens) -> None:
    made = await create(rig, tokens)
    now = rig.clock.now()

    async def used(*times: float) -> float | None:
        uses = tuple(KeyUse(key_id=made.key.id, at=at) for at in times)
        await rig.call(auth.RECORD_KEY_USES, auth.RecordKeyUses(uses=uses))
        last: float | None = (await rig.call(auth.LIST_KEYS, by=tokens)).items[0].last_used_at
        return last

    rig.clock.advance(1000.0)
    assert await used(now, now + 100, now + 50) == now + 100
    assert await used(now + 20) == now + 100
    assert await used(now + 159) == now + 100
    assert await used(now + 160) == now + 160
    assert await used(now + 10**9) == rig.clock.now()


async def test_reports_of_two_gateways_at_the_same_time_keep_the_later_use(rig: AuthRig, tokens: SessionTokens) -> None:
    made = await create(rig, tokens)
    rig.clock.advance(1000.0)
    await asyncio.gather(
        *(
            rig.call(
                auth.RECORD_KEY_USES,
                auth.RecordKeyUses(uses=(KeyUse(key_id=made.key.id, at=rig.clock.now() - age),)),
                to=f"auth-{number}",
            )
            for number, age in enumerate((500.0, 0.0))
        )
    )
    assert (await rig.call(auth.LIST_KEYS, by=tokens)).items[0].last_used_at == rig.clock.now()


async def test_too_many_uses_at_once_are_refused_and_those_of_no_key_are_swept(
    rig: AuthRig, tokens: SessionTokens
) -> None:
    uses = tuple(KeyUse(key_id=KeyId(f"key_{number}"), at=1.0) for number in range(MOST_USES + 1))
    with pytest.raises(InvalidRequest):
        await rig.call(auth.RECORD_KEY_USES, auth.RecordKeyUses(uses=uses))
    await rig.call(auth.RECORD_KEY_USES, auth.RecordKeyUses(uses=uses[:3]))
    assert await rig.heal() == 3
    assert await (await rig.auth()).range("used") == []
