from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from covey.errors import Unauthenticated
from covey.store.read_copy import ReadCopy
from covey.testing.manual_clock import ManualClock
from covey.testing.memory_store import MemoryStore
from covey.workers.gateway.credentials import Credentials
from covey.workers.gateway.metrics import GatewayMetrics
from tests.helpers.access import AccessRecords


class Desk:
    def __init__(self, records: AccessRecords, credentials: Credentials, clock: ManualClock) -> None:
        self.records = records
        self.credentials = credentials
        self.clock = clock


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    clock = ManualClock()
    store = MemoryStore(clock)
    records = await AccessRecords.open(store, clock)
    copy = ReadCopy(records.bucket, "", bytes, clock=clock)
    await copy.start()
    metrics = GatewayMetrics(CollectorRegistry())
    credentials = Credentials(copy, clock, metrics, max_staleness_s=1e9, cache_size=3)
    records.seen = copy.get
    yield Desk(records, credentials, clock)
    await copy.stop()


async def test_a_known_credential_is_not_verified_twice(desk: Desk) -> None:
    token = desk.records.token(await desk.records.user("ada"))
    assert desk.credentials.verify(token) is desk.credentials.verify(token)


async def test_a_token_ends_when_it_says_and_a_key_too(desk: Desk) -> None:
    user = await desk.records.user("ada")
    token = desk.records.token(user, lasts_s=600)
    key = await desk.records.key(user, expires_at=desk.clock.now() + 600)
    for credential in (token, key):
        desk.credentials.verify(credential)
    desk.clock.advance(599)
    for credential in (token, key):
        desk.credentials.verify(credential)
    desk.clock.advance(60)
    for credential in (token, key):
        with pytest.raises(Unauthenticated):
            desk.credentials.verify(credential)


async def test_tokens_of_a_retired_key_end_with_it_also_in_the_cache(desk: Desk) -> None:
    token = desk.records.token(await desk.records.user("ada"), lasts_s=6000)
    desk.credentials.verify(token)
    await desk.records.rotate(retire_after=desk.clock.now() + 100)
    desk.credentials.verify(token)
    desk.clock.advance(101)
    with pytest.raises(Unauthenticated):
        desk.credentials.verify(token)


async def test_a_change_of_role_works_at_once_in_both_directions(desk: Desk) -> None:
    user = await desk.records.user("ada", role="admin")
    token = desk.records.token(user)
    assert "admin" in desk.credentials.verify(token).identity.scopes
    await desk.records.change_user(user, role="member")
    assert "admin" not in desk.credentials.verify(token).identity.scopes
    assert desk.credentials.verify(token).identity.role == "member"


async def test_a_change_takes_back_only_what_was_built_on_it(desk: Desk) -> None:
    ada, bob = await desk.records.user("ada"), await desk.records.user("bob")
    tokens = [desk.records.token(ada), desk.records.token(bob)]
    before = [desk.credentials.verify(token) for token in tokens]
    await desk.records.change_user(ada, role="admin")
    after = [desk.credentials.verify(token) for token in tokens]
    assert after[0] is not before[0]
    assert after[1] is before[1]


async def test_the_cache_forgets_the_longest_unused_first(desk: Desk) -> None:
    tokens = [desk.records.token(await desk.records.user(f"u{number}")) for number in range(4)]
    first = desk.credentials.verify(tokens[0])
    for token in tokens[1:3]:
        desk.credentials.verify(token)
    assert desk.credentials.verify(tokens[0]) is first
    desk.credentials.verify(tokens[3])
    assert len(desk.credentials) == 3
    assert desk.credentials.verify(tokens[0]) is first


async def test_uses_of_keys_are_handed_out_once_and_can_be_given_back(desk: Desk) -> None:
    key = await desk.records.key(await desk.records.user("ada"))
    assert desk.credentials.take_uses() is None
    desk.credentials.verify(key)
    desk.clock.advance(5)
    desk.credentials.verify(key)
    uses = desk.credentials.take_uses()
    assert uses is not None
    assert [use.at for use in uses.uses] == [desk.clock.now()]
    assert desk.credentials.take_uses() is None
    desk.credentials.give_back_uses(uses)
    assert desk.credentials.take_uses() == uses


async def test_a_record_that_cannot_be_read_grants_nothing(desk: Desk) -> None:
    user = await desk.records.user("ada")
    token = desk.records.token(user)
    desk.credentials.verify(token)
    await desk.records.bucket.put(f"user.{user}", b"\xc1")
    await desk.records._until_seen(f"user.{user}", b"\xc1")
    with pytest.raises(Unauthenticated):
        desk.credentials.verify(token)
