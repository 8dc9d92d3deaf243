"""Lost, doubled, late and overtaken messages: every call and stream ends, is whole or says that it is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from covey.errors import (
    ERRORS_BY_CODE,
    DeadlineExceeded,
    InvalidRequest,
    Overloaded,
    PayloadTooLarge,
    PeerUnavailable,
    StreamInterrupted,
)
from covey.protocol import subjects
from covey.protocol.endpoint import Message, Topic
from covey.protocol.ids import InstanceId, ModelName, NodeName
from covey.protocol.registry import InstanceInfo, ModelInfo
from covey.rpc import node, parts, stream_reader, stream_sender
from covey.rpc.node import RpcNode
from covey.rpc.wire import error_of, error_reply
from covey.testing.eventually import eventually
from covey.testing.faulty_bus import FaultyBus
from covey.testing.memory_carrier import MemoryCarrier, MemoryHub, MemoryMessage
from tests.behaviour.bus import known, opened
from tests.helpers.bus_services import (
    COUNT,
    ECHO,
    HURRY,
    INFLATE,
    ONCE,
    SAID,
    WAIT,
    WAIT_IN_STREAM,
    Counter,
    Question,
    Said,
    context,
)

FRAMES = "_INBOX_client"


class Mesh:
    """A caller, a server with the test's service, and faults between them."""

    def __init__(self) -> None:
        self.hub = MemoryHub()
        self.faults = FaultyBus(self.hub)
        self.caller_carrier: MemoryCarrier = self.hub.carrier("_INBOX_client.client-1")
        self.server_carrier: MemoryCarrier = self.hub.carrier("_INBOX_gateway.gateway-1")
        self.caller = RpcNode(self.caller_carrier)
        self.server = RpcNode(self.server_carrier, concurrent_requests=4)
        self.counter = Counter()

    async def numbers(self, count: int) -> list[int]:
        return [item.number async for item in self.caller.stream(COUNT, Question(count=count), context())]


@pytest.fixture
async def mesh(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Mesh]:
    # The same rules at a tenth of the time.
    monkeypatch.setattr(node, "BEAT_INTERVAL_S", 0.02)
    monkeypatch.setattr(stream_reader, "SIGN_INTERVAL_S", 0.1)
    monkeypatch.setattr(stream_sender, "SIGN_INTERVAL_S", 0.1)
    monkeypatch.setattr(stream_reader, "SENDER_SILENT_S", 0.5)
    monkeypatch.setattr(stream_sender, "READER_SILENT_S", 0.6)
    mesh = Mesh()
    await mesh.caller.start()
    await mesh.server.start()
    await mesh.server.serve(mesh.counter, mesh.counter.info)
    yield mesh
    await mesh.caller.stop()
    await mesh.server.stop()


@pytest.mark.parametrize("number", [1, 2, 5])
@pytest.mark.parametrize(
    "strike",
    [
        pytest.param(lambda faults, number: faults.drop(FRAMES, number), id="lost"),
        pytest.param(lambda faults, number: faults.duplicate(FRAMES, number), id="doubled"),
        pytest.param(lambda faults, number: faults.reorder(FRAMES, number), id="overtaken"),
        pytest.param(lambda faults, number: faults.delay(FRAMES, number, 0.05), id="late"),
    ],
)
async def test_a_damaged_stream_is_never_taken_for_a_whole_one(
    mesh: Mesh, strike: Callable[[FaultyBus, int], None], number: int
) -> None:
    strike(mesh.faults, number)
    read: list[int] = []

    async def read_all() -> None:
        async for item in mesh.caller.stream(COUNT, Question(count=1000), context()):
            read.append(item.number)

    with pytest.raises(StreamInterrupted):
        await read_all()
    assert mesh.faults.struck >= 1
    assert read == list(range(len(read)))
    await eventually(lambda: mesh.counter.closed == 1)


async def test_a_lost_end_is_noticed(mesh: Mesh) -> None:
    mesh.faults.drop(FRAMES, 2)
    with pytest.raises(StreamInterrupted):
        await mesh.numbers(5)


async def test_lost_credit_is_granted_again(mesh: Mesh) -> None:
    for number in (1, 2, 4):
        mesh.faults.drop("ctl.", number)
    assert await mesh.numbers(2000) == list(range(2000))
    assert mesh.faults.struck >= 1


async def test_a_sender_that_died_is_noticed(mesh: Mesh) -> None:
    stream = opened(mesh.caller, WAIT_IN_STREAM, Question(), context())
    await anext(stream)
    mesh.server_carrier.disconnect()
    with pytest.raises(StreamInterrupted):
        await asyncio.wait_for(anext(stream), 3.0)


async def test_a_sender_that_hangs_is_noticed(mesh: Mesh) -> None:
    stream = opened(mesh.caller, WAIT_IN_STREAM, Question(), context())
    await anext(stream)
    mesh.faults.drop(FRAMES, 1, and_all_after=True)
    with pytest.raises(StreamInterrupted):
        await asyncio.wait_for(anext(stream), 3.0)


async def test_a_silent_but_living_sender_is_waited_for(mesh: Mesh) -> None:
    stream = opened(mesh.caller, WAIT_IN_STREAM, Question(), context())
    await anext(stream)
    signs = len([message for message in mesh.hub.carried if message.subject.startswith(FRAMES)]) + 10
    await eventually(
        lambda: len([message for message in mesh.hub.carried if message.subject.startswith(FRAMES)]) >= signs
    )
    mesh.counter.gate.open()
    assert [word.number async for word in stream] == [1]


async def test_a_reader_that_died_frees_the_sender(mesh: Mesh) -> None:
    stream = opened(mesh.caller, WAIT_IN_STREAM, Question(), context())
    await anext(stream)
    mesh.caller_carrier.disconnect()
    await eventually(lambda: mesh.counter.closed == 1)
    with pytest.raises(StreamInterrupted):
        await anext(stream)


async def test_a_reader_out_of_credit_that_died_frees_the_sender(mesh: Mesh) -> None:
    stream = opened(mesh.caller, COUNT, Question(count=100_000), context())
    await anext(stream)
    await eventually(lambda: mesh.counter.produced >= 255)
    mesh.caller_carrier.disconnect()
    await eventually(lambda: mesh.counter.closed == 1)
    await stream.aclose()


async def test_a_slow_reader_that_lives_keeps_its_stream(mesh: Mesh) -> None:
    stream = opened(mesh.caller, COUNT, Question(count=1000), context())
    first = await anext(stream)
    sent = len([message for message in mesh.hub.carried if message.subject.startswith("ctl.")])
    await eventually(
        lambda: len([message for message in mesh.hub.carried if message.subject.startswith("ctl.")]) >= sent + 10
    )
    assert [first.number, *[item.number async for item in stream]] == list(range(1000))


async def test_messages_dropped_on_our_side_end_the_streams_in_flight(mesh: Mesh) -> None:
    stream = opened(mesh.caller, WAIT_IN_STREAM, Question(), context())
    await anext(stream)
    mesh.caller_carrier.drop_some()
    with pytest.raises(StreamInterrupted):
        await anext(stream)


async def test_a_lost_request_ends_at_the_deadline(mesh: Mesh) -> None:
    mesh.faults.drop("rpc.", 1)
    with pytest.raises(DeadlineExceeded):
        await mesh.caller.call(HURRY, Question(), context())
    assert mesh.counter.calls == 0


async def test_a_lost_answer_is_not_asked_for_again(mesh: Mesh) -> None:
    mesh.faults.drop(FRAMES, 1)
    deadline = asyncio.get_running_loop().time() + 0.1
    with pytest.raises(DeadlineExceeded):
        await mesh.caller.call(ONCE, Question(), context(deadline))
    assert mesh.counter.calls == 1


async def test_an_idempotent_call_is_sent_again_when_nobody_was_there(mesh: Mesh) -> None:
    mesh.hub.tamper = None
    away = [sub for sub in mesh.hub.subscriptions if sub.queue]
    for sub in away:
        mesh.hub.subscriptions.remove(sub)
    task = asyncio.ensure_future(mesh.caller.call(ECHO, Question(text="!"), context()))
    await eventually(lambda: [message for message in mesh.hub.carried if message.subject.startswith("rpc.")])
    mesh.hub.subscriptions.extend(away)
    assert (await task).text == "!"
    assert mesh.counter.calls == 1


async def test_n10_a_repeated_request_is_run_once(mesh: Mesh) -> None:
    mesh.faults.duplicate("rpc.", 1)
    with capture_logs() as logs:
        await mesh.caller.call(ONCE, Question(), context())
        requests = [message for message in mesh.hub.carried if message.subject.startswith("rpc.")]
        for _ in range(10):
            mesh.hub.deliver(requests[0])
        await mesh.caller.call(ECHO, Question(), context())
    assert mesh.counter.calls == 2
    assert len([entry for entry in logs if entry["event"] == "request_repeated"]) == 11


async def test_a_request_that_was_held_up_past_its_deadline_is_not_run(mesh: Mesh) -> None:
    await mesh.caller.call(ECHO, Question(), context())  # from here on the server knows how long messages travel
    mesh.faults.delay("rpc.", 1, 0.2)
    with pytest.raises(DeadlineExceeded):
        await mesh.caller.call(HURRY, Question(), context())
    arrived = asyncio.get_running_loop().time() + 0.3
    await eventually(lambda: asyncio.get_running_loop().time() > arrived)
    assert mesh.counter.calls == 1


async def test_more_than_the_server_holds_is_refused_at_once(mesh: Mesh) -> None:
    held = [asyncio.ensure_future(mesh.caller.call(WAIT, Question(), context())) for _ in range(4)]
    await eventually(lambda: mesh.counter.gate.entries == 4)
    with pytest.raises(Overloaded):
        await mesh.caller.call(ECHO, Question(), context())
    with pytest.raises(Overloaded):
        await mesh.numbers(1)
    mesh.counter.gate.open()
    await asyncio.gather(*held)
    await mesh.caller.call(ECHO, Question(), context())


async def test_a_disconnected_caller_is_told_at_once_and_nothing_runs_later(mesh: Mesh) -> None:
    mesh.caller_carrier.disconnect()
    with pytest.raises(PeerUnavailable):
        await mesh.caller.call(ONCE, Question(), context())
    with pytest.raises(PeerUnavailable):
        await mesh.numbers(1)
    await mesh.caller.publish(SAID, Said(number=1))
    await mesh.caller_carrier.reconnect()
    await mesh.caller.call(ECHO, Question(), context())
    assert (mesh.counter.calls, mesh.counter.closed) == (1, 0)


async def test_a_server_that_is_cut_off_stops_its_streams(mesh: Mesh) -> None:
    mesh.faults.disconnect(FRAMES, 3, mesh.server_carrier)
    with pytest.raises(StreamInterrupted):
        await mesh.numbers(5000)
    await eventually(lambda: mesh.counter.closed == 1)


async def test_messages_over_the_limit_are_refused_by_name(mesh: Mesh) -> None:
    size_bytes = 2_000_000
    largest = "x" * parts.LARGEST_REQUEST_BYTES
    with pytest.raises(PayloadTooLarge):
        await mesh.caller.call(ECHO, Question(text=largest), context())
    with pytest.raises(PayloadTooLarge):
        [item async for item in mesh.caller.stream(COUNT, Question(text=largest), context())]
    with pytest.raises(PayloadTooLarge):
        await mesh.caller.call(INFLATE, Question(size_bytes=size_bytes), context())
    with pytest.raises(PayloadTooLarge):
        [item async for item in mesh.caller.stream(COUNT, Question(count=2, size_bytes=size_bytes), context())]
    await mesh.caller.call(ECHO, Question(), context())


class Long(Message, frozen=True, kw_only=True):
    text: str


LONG = Topic("client.long", Long)


async def test_an_event_over_the_limit_is_told_to_nobody(mesh: Mesh) -> None:
    heard: list[str] = []

    async def listen(event: Long) -> None:
        heard.append(event.text)

    subscriptions = [await mesh.caller.subscribe(LONG, listen), await mesh.server.subscribe(LONG, listen)]
    with pytest.raises(PayloadTooLarge):
        await mesh.caller.publish(LONG, Long(text="x" * 2_000_000))
    await mesh.caller.publish(LONG, Long(text="short"))
    await eventually(lambda: len(heard) == 2)
    assert set(heard) == {"short"}
    for subscription in subscriptions:
        await subscription.close()


async def test_an_announcement_over_the_limit_is_logged_and_stops_nothing(mesh: Mesh) -> None:
    await known(mesh.caller, "gateway-one")
    models = tuple(ModelInfo(name=ModelName("x" * 1000 + str(number))) for number in range(2000))
    info = InstanceInfo(service="gateway", instance=InstanceId("gateway-many"), node=NodeName("n"), models=models)
    with capture_logs() as logs:
        mesh.caller._presence._publish(info)
    assert [entry["event"] for entry in logs] == ["presence_too_large"]
    await mesh.caller.call(ECHO, Question(), context())


@pytest.mark.parametrize("payload", [b"", b"\xc1", b"\x81\xa4text\x05", b"\x93\x01\x02\x03"])
async def test_a_malformed_request_is_refused_by_name(mesh: Mesh, payload: bytes) -> None:
    await known(mesh.caller, "gateway-one")
    request = msg_with(mesh, "rpc.gateway.echo", payload)
    mesh.hub.deliver(request)
    answer = await eventually(lambda: [m for m in mesh.hub.carried if m.subject == request.reply])
    assert answer[0].headers[subjects.HEADER_ERROR] == InvalidRequest.code
    assert mesh.counter.calls == 0


@pytest.mark.parametrize("headers", [{}, {subjects.HEADER_REQUEST_ID: "r", subjects.HEADER_DEADLINE_MS: "soon"}])
async def test_malformed_headers_are_refused_by_name(mesh: Mesh, headers: dict[str, str]) -> None:
    request = MemoryMessage("rpc.gateway.echo", b"\x80", headers, "_INBOX_x.y.gateway.0123456789abcdef1")
    mesh.hub.deliver(request)
    answer = await eventually(lambda: [m for m in mesh.hub.carried if m.subject == request.reply])
    assert answer[0].headers[subjects.HEADER_ERROR] == InvalidRequest.code


async def test_noise_on_every_subject_harms_nobody(mesh: Mesh) -> None:
    for subject in (
        "ctl.gateway.gateway-one.x",
        "presence.gateway.gateway-x",
        "rpc.gateway.nothing",
        FRAMES + ".client-1.x",
    ):
        for payload in (b"", b"\xc1", b"\x90", b"\xff" * 100):
            mesh.hub.deliver(MemoryMessage(subject, payload, {}, ""))
            mesh.hub.deliver(MemoryMessage(subject, payload, {}, "not-an-inbox"))
    await mesh.caller.call(ECHO, Question(), context())
    assert [info.instance for info in mesh.caller.instances("gateway")] == ["gateway-one"]


async def test_presence_that_contradicts_its_subject_is_not_believed(mesh: Mesh) -> None:
    await known(mesh.caller, "gateway-one")
    forged = next(m for m in mesh.hub.carried if m.subject == "presence.gateway.gateway-one")
    mesh.hub.deliver(MemoryMessage("presence.processor.processor-x", forged.payload))
    await known(mesh.caller, "gateway-one")
    assert list(mesh.caller.instances("processor")) == []


async def test_an_instance_that_died_is_forgotten_and_a_newcomer_known(
    mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    await known(mesh.caller, "gateway-one")
    monkeypatch.setattr("covey.rpc.presence.DEAD_AFTER_S", 0.2)
    mesh.server_carrier.disconnect()
    await known(mesh.caller)
    await mesh.server_carrier.reconnect()
    await known(mesh.caller, "gateway-one")
    newcomer = RpcNode(mesh.hub.carrier("_INBOX_bridge.bridge-1"))
    await newcomer.start()
    assert [info.instance for info in newcomer.instances("gateway")] == ["gateway-one"]
    await newcomer.stop()


async def test_a_process_that_stood_still_does_not_blame_the_others(mesh: Mesh) -> None:
    stream = opened(mesh.caller, WAIT_IN_STREAM, Question(), context())
    await anext(stream)
    mesh.caller.beat(asyncio.get_running_loop().time() + 60.0, 60.0)
    mesh.server.beat(asyncio.get_running_loop().time() + 60.0, 60.0)
    mesh.counter.gate.open()
    with suppress(StopAsyncIteration):
        assert (await anext(stream)).number == 1


async def test_unknown_questions_are_somebody_else_s(mesh: Mesh) -> None:
    request = msg_with(mesh, "rpc.gateway.from_the_future", b"\x80")
    mesh.hub.deliver(request)
    answer = await eventually(lambda: [m for m in mesh.hub.carried if m.subject == request.reply])
    assert answer[0].headers[subjects.HEADER_ERROR] == PeerUnavailable.code


def msg_with(mesh: Mesh, subject: str, payload: bytes) -> MemoryMessage:
    headers = {subjects.HEADER_REQUEST_ID: "req_1"}
    return MemoryMessage(subject, payload, headers, "_INBOX_bridge.bridge-9.gateway.0123456789abcdef1")


def test_every_named_error_survives_the_wire() -> None:
    for error_type in ERRORS_BY_CODE.values():
        sent = error_type("why", param="p", retry_after_s=1.5)
        received = error_of(error_reply(sent))
        assert type(received) is error_type
        assert (received.detail, received.param, received.retry_after_s) == ("why", "p", 1.5)
