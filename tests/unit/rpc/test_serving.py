from __future__ import annotations

import asyncio

import pytest

from covey.errors import Draining
from covey.rpc.context import CallContext
from covey.rpc.service import Service, serves
from covey.rpc.serving import Served
from tests.helpers.bus_services import COUNT, ECHO, WAIT, Answer, Counter, Question, context


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
