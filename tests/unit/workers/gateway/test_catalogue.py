from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from covey.errors import BackendUnavailable, Forbidden, InvalidRequest, NoWorkerAvailable
from covey.protocol.operations import CLIENT_PULL_MODEL, GatewayPull
from covey.protocol.registry import PullModel, PullProgress
from tests.helpers.chain import Chain, running_chain


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    async with running_chain(tmp_path) as running:
        yield running


@pytest.fixture
async def admin(chain: Chain) -> str:
    return chain.records.token(await chain.records.user("root", role="admin"))


async def pull(chain: Chain, credential: str) -> list[PullProgress]:
    asked = GatewayPull(credential=credential, pull=PullModel(model="tiny"))  # type: ignore[arg-type]
    return [step async for step in chain.bus.stream(CLIENT_PULL_MODEL, asked, chain.context())]


async def test_models_of_several_processors_are_one_list(chain: Chain, admin: str) -> None:
    first, second = await chain.processor(models=("a", "b")), await chain.processor(models=("b", "c"))
    listed = {item.model.name: item for item in (await chain.operate("models.list", admin)).items}
    assert list(listed) == ["a", "b", "c"]
    assert set(listed["b"].instances) == {first.instance, second.instance}
    assert listed["b"].nodes == ("node-1",)


async def test_one_model_is_shown_by_any_of_its_names(chain: Chain, admin: str) -> None:
    await chain.processor(aliases=("fast",))
    for name in ("sample", "fast"):
        assert (await chain.operate("models.show", admin, model=name)).model.name == "sample"


async def test_a_model_is_removed_wherever_it_is(chain: Chain, admin: str) -> None:
    processors = [await chain.processor(aliases=("fast",)) for _ in range(2)]
    await chain.operate("models.remove", admin, model="fast")
    assert [processor.removed for processor in processors] == [["sample"], ["sample"]]


async def test_nodes_show_every_worker_that_is_there(chain: Chain, admin: str) -> None:
    await chain.processor()
    (node,) = (await chain.operate("nodes.list", admin)).items
    assert sorted(info.service for info in node.instances) == ["client", "gateway", "processor"]


async def test_only_administrators_fetch_models_and_somebody_must_be_there(chain: Chain, admin: str) -> None:
    with pytest.raises(NoWorkerAvailable):
        await pull(chain, admin)
    await chain.processor()
    assert [step.status for step in await pull(chain, admin)] == ["resolving", "done"]
    with pytest.raises(Forbidden):
        await pull(chain, chain.records.token(await chain.records.user("ada")))


@pytest.mark.parametrize(("failure", "tried"), [(BackendUnavailable(), 2), (InvalidRequest(), 1)])
async def test_a_fetch_moves_on_only_from_processors_that_cannot(
    chain: Chain, admin: str, failure: Exception, tried: int
) -> None:
    processors = [await chain.processor() for _ in range(2)]
    for processor in processors:
        processor.pull_failure = failure
    with pytest.raises(type(failure)):
        await pull(chain, admin)
    assert sum(processor.pulls for processor in processors) == tried
