"""The processor's answers, with sample engines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from pathlib import Path

import msgspec
import pytest

from covey.backends.sample import SampleConfig, SampleEngine
from covey.errors import (
    BackendProtocolError,
    BackendRejected,
    BackendUnavailable,
    Conflict,
    CoveyError,
    DeadlineExceeded,
    Draining,
    ModelNotFound,
    Overloaded,
)
from covey.protocol.endpoint import Empty
from covey.protocol.ids import ModelName, RequestId
from covey.protocol.inference import (
    AT_WORK,
    PROCESSOR_EMBED,
    Delta,
    Embed,
    Finished,
    Generate,
    GenerationEvent,
    Queued,
    Sampling,
    Started,
)
from covey.protocol.nodes import PROCESSOR_SET_DRAINING, SetDraining
from covey.protocol.registry import (
    PROCESSOR_LIST_RUNNING,
    PROCESSOR_REMOVE_MODEL,
    PROCESSOR_SHOW_MODEL,
    ModelDetails,
    ModelInfo,
    ModelRef,
)
from covey.protocol.whole_answers import WholeAnswer
from covey.rpc.cancelled_at_work import CancelledAtWork
from covey.testing.eventually import eventually
from covey.workers.processor import ConfiguredModel, DefaultSampling, ProcessorConfig
from tests.helpers.processors import (
    INSTANCE,
    NODE,
    Processor,
    WholeSample,
    chat,
    context,
    processor,
    sample,
    text_of,
    unwatched,
    whole_sample,
)


async def until_delta(stream: AsyncIterator[GenerationEvent]) -> None:
    async for event in stream:
        if isinstance(event, Delta):
            return
    raise AssertionError("no delta came")


def occupy(node: Processor, count: int, user: str = "u1") -> list[asyncio.Task[list[GenerationEvent]]]:
    return [
        asyncio.create_task(node.events(chat(text=f"{user} {number}"), user=user, request_id=f"req_{user}_{number}"))
        for number in range(count)
    ]


async def end_all(tasks: list[asyncio.Task[list[GenerationEvent]]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_generation_starts_with_the_processors_facts_and_ends_with_its_times(tmp_path: Path) -> None:
    async with processor(tmp_path, sample(tokens=5)) as node:
        events = await node.events(chat())
    started, *deltas, finished = events
    assert isinstance(started, Started)
    assert started == Started(
        model=ModelName("sample"), engine="sample", instance=INSTANCE, node=NODE, queue_ms=started.queue_ms
    )
    assert len(deltas) == 5
    assert isinstance(finished, Finished)
    assert finished.usage.completion_tokens == 5
    assert finished.timings.queue_ms is not None
    assert node.metric("requests_total", engine="sample", model="sample", outcome="ok") == 1
    assert node.metric("tokens_total", engine="sample", model="sample", kind="completion") == 5


async def test_the_answer_is_as_long_as_the_settings_allow_at_most(tmp_path: Path) -> None:
    config = ProcessorConfig(max_tokens_limit=7)
    async with processor(tmp_path, sample(tokens=100), config=config) as node:
        finished = (await node.events(chat(max_tokens=50)))[-1]
    assert isinstance(finished, Finished)
    assert (finished.reason, finished.usage.completion_tokens) == ("length", 7)


async def test_configured_sampling_fills_in_what_the_request_leaves_open(tmp_path: Path) -> None:
    configured = ConfiguredModel(name="sample", sampling=DefaultSampling(max_tokens=3, seed=5))
    async with processor(tmp_path, sample(), config=ProcessorConfig(models=(configured,))) as node:
        short = await node.events(chat())
        long = await node.events(chat(max_tokens=9))
        details = await node.bus.call(PROCESSOR_SHOW_MODEL, ModelRef(model=ModelName("sample")), context())
    assert len(short) == 3 + 2
    assert len(long) == 9 + 2
    assert details.parameters == {"max_tokens": 3, "seed": 5}


async def test_defaults_that_the_engine_knows_are_shown_below_those_of_the_settings(tmp_path: Path) -> None:
    class Recommending(SampleEngine):
        async def show(self, model: str) -> ModelDetails:
            details = await super().show(model)
            return msgspec.structs.replace(
                details, parameters={"temperature": 0.7, "seed": 1, "num_ctx": 4096, "stop": "<|im_end|>"}
            )

    configured = ConfiguredModel(name="sample", sampling=DefaultSampling(seed=5))
    async with processor(tmp_path, Recommending(SampleConfig()), config=ProcessorConfig(models=(configured,))) as node:
        details = await node.bus.call(PROCESSOR_SHOW_MODEL, ModelRef(model=ModelName("sample")), context())
    assert details.parameters == {"temperature": 0.7, "seed": 5}


@pytest.mark.parametrize("name", ["big", "big:1", "BIG:1", "big:1:latest", "giant", "default"])
async def test_a_model_answers_to_its_names_and_aliases(tmp_path: Path, name: str) -> None:
    configured = ConfiguredModel(name="big:1", aliases=("giant",))
    config = ProcessorConfig(models=(configured,), default_model="giant")
    async with processor(tmp_path, sample(models=("small:1", "big:1")), config=config) as node:
        started = (await node.events(chat(name)))[0]
    assert isinstance(started, Started)
    assert started.model == "big:1"


@pytest.mark.parametrize("name", ["../../etc/passwd", "*", ">", "small:2", "", "a" * 5000, "sm\r\nall"])
async def test_d5_a_name_that_nobody_has_is_only_ever_looked_up(tmp_path: Path, name: str) -> None:
    async with processor(tmp_path, sample(models=("small:1",))) as node:
        with pytest.raises(ModelNotFound) as caught:
            await node.events(chat(name))
    assert name not in caught.value.detail or not name
    assert len(caught.value.detail) < 500


async def test_an_unknown_name_is_answered_with_the_nearest_known_one(tmp_path: Path) -> None:
    async with processor(tmp_path, sample(models=("smollm2:135m",))) as node:
        with pytest.raises(ModelNotFound, match="did you mean smollm2"):
            await node.events(chat("smolm2"))


async def test_without_any_model_the_answer_says_how_to_get_one(tmp_path: Path) -> None:
    async with processor(tmp_path) as node:
        with pytest.raises(ModelNotFound, match="covey pull"):
            await node.events(chat())


async def test_two_engines_serve_side_by_side(tmp_path: Path) -> None:
    one, two = sample(name="one", models=("a",)), sample(name="two", models=("a", "b"))
    async with processor(tmp_path, one, two) as node:
        started = [(await node.events(chat(name)))[0] for name in ("a", "b")]
    assert [event.engine for event in started if isinstance(event, Started)] == ["one", "two"]


async def test_a_waiting_request_hears_its_place_as_it_moves_up(tmp_path: Path) -> None:
    engine = sample(slots=1, tokens=2000, tokens_per_second=1000)
    async with processor(tmp_path, engine) as node:
        running = occupy(node, 1)
        await eventually(lambda: engine.running == 1)
        waiting = occupy(node, 1, "u2")
        await eventually(lambda: node.worker.info().load.waiting == 1)
        async with aclosing(node.generate(chat(), user="u3", request_id="req_3")) as stream:
            places = [await anext(stream)]
            await end_all(waiting)
            places.append(await anext(stream))
            await end_all(running)
            assert isinstance(await anext(stream), Started)
        assert [place.position for place in places if isinstance(place, Queued)] == [2, 1]


async def test_a_client_that_leaves_the_queue_makes_room(tmp_path: Path) -> None:
    engine = sample(slots=1, hang_after_tokens=1)
    async with processor(tmp_path, engine) as node:
        running = occupy(node, 1)
        await eventually(lambda: engine.running == 1)
        stream = node.generate(chat(), user="u2", request_id="req_2")
        assert isinstance(await anext(stream), Queued)
        assert node.worker.info().load.waiting == 1
        await stream.aclose()
        assert node.worker.info().load.waiting == 0
        await end_all(running)


async def test_a_client_that_leaves_in_the_middle_frees_the_slot_at_once(tmp_path: Path) -> None:
    engine = sample(slots=1, hang_after_tokens=1)
    async with processor(tmp_path, engine) as node:
        stream = node.generate(chat())
        await until_delta(stream)
        await stream.aclose()
        assert engine.running == 0
        assert node.worker.info().load.running == 0
        assert node.metric("requests_total", engine="sample", model="sample", outcome="cancelled") == 1


async def test_a_full_queue_refuses_with_a_time_to_come_back(tmp_path: Path) -> None:
    engine = sample(slots=1, hang_after_tokens=1)
    config = ProcessorConfig(queue_limit=2, user_queue_limit=1)
    async with processor(tmp_path, engine, config=config) as node:
        tasks = [*occupy(node, 1, "u1"), *occupy(node, 1, "u2"), *occupy(node, 1, "u3")]
        await eventually(lambda: node.worker.info().load.waiting == 2)
        with pytest.raises(Overloaded) as caught:
            await node.events(chat(), user="u4")
        assert caught.value.retry_after_s is not None
        assert caught.value.retry_after_s >= 1
        assert node.metric("refused_total", engine="sample") == 1
        await end_all(tasks)


async def test_d18_one_users_many_requests_do_not_hold_up_anothers(tmp_path: Path) -> None:
    engine = sample(slots=1, tokens=3, tokens_per_second=100)
    order: list[str] = []

    async def run(node: Processor, user: str, number: int) -> None:
        async for event in node.generate(chat(), user=user, request_id=f"req_{user}_{number}"):
            if isinstance(event, Started):
                order.append(user)

    async with processor(tmp_path, engine) as node:
        async with asyncio.TaskGroup() as group:
            for number in range(10):
                group.create_task(run(node, "busy", number))
            await eventually(lambda: node.worker.info().load.waiting >= 8)
            group.create_task(run(node, "quiet", 0))
    assert len(order) == 11
    assert order.index("quiet") <= 6


async def test_an_engine_that_fails_before_the_first_token_is_asked_again(tmp_path: Path) -> None:
    engine = sample(fail_every=2, tokens=2)
    async with processor(tmp_path, engine) as node:
        for number in range(3):
            events = await node.events(chat(), request_id=f"req_{number}")
            assert isinstance(events[-1], Finished)
            assert text_of(events)


async def test_an_engine_that_fails_after_tokens_ends_the_answer(tmp_path: Path) -> None:
    async with processor(tmp_path, sample(fail_after_tokens=2)) as node:
        stream = node.generate(chat())
        seen = [type(await anext(stream)) for _ in range(3)]
        assert seen == [Started, Delta, Delta]
        with pytest.raises(BackendUnavailable):
            await anext(stream)
        assert node.metric("requests_total", engine="sample", model="sample", outcome="backend_unavailable") == 1


async def test_a_request_that_killed_the_engine_twice_is_refused(tmp_path: Path) -> None:
    engine = sample(fail_after_tokens=0)
    async with processor(tmp_path, engine) as node:
        with pytest.raises(BackendRejected):
            await node.events(chat())
        begun = engine._begun
        with pytest.raises(BackendRejected):
            await node.events(chat())
        assert engine._begun == begun == 2


async def test_d19_an_answer_without_end_is_ended_by_the_clock(tmp_path: Path) -> None:
    config = ProcessorConfig(generation_timeout_s=0.05)
    async with processor(tmp_path, sample(hang_after_tokens=1), config=config) as node:
        with pytest.raises(DeadlineExceeded):
            await node.events(chat())
        assert node.worker.info().load.running == 0


async def test_embeddings_pass_through_the_queue(tmp_path: Path) -> None:
    async with processor(tmp_path, sample(dimensions=8)) as node:
        answer = await node.bus.call(PROCESSOR_EMBED, Embed(model=ModelName("sample"), inputs=("a", "b")), context())
        assert [len(vector) for vector in answer.vectors] == [8, 8]
        assert node.worker.info().load.running == 0
        assert node.metric("tokens_total", engine="sample", model="sample", kind="prompt") == 2


async def test_running_models_are_listed_with_their_requests(tmp_path: Path) -> None:
    engine = sample(slots=3, hang_after_tokens=1)
    async with processor(tmp_path, engine) as node:
        tasks = occupy(node, 2)
        await eventually(lambda: engine.running == 2)
        (listed,) = (await node.bus.call(PROCESSOR_LIST_RUNNING, Empty(), context())).items
        assert (listed.model.name, listed.running, listed.waiting, listed.slots) == ("sample", 2, 0, 3)
        await end_all(tasks)


async def test_a_model_of_the_settings_cannot_be_removed(tmp_path: Path) -> None:
    async with processor(tmp_path, sample()) as node:
        with pytest.raises(Conflict):
            await node.bus.call(PROCESSOR_REMOVE_MODEL, ModelRef(model=ModelName("sample")), context())


async def test_logit_and_other_wishes_of_the_request_win_over_the_defaults(tmp_path: Path) -> None:
    configured = ConfiguredModel(name="sample", sampling=DefaultSampling(stop=("plover",), seed=1))
    async with processor(tmp_path, sample(tokens=4), config=ProcessorConfig(models=(configured,))) as node:
        plain = chat()
        seeded = type(plain)(model=plain.model, messages=plain.messages, sampling=Sampling(seed=2))
        assert text_of(await node.events(plain)) != text_of(await node.events(seeded))


# Whole answers


def ask(node: Processor, number: int = 0, user: str = "u1") -> asyncio.Task[WholeAnswer | None]:
    return asyncio.create_task(node.answer(unwatched(), user=user, request_id=f"req_{user}_{number}"))


async def test_a_whole_answer_is_what_the_stream_would_have_told(tmp_path: Path) -> None:
    configured = ConfiguredModel(name="sample", aliases=("birds",), sampling=DefaultSampling(seed=5))
    config = ProcessorConfig(models=(configured,), max_tokens_limit=7)
    async with processor(tmp_path, whole_sample(tokens=9), config=config) as node:
        at_work, started, *deltas, finished = await node.events(unwatched("birds"))
        whole = await node.answer(unwatched("birds"))
        assert node.metric("requests_total", engine="sample", model="sample", outcome="ok") == 2
        assert node.metric("tokens_total", engine="sample", model="sample", kind="completion") == 14
        assert node.worker.info().load.running == 0
    assert whole is not None
    assert at_work == AT_WORK
    assert isinstance(started, Started)
    assert isinstance(finished, Finished)
    assert whole.deltas == tuple(deltas)
    assert whole.started == msgspec.structs.replace(started, queue_ms=whole.started.queue_ms if whole.started else -1)
    assert (whole.finished.reason, whole.finished.usage) == (finished.reason, finished.usage)
    assert whole.finished.timings.queue_ms is not None
    assert whole.finished.timings.load_ms is None


class Cold(WholeSample):
    """One whose model has to be loaded first."""

    async def models(self) -> Sequence[ModelInfo]:
        return [msgspec.structs.replace(model, state="cold") for model in await super().models()]


@pytest.mark.parametrize("kind", ["streams", "not loaded", "watched"])
async def test_where_the_stream_tells_more_it_is_to_be_read_and_nothing_was_done(tmp_path: Path, kind: str) -> None:
    engine = {"streams": sample(), "not loaded": Cold(sample().config), "watched": whole_sample()}[kind]
    async with processor(tmp_path, engine) as node:
        request = chat() if kind == "watched" else unwatched()
        assert await node.answer(request) is None
        assert engine._begun == 0
        assert node.worker.info().load.running == 0
        assert isinstance((await node.events(request))[-1], Finished)


async def test_a_whole_answer_waits_for_its_turn(tmp_path: Path) -> None:
    engine = whole_sample(slots=1, hang_after_tokens=1)
    async with processor(tmp_path, engine) as node:
        first = ask(node)
        await eventually(lambda: engine.running == 1)
        waiting, leaving = ask(node, user="u2"), ask(node, user="u3")
        await eventually(lambda: node.worker.info().load.waiting == 2)
        (listed,) = (await node.bus.call(PROCESSOR_LIST_RUNNING, Empty(), context())).items
        assert (listed.running, listed.waiting) == (1, 2)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        assert node.worker.info().load.waiting == 1
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        await eventually(lambda: engine.running == 1)
        await engine.abort(RequestId("req_u2_0"))
        whole = await waiting
        assert whole is not None
        assert whole.started is not None
        assert whole.finished.timings.queue_ms == whole.started.queue_ms
        assert whole.started.queue_ms > 0
        assert whole.finished.reason == "cancelled"
        assert engine._begun == 2
        load = node.worker.info().load
        assert (load.running, load.waiting) == (0, 0)
        (listed,) = (await node.bus.call(PROCESSOR_LIST_RUNNING, Empty(), context())).items
        assert (listed.running, listed.waiting) == (0, 0)
        assert node.metric("requests_total", engine="sample", model="sample", outcome="cancelled") == 3


async def test_a_call_that_is_cancelled_says_whether_the_engine_was_at_work(tmp_path: Path) -> None:
    engine = whole_sample(slots=1, hang_after_tokens=1)
    ends: list[type[BaseException]] = []

    async def asks(user: str) -> None:
        try:
            await node.answer(unwatched(), user=user, request_id=f"req_{user}")
        except asyncio.CancelledError as error:
            ends.append(type(error))
            raise

    async with processor(tmp_path, engine) as node:
        at_work, waiting = asyncio.create_task(asks("u1")), asyncio.create_task(asks("u2"))
        await eventually(lambda: engine.running == 1 and node.worker.info().load.waiting == 1)
        for task in (waiting, at_work):
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert task.cancelled()
    assert ends == [asyncio.CancelledError, CancelledAtWork]


async def test_a_full_queue_refuses_whole_answers_too(tmp_path: Path) -> None:
    engine = whole_sample(slots=1, hang_after_tokens=1)
    config = ProcessorConfig(queue_limit=1, user_queue_limit=1)
    async with processor(tmp_path, engine, config=config) as node:
        tasks = [ask(node, user=user) for user in ("u1", "u2")]
        await eventually(lambda: node.worker.info().load.waiting == 1)
        with pytest.raises(Overloaded) as caught:
            await node.answer(unwatched(), user="u3")
        assert caught.value.retry_after_s is not None
        assert node.metric("refused_total", engine="sample") == 1
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_an_engine_that_fails_is_asked_for_a_whole_answer_once_more(tmp_path: Path) -> None:
    engine = whole_sample(fail_every=2, tokens=2)
    async with processor(tmp_path, engine) as node:
        for number in range(3):
            whole = await node.answer(unwatched(), request_id=f"req_{number}")
            assert whole is not None
            assert len(whole.deltas) == 2
        engine.config = msgspec.structs.replace(engine.config, fail_every=1)
        begun = engine._begun
        with pytest.raises(BackendUnavailable):
            await node.answer(unwatched(), request_id="req_bad")
        assert engine._begun == begun + 2
        assert node.metric("requests_total", engine="sample", model="sample", outcome="backend_unavailable") == 1
        assert node.worker.info().load.running == 0


async def test_a_request_that_killed_the_engine_is_not_asked_as_a_whole_either(tmp_path: Path) -> None:
    engine = whole_sample(fail_after_tokens=0)
    async with processor(tmp_path, engine) as node:
        with pytest.raises(BackendRejected):
            await node.events(chat())
        begun = engine._begun
        with pytest.raises(BackendRejected):
            await node.answer(unwatched())
        assert engine._begun == begun


async def test_d19_a_whole_answer_without_end_is_ended_by_the_clock(tmp_path: Path) -> None:
    engine = whole_sample(hang_after_tokens=1)
    async with processor(tmp_path, engine, config=ProcessorConfig(generation_timeout_s=0.05)) as node:
        with pytest.raises(DeadlineExceeded, match="not complete"):
            await node.answer(unwatched())
        assert engine.running == 0
        assert node.worker.info().load.running == 0
        assert node.metric("requests_total", engine="sample", model="sample", outcome="deadline_exceeded") == 1


async def test_a_processor_out_of_service_gives_no_whole_answers(tmp_path: Path) -> None:
    async with processor(tmp_path, whole_sample()) as node:
        await node.bus.call(PROCESSOR_SET_DRAINING, SetDraining(draining=True), context())
        with pytest.raises(Draining):
            await node.answer(unwatched())


class Odd(WholeSample):
    """Gives what it is told instead of an answer."""

    gives: WholeAnswer | Exception = ValueError("no")

    async def answer(self, request: Generate, request_id: RequestId, asker: str = "") -> WholeAnswer:
        if isinstance(self.gives, Exception):
            raise self.gives
        return self.gives


async def test_an_engine_that_breaks_its_word_gets_its_slot_back(tmp_path: Path) -> None:
    engine = Odd(sample(slots=1).config)
    async with processor(tmp_path, engine) as node:
        with pytest.raises(CoveyError) as caught:
            await node.answer(unwatched())
        assert type(caught.value) is CoveyError
        engine.gives = WholeAnswer(finished=Finished(reason="stop"))
        with pytest.raises(BackendProtocolError):
            await node.answer(unwatched())
        assert node.worker.info().load.running == 0
        assert node.metric("requests_total", engine="sample", model="sample", outcome="backend_protocol_error") == 1


async def test_a_processor_that_stops_ends_whole_answers(tmp_path: Path) -> None:
    engine = whole_sample(hang_after_tokens=1)
    async with processor(tmp_path, engine) as node:
        task = ask(node)
        await eventually(lambda: engine.running == 1)
        await node.worker.withdraw(0.01)
        with pytest.raises(Draining):
            await task
        assert engine.running == 0
