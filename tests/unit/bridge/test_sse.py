from __future__ import annotations

import asyncio

from covey.bridge.sse import LineStream, StreamKeeper, data_frame
from covey.testing.eventually import eventually
from tests.helpers.asgi import Sent, exchange_for


def parts() -> tuple[StreamKeeper, Sent, LineStream]:
    keeper = StreamKeeper(start_s=5.0, ping_interval_s=15.0)
    wire = Sent()
    return keeper, wire, LineStream(exchange_for(wire), keeper)


def test_a_frame_is_one_event() -> None:
    assert data_frame(b"{}") == b"data: {}\n\n"


async def test_a_stream_begins_with_its_first_frame() -> None:
    _, wire, stream = parts()
    async with stream:
        assert wire.messages == []
        await stream.write(b"a")
        await stream.write(b"b")
        await stream.end(b"c")
    assert wire.answer.body == b"abc"
    assert wire.answer.headers["content-type"].startswith("text/event-stream")
    assert wire.answer.headers["x-accel-buffering"] == "no"


async def test_waiting_streams_begin_with_a_comment_and_silent_ones_get_one() -> None:
    keeper, wire, stream = parts()
    async with stream:
        now = asyncio.get_running_loop().time()
        keeper.tick(now + 4.0)
        await asyncio.sleep(0)
        assert wire.messages == []
        keeper.tick(now + 6.0)
        await eventually(lambda: len(wire.messages) == 2)
        keeper.tick(now + 10.0)
        await asyncio.sleep(0)
        assert len(wire.messages) == 2
        keeper.tick(now + 60.0)
        await eventually(lambda: len(wire.messages) == 3)
        await stream.end()
    assert wire.answer.body == b": ping\n\n: ping\n\n"
    assert len(keeper) == 0


async def test_a_stream_that_ended_gets_no_comment() -> None:
    keeper, wire, stream = parts()
    async with stream:
        await stream.end(b"x")
        await stream.ping()
        keeper.tick(asyncio.get_running_loop().time() + 100.0)
        await asyncio.sleep(0)
    assert wire.answer.body == b"x"


async def test_the_keeper_runs_by_itself_and_stops_twice() -> None:
    keeper = StreamKeeper(start_s=0.0, ping_interval_s=100.0, tick_s=0.001)
    wire = Sent()
    keeper.start()
    async with LineStream(exchange_for(wire), keeper):
        await eventually(lambda: len(wire.messages) == 2)
    await keeper.stop()
    await keeper.stop()
