"""What a call and a stream item cost: in the process, over NATS, and beside the bare client library.

Run with ``python -m benchmarks.rpc``. Server and callers are two processes; the nats-server is a third.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from multiprocessing.synchronize import Event
from pathlib import Path

import nats
import uvloop
from nats.aio.msg import Msg

from covey.protocol.endpoint import Endpoint, Message, StreamEndpoint
from covey.protocol.ids import InstanceId, NodeName, RequestId
from covey.protocol.registry import InstanceInfo
from covey.rpc.context import CallContext
from covey.rpc.local import LocalBus
from covey.rpc.service import Service, serves, streams
from covey.testing.eventually import eventually
from tests.helpers.nats import running_nats_server
from tests.helpers.nats_buses import running_bus

CALLS = 10_000
ITEMS = 50_000
LOCAL_CALLS = 200_000


class Question(Message, frozen=True, kw_only=True):
    text: str = ""
    count: int = 0
    waits: bool = False


class Answer(Message, frozen=True, kw_only=True):
    text: str = ""


ECHO = Endpoint("gateway.echo", Question, Answer)
COUNT: StreamEndpoint[Question, Answer] = StreamEndpoint("gateway.count", Question, Answer)
CONTEXT = CallContext(request_id=RequestId("req_benchmark"))


class Echo(Service):
    service = "gateway"

    def info(self) -> InstanceInfo:
        return InstanceInfo(service="gateway", instance=InstanceId("gateway-b"), node=NodeName("b"))

    @serves(ECHO)
    async def echo(self, request: Question, context: CallContext) -> Answer:
        return Answer(text=request.text)

    @streams(COUNT)
    async def count(self, request: Question, context: CallContext) -> AsyncGenerator[Answer, None]:
        for _ in range(request.count):
            if request.waits:
                await asyncio.sleep(0)
            yield Answer(text=" token")


def serve(url: str, stop: Event) -> None:
    async def run() -> None:
        async def answer(message: Msg) -> None:
            await message.respond(message.data)

        bare = await nats.connect(url)
        await bare.subscribe("bare", queue="q", cb=answer)
        async with running_bus(url, "gateway", "gateway-b") as bus:
            echo = Echo()
            await bus.node.serve(echo, echo.info)
            await asyncio.to_thread(stop.wait)
        await bare.close()

    uvloop.run(run())


async def rounds(name: str, ask: Callable[[], Awaitable[object]], concurrency: int) -> None:
    times: list[float] = []

    async def worker() -> None:
        for _ in range(CALLS // concurrency):
            before = time.perf_counter()
            await ask()
            times.append(time.perf_counter() - before)

    started = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(concurrency)))
    rate = len(times) / (time.perf_counter() - started)
    print(f"{name:28} x{concurrency:<3} {rate:9.0f}/s  p50 {statistics.median(times) * 1e6:7.0f} us")


async def each(name: str, run: Callable[[], Awaitable[object]], count: int) -> None:
    started, processor = time.perf_counter(), time.process_time()
    await run()
    elapsed, busy = time.perf_counter() - started, time.process_time() - processor
    print(f"{name:28}      {elapsed / count * 1e6:8.2f} us each, {busy / count * 1e6:.2f} us of this process")


async def local() -> None:
    bus, echo = LocalBus(), Echo()
    await bus.serve(echo, echo.info)
    question = Question(text="hello")

    async def bare() -> None:
        for _ in range(LOCAL_CALLS):
            await echo.echo(question, CONTEXT)

    async def calls() -> None:
        for _ in range(LOCAL_CALLS):
            await bus.call(ECHO, question, CONTEXT)

    async def items() -> None:
        async for _ in bus.stream(COUNT, Question(count=LOCAL_CALLS), CONTEXT):
            pass

    await each("bare await", bare, LOCAL_CALLS)
    await each("local call", calls, LOCAL_CALLS)
    await each("local stream item", items, LOCAL_CALLS)


async def remote(url: str) -> None:
    bare = await nats.connect(url)
    payload = b"\x81\xa4text\xa5hello"
    async with running_bus(url, "client", "client-b") as bus:
        await eventually(lambda: bus.node.instances("gateway"), timeout_s=20.0)
        question = Question(text="hello")
        for _ in range(2):
            for concurrency in (1, 64):
                await rounds("bare request", lambda: bare.request("bare", payload, timeout=5), concurrency)
                await rounds("rpc call", lambda: bus.node.call(ECHO, question, CONTEXT), concurrency)

        async def items(*, waits: bool) -> None:
            async for _ in bus.node.stream(COUNT, Question(count=ITEMS, waits=waits), CONTEXT):
                pass

        await each("remote item, ready at once", lambda: items(waits=False), ITEMS)
        await each("remote item, one at a time", lambda: items(waits=True), ITEMS)
    await bare.close()


async def main() -> None:
    await local()
    with tempfile.TemporaryDirectory() as folder:
        async with running_nats_server(Path(folder), jetstream=False) as server:
            spawn = multiprocessing.get_context("spawn")
            stop = spawn.Event()
            process = spawn.Process(target=serve, args=(server.url, stop))
            process.start()
            try:
                await remote(server.url)
            finally:
                stop.set()
                await asyncio.to_thread(process.join)


if __name__ == "__main__":
    uvloop.run(main())
