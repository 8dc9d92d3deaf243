"""Generations that pass through the client worker as whole answers; streams are in ``test_service``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from covey.backends.sample import answer_of
from covey.errors import (
    BackendUnavailable,
    CoveyError,
    DeadlineExceeded,
    Draining,
    InvalidRequest,
    PeerUnavailable,
    StreamInterrupted,
)
from covey.protocol.inference import Delta
from covey.testing.eventually import eventually
from covey.testing.gate import Gate
from tests.helpers.chain import Chain, chat, running_chain


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    async with running_chain(tmp_path) as running:
        yield running


@pytest.fixture
async def token(chain: Chain) -> str:
    return chain.records.token(await chain.records.user("ada"))


def ended(chain: Chain, outcome: str) -> float:
    return chain.sample("covey_client_generations_total", mode="attached", outcome=outcome)


def asked_in_all(chain: Chain) -> int:
    return sum(len(processor.contexts) for processor in chain.processors)


async def test_a_whole_answer_passes_through_the_chain_unchanged(chain: Chain, token: str) -> None:
    processor = await chain.whole_processor()
    processor.gate = Gate()
    task = asyncio.create_task(chain.whole(token, "how are you"))
    await processor.gate.entered()
    assert chain.client.info().load.running == 1
    processor.gate.open()
    whole = await task
    assert "".join(delta.text for delta in whole.deltas) == answer_of(chat(token, "how are you").generate, 8)
    assert whole.started is not None
    assert whole.finished.usage.completion_tokens == 8
    assert (len(processor.wholes), len(processor.asked)) == (1, 0)
    assert chain.client.info().load.running == 0
    assert ended(chain, "finished") == 1
    assert chain.sample("covey_client_tokens_total", model="sample") == 8
    assert chain.sample("covey_client_first_token_seconds_count", model="sample") == 1


async def test_an_engine_that_streams_is_read_event_by_event(chain: Chain, token: str) -> None:
    processor = await chain.processor()
    processor.gate = Gate()
    task = asyncio.create_task(chain.whole(token))
    await processor.gate.entered()
    listed = (await chain.operate("generations.list", token)).items
    assert [(info.attached, info.node) for info in listed] == [(True, "node-1")]
    processor.gate.open()
    whole = await task
    assert [type(delta) for delta in whole.deltas] == [Delta] * 8
    assert len(processor.asked) == 1
    assert (ended(chain, "finished"), ended(chain, "cancelled")) == (1, 0)
    assert chain.sample("covey_client_tokens_total", model="sample") == 8


async def test_a_gateway_elsewhere_is_asked_for_the_stream(chain: Chain, token: str) -> None:
    await chain.whole_processor()
    await chain.gateway.stop()
    with pytest.raises(PeerUnavailable):
        await chain.whole(token)
    assert ended(chain, "failed") == 1


async def test_a_repeated_request_gets_the_answer_that_is_kept(chain: Chain, token: str) -> None:
    processor = await chain.whole_processor()
    first, again = [await chain.whole(token, context=chain.context(idempotency_key="k")) for _ in range(2)]
    assert first == again
    assert first.started is not None
    assert first.started.kept_as is not None
    assert (len(processor.wholes), len(processor.asked)) == (0, 1)


async def test_an_answer_in_a_conversation_is_stored(chain: Chain, token: str) -> None:
    processor = await chain.whole_processor()
    conversation = await chain.operate("conversations.create", token)
    await chain.whole(token, "a question", conversation_id=conversation.info.id)
    stored = await chain.operate("conversations.get", token, conversation_id=conversation.info.id)
    assert "a question" in str(stored)
    assert answer_of(chat(token, "a question").generate, 8) in str(stored)
    assert len(processor.wholes) == 0
    assert ended(chain, "finished") == 1


async def test_a_caller_that_leaves_ends_a_whole_answer(chain: Chain, token: str) -> None:
    processor = await chain.whole_processor()
    processor.gate = Gate()
    task = asyncio.create_task(chain.whole(token))
    await processor.gate.entered()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert processor.running == chain.client.info().load.running == 0
    assert ended(chain, "cancelled") == 1
    assert len(processor.contexts) == 1


async def test_a_client_worker_that_stops_ends_whole_answers(chain: Chain, token: str) -> None:
    processor = await chain.whole_processor()
    processor.gate = Gate()
    task = asyncio.create_task(chain.whole(token))
    await processor.gate.entered()
    await chain.client.stop()
    with pytest.raises(Draining):
        await task
    assert processor.running == 0


async def test_a_deadline_ends_a_whole_answer_on_every_hop_and_is_not_tried_again(chain: Chain, token: str) -> None:
    processor = await chain.whole_processor()
    processor.gate = Gate()
    deadline = asyncio.get_running_loop().time() + 0.05

    async def asks() -> int:
        with pytest.raises(DeadlineExceeded):
            await chain.whole(token, context=chain.context(deadline=deadline))
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert await asyncio.create_task(asks()) == 0
    assert (len(processor.wholes), len(processor.asked)) == (1, 0)
    await eventually(lambda: processor.running == chain.client.info().load.running == 0)


@pytest.mark.parametrize(
    ("failure", "attempts", "asked"),
    [
        (StreamInterrupted("broken"), 1, 1),
        (StreamInterrupted("broken"), 2, 2),
        (StreamInterrupted("broken"), 3, 3),
        (BackendUnavailable("broken"), 3, 1),
        (InvalidRequest("broken"), 3, 1),
    ],
)
async def test_gateways_are_tried_as_often_as_set_and_only_where_that_may_help(
    tmp_path: Path, failure: CoveyError, attempts: int, asked: int
) -> None:
    settings = {"gateway_attempts": attempts}
    async with running_chain(tmp_path, client=settings, gateway={"processor_attempts": 1}) as chain:
        (await chain.whole_processor()).refuse = failure
        token = chain.records.token(await chain.records.user("ada"))
        with pytest.raises(type(failure), match="broken"):
            await chain.whole(token)
        assert asked_in_all(chain) == asked
        assert ended(chain, "failed") == 1
        assert chain.client.info().load.running == 0
