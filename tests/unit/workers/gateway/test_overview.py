"""The service at a glance."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from covey.errors import Forbidden
from covey.protocol.overview import GATEWAY_ACTIVITY, AskActivity
from covey.testing.eventually import eventually
from tests.helpers.chain import NODE, running_chain


async def test_the_overview_counts_what_happened_and_who_is_there(tmp_path: Path) -> None:
    async with running_chain(tmp_path) as chain:
        await chain.processor(tokens_per_second=0.0)
        root = chain.records.token(await chain.records.user("root", role="admin"))
        await chain.answer(root)

        async def counted() -> bool:
            return bool((await chain.operate("overview.get", root)).last_hour.requests)

        await eventually(counted)
        overview = await chain.operate("overview.get", root)
        assert overview.last_hour.requests == overview.last_day.requests == 1
        assert overview.last_hour.completion_tokens == 8
        assert sum(point.requests for point in overview.series) == 1
        assert (overview.models, overview.loaded_models, overview.users) == (1, ("sample",), 1)
        assert [node.name for node in overview.nodes] == [NODE]
        assert overview.health.mesh
        assert overview.health.store


async def test_a_second_gateway_is_part_of_the_sums(tmp_path: Path) -> None:
    async with running_chain(tmp_path) as chain:
        await chain.processor(tokens_per_second=0.0)
        root = chain.records.token(await chain.records.user("root", role="admin"))
        chain.registry = CollectorRegistry()
        other = chain.new_gateway()
        await other.start()
        try:
            for _ in range(8):
                await chain.answer(root)

            async def all_counted() -> bool:
                return bool((await chain.operate("overview.get", root)).last_day.requests == 8)

            await eventually(all_counted)
        finally:
            await other.stop()


async def test_what_a_gateway_tells_others_needs_an_administrators_credential(tmp_path: Path) -> None:
    async with running_chain(tmp_path) as chain:
        token = chain.records.token(await chain.records.user("ada"))
        with pytest.raises(Forbidden):
            await chain.bus.call(GATEWAY_ACTIVITY, AskActivity(credential=token), chain.context())
