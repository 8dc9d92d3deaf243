from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from covey.backends.sample import SampleConfig, SampleEngine
from covey.errors import (
    BackendRejected,
    BackendUnavailable,
    CoveyError,
    Draining,
    Forbidden,
    InvalidRequest,
    ModelNotFound,
    NoWorkerAvailable,
    Overloaded,
    StreamInterrupted,
)
from covey.protocol.ids import ModelName
from covey.protocol.inference import (
    CLIENT_EMBED,
    PROCESSOR_GENERATE,
    ChatMessage,
    Delta,
    Embed,
    Failed,
    Finished,
    GatewayEmbed,
    Generate,
    GenerationEvent,
    ImagePart,
    ImageUrl,
    Sampling,
    Started,
    Usage,
)
from covey.protocol.registry import LoadReport
from covey.protocol.usage import UsageRecord
from covey.rpc.context import CallContext
from covey.rpc.service import streams
from covey.testing.eventually import eventually
from covey.testing.gate import Gate
from tests.helpers.chain import Chain, SampleProcessor, running_chain


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    async with running_chain(tmp_path) as running:
        yield running


@pytest.fixture
async def key(chain: Chain) -> str:
    return await chain.records.key(await chain.records.user("ada"))


async def usage(chain: Chain, count: int = 1) -> list[UsageRecord]:
    """The usage log, once it has so many records."""
    log = await chain.store.log("usage")

    async def read() -> list[UsageRecord]:
        found: list[UsageRecord] = []
        for record in await log.read():
            decoded = msgspec.msgpack.decode(record.value, type=UsageRecord | tuple[UsageRecord, ...])
            found += decoded if isinstance(decoded, tuple) else (decoded,)
        return found

    async def enough() -> bool:
        return len(await read()) >= count

    await eventually(enough)
    return await read()


def at_rest(chain: Chain) -> bool:
    service = chain.gateway.service
    assert service is not None
    return (
        chain.gateway.limiter.outstanding == 0 and service.running.count == 0 and chain.gateway.info().load.running == 0
    )


async def test_a_finished_generation_is_written_down_once_without_content(chain: Chain, key: str) -> None:
    await chain.processor()
    await chain.answer(key, "one two three")
    (record,) = await usage(chain)
    assert (record.model, record.kind, record.outcome) == ("sample", "chat", "ok")
    assert (record.prompt_tokens, record.completion_tokens, record.estimated) == (3, 8, False)
    assert record.processor == chain.processors[0].instance
    assert record.first_token_ms is not None
    assert record.first_token_ms <= record.duration_ms
    assert chain.sample("covey_gateway_tokens_total", model="sample", kind="completion") == 8
    assert at_rest(chain)


async def test_d16_a_reader_that_leaves_pays_for_what_was_produced(chain: Chain, key: str) -> None:
    processor = await chain.processor()
    events = chain.generate(key)
    for _ in range(4):
        await anext(events)
    await events.aclose()
    assert processor.running == 0
    (record,) = await usage(chain)
    assert (record.outcome, record.completion_tokens, record.estimated) == ("cancelled", 3, True)
    assert at_rest(chain)


async def test_d16_every_way_out_settles_every_reservation(chain: Chain, key: str) -> None:
    processor = await chain.processor()
    processor.gate = Gate()
    tasks = [asyncio.create_task(chain.answer(key)) for _ in range(8)]
    await eventually(lambda: chain.gateway.limiter.outstanding == 8)
    for task in tasks[:4]:
        task.cancel()
    processor.gate.open()
    await asyncio.gather(*tasks, return_exceptions=True)
    processor.refuse = BackendRejected("no")
    with pytest.raises(BackendRejected):
        await chain.answer(key)
    assert at_rest(chain)
    outcomes = sorted(record.outcome for record in await usage(chain, 9))
    assert outcomes == ["cancelled"] * 4 + ["ok"] * 4 + ["refused"]


@pytest.mark.parametrize("failure", [BackendUnavailable(), Overloaded(), Draining(), StreamInterrupted()])
async def test_before_the_first_token_another_processor_is_tried(chain: Chain, key: str, failure: CoveyError) -> None:
    bad = await chain.processor()
    bad.refuse = failure
    bad.load = LoadReport(slots=100)
    good = await chain.processor()
    good.load = LoadReport(slots=1, running=1)
    events = await chain.answer(key)
    assert isinstance(events[-1], Finished)
    assert len(bad.asked) == len(good.asked) == 1
    (record,) = await usage(chain)
    assert (record.outcome, record.processor) == ("ok", good.instance)
    assert at_rest(chain)


async def test_no_more_processors_are_tried_than_set(chain: Chain, key: str) -> None:
    for _ in range(5):
        (await chain.processor()).refuse = BackendUnavailable("down")
    with pytest.raises(BackendUnavailable, match="down"):
        await chain.answer(key)
    assert sum(len(processor.asked) for processor in chain.processors) == 3


async def test_what_is_wrong_with_the_request_is_not_tried_elsewhere(chain: Chain, key: str) -> None:
    for _ in range(2):
        (await chain.processor()).refuse = InvalidRequest("bad")
    with pytest.raises(InvalidRequest):
        await chain.answer(key)
    assert sum(len(processor.asked) for processor in chain.processors) == 1


class Scripted(SampleProcessor):
    """Plays a list of events or errors."""

    def __init__(self, *script: GenerationEvent | CoveyError) -> None:
        super().__init__(SampleEngine(SampleConfig()))
        self.script = script

    @streams(PROCESSOR_GENERATE)
    async def generate(self, request: Generate, context: CallContext) -> AsyncGenerator[GenerationEvent, None]:
        self.asked.append(request)
        for event in self.script:
            if isinstance(event, CoveyError):
                raise event
            yield event


STARTED = Started(model=ModelName("sample"))


async def test_a_second_processor_does_not_begin_the_stream_again(chain: Chain, key: str) -> None:
    bad = Scripted(STARTED, StreamInterrupted())
    await bad.start(chain.bus)
    bad.load = LoadReport(slots=100)
    good = await chain.processor()
    good.load = LoadReport(slots=1, running=1)
    events = await chain.answer(key)
    assert [type(event) for event in events] == [Started] + [Delta] * 8 + [Finished]
    assert len(bad.asked) == 1


async def test_after_the_first_token_a_failure_ends_the_stream_with_what_was_used(chain: Chain, key: str) -> None:
    await Scripted(STARTED, Delta(text="a"), StreamInterrupted()).start(chain.bus)
    await chain.processor(models=("other",))
    events = await chain.answer(key)
    last = events[-1]
    assert isinstance(last, Failed)
    assert (last.code, last.usage.completion_tokens) == ("stream_interrupted", 1)
    (record,) = await usage(chain)
    assert (record.outcome, record.error_code, record.completion_tokens) == ("failed", "stream_interrupted", 1)


async def test_a_stream_without_an_end_is_a_failure_and_not_silence(chain: Chain, key: str) -> None:
    await Scripted(STARTED, Delta(text="a")).start(chain.bus)
    last = (await chain.answer(key))[-1]
    assert isinstance(last, Failed)
    assert last.code == "stream_interrupted"


@pytest.mark.parametrize("lie", [1, 5_000_000, -3])
async def test_d14_the_caller_and_the_log_are_told_what_passed(chain: Chain, key: str, lie: int) -> None:
    deltas = [Delta(text="word ") for _ in range(500)]
    finished = Finished(reason="stop", usage=Usage(prompt_tokens=5, completion_tokens=lie))
    await Scripted(STARTED, *deltas, finished).start(chain.bus)
    last = (await chain.answer(key))[-1]
    assert isinstance(last, Finished)
    assert last.usage.completion_tokens == 500
    (record,) = await usage(chain)
    assert (record.completion_tokens, record.estimated) == (500, True)


async def test_without_a_model_or_room_the_refusal_says_so_and_costs_nothing(chain: Chain, key: str) -> None:
    with pytest.raises(ModelNotFound, match="no processor is connected"):
        await chain.answer(key)
    processor = await chain.processor()
    with pytest.raises(ModelNotFound, match="did you mean sample"):
        await chain.answer(key, model="sampel")
    processor.load = LoadReport(slots=1, waiting_limit=1, running=1, waiting=1, service_time_s=3.0)
    with pytest.raises(Overloaded) as caught:
        await chain.answer(key)
    assert caught.value.retry_after_s == pytest.approx(6.0)
    processor.models = tuple(msgspec.structs.replace(model, state="unavailable") for model in processor.models)
    with pytest.raises(NoWorkerAvailable):
        await chain.answer(key)
    assert processor.asked == []
    assert at_rest(chain)


async def test_d4_a_request_out_of_range_reaches_no_processor(chain: Chain, key: str) -> None:
    processor = await chain.processor()
    fields: dict[str, Any] = {"sampling": Sampling(max_tokens=2**31)}
    with pytest.raises(InvalidRequest) as caught:
        await chain.answer(key, generate=fields)
    assert caught.value.param == "max_tokens"
    assert processor.asked == []


async def test_an_embedding_is_counted_like_everything_else(chain: Chain, key: str) -> None:
    await chain.processor()
    embed = Embed(model=ModelName("sample"), inputs=("one two", "three"))
    answer = await chain.bus.call(CLIENT_EMBED, GatewayEmbed(credential=key, embed=embed), chain.context())
    assert len(answer.vectors) == 2
    (record,) = await usage(chain)
    assert (record.kind, record.outcome) == ("embedding", "ok")
    assert record.prompt_tokens == answer.usage.prompt_tokens > 0
    assert at_rest(chain)


async def test_a_key_without_the_scope_generates_nothing(chain: Chain) -> None:
    processor = await chain.processor()
    key = await chain.records.key(await chain.records.user("bob"), scopes=("account",))
    with pytest.raises(Forbidden):
        await chain.answer(key)
    assert processor.asked == []


async def test_a_model_without_vision_refuses_pictures_and_says_why(tmp_path: Path) -> None:
    async with running_chain(tmp_path) as chain:
        processor = await chain.processor(vision=False)
        token = chain.records.token(await chain.records.user("ada"))
        image = ImagePart(image_url=ImageUrl(url="data:image/png;base64,aGk="))
        with pytest.raises(InvalidRequest, match="cannot see images: vision is not among its capabilities"):
            await chain.answer(token, messages=(ChatMessage(role="user", content=(image,)),))
        assert processor.asked == []
