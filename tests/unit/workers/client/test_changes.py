from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from covey.domain.generation_ids import generation_id
from covey.errors import Forbidden, NotFound, Unauthenticated
from covey.protocol.conversations import (
    CLIENT_WATCH,
    ConversationChanged,
    WatchConversations,
    WatchEvent,
    Watching,
    conversation_topic,
)
from covey.protocol.ids import ConversationId, InstanceId, UserId
from covey.protocol.inference import CLIENT_START
from covey.rpc.local import LocalBus
from covey.rpc.node import RpcNode
from covey.testing.eventually import eventually
from covey.testing.memory_carrier import MemoryHub
from covey.workers.client import changes as module
from covey.workers.client.changes import Changes
from tests.helpers.chain import Chain, chat, running_chain

HERE, USER = InstanceId("client-here1"), UserId("usr_1")


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    async with running_chain(tmp_path) as running:
        await running.processor()
        yield running


class Watcher:
    def __init__(self) -> None:
        self.heard: list[WatchEvent] = []
        self.failure: BaseException | None = None

    @property
    def kinds(self) -> list[str]:
        return [event.kind for event in self.heard if isinstance(event, ConversationChanged)]

    async def run(self, events: Any) -> None:
        try:
            async with aclosing(events):
                async for event in events:
                    self.heard.append(event)
        except Exception as error:  # looked at by the test
            self.failure = error


@asynccontextmanager
async def watching(chain: Chain, token: str, conversation_id: str | None = None) -> AsyncIterator[Watcher]:
    watcher = Watcher()
    wanted = None if conversation_id is None else ConversationId(conversation_id)
    request = WatchConversations(credential=token, conversation_id=wanted)
    task = asyncio.create_task(watcher.run(chain.bus.stream(CLIENT_WATCH, request, chain.context())))
    await eventually(lambda: watcher.heard != [] or watcher.failure is not None)
    try:
        yield watcher
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_everything_that_happens_to_a_conversation_is_told(chain: Chain) -> None:
    token = chain.records.token(await chain.records.user("ada"))
    async with watching(chain, token) as watcher:
        assert watcher.heard == [Watching()]
        made = await chain.operate("conversations.create", token)
        await chain.operate("conversations.update", token, conversation_id=made.info.id, title="named")
        start = chat(token, detached=True, conversation_id=made.info.id)
        accepted = await chain.bus.call(CLIENT_START, start, chain.context())
        await eventually(lambda: "generation_ended" in watcher.kinds)
        await chain.operate("conversations.delete", token, conversation_id=made.info.id)
        await eventually(lambda: "deleted" in watcher.kinds)
    assert watcher.kinds == [
        "created", "updated", "message", "generation_started", "message", "generation_ended", "deleted",
    ]  # fmt: skip
    told = [event for event in watcher.heard if isinstance(event, ConversationChanged)]
    assert {event.conversation_id for event in told} == {made.info.id}
    assert [event.revision for event in told] == [1, 2, 3, 3, 4, 4, 0]
    assert told[2].message_id == accepted.question_id
    assert told[3].message_id == told[4].message_id == told[5].message_id == accepted.answer_id
    assert told[3].generation_id == told[5].generation_id == accepted.generation_id


async def test_one_conversation_is_watched_alone(chain: Chain) -> None:
    token = chain.records.token(await chain.records.user("ada"))
    first, second = [(await chain.operate("conversations.create", token)).info.id for _ in range(2)]
    async with watching(chain, token, second) as watcher:
        for conversation_id in (first, second):
            await chain.operate("conversations.delete", token, conversation_id=conversation_id)
        await eventually(lambda: watcher.kinds == ["deleted"])


async def test_what_is_not_ones_own_cannot_be_watched(chain: Chain) -> None:
    ada, eve = [chain.records.token(await chain.records.user(name)) for name in ("ada", "eve")]
    made = await chain.operate("conversations.create", ada)
    async with watching(chain, eve, made.info.id) as watcher:
        assert isinstance(watcher.failure, NotFound)


async def test_a_key_that_may_only_generate_watches_nothing(chain: Chain) -> None:
    async with watching(chain, await chain.records.key(await chain.records.user("ada"))) as watcher:
        assert isinstance(watcher.failure, Forbidden)


async def test_a_watch_ends_with_its_credential(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SILENCE_S", 0.01)
    user = await chain.records.user("ada")
    async with watching(chain, chain.records.token(user)) as watcher:
        await chain.records.delete_user(user)
        await eventually(lambda: isinstance(watcher.failure, Unauthenticated | Forbidden))


async def test_signs_of_life_come_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SILENCE_S", 0.01)
    checks = 0

    async def recheck() -> None:
        nonlocal checks
        checks += 1

    bus = LocalBus()
    async with aclosing(Changes(bus, HERE, lambda _: True).watch(USER, None, recheck)) as events:
        assert await anext(events) == Watching()
        assert await anext(events) == Watching(fresh=False)
    assert checks == 1
    assert bus.listeners.count(conversation_topic(USER).name) == 0
    await bus.close()


async def test_a_slow_watcher_is_told_that_it_missed_something(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACKLOG", 2)

    async def recheck() -> None:
        return

    bus = LocalBus()
    changes = Changes(bus, HERE, lambda _: True)
    async with aclosing(changes.watch(USER, None, recheck)) as events:
        await anext(events)
        for revision in range(5):
            await changes.tell(
                USER, ConversationChanged(conversation_id=ConversationId("c"), kind="updated", revision=revision)
            )
        for _ in range(10):
            await asyncio.sleep(0)
        heard = [await anext(events) for _ in range(3)]
    assert [event.revision for event in heard[:2] if isinstance(event, ConversationChanged)] == [0, 1]
    assert heard[2] == Watching(fresh=True)
    await bus.close()


def test_a_generation_runs_as_long_as_its_worker_is_there() -> None:
    own, foreign = generation_id(HERE, "1"), generation_id(InstanceId("client-there2"), "1")
    changes = Changes(LocalBus(), HERE, lambda wanted: wanted == own)
    assert changes.is_running(own)
    assert not changes.is_running(generation_id(HERE, "2"))
    assert not changes.is_running(foreign)


def test_topics_of_different_people_are_different_and_name_nobody() -> None:
    one, other = conversation_topic(UserId("usr_1")), conversation_topic(UserId("usr_2"))
    assert one.name != other.name
    assert "usr_1" not in one.name


async def test_a_change_is_heard_by_a_worker_of_another_process() -> None:
    hub = MemoryHub()
    one, other = RpcNode(hub.carrier("_INBOX_client.client-1")), RpcNode(hub.carrier("_INBOX_client.client-2"))

    async def recheck() -> None:
        return

    change = ConversationChanged(conversation_id=ConversationId("conv_1"), kind="updated", revision=2)
    await one.start()
    await other.start()
    try:
        async with aclosing(Changes(other, HERE, lambda _: True).watch(USER, None, recheck)) as events:
            assert await anext(events) == Watching()
            await Changes(one, HERE, lambda _: True).tell(UserId("usr_2"), change)
            await Changes(one, HERE, lambda _: True).tell(USER, change)
            assert await anext(events) == change
    finally:
        await other.stop()
        await one.stop()
