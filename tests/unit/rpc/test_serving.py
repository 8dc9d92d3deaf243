from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from covey.errors import DeadlineExceeded, Draining, NotFound
from covey.protocol.endpoint import Endpoint
from covey.rpc.context import CallContext
from covey.rpc.service import Service, serves
from covey.rpc.serving import CallHandler, PatientHandler, Served
from covey.testing.gate import Gate
from tests.helpers.bus_services import COUNT, ECHO, PATIENT, WAIT, Answer, Counter, Question, context

Method = Callable[[Question, CallContext], Coroutine[Any, Any, Answer]]


def served(counter: Counter) -> Served:
    return Served(counter, counter.info)


async def test_an_answer_without_waiting_leaves_no_trace() -> None:
    counter = Counter()
    serving = served(counter)
    assert (await serving.calls[ECHO.name].call(Question(text="x"), context())).text == "x"
    assert serving.works == {}


async def test_a_finish_waits_for_work_and_then_ends_it() -> None:
    counter = Counter()
    serving = served(counter)
    task = asyncio.create_task(serving.calls[WAIT.name].call(Question(), context()))
    await counter.gate.entered()
    await serving.finish(0.02)
    with pytest.raises(Draining):
        await task
    assert serving.works == {}


async def test_a_finish_frees_what_a_reader_forgot() -> None:
    counter = Counter()
    serving = served(counter)
    stream = serving.streams[COUNT.name].open(Question(count=10), context())
    await anext(stream)
    await serving.finish(0.0)
    assert counter.closed == 1
    with pytest.raises(Draining):
        await anext(stream)


async def test_a_method_that_is_not_async_is_refused() -> None:
    class Plain(Service):
        service = "gateway"

        @serves(ECHO)  # type: ignore[arg-type]
        def echo(self, request: Question, context: CallContext) -> Answer:
            return Answer()

    with pytest.raises(TypeError, match="async"):
        Served(Plain(), Counter().info)


def patient(serving: Served, method: Method, timeout_s: float = 60.0) -> PatientHandler:
    return PatientHandler(Endpoint("gateway.test", Question, Answer, timeout_s=timeout_s), method, serving)


async def test_a_call_that_may_wait_long_shares_the_timer_of_the_streams_and_leaves_no_trace() -> None:
    counter = Counter()
    serving = served(counter)
    assert type(serving.calls[ECHO.name]) is CallHandler
    handler = serving.calls[PATIENT.name]
    assert type(handler) is PatientHandler
    task = asyncio.create_task(handler.call(Question(text="x", count=1), context()))
    await counter.gate.entered()
    assert len(serving.works) == 1
    counter.gate.open()
    assert (await task).text == "x"
    assert len(serving.works) == 0
    serving.watch.stop()


async def test_a_call_is_ended_after_the_time_of_its_endpoint() -> None:
    serving, gate = served(Counter()), Gate()

    async def method(request: Question, context: CallContext) -> Answer:
        await gate.enter()
        return Answer()

    with pytest.raises(DeadlineExceeded, match="no answer for"):
        await patient(serving, method, timeout_s=0.02).call(Question(), context())
    assert gate.left == 1
    assert serving.works == {}
    serving.watch.stop()


async def test_a_handler_that_answers_although_it_was_cut_is_cut_and_its_task_is_free() -> None:
    serving, gate = served(Counter()), Gate()

    async def stubborn(request: Question, context: CallContext) -> Answer:
        try:
            await gate.enter()
        except asyncio.CancelledError:
            return Answer(text="all the same")
        return Answer()

    async def calls() -> int:
        with pytest.raises(Draining):
            await patient(serving, stubborn).call(Question(), context())
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    task = asyncio.create_task(calls())
    await gate.entered()
    await serving.cut_short()
    assert await task == 0
    serving.watch.stop()


async def test_a_call_within_a_call_is_cut_alone_and_the_outer_one_goes_on() -> None:
    outer, inner, gate = served(Counter("gateway-outer")), served(Counter("gateway-inner")), Gate()

    async def within(request: Question, context: CallContext) -> Answer:
        await gate.enter()
        return Answer()

    async def around(request: Question, context: CallContext) -> Answer:
        try:
            answer: Answer = await patient(inner, within).call(request, context)
            return answer
        except Draining:
            return Answer(text="from another one")

    task = asyncio.create_task(patient(outer, around).call(Question(), context()))
    await gate.entered()
    await inner.cut_short()
    assert (await task).text == "from another one"
    assert task.cancelling() == 0
    outer.watch.stop()
    inner.watch.stop()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_calls_within_calls_that_are_cut_at_once_end_with_the_outer_ones_failure(order: tuple[int, int]) -> None:
    serving = [served(Counter("gateway-outer")), served(Counter("gateway-inner"))]
    gate = Gate()

    async def within(request: Question, context: CallContext) -> Answer:
        await gate.enter()
        return Answer()

    async def around(request: Question, context: CallContext) -> Answer:
        answer: Answer = await patient(serving[1], within).call(request, context)
        return answer

    task = asyncio.create_task(patient(serving[0], around).call(Question(), context()))
    await gate.entered()
    for index in order:
        for work in serving[index].works:
            work.cut(NotFound(f"cut {index}"))
    with pytest.raises(NotFound, match="cut 0"):
        await task
    assert task.cancelling() == 0
    for each in serving:
        assert each.works == {}
        each.watch.stop()


async def test_a_caller_that_cancels_wins_over_a_cut() -> None:
    serving, gate = served(Counter()), Gate()

    async def method(request: Question, context: CallContext) -> Answer:
        await gate.enter()
        return Answer()

    task = asyncio.create_task(patient(serving, method).call(Question(), context()))
    await gate.entered()
    for work in serving.works:
        work.cut(Draining())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert serving.works == {}
    serving.watch.stop()


async def test_closing_a_call_that_was_cut_is_no_error() -> None:
    serving, gate = served(Counter()), Gate()

    async def method(request: Question, context: CallContext) -> Answer:
        await gate.enter()
        return Answer()

    call = patient(serving, method).call(Question(), context())
    call.send(None)
    for work in serving.works:
        work.cut(Draining())
    call.close()
    assert serving.works == {}
    task = asyncio.current_task()
    assert task is not None
    task.uncancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.sleep(0)
    serving.watch.stop()
