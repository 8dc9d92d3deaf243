from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from covey.errors import Forbidden, InvalidRequest
from covey.protocol.usage import UsageReport
from covey.testing.eventually import eventually
from covey.testing.manual_clock import ManualClock
from tests.helpers.chain import Chain, running_chain


async def report(chain: Chain, token: str, requests: int, **fields: Any) -> UsageReport:
    """The usage, once it counts so many requests."""
    found: list[UsageReport] = []

    async def enough() -> bool:
        found.append(await chain.operate("usage.query", token, **fields))
        return found[-1].total.requests >= requests

    await eventually(enough)
    return found[-1]


async def test_usage_is_summed_by_day_model_and_key(tmp_path: Path) -> None:
    async with running_chain(tmp_path) as chain:
        await chain.processor(models=("sample", "other"))
        user = await chain.records.user("ada")
        token, key = chain.records.token(user), await chain.records.key(user)
        for credential, model in ((token, "sample"), (token, "other"), (key, "sample"), (key, "sample")):
            await chain.answer(credential, model=model)
        found = await report(chain, token, 4)
        rows = {(row.model, row.key_id is not None): row.totals.requests for row in found.items}
        assert rows == {("sample", False): 1, ("other", False): 1, ("sample", True): 2}
        assert found.total.completion_tokens == 32


async def test_days_are_kept_apart_and_can_be_chosen(tmp_path: Path) -> None:
    clock = ManualClock(1_769_817_600.0)  # 2026-01-31, midnight UTC
    async with running_chain(tmp_path, clock=clock) as chain:
        await chain.processor()
        user = await chain.records.user("ada")
        key = await chain.records.key(user, scopes=("inference", "account"))
        await chain.answer(key)
        await report(chain, key, 1)
        clock.jump(clock.now() + 86_400)
        await chain.answer(key)
        both = await report(chain, key, 2)
        assert [row.day for row in both.items] == ["2026-02-01", "2026-01-31"]
        first = await report(chain, key, 1, last_day="2026-01-31")
        assert [row.day for row in first.items] == ["2026-01-31"]
        with pytest.raises(InvalidRequest):
            await chain.operate("usage.query", key, first_day="yesterday")


async def test_administrators_see_everybody_and_members_themselves(tmp_path: Path) -> None:
    async with running_chain(tmp_path) as chain:
        await chain.processor()
        ada, root = await chain.records.user("ada"), await chain.records.user("root", role="admin")
        member, admin = chain.records.token(ada), chain.records.token(root)
        await chain.answer(member)
        await chain.answer(admin)
        assert (await report(chain, admin, 2, user_id="*")).total.requests == 2
        assert (await report(chain, admin, 1, user_id=ada)).total.requests == 1
        assert (await report(chain, member, 1)).total.requests == 1
        with pytest.raises(Forbidden):
            await chain.operate("usage.query", member, user_id=root)


async def test_what_was_used_while_the_store_was_away_is_counted_when_it_is_back(tmp_path: Path) -> None:
    async with running_chain(tmp_path) as chain:
        await chain.processor()
        token = chain.records.token(await chain.records.user("ada"))
        await chain.answer(token)
        await report(chain, token, 1)
        chain.store.available = False
        await chain.answer(token)
        await eventually(lambda: chain.sample("covey_gateway_log_records_total", log="usage", fate="spilled") == 1)
        chain.store.available = True
        assert (await report(chain, token, 2)).total.requests == 2
        assert chain.sample("covey_gateway_log_records_total", log="usage", fate="replayed") == 1


async def test_what_a_gateway_left_on_disk_is_counted_by_the_next_one(tmp_path: Path) -> None:
    async with running_chain(tmp_path) as chain:
        await chain.processor()
        token = chain.records.token(await chain.records.user("ada"))
        chain.store.available = False
        await asyncio.gather(*(chain.answer(token) for _ in range(3)))
        await eventually(lambda: chain.sample("covey_gateway_log_records_total", log="usage", fate="spilled") > 0)
        await chain.gateway.stop()
        assert [path.name for path in tmp_path.glob("usage-*.spill")]
        chain.store.available = True
        await chain.gateway.start()
        assert (await report(chain, token, 3)).total.requests == 3


async def test_a_gateway_that_stops_writes_down_everything_first(tmp_path: Path) -> None:
    async with running_chain(tmp_path, gateway={"usage_interval_s": 60.0}) as chain:
        await chain.processor()
        token = chain.records.token(await chain.records.user("ada"))
        for _ in range(5):
            await chain.answer(token)
        await chain.gateway.stop()
        assert chain.sample("covey_gateway_usage_records_waiting") == 0
        await chain.gateway.start()
        assert (await chain.operate("usage.query", token)).total.requests == 5
        assert sum(path.stat().st_size for path in tmp_path.glob("usage-*.spill")) == 0
