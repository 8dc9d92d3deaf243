"""Large requests whose parts are lost, doubled or held up, and whose senders and readers go away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from covey.errors import DeadlineExceeded, Draining, Overloaded, PeerUnavailable, StreamInterrupted
from covey.protocol import subjects
from covey.protocol.ids import InstanceId
from covey.rpc import node, parts
from covey.rpc.node import RpcNode
from covey.rpc.parts import IncomingParts
from covey.testing.eventually import eventually
from covey.testing.faulty_bus import FaultyBus
from covey.testing.memory_carrier import MemoryHub
from tests.helpers.bus_services import MEASURE, MEASURE_IN_STREAM, Answer, Counter, Question, context, measured

TEXT = "0123456789" * 800_000
PARTS = "ctl.gateway"


class Mesh:
    def __init__(self) -> None:
        self.hub = MemoryHub()
        self.faults = FaultyBus(self.hub)
        self.caller_carrier = self.hub.carrier("_INBOX_client.client-1")
        self.server_carrier = self.hub.carrier("_INBOX_gateway.gateway-1")
        self.caller = RpcNode(self.caller_carrier)
        self.server = RpcNode(self.server_carrier)
        self.counter = Counter()

    @property
    def incoming(self) -> IncomingParts:
        return self.server._services[self.counter.instance]._parts

    async def call(self, *, deadline_s: float = 10.0) -> Answer:
        deadline = asyncio.get_running_loop().time() + deadline_s
        return await self.caller.call(MEASURE, Question(text=TEXT), context(deadline))

    def most_on_its_way(self) -> int:
        """The largest part of the request that was sent and not asked for yet to be read further."""
        sent = wanted = most = 0
        for message in self.hub.carried:
            if subjects.HEADER_SIZE in message.headers:
                sent = wanted = len(message.payload)
            if subjects.HEADER_WANTED in message.headers:
                wanted = int(message.headers[subjects.HEADER_WANTED])
            if subjects.HEADER_OFFSET in message.headers:
                sent = int(message.headers[subjects.HEADER_OFFSET]) + len(message.payload)
                assert sent <= wanted
            most = max(most, wanted - sent)
        return most


@pytest.fixture
async def mesh(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Mesh]:
    monkeypatch.setattr(node, "BEAT_INTERVAL_S", 0.02)
    monkeypatch.setattr(parts, "SILENT_S", 0.3)
    made = Mesh()
    await made.caller.start()
    await made.server.start()
    await made.server.serve(made.counter, made.counter.info)
    yield made
    await made.caller.stop()
    await made.server.stop()


async def test_no_more_is_on_its_way_than_was_asked_for(mesh: Mesh) -> None:
    assert (await mesh.call()).text == measured(TEXT)
    assert 0 < mesh.most_on_its_way() <= parts.WINDOW_BYTES
    assert (mesh.incoming.held_bytes, len(mesh.incoming)) == (0, 0)


@pytest.mark.parametrize("number", [1, 3, 8])
async def test_a_part_that_is_lost_ends_the_request_by_name_and_nothing_is_run(mesh: Mesh, number: int) -> None:
    mesh.faults.drop(PARTS, number)
    with pytest.raises(StreamInterrupted):
        await mesh.call()
    assert mesh.counter.calls == 0
    assert mesh.incoming.held_bytes == 0
    assert (await mesh.call()).text == measured(TEXT)


@pytest.mark.parametrize("number", [1, 5])
async def test_a_part_that_comes_twice_is_taken_once(mesh: Mesh, number: int) -> None:
    mesh.faults.duplicate(PARTS, number)
    assert (await mesh.call()).text == measured(TEXT)
    assert mesh.counter.calls == 1


@pytest.mark.parametrize("kind", ["rpc.", "_INBOX_client"])
async def test_a_beginning_or_a_wish_that_comes_twice_changes_nothing(mesh: Mesh, kind: str) -> None:
    mesh.faults.duplicate(kind, 1)
    assert (await mesh.call()).text == measured(TEXT)
    assert mesh.counter.calls == 1


async def test_overtaken_parts_end_the_request_or_are_put_right_but_never_mixed_up(mesh: Mesh) -> None:
    mesh.faults.reorder(PARTS, 2)
    with pytest.raises(StreamInterrupted):
        await mesh.call()
    assert mesh.counter.calls == 0


async def test_a_sender_that_falls_silent_is_given_up_and_its_memory_freed(mesh: Mesh) -> None:
    mesh.faults.drop(PARTS, 2, and_all_after=True)
    with pytest.raises(StreamInterrupted):
        await mesh.call()
    await eventually(lambda: mesh.incoming.held_bytes == 0)


async def test_a_reader_that_falls_silent_ends_at_the_deadline(mesh: Mesh) -> None:
    mesh.faults.drop("_INBOX_client", 2, and_all_after=True)
    with pytest.raises(DeadlineExceeded):
        await mesh.call(deadline_s=0.2)
    await eventually(lambda: mesh.incoming.held_bytes == 0)


async def test_a_caller_that_leaves_in_the_middle_takes_its_request_along(
    mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "SILENT_S", 60.0)
    mesh.faults.drop("_INBOX_client", 2, and_all_after=True)
    asking = asyncio.ensure_future(mesh.call())
    await eventually(lambda: len(mesh.incoming) == 1)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    await eventually(lambda: mesh.incoming.held_bytes == 0)
    assert mesh.counter.calls == 0


async def test_a_drain_refuses_what_has_only_begun(mesh: Mesh) -> None:
    mesh.faults.delay("_INBOX_client", 1, 60.0)
    asking = asyncio.ensure_future(mesh.call())
    await eventually(lambda: len(mesh.incoming) == 1)
    served = next(iter(mesh.server._router.served()))
    await mesh.server.drain(served, 5.0)
    with pytest.raises(Draining):
        await asking


async def test_more_than_an_instance_may_hold_is_refused_at_once(mesh: Mesh, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "LARGEST_TOTAL_BYTES", len(TEXT) + 1000)
    mesh.faults.delay("_INBOX_client", 1, 0.1)
    first = asyncio.ensure_future(mesh.call())
    await eventually(lambda: len(mesh.incoming) == 1)
    with pytest.raises(Overloaded):
        await mesh.call()
    assert (await first).text == measured(TEXT)


async def test_a_connection_that_is_lost_in_the_middle_is_told(mesh: Mesh) -> None:
    mesh.faults.disconnect(PARTS, 3, mesh.caller_carrier)
    with pytest.raises(PeerUnavailable):
        await mesh.call()
    await eventually(lambda: mesh.incoming.held_bytes == 0)


async def test_a_stream_is_asked_for_in_parts_and_a_lost_one_is_told(mesh: Mesh) -> None:
    asked = Question(text=TEXT)
    (word,) = [item async for item in mesh.caller.stream(MEASURE_IN_STREAM, asked, context())]
    assert word.text == measured(TEXT)
    mesh.faults.drop(PARTS, 5)
    with pytest.raises(StreamInterrupted):
        [item async for item in mesh.caller.stream(MEASURE_IN_STREAM, asked, context())]


async def test_nobody_can_have_the_rest_sent_to_somebody_else(mesh: Mesh) -> None:
    carrier = mesh.caller_carrier
    outgoing = parts.OutgoingParts(carrier, "gateway", "token", b"x" * 2_000_000, InstanceId("gateway-one"))
    wish = {subjects.HEADER_WANTED: "2000000", subjects.HEADER_INSTANCE: "gateway-other"}
    assert not outgoing.hear(wish)
    assert mesh.hub.carried[-1].headers.get(subjects.HEADER_OFFSET) is None
    free = parts.OutgoingParts(carrier, "gateway", "token", b"x" * 2_000_000)
    assert free.hear(wish | {subjects.HEADER_INSTANCE: "gateway-one"})
    assert not free.hear(wish)
