from __future__ import annotations

import pytest

from covey.errors import CoveyError, InvalidRequest, Overloaded, PayloadTooLarge, StreamInterrupted
from covey.protocol import subjects
from covey.protocol.ids import InstanceId
from covey.rpc import parts
from covey.rpc.carrier import Carrier
from covey.rpc.parts import IncomingParts, IncomingRequest, OutgoingParts
from covey.testing.memory_carrier import MemoryHub
from tests.helpers.bus_services import context

REPLY = "_INBOX_client.client-1.gateway.token"


class Reading:
    def __init__(self) -> None:
        self.hub = MemoryHub()
        self.carrier: Carrier = self.hub.carrier("_INBOX_gateway.gateway-1")
        self.whole: list[IncomingRequest] = []
        self.refused: list[tuple[str, CoveyError]] = []
        self.incoming = IncomingParts(
            self.carrier, InstanceId("gateway-1"), self.whole.append,
            lambda reply, error: self.refused.append((reply, error)),
        )  # fmt: skip

    def begin(self, size: str, payload: bytes = b"abc", reply: str = REPLY) -> None:
        self.incoming.begin("generate", payload, {subjects.HEADER_SIZE: size}, context(), reply, 0.0)

    def hear(self, offset: str, payload: bytes) -> None:
        self.incoming.hear("token", payload, {subjects.HEADER_OFFSET: offset}, 0.0)


async def test_a_request_is_whole_when_all_its_bytes_came() -> None:
    reading = Reading()
    reading.begin("9")
    assert reading.hub.carried[-1].headers == {subjects.HEADER_WANTED: "9", subjects.HEADER_INSTANCE: "gateway-1"}
    reading.hear("3", b"def")
    reading.hear("3", b"def")
    assert reading.whole == []
    reading.hear("6", b"ghi")
    assert [request.whole() for request in reading.whole] == [b"abcdefghi"]
    assert (len(reading.incoming), reading.incoming.held_bytes) == (0, 0)


@pytest.mark.parametrize("size", ["", "x", "-5", "0", "3", "²"])
async def test_a_size_that_cannot_be_is_refused(size: str) -> None:
    with pytest.raises(InvalidRequest):
        Reading().begin(size)


async def test_sizes_are_bounded_for_one_and_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    reading = Reading()
    with pytest.raises(PayloadTooLarge):
        reading.begin(str(parts.LARGEST_REQUEST_BYTES + 1))
    monkeypatch.setattr(parts, "LARGEST_TOTAL_BYTES", 15)
    reading.begin("9")
    with pytest.raises(Overloaded):
        reading.begin("9", reply=f"{REPLY}2")
    with pytest.raises(PayloadTooLarge):
        OutgoingParts(reading.carrier, "gateway", "token", b"x" * (parts.LARGEST_REQUEST_BYTES + 1))


@pytest.mark.parametrize(("offset", "payload"), [("4", b"x"), ("3", b"x" * 7)], ids=["a gap", "too much"])
async def test_parts_that_do_not_fit_end_the_request(offset: str, payload: bytes) -> None:
    reading = Reading()
    reading.begin("9")
    reading.hear(offset, payload)
    ((reply, error),) = reading.refused
    assert (reply, type(error)) == (REPLY, StreamInterrupted)
    assert reading.incoming.held_bytes == 0


async def test_parts_of_nothing_are_ignored() -> None:
    reading = Reading()
    reading.hear("3", b"x")
    reading.begin("9")
    reading.hear("x", b"x")
    assert (reading.whole, reading.refused, len(reading.incoming)) == ([], [], 1)


async def test_silence_counts_without_the_time_that_the_process_stood_still() -> None:
    reading = Reading()
    reading.begin("9")
    reading.incoming.beat(parts.SILENT_S + 10.0, 10.5)
    assert reading.refused == []
    reading.incoming.beat(parts.SILENT_S + 10.6, 0.0)
    assert len(reading.refused) == 1


async def test_a_wish_may_be_for_a_part_only() -> None:
    reading = Reading()
    payload = bytes(range(256)) * 8192
    outgoing = OutgoingParts(reading.carrier, "gateway", "token", payload)
    assert outgoing.headers == {subjects.HEADER_SIZE: str(len(payload))}
    sent = [outgoing.first]
    for wanted in (len(outgoing.first), 900_000, 900_000, 10**9):
        assert outgoing.hear({subjects.HEADER_WANTED: str(wanted), subjects.HEADER_INSTANCE: "gateway-1"})
    sent += [message.payload for message in reading.hub.carried]
    assert b"".join(sent) == payload
    assert {message.subject for message in reading.hub.carried} == {"ctl.gateway.gateway-1.token"}


@pytest.mark.parametrize("wish", [{}, {subjects.HEADER_WANTED: "5"}, {subjects.HEADER_WANTED: "x",
                                  subjects.HEADER_INSTANCE: "gateway-1"}])  # fmt: skip
async def test_what_is_no_wish_is_an_answer(wish: dict[str, str]) -> None:
    outgoing = OutgoingParts(Reading().carrier, "gateway", "token", b"x" * 2_000_000)
    assert not outgoing.hear(wish)
