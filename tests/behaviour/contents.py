"""What keeping content promises, on whatever store. Subclasses give the fixture ``store``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from covey.errors import NotFound
from covey.protocol.contents import AskContent, KeptAnswer, KeptContent, KeptMessage
from covey.protocol.ids import ModelName, RequestId, UserId
from covey.protocol.inference import TextPart
from covey.protocol.subjects import BUCKET_ACCESS, BUCKET_CONTENT
from covey.runtime.clock import Clock, SystemClock
from covey.store.key_value import Store
from covey.store.read_copy import ReadCopy
from covey.testing.eventually import eventually
from covey.workers.gateway.config import ContentConfig
from covey.workers.gateway.contents import MOST_SHOWN, Contents
from covey.workers.gateway.metrics import GatewayMetrics
from tests.helpers.access import AccessRecords


class Keeping:
    """One gateway's keeping, and the accounts that it sees."""

    def __init__(self, store: Store, clock: Clock, records: AccessRecords, copy: ReadCopy[bytes]) -> None:
        self.store = store
        self.clock = clock
        self.records = records
        self.copy = copy
        self.registry = CollectorRegistry()
        self.contents = self.another(ContentConfig(keep=True), self.registry)

    def another(self, config: ContentConfig, registry: CollectorRegistry | None = None) -> Contents:
        metrics = GatewayMetrics(registry or CollectorRegistry())
        return Contents(config, self.store, self.copy, self.clock, metrics)

    def content(self, user_id: UserId, request_id: str, text: str = "hello", **fields: Any) -> KeptContent:
        now = self.clock.now()
        return KeptContent(
            request_id=RequestId(request_id),
            user_id=user_id,
            username="ada",
            model=ModelName("sample"),
            kind="chat",
            at=now,
            messages=(KeptMessage(role="user", content=(TextPart(text=text),)),),
            answer=KeptAnswer(text=f"answer to {text}"),
            **{"expires_at": now + 3600, **fields},
        )

    async def keep(self, *contents: KeptContent) -> None:
        for content in contents:
            self.contents.put(content)
        await self.contents.flush()

    async def texts(self, request_id: str) -> list[str]:
        found = await self.contents.get(AskContent(request_id=RequestId(request_id)))
        return [item.answer.text.removeprefix("answer to ") for item in found.items]

    async def keys(self) -> list[str]:
        bucket = await self.store.bucket(BUCKET_CONTENT, vital=False)
        return [entry.key for entry in await bucket.range()]

    def count(self, fate: str) -> float:
        return self.registry.get_sample_value("covey_gateway_contents_total", {"fate": fate}) or 0.0


class ContentsBehaviour:
    def clock(self) -> Clock:
        return SystemClock()

    @pytest.fixture
    async def keeping(self, store: Store) -> AsyncIterator[Keeping]:
        clock = self.clock()
        records = await AccessRecords.open(store, clock)
        copy = ReadCopy(await store.bucket(BUCKET_ACCESS), "", bytes, clock=clock)
        await copy.start()
        records.seen = copy.get
        yield Keeping(store, clock, records, copy)
        await copy.stop()

    async def test_what_was_kept_is_read_as_it_was(self, keeping: Keeping) -> None:
        ada = await keeping.records.user("ada")
        content = keeping.content(ada, "req_1", "what is it?")
        await keeping.keep(content)
        found = await keeping.contents.get(AskContent(request_id=content.request_id))
        assert found.items == (content,)
        assert found.more == 0
        assert keeping.count("written") == 1

    async def test_nothing_is_found_of_another_request(self, keeping: Keeping) -> None:
        await keeping.keep(keeping.content(await keeping.records.user("ada"), "req_1"))
        with pytest.raises(NotFound, match="nothing is kept"):
            await keeping.texts("req_10")

    async def test_an_id_that_is_used_again_hides_nothing(self, keeping: Keeping) -> None:
        ada, eve = await keeping.records.user("ada"), await keeping.records.user("eve")
        for user, text in ((ada, "first"), (eve, "second"), (ada, "third")):
            await keeping.keep(keeping.content(user, "req_1", text))
        assert await keeping.texts("req_1") == ["third", "second", "first"]

    async def test_an_id_that_is_used_without_end_is_read_in_part(self, keeping: Keeping) -> None:
        ada = await keeping.records.user("ada")
        await keeping.keep(*(keeping.content(ada, "req_1", str(number)) for number in range(MOST_SHOWN + 5)))
        found = await keeping.contents.get(AskContent(request_id=RequestId("req_1")))
        assert (len(found.items), found.more) == (MOST_SHOWN, 5)
        assert found.items[0].answer.text == f"answer to {MOST_SHOWN + 4}"

    async def test_everything_expires(self, keeping: Keeping) -> None:
        ada = await keeping.records.user("ada")
        await keeping.keep(keeping.content(ada, "req_1", expires_at=keeping.clock.now() + 1.2))
        assert len(await keeping.keys()) == 3
        self.pass_time(2)

        async def gone() -> bool:
            return not await keeping.keys()

        await eventually(gone, timeout_s=6.0)

    def pass_time(self, seconds: float) -> None:
        """Real time passes by itself; a suite with a clock of its own moves it here."""

    async def test_a_deleted_account_leaves_nothing_and_others_stay(self, keeping: Keeping) -> None:
        ada, eve = await keeping.records.user("ada"), await keeping.records.user("eve")
        await keeping.keep(*(keeping.content(ada, f"req_{number}", "mine") for number in range(40)))
        await keeping.keep(keeping.content(eve, "req_0", "theirs"))
        keeping.contents.put(keeping.content(ada, "req_99", "on its way"))
        await keeping.records.delete_user(ada)
        await keeping.contents.flush()
        assert await keeping.texts("req_0") == ["theirs"]
        assert len(await keeping.keys()) == 3
        assert ada not in str(await keeping.keys())

    async def test_an_account_is_cleared_also_where_nothing_is_kept_any_more(self, keeping: Keeping) -> None:
        ada = await keeping.records.user("ada")
        switched_off = keeping.another(ContentConfig())
        await keeping.keep(keeping.content(ada, "req_1"))
        await keeping.records.delete_user(ada)
        await switched_off.flush()
        assert await keeping.keys() == []

    async def test_many_are_written_in_parts(self, keeping: Keeping) -> None:
        ada = await keeping.records.user("ada")
        await keeping.keep(*(keeping.content(ada, f"req_{number}", "x" * 60_000) for number in range(40)))
        assert keeping.count("written") == 40
        assert len(await keeping.keys()) == 120
        assert len(msgspec.msgpack.encode(await keeping.contents.get(AskContent(request_id=RequestId("req_39"))))) > 6e4
