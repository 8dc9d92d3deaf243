from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import msgspec
from structlog.testing import capture_logs

from covey.protocol.ids import InstanceId
from covey.rpc.stream_reader import WINDOW_BYTES, WINDOW_ITEMS
from covey.rpc.stream_sender import READER_SILENT_S, StreamSender
from covey.rpc.wire import Control, StreamFrame
from covey.testing.eventually import eventually
from covey.testing.memory_carrier import MemoryHub
from tests.helpers.bus_services import Word

REPLY = "_INBOX_client.client-1.x"


class Sending:
    """A sender with its frames, as they leave."""

    def __init__(self) -> None:
        self.hub = MemoryHub()
        self.closed = False
        now = asyncio.get_running_loop().time()
        self.sender = StreamSender(self.hub.carrier("_INBOX_gateway.g"), REPLY, InstanceId("gateway-1"), now)

    @property
    def frames(self) -> list[StreamFrame[dict[str, Any]]]:
        decoder = msgspec.msgpack.Decoder(StreamFrame[dict[str, Any]])
        return [decoder.decode(message.payload) for message in self.hub.carried]

    async def words(self, count: int, size_bytes: int = 1) -> AsyncGenerator[Word, None]:
        try:
            for number in range(count):
                yield Word(number=number, text="x" * size_bytes)
        finally:
            self.closed = True


async def test_items_ready_at_once_share_a_frame_and_the_end_is_a_frame() -> None:
    sending = Sending()
    await sending.sender.send(sending.words(100), "gateway.count")
    frames = sending.frames
    assert [(frame.sequence, len(frame.items), frame.ended) for frame in frames] == [(0, 100, False), (100, 0, True)]
    assert frames[0].instance == "gateway-1"


async def test_an_item_does_not_wait_for_the_next_one() -> None:
    sending, go_on = Sending(), asyncio.Event()

    async def two() -> AsyncGenerator[Word, None]:
        yield Word(number=0)
        await go_on.wait()
        yield Word(number=1)

    task = asyncio.create_task(sending.sender.send(two(), "gateway.count"))
    await eventually(lambda: sending.frames)
    assert [len(frame.items) for frame in sending.frames] == [1]
    go_on.set()
    await task
    assert [len(frame.items) for frame in sending.frames] == [1, 1, 0]


async def test_the_sender_stops_at_what_was_granted_in_items() -> None:
    sending = Sending()
    task = asyncio.create_task(sending.sender.send(sending.words(WINDOW_ITEMS + 10), "gateway.count"))
    await eventually(lambda: sum(len(frame.items) for frame in sending.frames) == WINDOW_ITEMS)
    now = asyncio.get_running_loop().time()
    sending.sender.hear(Control(WINDOW_ITEMS, WINDOW_BYTES), now)  # nothing new
    await sending.hub.settle()
    assert sum(len(frame.items) for frame in sending.frames) == WINDOW_ITEMS
    sending.sender.hear(Control(2 * WINDOW_ITEMS, WINDOW_BYTES), now)
    await task
    assert sending.frames[-1].sequence == WINDOW_ITEMS + 10


async def test_the_sender_stops_at_what_was_granted_in_bytes() -> None:
    sending = Sending()
    task = asyncio.create_task(sending.sender.send(sending.words(20, 500_000), "gateway.count"))
    await eventually(lambda: sum(len(frame.items) for frame in sending.frames) >= 8)
    await sending.hub.settle()
    assert sum(len(message.payload) for message in sending.hub.carried) < WINDOW_BYTES + 600_000
    sending.sender.hear(Control(WINDOW_ITEMS, 10 * WINDOW_BYTES), asyncio.get_running_loop().time())
    await task
    assert sending.frames[-1].sequence == 20


async def test_a_cancel_and_a_silent_reader_both_stop_the_work() -> None:
    for silence in (False, True):
        sending = Sending()
        task = asyncio.create_task(sending.sender.send(sending.words(100_000), "gateway.count"))
        await eventually(lambda sending=sending: sending.frames)  # type: ignore[misc]
        now = asyncio.get_running_loop().time()
        if silence:
            sending.sender.beat(now + READER_SILENT_S + 1.0, lag_s=READER_SILENT_S)  # held up ourselves: no proof
            assert not task.done()
            sending.sender.beat(now + 2 * READER_SILENT_S + 1.0, lag_s=0.0)
        else:
            sending.sender.hear(Control(cancel=True), now)
        await asyncio.wait([task])
        assert task.cancelled()
        assert sending.closed


async def test_an_item_that_cannot_be_encoded_ends_the_stream_and_is_logged() -> None:
    sending = Sending()

    async def odd() -> AsyncGenerator[object, None]:
        yield Word(number=0)
        yield object()

    with capture_logs() as logs:
        await sending.sender.send(odd(), "gateway.count")
    last = sending.frames[-1]
    assert (last.sequence, last.ended) == (1, True)
    assert last.error is not None
    assert last.error.code == "internal"
    assert [entry["event"] for entry in logs] == ["handler_failed"]
