"""Taking a node out of service and back, with real processors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from covey.backends.sample import SampleConfig, SampleEngine
from covey.errors import NotFound, NoWorkerAvailable
from covey.protocol.ids import InstanceId, NodeName
from covey.protocol.inference import Finished
from covey.runtime.clock import SystemClock
from covey.workers.processor import Inventory, ProcessorConfig, ProcessorWorker
from covey.workers.processor.catalogue import ModelLibrary
from tests.helpers.chain import NODE, Chain, running_chain


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    async with running_chain(tmp_path) as running:
        worker = ProcessorWorker(
            ProcessorConfig(), running.bus, Inventory([SampleEngine(SampleConfig(tokens=8))], ModelLibrary(tmp_path)),
            SystemClock(), CollectorRegistry(), instance=InstanceId("processor-1"), node=NodeName("north"),
        )  # fmt: skip
        await worker.start()
        yield running
        await worker.stop()


@pytest.fixture
async def admin(chain: Chain) -> str:
    return chain.records.token(await chain.records.user("root", role="admin"))


async def state(chain: Chain, admin: str) -> str:
    nodes = (await chain.operate("nodes.list", admin)).items
    (north,) = [node for node in nodes if node.name == "north"]
    return str(north.instances[0].state)


async def test_a_drained_node_finishes_what_it_has_and_takes_nothing_new_until_it_is_resumed(
    chain: Chain, admin: str
) -> None:
    running = chain.generate(admin)
    await anext(running)
    drained = await chain.operate("nodes.drain", admin, node="north")
    assert drained.instances[0].state == await state(chain, admin) == "draining"
    with pytest.raises(NoWorkerAvailable):
        await chain.answer(admin)
    assert isinstance([event async for event in running][-1], Finished)
    resumed = await chain.operate("nodes.resume", admin, node="north")
    assert resumed.instances[0].state == await state(chain, admin) == "serving"
    assert isinstance((await chain.answer(admin))[-1], Finished)


async def test_a_node_that_is_not_there_or_has_no_processor_cannot_be_drained(chain: Chain, admin: str) -> None:
    for name in ("south", NODE):
        with pytest.raises(NotFound):
            await chain.operate("nodes.drain", admin, node=name)
