from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from covey.backends.sample import answer_of
from covey.domain.generation_ids import owner_of
from covey.errors import Draining, InvalidRequest, NotFound, QuotaExceeded
from covey.protocol.auth import Identity
from covey.protocol.inference import (
    CLIENT_CANCEL,
    CLIENT_FOLLOW,
    CLIENT_START,
    CancelGeneration,
    Delta,
    Failed,
    Finished,
    FollowGeneration,
    GenerationAccepted,
    GenerationEvent,
    Started,
)
from covey.protocol.operations import AUTHORIZE, Authorize
from covey.testing.eventually import eventually
from covey.testing.gate import Gate
from tests.helpers.chain import Chain, chat, running_chain


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    async with running_chain(tmp_path, client={"max_running_per_user": 3}) as running:
        await running.processor()
        yield running


@pytest.fixture
async def token(chain: Chain) -> str:
    return chain.records.token(await chain.records.user("ada"))


async def start(chain: Chain, token: str, text: str = "hello") -> GenerationAccepted:
    return await chain.bus.call(CLIENT_START, chat(token, text, detached=True), chain.context())


async def follow(chain: Chain, token: str, generation: str, after: int = -1) -> list[GenerationEvent]:
    asked = FollowGeneration(credential=token, generation_id=generation, after=after)  # type: ignore[arg-type]
    return [event async for event in chain.bus.stream(CLIENT_FOLLOW, asked, chain.context())]


async def cancel(chain: Chain, token: str, generation: str) -> None:
    asked = CancelGeneration(credential=token, generation_id=generation)  # type: ignore[arg-type]
    await chain.bus.call(CLIENT_CANCEL, asked, chain.context())


def text_of(events: list[GenerationEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))


async def test_a_detached_generation_ends_without_a_reader_and_is_read_afterwards(chain: Chain, token: str) -> None:
    accepted = await start(chain, token)
    assert owner_of(accepted.generation_id, [chain.client.instance]) == accepted.instance == chain.client.instance
    await eventually(lambda: chain.client.kept.running == 0)
    events = await follow(chain, token, accepted.generation_id)
    assert [type(event) for event in events] == [Started] + [Delta] * 8 + [Finished]
    assert text_of(events) == answer_of(chat(token).generate, 8)


async def test_any_number_of_readers_get_the_same_from_any_event_on(chain: Chain, token: str) -> None:
    gate = chain.processors[0].gate = Gate()
    accepted = await start(chain, token)
    await gate.entered()
    readers = [asyncio.create_task(follow(chain, token, accepted.generation_id, after)) for after in (-1, 0, -1)]
    gate.open()
    whole, rest, again = await asyncio.gather(*readers)
    assert whole == again
    assert whole[1:] == rest
    for after in range(len(whole)):
        assert await follow(chain, token, accepted.generation_id, after) == whole[after + 1 :]
    with pytest.raises(InvalidRequest):
        await follow(chain, token, accepted.generation_id, 99)


async def test_a_reader_that_leaves_stops_neither_the_generation_nor_other_readers(chain: Chain, token: str) -> None:
    gate = chain.processors[0].gate = Gate()
    accepted = await start(chain, token)
    leaver = asyncio.create_task(follow(chain, token, accepted.generation_id))
    stayer = asyncio.create_task(follow(chain, token, accepted.generation_id))
    await gate.entered()
    leaver.cancel()
    await asyncio.gather(leaver, return_exceptions=True)
    gate.open()
    assert isinstance((await stayer)[-1], Finished)


async def test_cancelling_frees_the_engine_and_tells_every_reader(chain: Chain, token: str) -> None:
    gate = chain.processors[0].gate = Gate()
    accepted = await start(chain, token)
    reader = asyncio.create_task(follow(chain, token, accepted.generation_id))
    await gate.entered()
    await cancel(chain, token, accepted.generation_id)
    last = (await reader)[-1]
    assert isinstance(last, Finished)
    assert last.reason == "cancelled"
    await eventually(lambda: chain.processors[0].running == 0)
    await cancel(chain, token, accepted.generation_id)
    info = await chain.operate("generations.get", token, generation_id=accepted.generation_id)
    assert info.state == "cancelled"


async def test_cancelling_before_the_first_step_still_ends_it(chain: Chain, token: str) -> None:
    accepted = await start(chain, token)
    chain.client.kept.find(accepted.generation_id, (await identity(chain, token))).cancel()
    events = await follow(chain, token, accepted.generation_id)
    assert isinstance(events[-1], Finished)


async def identity(chain: Chain, token: str) -> Identity:
    return await chain.bus.call(AUTHORIZE, Authorize(credential=token, operation="inference"), chain.context())


async def test_a_failure_of_a_detached_generation_is_its_last_event(chain: Chain, token: str) -> None:
    accepted = await chain.bus.call(CLIENT_START, chat(token, model="missing", detached=True), chain.context())
    (event,) = await follow(chain, token, accepted.generation_id)
    assert isinstance(event, Failed)
    assert event.code == "model_not_found"


async def test_generations_are_listed_newest_first_with_their_time_line(chain: Chain, token: str) -> None:
    accepted = [await start(chain, token, f"question {number}") for number in range(2)]
    await eventually(lambda: chain.client.kept.running == 0)
    listed = (await chain.operate("generations.list", token)).items
    assert [info.id for info in listed] == [accepted[1].generation_id, accepted[0].generation_id]
    line = listed[0].time_line
    assert line.received <= line.started <= line.first_token <= line.ended
    assert listed[0].state == "finished"
    assert listed[0].events == 10


async def test_one_user_can_have_only_so_many_running(chain: Chain, token: str) -> None:
    gate = chain.processors[0].gate = Gate()
    for _ in range(3):
        await start(chain, token)
    with pytest.raises(QuotaExceeded):
        await start(chain, token)
    other = chain.records.token(await chain.records.user("bob"))
    await start(chain, other)
    gate.open()
    await eventually(lambda: chain.client.kept.running == 0)
    await start(chain, token)


async def test_an_ended_generation_is_forgotten_after_its_time(tmp_path: Path) -> None:
    async with running_chain(tmp_path, client={"generation_keep_s": 0.0}) as chain:
        await chain.processor()
        token = chain.records.token(await chain.records.user("ada"))
        accepted = await start(chain, token)
        await eventually(lambda: chain.client.kept.running == 0)
        assert (await chain.operate("generations.list", token)).items == ()
        with pytest.raises(NotFound):
            await follow(chain, token, accepted.generation_id)


async def test_an_attached_generation_ends_with_its_reader(chain: Chain, token: str) -> None:
    gate = chain.processors[0].gate = Gate()
    reader = asyncio.create_task(chain.answer(token))
    await gate.entered()
    assert chain.client.info().load.running == 1
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    assert chain.processors[0].running == 0
    assert chain.client.info().load.running == 0
    assert chain.sample("covey_client_generations_total", mode="attached", outcome="cancelled") == 1


async def test_when_a_gateway_is_gone_another_one_takes_the_request(chain: Chain, token: str) -> None:
    chain.registry = CollectorRegistry()
    second = chain.new_gateway()
    await second.start()
    await chain.gateway.stop()
    try:
        assert isinstance((await chain.answer(token))[-1], Finished)
    finally:
        await second.stop()


async def test_stopping_ends_what_runs_and_readers_are_told(chain: Chain, token: str) -> None:
    chain.processors[0].gate = Gate()
    accepted = await start(chain, token)
    reader = asyncio.create_task(follow(chain, token, accepted.generation_id))
    await chain.processors[0].gate.entered()
    await chain.client.stop()
    (result,) = await asyncio.gather(reader, return_exceptions=True)
    assert isinstance(result, Draining | list)
    if isinstance(result, list):
        assert isinstance(result[-1], Finished)
    assert chain.processors[0].running == 0
