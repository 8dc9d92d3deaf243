from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from covey.domain.access_tokens import LEEWAY_S
from covey.domain.sessions import judge, parse_refresh_token
from covey.protocol.ids import SessionId, UserId
from covey.testing.manual_clock import ManualClock
from covey.testing.memory_store import MemoryKeyValue, MemoryStore
from covey.workers.auth.config import SessionConfig
from covey.workers.auth.metrics import AuthMetrics
from covey.workers.auth.sessions import MARK_MARGIN_S, Sessions

USER = UserId("usr_1")


class Scene:
    def __init__(self, secret: MemoryKeyValue, access: MemoryKeyValue, clock: ManualClock) -> None:
        self.secret = secret
        self.access = access
        self.clock = clock
        config = SessionConfig(idle_ttl_s=1000, max_ttl_s=1500, max_per_user=2)
        self.sessions = Sessions(secret, access, clock, config, AuthMetrics(CollectorRegistry()))


@pytest.fixture
async def scene() -> Scene:
    clock = ManualClock()
    store = MemoryStore(clock)
    return Scene(await store.bucket("auth"), await store.bucket("access"), clock)


async def test_each_turn_changes_the_token_and_keeps_the_family(scene: Scene) -> None:
    record, token = scene.sessions.new(USER, "label")
    parts = parse_refresh_token(token)
    assert parts is not None
    turned, following = scene.sessions.turned(record, parts)
    after = parse_refresh_token(following)
    assert after is not None
    hashes = {"family_hash": turned.family_hash, "turn_hash": turned.turn_hash}
    assert (judge(parts, **hashes), judge(after, **hashes)) == ("reused", "current")
    assert turned.family_hash == record.family_hash


async def test_a_session_is_found_until_it_expires(scene: Scene) -> None:
    record, _ = scene.sessions.new(USER, "")
    await scene.secret.batch([scene.sessions.write(record)])
    assert await scene.sessions.find(USER, record.id) is not None
    assert await scene.sessions.find(USER, SessionId("ses_other")) is None
    scene.clock.advance(1000.0)
    assert await scene.sessions.find(USER, record.id) is None
    assert await scene.sessions.of(USER) == []


async def test_a_session_that_is_marked_is_not_found_though_it_is_stored(scene: Scene) -> None:
    record, _ = scene.sessions.new(USER, "")
    await scene.secret.batch([scene.sessions.write(record)])
    await scene.sessions.mark_ended([record], "logout")
    assert await scene.sessions.find(USER, record.id) is None


async def test_the_mark_outlives_every_access_token_of_the_session(scene: Scene) -> None:
    record, _ = scene.sessions.new(USER, "")
    await scene.sessions.end(record, "logout")
    scene.clock.advance(600.0 + LEEWAY_S + MARK_MARGIN_S - 1.0)
    assert await scene.access.get(f"ended.{record.id}") is not None
    scene.clock.advance(1.0)
    assert await scene.access.get(f"ended.{record.id}") is None


async def test_the_surplus_makes_room_for_exactly_one_more(scene: Scene) -> None:
    records = []
    for _ in range(4):
        record, _ = scene.sessions.new(USER, "")
        await scene.secret.batch([scene.sessions.write(record)])
        records.append(record)
        scene.clock.advance(1.0)
    surplus = scene.sessions.surplus(await scene.sessions.of(USER))
    assert [each.id for each in surplus] == [each.id for each in records[:3]]
