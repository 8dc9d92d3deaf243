"""``Idempotency-Key``: once, whatever happens in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from covey.errors import BackendUnavailable, IdempotencyConflict, StoreUnavailable
from covey.protocol.inference import CLIENT_GENERATE, CLIENT_START, Delta, Finished, GenerationEvent, Started
from covey.testing.eventually import eventually
from covey.testing.gate import Gate
from tests.helpers.chain import Chain, chat, running_chain


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    async with running_chain(tmp_path) as running:
        await running.processor()
        yield running


@pytest.fixture
async def token(chain: Chain) -> str:
    return chain.records.token(await chain.records.user("ada"))


async def ask(chain: Chain, token: str, key: str = "key-1", text: str = "hello") -> list[GenerationEvent]:
    return await chain.answer(token, text, context=chain.context(idempotency_key=key))


def text_of(events: list[GenerationEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))


async def test_a_repeat_gets_the_same_answer_and_runs_nothing(chain: Chain, token: str) -> None:
    first = await ask(chain, token)
    assert await ask(chain, token) == first
    assert len(chain.processors[0].asked) == 1
    started = first[0]
    assert isinstance(started, Started)
    assert started.kept_as is not None
    assert started.kept_at > 0
    assert text_of(await ask(chain, token, "key-2")) == text_of(first)
    assert len(chain.processors[0].asked) == 2


async def test_the_same_key_with_another_request_is_a_conflict(chain: Chain, token: str) -> None:
    await ask(chain, token)
    with pytest.raises(IdempotencyConflict):
        await ask(chain, token, text="something else")
    other = chain.records.token(await chain.records.user("bob"))
    assert await ask(chain, other, text="something else")


async def test_a_repeat_while_it_runs_joins_it(chain: Chain, token: str) -> None:
    gate = chain.processors[0].gate = Gate()
    askers = [asyncio.create_task(ask(chain, token)) for _ in range(20)]
    await gate.entered()
    gate.open()
    answers = await asyncio.gather(*askers)
    assert all(answer == answers[0] for answer in answers)
    assert len(chain.processors[0].asked) == 1


async def test_when_one_of_two_readers_leaves_it_goes_on_and_with_the_last_it_ends(chain: Chain, token: str) -> None:
    gate = chain.processors[0].gate = Gate()
    one, two = (asyncio.create_task(ask(chain, token)) for _ in range(2))
    await gate.entered()
    await eventually(lambda: chain.sample("covey_client_idempotent_requests_total", result="joined") == 1)
    one.cancel()
    await asyncio.gather(one, return_exceptions=True)
    assert chain.processors[0].running == 1
    two.cancel()
    await asyncio.gather(two, return_exceptions=True)
    await eventually(lambda: chain.processors[0].running == 0)
    gate.open()
    assert isinstance((await ask(chain, token))[-1], Finished)
    assert len(chain.processors[0].asked) == 2


async def test_a_failure_is_not_kept_so_that_a_repeat_may_succeed(chain: Chain, token: str) -> None:
    chain.processors[0].refuse = BackendUnavailable("down")
    with pytest.raises(BackendUnavailable, match="down"):
        await ask(chain, token)
    chain.processors[0].refuse = None
    assert isinstance((await ask(chain, token))[-1], Finished)


async def test_another_worker_waits_for_the_answer_and_repeats_it(chain: Chain, token: str) -> None:
    gate = chain.processors[0].gate = Gate()
    first = asyncio.create_task(ask(chain, token))
    await gate.entered()
    second = chain.new_client(CollectorRegistry())
    await second.start()
    try:
        stream = chain.bus.stream(
            CLIENT_GENERATE, chat(token), chain.context(idempotency_key="key-1"), to=second.instance
        )

        async def read() -> list[GenerationEvent]:
            return [event async for event in stream]

        repeat = asyncio.create_task(read())
        gate.open()
        assert text_of(await repeat) == text_of(await first)
        assert len(chain.processors[0].asked) == 1
    finally:
        await second.stop()


async def test_a_detached_generation_is_started_once(chain: Chain, token: str) -> None:
    context = chain.context(idempotency_key="key-1")
    asked = chat(token, detached=True)
    accepted = await asyncio.gather(*(chain.bus.call(CLIENT_START, asked, context) for _ in range(5)))
    assert len({each.generation_id for each in accepted}) == 1
    await eventually(lambda: chain.client.kept.running == 0)
    assert len(chain.processors[0].asked) == 1


async def test_what_is_made_is_made_once(chain: Chain, token: str) -> None:
    context = chain.context(idempotency_key="key-1")
    made = [await chain.operate("conversations.create", token, context=context, title="one") for _ in range(3)]
    assert len({each.info.id for each in made}) == 1
    assert len((await chain.operate("conversations.list", token)).items) == 1
    with pytest.raises(IdempotencyConflict):
        await chain.operate("conversations.create", token, context=context, title="two")


async def test_without_the_store_nothing_with_a_key_is_begun(chain: Chain, token: str) -> None:
    chain.store.available = False
    with pytest.raises(StoreUnavailable):
        await ask(chain, token)
    assert chain.processors[0].asked == []
    assert await chain.answer(token)
    chain.store.available = True
