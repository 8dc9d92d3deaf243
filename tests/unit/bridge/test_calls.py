from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from covey.bridge.calls import Calls
from covey.bridge.metrics import BridgeMetrics
from covey.bridge.sse import StreamKeeper
from covey.errors import NotFound, PeerUnavailable, Unauthenticated
from covey.protocol.conversations import GenerationRef
from covey.protocol.ids import GenerationId
from covey.protocol.inference import CLIENT_START, GenerationList
from covey.rpc.local import LocalBus
from tests.helpers.chain import Chain, chat, running_chain


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    async with running_chain(tmp_path) as running:
        await running.processor()
        yield running


def calls_of(bus: LocalBus) -> Calls:
    keeper = StreamKeeper(start_s=1.0, ping_interval_s=1.0)
    return Calls(bus, keeper, BridgeMetrics(CollectorRegistry()), generation_timeout_s=10.0)


async def test_generations_of_every_client_worker_are_found(chain: Chain) -> None:
    token = chain.records.token(await chain.records.user("ada"))
    second = chain.new_client(CollectorRegistry())
    await second.start()
    try:
        begun: list[GenerationId] = []
        for worker in (chain.client, second):
            accepted = await chain.bus.call(
                CLIENT_START, chat(token, detached=True), chain.context(), to=worker.instance
            )
            begun.append(accepted.generation_id)
            await asyncio.sleep(0)
        calls = calls_of(chain.bus)
        listed = await calls.operate_for("generations.list", chain.context(), token)
        assert isinstance(listed, GenerationList)
        assert [info.id for info in listed.items] == begun[::-1]
        for generation_id in begun:
            found = await calls.operate_for(
                "generations.get", chain.context(), token, GenerationRef(generation_id=generation_id)
            )
            assert found.id == generation_id
    finally:
        await second.stop()


async def test_who_may_not_list_is_told_so_and_nothing_is_made_up(chain: Chain) -> None:
    with pytest.raises(Unauthenticated):
        await calls_of(chain.bus).operate_for("generations.list", chain.context(), "nonsense")
    token = chain.records.token(await chain.records.user("ada"))
    with pytest.raises(NotFound):
        await calls_of(chain.bus).operate_for(
            "generations.get", chain.context(), token, GenerationRef(generation_id=GenerationId("*"))
        )


async def test_without_a_client_worker_the_list_fails_by_name(chain: Chain) -> None:
    bus = LocalBus()
    with pytest.raises(PeerUnavailable):
        await calls_of(bus).operate_for("generations.list", chain.context(), "token")
    await bus.close()
