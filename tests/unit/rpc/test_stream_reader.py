from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import msgspec
import pytest

from covey.errors import CoveyError, Overloaded, PeerUnavailable, QuotaExceeded, StreamInterrupted
from covey.protocol import subjects
from covey.protocol.ids import InstanceId
from covey.rpc.carrier import HEADER_STATUS, STATUS_NOBODY
from covey.rpc.inbox import Inbox
from covey.rpc.signing import CallSignatures
from covey.rpc.stream_reader import SENDER_SILENT_S, WINDOW_ITEMS, RemoteStreams
from covey.rpc.wire import Control, Decoders, StreamFrame, control_decoder, encoder, error_reply
from covey.testing.eventually import eventually
from covey.testing.memory_carrier import MemoryHub, MemoryMessage
from tests.helpers.bus_services import COUNT, Pause, Question, Word, context


class Reading:
    """A stream being read; the test plays the sender."""

    def __init__(self) -> None:
        self.hub = MemoryHub()
        self.carrier = self.hub.carrier("_INBOX_client.client-1")
        self.inbox = Inbox(self.carrier)
        self.streams = RemoteStreams(
            self.carrier, self.inbox, Decoders(), lambda _: [InstanceId("gateway-9")], CallSignatures()
        )
        self.stream: AsyncGenerator[Any, None] = self.streams.read(COUNT, Question(), context(), None)

    async def asked(self) -> str:
        """Where the answer is to go, once the question is out."""
        await self.inbox.start()
        await self.carrier.subscribe("rpc.gateway.count", lambda *_: None)
        self.next = asyncio.ensure_future(anext(self.stream))
        await eventually(lambda: self.hub.carried)
        return self.hub.carried[0].reply

    def controls(self) -> list[tuple[str, Control]]:
        return [
            (message.subject, control_decoder.decode(message.payload))
            for message in self.hub.carried
            if message.subject.startswith("ctl.")
        ]


def frame(sequence: int, *numbers: int, ended: bool = False, error: CoveyError | None = None) -> bytes:
    items = [msgspec.Raw(encoder.encode(Word(number=number))) for number in numbers]
    reply = None if error is None else error_reply(error)
    return encoder.encode(StreamFrame(sequence, items, "gateway-1", ended, reply))


async def test_frames_become_items_and_an_end() -> None:
    reading = Reading()
    reply = await reading.asked()
    reading.hub.deliver(MemoryMessage(reply, frame(0, 0, 1)))
    reading.hub.deliver(MemoryMessage(reply, frame(2)))
    reading.hub.deliver(MemoryMessage(reply, frame(2, 2, ended=True)))
    reading.hub.deliver(MemoryMessage(reply, frame(3, 3)))
    assert [await reading.next, *[item async for item in reading.stream]] == [Word(number=n) for n in range(3)]
    assert reading.controls() == []


@pytest.mark.parametrize(
    ("payload", "headers", "error"),
    [
        pytest.param(frame(1, 1), {}, StreamInterrupted, id="gap"),
        pytest.param(frame(0, 0, ended=True, error=QuotaExceeded()), {}, QuotaExceeded, id="named error"),
        pytest.param(b"\xc1", {}, StreamInterrupted, id="garbage"),
        pytest.param(encoder.encode([0, [{"type": "from the future"}]]), {}, StreamInterrupted, id="unknown item"),
        pytest.param(b"", {HEADER_STATUS: STATUS_NOBODY}, PeerUnavailable, id="nobody"),
        pytest.param(b"\x80", {subjects.HEADER_ERROR: "overloaded"}, Overloaded, id="refused"),
    ],
)
async def test_each_bad_end_has_its_name(payload: bytes, headers: dict[str, str], error: type[CoveyError]) -> None:
    reading = Reading()
    reply = await reading.asked()
    reading.hub.deliver(MemoryMessage(reply, payload, headers))

    async def rest() -> list[Word | Pause]:
        return [await reading.next, *[item async for item in reading.stream]]

    with pytest.raises(error):
        await rest()


async def test_more_is_granted_when_half_is_read_and_not_before() -> None:
    reading = Reading()
    reply = await reading.asked()
    half = WINDOW_ITEMS // 2
    reading.hub.deliver(MemoryMessage(reply, frame(0, *range(half - 1))))
    reading.hub.deliver(MemoryMessage(reply, frame(half - 1, half - 1)))
    await reading.next
    for _ in range(half - 1):
        await anext(reading.stream)
    assert reading.controls() == []
    reading.hub.deliver(MemoryMessage(reply, frame(half, half)))
    await anext(reading.stream)
    assert [(subject, control.items) for subject, control in reading.controls()] == [
        (f"ctl.gateway.gateway-1.{reply.rpartition('.')[2]}", half + WINDOW_ITEMS)
    ]
    await reading.stream.aclose()
    assert reading.controls()[-1][1].cancel


async def test_leaving_before_anything_came_tells_all_who_may_have_it() -> None:
    reading = Reading()
    await reading.asked()
    reading.next.cancel()
    await asyncio.wait([reading.next])
    assert [(subject.split(".")[2], control.cancel) for subject, control in reading.controls()] == [("gateway-9", True)]


async def test_silence_of_the_sender_ends_the_stream_but_not_our_own_standstill() -> None:
    reading = Reading()
    reply = await reading.asked()
    reading.hub.deliver(MemoryMessage(reply, frame(0, 0)))
    await reading.next
    now = asyncio.get_running_loop().time()
    waiting = asyncio.ensure_future(anext(reading.stream))
    await reading.hub.settle()
    reading.streams.beat(now + 60.0, lag_s=60.0)
    assert not waiting.done()
    reading.streams.beat(now + 60.0 + SENDER_SILENT_S + 0.1, lag_s=0.0)
    with pytest.raises(StreamInterrupted):
        await waiting
