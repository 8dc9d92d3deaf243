from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from prometheus_client import CollectorRegistry

from covey.errors import NotFound, StoreUnavailable
from covey.protocol.contents import AskContent, ContentPolicy, KeptContent
from covey.protocol.ids import ModelName, RequestId, UserId
from covey.protocol.subjects import BUCKET_ACCESS, BUCKET_CONTENT
from covey.store.read_copy import ReadCopy
from covey.testing.manual_clock import ManualClock
from covey.testing.memory_store import MemoryStore
from covey.workers.gateway.config import ContentConfig
from covey.workers.gateway.contents import Contents
from covey.workers.gateway.metrics import GatewayMetrics
from tests.helpers.access import AccessRecords

ON = ContentConfig(keep=True)


class Rig:
    def __init__(self, config: ContentConfig, copy: ReadCopy[bytes], store: MemoryStore, clock: ManualClock) -> None:
        self.clock = clock
        self.registry = CollectorRegistry()
        self.contents = Contents(config, store, copy, clock, GatewayMetrics(self.registry))

    def content(self, user_id: UserId, request_id: str = "req_1", prompt: str = "hello") -> KeptContent:
        now = self.clock.now()
        return KeptContent(
            request_id=RequestId(request_id),
            user_id=user_id,
            username="ada",
            model=ModelName("sample"),
            kind="completion",
            at=now,
            expires_at=now + 100,
            prompt=prompt,
        )

    async def prompts(self, request_id: str = "req_1") -> list[str | None]:
        return [item.prompt for item in (await self.contents.get(AskContent(request_id=RequestId(request_id)))).items]

    def count(self, fate: str) -> float:
        return self.registry.get_sample_value("covey_gateway_contents_total", {"fate": fate}) or 0.0


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(clock: ManualClock) -> MemoryStore:
    return MemoryStore(clock)


@pytest.fixture
async def records(store: MemoryStore, clock: ManualClock) -> AccessRecords:
    return await AccessRecords.open(store, clock)


@pytest.fixture
async def copy(store: MemoryStore, clock: ManualClock, records: AccessRecords) -> AsyncIterator[ReadCopy[bytes]]:
    made = ReadCopy(await store.bucket(BUCKET_ACCESS), "", bytes, clock=clock)
    await made.start()
    records.seen = made.get
    yield made
    await made.stop()


@pytest.fixture
def rig(copy: ReadCopy[bytes], store: MemoryStore, clock: ManualClock) -> Rig:
    return Rig(ON, copy, store, clock)


async def test_while_it_is_off_nothing_is_found_and_everybody_is_told_so(
    copy: ReadCopy[bytes], store: MemoryStore, clock: ManualClock
) -> None:
    rig = Rig(ContentConfig(), copy, store, clock)
    assert rig.contents.policy() == ContentPolicy(kept=False, kept_s=None)
    with pytest.raises(NotFound, match="not kept here"):
        await rig.prompts()
    await rig.contents.flush()
    with pytest.raises(StoreUnavailable):  # not even its bucket was made
        await store.bucket(BUCKET_CONTENT, create=False)


async def test_while_it_is_on_everybody_is_told_for_how_long(rig: Rig) -> None:
    assert rig.contents.policy() == ContentPolicy(kept=True, kept_s=604_800.0)


async def test_what_waits_survives_that_the_store_is_away(rig: Rig, records: AccessRecords, store: MemoryStore) -> None:
    ada = await records.user("ada")
    rig.contents.put(rig.content(ada))
    store.available = False
    await rig.contents.flush()
    await rig.contents.flush()
    store.available = True
    await rig.contents.flush()
    assert await rig.prompts() == ["hello"]
    assert (rig.count("written"), rig.count("dropped")) == (1, 0)


async def test_what_expired_while_it_waited_is_not_written(rig: Rig, records: AccessRecords) -> None:
    rig.contents.put(rig.content(await records.user("ada")))
    rig.clock.advance(99.5)
    await rig.contents.flush()
    with pytest.raises(NotFound, match="nothing is kept"):
        await rig.prompts()


async def test_what_waits_is_bounded_and_the_rest_is_counted(
    copy: ReadCopy[bytes], store: MemoryStore, clock: ManualClock, records: AccessRecords
) -> None:
    rig = Rig(ContentConfig(keep=True, max_waiting_bytes=1_000_000), copy, store, clock)
    ada = await records.user("ada")
    store.available = False
    for number in range(12):
        rig.contents.put(rig.content(ada, f"req_{number}", "x" * 100_000))
    assert rig.count("dropped") == 3
    store.available = True
    await rig.contents.close()
    assert (rig.count("written"), rig.count("dropped")) == (9, 3)


async def test_what_cannot_be_written_at_the_end_is_counted_as_dropped(
    rig: Rig, records: AccessRecords, store: MemoryStore
) -> None:
    rig.contents.put(rig.content(await records.user("ada")))
    store.available = False
    await rig.contents.close()
    assert rig.count("dropped") == 1


async def test_a_deletion_that_fails_is_tried_again(rig: Rig, records: AccessRecords, store: MemoryStore) -> None:
    ada = await records.user("ada")
    rig.contents.put(rig.content(ada))
    await rig.contents.flush()
    await records.delete_user(ada)
    store.available = False
    await rig.contents.flush()
    store.available = True
    await rig.contents.flush()
    assert await (await store.bucket(BUCKET_CONTENT)).range() == []
