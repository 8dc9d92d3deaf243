from __future__ import annotations

import asyncio

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from covey.errors import NotFound, Overloaded
from covey.protocol.auth import AccessUser
from covey.protocol.ids import UserId
from covey.testing.manual_clock import ManualClock
from covey.testing.memory_store import MemoryKeyValue, MemoryStore
from covey.workers.auth.accounts import Accounts
from covey.workers.auth.config import SessionConfig
from covey.workers.auth.metrics import AuthMetrics
from covey.workers.auth.records import Stored, UserRecord, encode
from covey.workers.auth.sessions import Sessions

ALICE = UserRecord(id=UserId("usr_a"), username="alice", password_hash="h", role="admin")
BOB = UserRecord(id=UserId("usr_b"), username="bob", password_hash="h")


class Scene:
    def __init__(self, secret: MemoryKeyValue, access: MemoryKeyValue, clock: ManualClock) -> None:
        self.secret = secret
        self.access = access
        self.sessions = Sessions(secret, access, clock, SessionConfig(), AuthMetrics(CollectorRegistry()))
        self.accounts = Accounts(secret, access, self.sessions)

    async def add(self, user: UserRecord) -> None:
        await self.secret.batch(self.accounts.writes_for_new(user, await self.accounts.administrators()))
        await self.accounts.publish(user.id)

    async def published(self, user: UserRecord) -> AccessUser | None:
        entry = await self.access.get(f"user.{user.id}")
        return msgspec.msgpack.decode(entry.value, type=AccessUser) if entry else None


@pytest.fixture
async def scene() -> Scene:
    clock = ManualClock()
    store = MemoryStore(clock)
    made = Scene(await store.bucket("auth"), await store.bucket("access"), clock)
    await made.add(ALICE)
    await made.add(BOB)
    return made


async def test_a_new_account_is_found_by_id_and_name_and_published(scene: Scene) -> None:
    stored = await scene.accounts.get(BOB.id)
    assert stored.record == BOB
    assert await scene.published(BOB) == BOB.access()
    administrators = await scene.accounts.administrators()
    assert administrators is not None
    assert administrators.record.user_ids == (ALICE.id,)


async def test_an_unknown_account_is_not_found(scene: Scene) -> None:
    for attempt in (scene.accounts.get(UserId("usr_x")), scene.accounts.delete(UserId("usr_x"))):
        with pytest.raises(NotFound):
            await attempt


async def test_changes_at_the_same_time_are_all_made_and_the_last_truth_is_published(scene: Scene) -> None:
    def raise_once(present: UserRecord) -> UserRecord:
        return msgspec.structs.replace(present, sessions_valid_after=present.sessions_valid_after + 1.0)

    await asyncio.gather(*(scene.accounts.change(BOB.id, raise_once) for _ in range(15)))
    published = await scene.published(BOB)
    assert published is not None
    assert published.sessions_valid_after == 15.0


async def test_a_change_that_is_overtaken_each_time_gives_up(scene: Scene) -> None:
    class Overtaken(Accounts):
        async def get(self, user_id: UserId) -> Stored[UserRecord]:
            stored = await super().get(user_id)
            await scene.secret.put(stored.key, encode(stored.record))
            return stored

    accounts = Overtaken(scene.secret, scene.access, scene.sessions)
    with pytest.raises(Overloaded):
        await accounts.change(BOB.id, lambda present: msgspec.structs.replace(present, status="suspended"))


async def test_a_publication_removes_what_has_no_account(scene: Scene) -> None:
    await scene.access.put("user.usr_ghost", b"anything")
    await scene.accounts.publish(UserId("usr_ghost"))
    assert await scene.access.get("user.usr_ghost") is None
