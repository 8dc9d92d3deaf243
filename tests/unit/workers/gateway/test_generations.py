from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from covey.backends.sample import SampleConfig, SampleEngine
from covey.errors import (
    BackendRejected,
    BackendUnavailable,
    CoveyError,
    DeadlineExceeded,
    Draining,
    Forbidden,
    InvalidRequest,
    ModelNotFound,
    NoWorkerAvailable,
    Overloaded,
    StreamInterrupted,
    Unauthenticated,
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
    GatewayGenerate,
    Generate,
    GenerationEvent,
    ImagePart,
    ImageUrl,
    Loading,
    Sampling,
    Started,
    Usage,
)
from covey.protocol.registry import LoadReport
from covey.protocol.usage import UsageRecord
from covey.protocol.whole_answers import GATEWAY_ANSWER, WholeAnswer
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
        chain.gateway.limiter.outstanding == service._routing.outstanding == 0
        and service.running.count == 0
        and chain.gateway.info().load.running == 0
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


# Whole answers


async def ask(chain: Chain, key: str, *, model: str = "sample", **fields: Any) -> WholeAnswer | None:
    """As the client worker of the same process asks."""
    generate = Generate(
        model=ModelName(model), messages=(ChatMessage(role="user", content="one two three"),), stream=False
    )
    asked = chain.bus.call_local(
        GATEWAY_ANSWER, GatewayGenerate(credential=key, generate=generate), chain.context(**fields)
    )
    assert asked is not None
    return (await asked).answer


async def test_a_whole_answer_is_written_down_as_its_stream_is(chain: Chain, key: str) -> None:
    processor = await chain.whole_processor()
    events = await chain.answer(key, "one two three", generate={"stream": False})
    whole = await ask(chain, key)
    assert (len(processor.asked), len(processor.wholes)) == (1, 1)
    assert whole is not None
    assert [whole.started, *whole.deltas] == events[:-1]
    assert whole.finished.usage == Usage(prompt_tokens=3, completion_tokens=8)
    streamed, called = [
        msgspec.structs.replace(record, request_id="", at=0.0, duration_ms=0.0, first_token_ms=0.0)
        for record in await usage(chain, 2)
        if record.first_token_ms is not None and record.first_token_ms <= record.duration_ms
    ]
    assert streamed == called
    assert (called.outcome, called.queue_ms, called.node) == ("ok", 0.0, "node-1")
    assert processor.contexts[-1].identity is not None
    assert chain.sample("covey_gateway_tokens_total", model="sample", kind="completion") == 16
    assert at_rest(chain)


@pytest.mark.parametrize("stubborn", [False, True])
async def test_a9_a_revoked_key_ends_a_whole_answer_at_once(chain: Chain, key: str, stubborn: bool) -> None:
    processor = await chain.whole_processor()
    await chain.whole_processor()
    processor.gate, processor.stubborn = Gate(), stubborn
    chain.processors[1].load = LoadReport(slots=1, running=1)

    async def asks() -> int:
        with pytest.raises(Unauthenticated, match="no longer valid"):
            await ask(chain, key)
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    task = asyncio.create_task(asks())
    await processor.gate.entered()
    await chain.records.revoke_key(key)
    assert await task == 0
    assert processor.running == 0
    assert chain.processors[1].asked == []
    (record,) = await usage(chain)
    assert (record.outcome, record.error_code) == ("cancelled", "unauthenticated")
    assert record.completion_tokens == (8 if stubborn else 0)
    assert record.prompt_tokens > 0
    assert at_rest(chain)


async def cancelled(chain: Chain, asking: Any, processor: SampleProcessor, count: int = 1) -> UsageRecord:
    """What is written down of a request that is cancelled as soon as a processor has it."""
    processor.gate = processor.gate or Gate()
    task = asyncio.create_task(asking)
    await eventually(lambda: processor.running == 1)
    await processor.gate.entered()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert processor.running == 0
    assert at_rest(chain)
    record = (await usage(chain, count))[-1]
    assert record.outcome == "cancelled"
    return record


async def test_d16_who_leaves_a_whole_answer_at_work_pays_its_prompt_as_who_leaves_a_stream(
    chain: Chain, key: str
) -> None:
    text = "one two three " * 50
    stream = await cancelled(chain, chain.answer(key, text), await chain.processor())
    assert (stream.prompt_tokens > 100, stream.completion_tokens, stream.estimated) == (True, 0, True)
    paid = (stream.prompt_tokens, 0, True)
    called = await chain.whole_processor(models=("called",))
    record = await cancelled(chain, chain.whole(key, text, model="called"), called, 2)
    assert (record.model, record.prompt_tokens, record.completion_tokens, record.estimated) == ("called", *paid)
    read = await chain.unseen_processor(models=("read",))
    unwatched = chain.answer(key, text, model="read", generate={"stream": False})
    record = await cancelled(chain, unwatched, read, 3)
    assert (record.model, record.prompt_tokens, record.completion_tokens, record.estimated) == ("read", *paid)


async def test_d16_who_leaves_before_a_slot_was_free_pays_nothing(chain: Chain, key: str) -> None:
    processor = await chain.whole_processor()
    processor.full = True
    record = await cancelled(chain, chain.whole(key, "one two three"), processor)
    assert (record.prompt_tokens, record.completion_tokens, record.estimated) == (0, 0, False)


async def test_a_whole_answer_that_fails_costs_nothing_and_is_told_as_if_nothing_had_begun(
    chain: Chain, key: str
) -> None:
    processor = await chain.unseen_processor()
    processor.refuse = BackendRejected("no")
    with pytest.raises(BackendRejected):
        await chain.answer(key, generate={"stream": False})
    whole = await chain.whole_processor(models=("whole",))
    whole.says = BackendRejected("no")
    with pytest.raises(BackendRejected):
        await chain.whole(key, model="whole")
    for record in await usage(chain, 2):
        assert (record.outcome, record.prompt_tokens) == ("refused", 0)
    assert at_rest(chain)


async def test_that_an_engine_is_at_work_unseen_is_told_to_nobody(chain: Chain, key: str) -> None:
    await chain.unseen_processor()
    events = await chain.answer(key, "one two three", generate={"stream": False})
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Finished)
    (record,) = await usage(chain)
    assert (record.outcome, record.prompt_tokens, record.completion_tokens) == ("ok", 3, 8)


async def test_d16_a_caller_that_leaves_frees_the_engine_of_a_whole_answer(chain: Chain, key: str) -> None:
    processor = await chain.whole_processor()
    processor.gate = Gate()
    tasks = [asyncio.create_task(ask(chain, key)) for _ in range(4)]
    await eventually(lambda: processor.running == 4)
    assert chain.gateway.limiter.outstanding == chain.gateway.info().load.running == 4
    for task in tasks[:3]:
        task.cancel()
    await asyncio.gather(*tasks[:3], return_exceptions=True)
    assert [task.cancelled() for task in tasks[:3]] == [True] * 3
    assert processor.running == 1
    processor.gate.open()
    assert await tasks[3] is not None
    assert sorted(record.outcome for record in await usage(chain, 4)) == ["cancelled"] * 3 + ["ok"]
    assert at_rest(chain)


@pytest.mark.parametrize("failure", [BackendUnavailable(), Overloaded(), Draining(), StreamInterrupted()])
@pytest.mark.parametrize("whole", [False, True], ids=["streams", "answers whole"])
async def test_another_processor_is_tried_for_a_whole_answer(
    chain: Chain, key: str, failure: CoveyError, whole: bool
) -> None:
    bad = await chain.whole_processor()
    bad.refuse, bad.load = failure, LoadReport(slots=100)
    good = await (chain.whole_processor() if whole else chain.processor())
    good.load = LoadReport(slots=1, running=1)
    answer = await ask(chain, key)
    assert answer is not None
    assert sum(delta.tokens for delta in answer.deltas) == 8
    assert (len(bad.wholes), len(bad.asked), len(good.asked)) == (1, 0, 1)
    (record,) = await usage(chain)
    assert (record.outcome, record.processor, record.completion_tokens) == ("ok", good.instance, 8)
    assert chain.sample("covey_gateway_retries_total", code=failure.code) == 1
    assert at_rest(chain)


async def test_a_processor_that_goes_away_gives_its_whole_answer_up_to_another(chain: Chain, key: str) -> None:
    going, staying = await chain.whole_processor(), await chain.processor()
    going.gate, going.load = Gate(), LoadReport(slots=100)
    staying.load = LoadReport(slots=1, running=1)
    task = asyncio.create_task(ask(chain, key))
    await going.gate.entered()
    assert going.binding is not None
    await going.binding.drain(0.0)
    assert await task is not None
    assert going.running == 0
    assert len(staying.asked) == 1


async def test_no_more_processors_are_tried_for_a_whole_answer_than_set(chain: Chain, key: str) -> None:
    for _ in range(5):
        (await chain.whole_processor()).refuse = BackendUnavailable("down")
    with pytest.raises(BackendUnavailable, match="down"):
        await ask(chain, key)
    assert sum(len(processor.contexts) for processor in chain.processors) == 3
    (record,) = await usage(chain)
    assert (record.outcome, record.error_code) == ("failed", "backend_unavailable")
    assert at_rest(chain)


@pytest.mark.parametrize(
    ("failure", "outcome", "code"),
    [(InvalidRequest("bad"), "refused", "invalid_request"), (ValueError("secret"), "failed", "internal")],
)
async def test_a_failure_that_another_processor_would_share_ends_a_whole_answer(
    chain: Chain, key: str, failure: Exception, outcome: str, code: str
) -> None:
    for _ in range(2):
        (await chain.whole_processor()).says = failure
    with capture_logs() as logs, pytest.raises(CoveyError) as caught:
        await ask(chain, key)
    assert caught.value.code == code
    assert "secret" not in caught.value.detail
    assert len([entry for entry in logs if entry["event"] == "handler_failed"]) == (code == "internal")
    assert sum(len(processor.contexts) for processor in chain.processors) == 1
    (record,) = await usage(chain)
    assert (record.outcome, record.error_code) == (outcome, code)
    assert at_rest(chain)


async def test_a_whole_answer_keeps_to_its_deadline(chain: Chain, key: str) -> None:
    processor = await chain.whole_processor()
    processor.gate = Gate()
    deadline = asyncio.get_running_loop().time() + 0.05
    with pytest.raises(DeadlineExceeded):
        await ask(chain, key, deadline=deadline)
    assert processor.running == 0
    assert len(await usage(chain)) == 1
    assert at_rest(chain)


async def test_a_gateway_that_stops_ends_whole_answers(chain: Chain, key: str) -> None:
    processor = await chain.whole_processor()
    processor.gate = Gate()
    task = asyncio.create_task(ask(chain, key))
    await processor.gate.entered()
    await chain.gateway.stop()
    with pytest.raises(Draining):
        await task
    assert processor.running == 0
    (record,) = await usage(chain)
    assert record.outcome == "cancelled"


@pytest.mark.parametrize("lie", [1, 5_000_000, -3])
async def test_d14_whole_answers_are_counted_too(chain: Chain, key: str, lie: int) -> None:
    processor = await chain.whole_processor()
    deltas = (Delta(text="word " * 500, tokens=500),)
    finished = Finished(reason="stop", usage=Usage(prompt_tokens=5, completion_tokens=lie))
    processor.says = WholeAnswer(started=STARTED, deltas=deltas, finished=finished)
    answer = await ask(chain, key)
    assert answer is not None
    assert (answer.started, answer.deltas) == (msgspec.structs.replace(STARTED, node="node-1"), deltas)
    assert answer.finished.usage.completion_tokens == 500
    (record,) = await usage(chain)
    assert (record.completion_tokens, record.estimated) == (500, True)


async def test_where_a_stream_is_to_be_read_nothing_was_admitted(chain: Chain, key: str) -> None:
    assert await ask(chain, key) is None
    streaming = await chain.processor()
    assert await ask(chain, key) is None
    whole = await chain.whole_processor(models=("other",))
    assert await ask(chain, key) is None
    assert streaming.asked == whole.wholes == []
    assert await ask(chain, key, model="other") is not None
    (record,) = await usage(chain)
    assert (record.model, record.outcome) == ("other", "ok")
    assert at_rest(chain)


async def test_a_whole_answer_that_is_refused_is_written_down_once(chain: Chain, key: str) -> None:
    await chain.whole_processor()
    with pytest.raises(ModelNotFound):
        await ask(chain, key, model="missing")
    with pytest.raises(Unauthenticated):
        await ask(chain, "sk-covey-wrong")
    (record,) = await usage(chain)
    assert (record.outcome, record.error_code) == ("refused", "model_not_found")
    assert at_rest(chain)


async def test_a_load_is_told_before_the_start_and_costs_nothing(chain: Chain, key: str) -> None:
    await chain.processor(cold_load_s=0.01)
    events = await chain.answer(key)
    assert events[0] == Loading(model=ModelName("sample"), expected_s=0.01)
    assert isinstance(events[1], Started)
    assert isinstance(events[-1], Finished)
    (record,) = await usage(chain)
    assert (record.outcome, record.completion_tokens, record.estimated) == ("ok", 8, False)
    assert at_rest(chain)


async def test_who_leaves_while_the_model_loads_pays_for_no_token(chain: Chain, key: str) -> None:
    processor = await chain.processor(cold_load_s=60.0)
    events = chain.generate(key)
    assert isinstance(await anext(events), Loading)
    await events.aclose()
    assert processor.running == 0
    (record,) = await usage(chain)
    assert (record.outcome, record.completion_tokens) == ("cancelled", 0)
    assert at_rest(chain)


async def test_a_processor_that_fails_while_it_loads_is_followed_by_one_that_tells_its_own_load(
    chain: Chain, key: str
) -> None:
    class Failing(SampleProcessor):
        @streams(PROCESSOR_GENERATE)
        async def generate(self, request: Generate, context: CallContext) -> AsyncGenerator[GenerationEvent, None]:
            yield Loading(model=request.model, size_bytes=1)
            await chain.processor(cold_load_s=0.01)
            raise BackendUnavailable("it died")

    failing = Failing(SampleEngine(SampleConfig()))
    await failing.start(chain.bus)
    events = await chain.answer(key)
    assert [type(event) for event in events[:3]] == [Loading, Loading, Started]
    assert isinstance(events[-1], Finished)
    assert at_rest(chain)
