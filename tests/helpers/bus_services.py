"""A small service for tests of the bus: it counts, waits, fails and streams on request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from hashlib import sha256

from covey.errors import CoveyError, QuotaExceeded
from covey.protocol.endpoint import Endpoint, Message, StreamEndpoint, Topic
from covey.protocol.ids import InstanceId, NodeName, RequestId
from covey.protocol.registry import InstanceInfo
from covey.rpc.context import CallContext
from covey.rpc.service import Service, serves, streams
from covey.testing.gate import Gate


class Question(Message, frozen=True, kw_only=True):
    text: str = ""
    count: int = 0
    size_bytes: int = 0


class Answer(Message, frozen=True, kw_only=True):
    text: str = ""
    instance: InstanceId | None = None


class Word(Message, frozen=True, kw_only=True, tag="word"):
    number: int
    text: str = ""


class Pause(Message, frozen=True, kw_only=True, tag="pause"):
    number: int


class Said(Message, frozen=True, kw_only=True):
    number: int


ECHO = Endpoint("gateway.echo", Question, Answer, idempotent=True)
ONCE = Endpoint("gateway.once", Question, Answer)
WAIT = Endpoint("gateway.wait", Question, Answer, timeout_s=10.0)
HURRY = Endpoint("gateway.hurry", Question, Answer, timeout_s=0.05)
PATIENT = Endpoint("gateway.patient", Question, Answer, timeout_s=60.0, local=True)
FAIL = Endpoint("gateway.fail", Question, Answer)
BREAK = Endpoint("gateway.break", Question, Answer)
MEASURE = Endpoint("gateway.measure", Question, Answer)
MEASURE_IN_STREAM: StreamEndpoint[Question, Word] = StreamEndpoint("gateway.measure_in_stream", Question, Word)
INFLATE = Endpoint("gateway.inflate", Question, Answer)
COUNT: StreamEndpoint[Question, Word | Pause] = StreamEndpoint("gateway.count", Question, Word | Pause)
WAIT_IN_STREAM: StreamEndpoint[Question, Word] = StreamEndpoint("gateway.wait_in_stream", Question, Word)
SILENT: StreamEndpoint[Question, Word] = StreamEndpoint("gateway.silent", Question, Word, idle_timeout_s=0.1)
FAIL_IN_STREAM: StreamEndpoint[Question, Word] = StreamEndpoint("gateway.fail_in_stream", Question, Word)
BREAK_IN_STREAM: StreamEndpoint[Question, Word] = StreamEndpoint("gateway.break_in_stream", Question, Word)
UNSERVED = Endpoint("auth.nobody", Question, Answer, idempotent=True)
UNSERVED_STREAM: StreamEndpoint[Question, Word] = StreamEndpoint("auth.nobody_streams", Question, Word)
SAID = Topic("client.said", Said)

CANARY = "canary-7f3a"
"""Part of the text of an unnamed exception: it must never be seen by a caller."""


class Counter(Service):
    service = "gateway"

    def __init__(self, instance: str = "gateway-one") -> None:
        self.instance = InstanceId(instance)
        self.gate = Gate()
        self.calls = 0
        self.produced = 0
        self.closed = 0
        """Streams that ended, in whatever way."""
        self.contexts: list[CallContext] = []
        self.requests: list[Question] = []

    def info(self) -> InstanceInfo:
        return InstanceInfo(service=self.service, instance=self.instance, node=NodeName("test"))

    @serves(ECHO)
    async def echo(self, request: Question, context: CallContext) -> Answer:
        self.calls += 1
        self.contexts.append(context)
        self.requests.append(request)
        return Answer(text=request.text, instance=self.instance)

    @serves(ONCE)
    async def once(self, request: Question, context: CallContext) -> Answer:
        self.calls += 1
        return Answer(text=request.text, instance=self.instance)

    @serves(WAIT)
    async def wait(self, request: Question, context: CallContext) -> Answer:
        self.calls += 1
        await self.gate.enter()
        return Answer(text=request.text, instance=self.instance)

    @serves(HURRY)
    async def hurry(self, request: Question, context: CallContext) -> Answer:
        self.calls += 1
        await self.gate.enter()
        return Answer()

    @serves(PATIENT)
    async def patient(self, request: Question, context: CallContext) -> Answer:
        """Waits when ``count`` is not 0; what it then does is in ``text``."""
        self.calls += 1
        self.requests.append(request)
        if request.count:
            await self.gate.enter()
        if request.text == "fail":
            raise QuotaExceeded("the budget is used up", param="budget", retry_after_s=12.5)
        if request.text == "break":
            raise ValueError(CANARY)
        return Answer(text=request.text, instance=self.instance)

    @serves(FAIL)
    async def fail(self, request: Question, context: CallContext) -> Answer:
        raise QuotaExceeded("the budget is used up", param="budget", retry_after_s=12.5)

    @serves(BREAK)
    async def break_down(self, request: Question, context: CallContext) -> Answer:
        raise ValueError(CANARY)

    @serves(MEASURE)
    async def measure(self, request: Question, context: CallContext) -> Answer:
        self.calls += 1
        return Answer(text=measured(request.text), instance=self.instance)

    @streams(MEASURE_IN_STREAM)
    async def measure_in_stream(self, request: Question, context: CallContext) -> AsyncGenerator[Word, None]:
        self.calls += 1
        yield Word(number=len(request.text), text=measured(request.text))

    @serves(INFLATE)
    async def inflate(self, request: Question, context: CallContext) -> Answer:
        return Answer(text="x" * request.size_bytes)

    @streams(COUNT)
    async def count(self, request: Question, context: CallContext) -> AsyncGenerator[Word | Pause, None]:
        self.contexts.append(context)
        try:
            for number in range(request.count):
                if number % 100 == 99:
                    await asyncio.sleep(0)
                    yield Pause(number=number)
                else:
                    yield Word(number=number, text="x" * request.size_bytes)
                self.produced += 1
        finally:
            self.closed += 1

    @streams(WAIT_IN_STREAM)
    async def wait_in_stream(self, request: Question, context: CallContext) -> AsyncGenerator[Word, None]:
        try:
            yield Word(number=0)
            await self.gate.enter()
            yield Word(number=1)
        finally:
            self.closed += 1

    @streams(SILENT)
    async def silent(self, request: Question, context: CallContext) -> AsyncGenerator[Word, None]:
        try:
            await self.gate.enter()
            yield Word(number=0)
        finally:
            self.closed += 1

    @streams(FAIL_IN_STREAM)
    async def fail_in_stream(self, request: Question, context: CallContext) -> AsyncGenerator[Word, None]:
        yield Word(number=0)
        raise QuotaExceeded("the budget is used up", param="budget", retry_after_s=12.5)

    @streams(BREAK_IN_STREAM)
    async def break_in_stream(self, request: Question, context: CallContext) -> AsyncGenerator[Word, None]:
        yield Word(number=0)
        raise CoveyErrorLookalike(CANARY)


class CoveyErrorLookalike(RuntimeError):
    """Not one of ours, whatever its name."""

    code = CoveyError.code


def measured(text: str) -> str:
    """What tells a long text from every other."""
    return sha256(text.encode()).hexdigest()


def context(deadline: float | None = None) -> CallContext:
    return CallContext(request_id=RequestId("req_test"), deadline=deadline)
