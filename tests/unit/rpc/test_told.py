from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator

import pytest
from structlog.testing import capture_logs

from covey.errors import NotFound
from covey.protocol.ids import InstanceId
from covey.rpc.context import CallContext
from covey.rpc.serving import Served
from covey.rpc.told import told_call, told_stream
from tests.helpers.bus_services import COUNT, ECHO, Counter, Question, context

INSTANCE = InstanceId("gateway-1")


@pytest.fixture
def at_debug() -> Iterator[None]:
    logger = logging.getLogger("covey")
    logger.setLevel(logging.DEBUG)
    yield
    logger.setLevel(logging.NOTSET)


async def test_at_debug_each_hop_says_what_it_served(at_debug: None) -> None:
    counter = Counter()
    serving = Served(counter, counter.info)
    with capture_logs() as logs:
        await serving.calls[ECHO.name].call(Question(text="x"), context())
        _ = [item async for item in serving.streams[COUNT.name].open(Question(count=2), context())]
    assert [(line["event"], line["endpoint"], line["outcome"]) for line in logs] == [
        ("served", ECHO.name, "ok"),
        ("served", COUNT.name, "ok"),
    ]
    assert {line["request_id"] for line in logs} == {context().request_id}
    assert all(line["instance"] == serving.instance and line["duration_ms"] >= 0 for line in logs)


async def test_otherwise_methods_stay_what_they_are() -> None:
    counter = Counter()
    with capture_logs() as logs:
        await Served(counter, counter.info).calls[ECHO.name].call(Question(), context())
    assert logs == []


@pytest.mark.parametrize(
    ("error", "outcome"), [(NotFound(), "not_found"), (asyncio.CancelledError(), "cancelled"), (KeyError(), "failed")]
)
async def test_how_it_ended_is_said(error: BaseException, outcome: str) -> None:
    async def fail(request: object, context: CallContext) -> object:
        raise error

    async def fail_later(request: object, context: CallContext) -> AsyncGenerator[int, None]:
        yield 1
        raise error

    with capture_logs() as logs:
        with pytest.raises(type(error)):
            await told_call(fail, "gateway.x", INSTANCE)(None, context())
        with pytest.raises(type(error)):
            _ = [item async for item in told_stream(fail_later, "gateway.y", INSTANCE)(None, context())]
    assert [line["outcome"] for line in logs] == [outcome, outcome]


async def test_a_stream_that_is_left_closes_its_own_and_says_so() -> None:
    closed: list[bool] = []

    async def count(request: object, context: CallContext) -> AsyncGenerator[int, None]:
        try:
            yield 1
            yield 2
        finally:
            closed.append(True)

    with capture_logs() as logs:
        stream = told_stream(count, "gateway.x", INSTANCE)(None, context())
        await anext(stream)
        await stream.aclose()
    assert closed == [True]
    assert [line["outcome"] for line in logs] == ["cancelled"]
