"""What every bus promises, whether the other side lives in this process or on another machine."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from typing import Any, cast

import msgspec
import pytest
from structlog.testing import capture_logs

from covey.errors import (
    CoveyError,
    DeadlineExceeded,
    Draining,
    PeerUnavailable,
    QuotaExceeded,
)
from covey.protocol.auth import Identity
from covey.protocol.endpoint import ItemT, RequestT, StreamEndpoint
from covey.protocol.ids import InstanceId, UserId
from covey.rpc.bus import Bus
from covey.rpc.context import CallContext
from covey.testing.eventually import eventually
from tests.helpers.bus_services import (
    BREAK,
    BREAK_IN_STREAM,
    CANARY,
    COUNT,
    ECHO,
    FAIL,
    FAIL_IN_STREAM,
    HURRY,
    MEASURE,
    MEASURE_IN_STREAM,
    PATIENT,
    SAID,
    SILENT,
    UNSERVED,
    UNSERVED_STREAM,
    WAIT,
    WAIT_IN_STREAM,
    Answer,
    Counter,
    Pause,
    Question,
    Said,
    Word,
    context,
    measured,
)


def in_s(seconds: float) -> float:
    return asyncio.get_running_loop().time() + seconds


def opened(
    bus: Bus, endpoint: StreamEndpoint[RequestT, ItemT], request: RequestT, call_context: CallContext
) -> AsyncGenerator[ItemT, None]:
    return cast("AsyncGenerator[ItemT, None]", bus.stream(endpoint, request, call_context))


def local(
    bus: Bus, question: Question, *, to: InstanceId | None = None, deadline: float | None = None
) -> Coroutine[Any, Any, Answer]:
    asked = bus.call_local(PATIENT, question, context(deadline), to=to)
    assert asked is not None
    return asked


async def known(bus: Bus, *instances: str) -> None:
    """Wait until ``bus`` knows exactly these instances of the test's service."""
    await eventually(lambda: sorted(info.instance for info in bus.instances("gateway")) == sorted(instances))


class Ends:
    """The two sides of a conversation. For a local bus they are the same object."""

    def __init__(self, caller: Bus, server: Bus) -> None:
        self.caller = caller
        self.server = server


class LargeRequestSuite:
    """Requests of any size pass; between processes in parts. Part of :class:`BusSuite`."""

    @pytest.mark.parametrize("size_bytes", [1_000_000, 1_100_000, 9_000_000, 30_000_000])
    async def test_a_large_request_arrives_as_it_was_sent(self, ends: Ends, size_bytes: int) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)
        await known(ends.caller, counter.instance)
        text = "0123456789" * (size_bytes // 10)
        for to in (None, counter.instance):
            answer = await ends.caller.call(MEASURE, Question(text=text), context(in_s(20.0)), to=to)
            assert answer.text == measured(text)
        items = [item async for item in ends.caller.stream(MEASURE_IN_STREAM, Question(text=text), context())]
        assert [(item.number, item.text) for item in items] == [(len(text), measured(text))]

    async def test_large_requests_at_the_same_time_are_kept_apart(self, ends: Ends) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)
        texts = [character * 3_000_000 for character in "abcdef"]
        answers = await asyncio.gather(
            *(ends.caller.call(MEASURE, Question(text=text), context(in_s(20.0))) for text in texts)
        )
        assert [answer.text for answer in answers] == [measured(text) for text in texts]

    async def test_a_large_question_that_fails_has_its_own_error(self, ends: Ends) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)
        with pytest.raises(QuotaExceeded):
            await ends.caller.call(FAIL, Question(text="x" * 3_000_000), context(in_s(20.0)))

    async def test_nobody_to_hear_a_large_question_is_told_at_once(self, ends: Ends) -> None:
        with pytest.raises(PeerUnavailable):
            await ends.caller.call(UNSERVED, Question(text="x" * 3_000_000), context())
        with pytest.raises(PeerUnavailable):
            await anext(opened(ends.caller, UNSERVED_STREAM, Question(text="x" * 3_000_000), context()))


class BusSuite(LargeRequestSuite):
    """Inherit and provide a fixture ``ends``."""

    async def test_a_question_is_answered(self, ends: Ends) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)
        answer = await ends.caller.call(ECHO, Question(text="hé ho"), context())
        assert (answer.text, answer.instance) == ("hé ho", counter.instance)

    async def test_the_context_travels_with_the_call(self, ends: Ends) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)
        sent = CallContext(
            request_id=context().request_id,
            deadline=in_s(3.0),
            identity=Identity(user_id=UserId("usr_1"), username="zoë", role="admin", scopes=("inference",)),
            caller=InstanceId("client-1"),
            idempotency_key="once-only",
            traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            client_address="2001:db8::1",
        )
        await ends.caller.call(ECHO, Question(), sent)
        async with aclosing(opened(ends.caller, COUNT, Question(count=1), sent)) as words:
            assert [word.number async for word in words] == [0]
        for received in counter.contexts:
            assert received.deadline == pytest.approx(sent.deadline, abs=0.5)
            assert msgspec.structs.replace(received, deadline=None) == msgspec.structs.replace(sent, deadline=None)
        assert len(counter.contexts) == 2

    async def test_a_named_error_arrives_with_its_facts(self, ends: Ends) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)
        with pytest.raises(QuotaExceeded) as caught:
            await ends.caller.call(FAIL, Question(), context())
        assert caught.value.detail == "the budget is used up"
        assert (caught.value.param, caught.value.retry_after_s) == ("budget", 12.5)

    async def test_an_unnamed_error_is_logged_once_and_not_told(self, ends: Ends) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)
        with capture_logs() as logs, pytest.raises(CoveyError) as caught:
            await ends.caller.call(BREAK, Question(), context())
        assert type(caught.value) is CoveyError
        assert CANARY not in str(caught.value)
        assert [entry["endpoint"] for entry in logs if entry["event"] == "handler_failed"] == [BREAK.name]

    async def test_nobody_there_is_said_at_once(self, ends: Ends) -> None:
        started = time.monotonic()
        with pytest.raises(PeerUnavailable):
            await ends.caller.call(UNSERVED, Question(), context())
        with pytest.raises(PeerUnavailable):
            [word async for word in ends.caller.stream(UNSERVED_STREAM, Question(), context())]
        with pytest.raises(PeerUnavailable):
            await ends.caller.call(ECHO, Question(), context(), to=InstanceId("gateway-gone"))
        assert time.monotonic() - started < 2.0

    async def test_the_endpoint_s_own_time_out_ends_the_call_and_the_work(self, ends: Ends) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)
        with pytest.raises(DeadlineExceeded):
            await ends.caller.call(HURRY, Question(), context())
        await eventually(lambda: counter.gate.left == 1)

    async def test_the_caller_s_deadline_ends_the_call_and_the_work(self, ends: Ends) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)
        with pytest.raises(DeadlineExceeded):
            await ends.caller.call(WAIT, Question(), context(in_s(0.05)))
        await eventually(lambda: counter.gate.left == 1)

    async def test_a_request_past_its_deadline_is_not_run(self, ends: Ends) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)
        with pytest.raises(DeadlineExceeded):
            await ends.caller.call(ECHO, Question(), context(in_s(-1.0)))
        with pytest.raises(DeadlineExceeded):
            [word async for word in ends.caller.stream(COUNT, Question(count=1), context(in_s(-1.0)))]
        assert (counter.calls, counter.closed) == (0, 0)

    async def test_a_cancelled_call_stops_the_work(self, ends: Ends) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)
        await known(ends.caller, counter.instance)
        task = asyncio.ensure_future(ends.caller.call(WAIT, Question(), context()))
        await counter.gate.entered()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await eventually(lambda: counter.gate.left == 1)

    async def test_a_call_can_be_meant_for_one_instance(self, ends: Ends) -> None:
        counters = [Counter(f"gateway-{name}") for name in ("a", "b", "c")]
        for counter in counters:
            await ends.server.serve(counter, counter.info)
        for counter in counters:
            answer = await ends.caller.call(ECHO, Question(), context(), to=counter.instance)
            assert answer.instance == counter.instance
        assert [counter.calls for counter in counters] == [1, 1, 1]

    async def test_calls_are_shared_between_the_instances(self, ends: Ends) -> None:
        counters = [Counter(f"gateway-{name}") for name in ("a", "b")]
        for counter in counters:
            await ends.server.serve(counter, counter.info)
        for _ in range(40):
            await ends.caller.call(ECHO, Question(), context())
        assert all(counter.calls > 0 for counter in counters)
        assert sum(counter.calls for counter in counters) == 40

    async def test_all_instances_can_be_asked_and_errors_come_in_band(self, ends: Ends) -> None:
        counters = [Counter(f"gateway-{name}") for name in ("a", "b")]
        for counter in counters:
            await ends.server.serve(counter, counter.info)
        await known(ends.caller, "gateway-a", "gateway-b")
        replies = await ends.caller.call_all(ECHO, Question(text="?"), context())
        assert sorted(reply.instance for reply in replies) == ["gateway-a", "gateway-b"]
        assert [reply.error for reply in replies] == [None, None]
        failures = await ends.caller.call_all(FAIL, Question(), context())
        assert [type(reply.error) for reply in failures] == [QuotaExceeded, QuotaExceeded]

    @pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 5000])
    async def test_a_stream_arrives_whole_and_in_order(self, ends: Ends, count: int) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)
        items = [item async for item in ends.caller.stream(COUNT, Question(count=count), context())]
        assert [item.number for item in items] == list(range(count))
        assert all(isinstance(item, Pause) == (item.number % 100 == 99) for item in items)

    async def test_nothing_is_sent_before_the_first_item_is_awaited(self, ends: Ends) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)
        stream = opened(ends.caller, COUNT, Question(count=1), context())
        await ends.caller.call(ECHO, Question(), context())
        assert counter.closed == 0
        await stream.aclose()
        assert counter.closed == 0

    async def test_an_item_is_not_held_back(self, ends: Ends) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)
        stream = opened(ends.caller, WAIT_IN_STREAM, Question(), context())
        assert (await anext(stream)).number == 0
        counter.gate.open()
        assert [word.number async for word in stream] == [1]
        assert counter.closed == 1

    async def test_closing_a_stream_stops_the_work(self, ends: Ends) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)
        stream = opened(ends.caller, WAIT_IN_STREAM, Question(), context())
        await anext(stream)
        await stream.aclose()
        await eventually(lambda: counter.closed == 1)

    async def test_cancelling_the_reader_stops_the_work(self, ends: Ends) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)
        await known(ends.caller, counter.instance)

        async def read() -> None:
            async for _ in ends.caller.stream(WAIT_IN_STREAM, Question(), context()):
                pass

        task = asyncio.create_task(read())
        await counter.gate.entered()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await eventually(lambda: counter.closed == 1)

    async def test_a_slow_reader_slows_the_sender_down(self, ends: Ends) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)
        stream = opened(ends.caller, COUNT, Question(count=20_000), context())
        numbers = [(await anext(stream)).number for _ in range(10)]
        for _ in range(20):  # other traffic goes on, so the sender has had its chance
            await ends.caller.call(ECHO, Question(), context())
        assert counter.produced < 2000
        numbers += [item.number async for item in stream]
        assert numbers == list(range(20_000))

    async def test_errors_come_after_the_items_before_them(self, ends: Ends) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)
        stream = opened(ends.caller, FAIL_IN_STREAM, Question(), context())
        assert (await anext(stream)).number == 0
        with pytest.raises(QuotaExceeded) as caught:
            await anext(stream)
        assert (caught.value.param, caught.value.retry_after_s) == ("budget", 12.5)

    async def test_an_unnamed_error_in_a_stream_is_logged_once_and_not_told(self, ends: Ends) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)
        with capture_logs() as logs, pytest.raises(CoveyError) as caught:
            [word async for word in ends.caller.stream(BREAK_IN_STREAM, Question(), context())]
        assert type(caught.value) is CoveyError
        assert CANARY not in str(caught.value)
        assert len([entry for entry in logs if entry["event"] == "handler_failed"]) == 1

    async def test_a_stream_that_says_nothing_is_given_up(self, ends: Ends) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)
        with pytest.raises(DeadlineExceeded):
            [word async for word in ends.caller.stream(SILENT, Question(), context())]
        await eventually(lambda: counter.closed == 1)

    async def test_a_stream_is_held_to_the_deadline(self, ends: Ends) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)
        with pytest.raises(DeadlineExceeded):
            [word async for word in ends.caller.stream(WAIT_IN_STREAM, Question(), context(in_s(0.1)))]
        await eventually(lambda: counter.closed == 1)

    async def test_events_reach_all_listeners_in_order(self, ends: Ends) -> None:
        heard: dict[str, list[int]] = {"caller": [], "server": []}

        async def at_caller(event: Said) -> None:
            heard["caller"].append(event.number)

        async def at_server(event: Said) -> None:
            await asyncio.sleep(0)
            heard["server"].append(event.number)

        subscriptions = [
            await ends.caller.subscribe(SAID, at_caller),
            await ends.server.subscribe(SAID, at_server),
        ]
        for number in range(50):
            await ends.caller.publish(SAID, Said(number=number))
        await eventually(lambda: all(numbers == list(range(50)) for numbers in heard.values()))
        for subscription in subscriptions:
            await subscription.close()
            await subscription.close()
        await ends.caller.publish(SAID, Said(number=99))
        await ends.caller.publish(SAID, Said(number=100))
        assert all(len(numbers) == 50 for numbers in heard.values())

    async def test_a_failing_listener_is_logged_and_hears_on(self, ends: Ends) -> None:
        heard: list[int] = []

        async def listen(event: Said) -> None:
            heard.append(event.number)
            if event.number == 0:
                raise ValueError("not today")

        subscription = await ends.server.subscribe(SAID, listen)
        with capture_logs() as logs:
            for number in range(2):
                await ends.caller.publish(SAID, Said(number=number))
            await eventually(lambda: heard == [0, 1])
        assert [entry["topic"] for entry in logs if entry["event"] == "event_handler_failed"] == [SAID.name]
        await subscription.close()

    async def test_instances_come_and_go(self, ends: Ends) -> None:
        one, two = Counter("gateway-one"), Counter("gateway-two")
        binding = await ends.server.serve(one, one.info)
        await ends.server.serve(two, two.info)
        await known(ends.caller, "gateway-one", "gateway-two")
        await known(ends.server, "gateway-one", "gateway-two")
        assert binding.instance == "gateway-one"
        await binding.drain(0.0)
        await known(ends.caller, "gateway-two")
        await known(ends.server, "gateway-two")
        assert ends.caller.instances("processor") == () or list(ends.caller.instances("processor")) == []

    async def test_a_drain_lets_running_work_finish(self, ends: Ends) -> None:
        counter = Counter()
        binding = await ends.server.serve(counter, counter.info)
        await known(ends.caller, counter.instance)
        call = asyncio.ensure_future(ends.caller.call(WAIT, Question(text="late"), context()))
        await counter.gate.entered()
        drain = asyncio.create_task(binding.drain(10.0))
        await known(ends.caller)
        with pytest.raises(PeerUnavailable):
            await ends.caller.call(ECHO, Question(), context())
        assert not drain.done()
        counter.gate.open()
        assert (await call).text == "late"
        await drain
        await binding.drain(10.0)

    async def test_a_drain_ends_what_does_not_finish(self, ends: Ends) -> None:
        counter = Counter()
        binding = await ends.server.serve(counter, counter.info)
        call = asyncio.ensure_future(ends.caller.call(WAIT, Question(), context()))
        await counter.gate.entered()
        read = opened(ends.caller, WAIT_IN_STREAM, Question(), context())
        await anext(read)
        idle = opened(ends.caller, COUNT, Question(count=100_000), context())
        await anext(idle)
        await binding.drain(0.05)
        with pytest.raises(Draining):
            await call
        with pytest.raises(Draining):
            await anext(read)
        with pytest.raises(Draining):
            async for _ in idle:
                pass
        assert counter.closed == 2

    async def test_what_lives_in_the_process_is_asked_there(self, ends: Ends) -> None:
        counters = [Counter(f"gateway-{name}") for name in ("a", "b")]
        assert not ends.server.answers_here(PATIENT)
        assert ends.server.call_local(PATIENT, Question(), context()) is None
        bindings = [await ends.server.serve(counter, counter.info) for counter in counters]
        assert ends.server.answers_here(PATIENT)
        for counter in counters:
            question = Question(text="the very one")
            assert (await local(ends.server, question, to=counter.instance)).instance == counter.instance
            assert counter.requests[-1] is question
        assert {(await local(ends.server, Question())).instance for _ in range(2)} == {"gateway-a", "gateway-b"}
        assert ends.server.call_local(PATIENT, Question(), context(), to=InstanceId("gateway-c")) is None
        await bindings[0].drain(0.0)
        assert ends.server.call_local(PATIENT, Question(), context(), to=counters[0].instance) is None
        await bindings[1].drain(0.0)
        assert not ends.server.answers_here(PATIENT)

    async def test_a_local_call_fails_as_any_call_does(self, ends: Ends) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)
        with pytest.raises(QuotaExceeded) as caught:
            await local(ends.server, Question(text="fail"))
        assert (caught.value.param, caught.value.retry_after_s) == ("budget", 12.5)
        with capture_logs() as logs, pytest.raises(CoveyError) as unnamed:
            await local(ends.server, Question(text="break"))
        assert type(unnamed.value) is CoveyError
        assert CANARY not in str(unnamed.value)
        assert [entry["endpoint"] for entry in logs if entry["event"] == "handler_failed"] == [PATIENT.name]
        calls = counter.calls
        with pytest.raises(DeadlineExceeded):
            await local(ends.server, Question(), deadline=in_s(-1.0))
        assert counter.calls == calls
        with pytest.raises(DeadlineExceeded):
            await local(ends.server, Question(count=1), deadline=in_s(0.05))
        assert counter.gate.left == 1

    async def test_a_drain_waits_for_a_local_call_and_then_ends_it(self, ends: Ends) -> None:
        counter = Counter()
        binding = await ends.server.serve(counter, counter.info)
        calls = [asyncio.ensure_future(local(ends.server, Question(text="late", count=1))) for _ in range(2)]
        await eventually(lambda: counter.gate.entries == 2)
        calls[0].cancel()
        with pytest.raises(asyncio.CancelledError):
            await calls[0]
        assert counter.gate.left == 1
        drain = asyncio.create_task(binding.drain(10.0))
        await eventually(lambda: not ends.server.answers_here(PATIENT))
        assert not drain.done()
        counter.gate.open()
        assert (await calls[1]).text == "late"
        await drain
        again = Counter("gateway-again")
        binding = await ends.server.serve(again, again.info)
        call = asyncio.ensure_future(local(ends.server, Question(count=1)))
        await again.gate.entered()
        await binding.drain(0.02)
        with pytest.raises(Draining):
            await call

    async def test_many_calls_and_streams_at_once_stay_apart(self, ends: Ends) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)

        async def ask(number: int) -> bool:
            return (await ends.caller.call(ECHO, Question(text=str(number)), context())).text == str(number)

        async def read(count: int) -> bool:
            items = ends.caller.stream(COUNT, Question(count=count), context())
            return [item.number async for item in items] == list(range(count))

        tasks: list[Any] = [ask(number) for number in range(100)]
        tasks += [read(count) for count in range(0, 600, 30)]
        assert all(await asyncio.gather(*tasks))


class RemoteBusSuite(BusSuite):
    """What holds besides when the two sides are two processes. ``ends`` has two buses then."""

    async def test_what_is_local_stays_in_its_process(self, ends: Ends) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)
        await ends.caller.call(ECHO, Question(), context())
        assert not ends.caller.answers_here(PATIENT)
        assert ends.caller.call_local(PATIENT, Question(), context()) is None
        with pytest.raises(PeerUnavailable):
            await ends.caller.call(PATIENT, Question(), context())
        assert counter.calls == 1

    async def test_large_messages_pass_up_to_the_limit(self, ends: Ends) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)
        text = "x" * 1_000_000
        assert (await ends.caller.call(ECHO, Question(text=text), context())).text == text
        items = [item async for item in ends.caller.stream(COUNT, Question(count=30, size_bytes=300_000), context())]
        assert [item.number for item in items] == list(range(30))
        assert all(isinstance(item, Word) and len(item.text) == 300_000 for item in items)
