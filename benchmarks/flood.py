"""What a captured worker that floods the mesh costs the calls of the others: row N13 of docs/threats.md.

``./dev bench flood``. One process sends calls of 1 MB without end, as a client worker, to a gateway worker; meanwhile
another gateway asks an auth worker, one call after the other. Each of the five has a process and an identity of its
own. In turn: no flood; the same flood between two other processes by a nats-server of their own, which takes as much
of the machine but nothing of the mesh; and the flood of the mesh itself.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import multiprocessing
import statistics
import tempfile
import time
from contextlib import AsyncExitStack
from multiprocessing.context import SpawnContext
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Event
from pathlib import Path

import nats
import nats.errors
import structlog
import uvloop

from covey.errors import CoveyError
from covey.facilities.connection_config import NatsConnectionConfig
from covey.facilities.nats_bus import NatsBus
from covey.facilities.nats_connection import NatsConnection
from covey.protocol import subjects
from covey.protocol.endpoint import Endpoint, Message
from covey.protocol.ids import InstanceId, NodeName, RequestId
from covey.protocol.registry import InstanceInfo
from covey.rpc.context import CallContext
from covey.rpc.service import Service, serves
from covey.testing.eventually import eventually
from tests.helpers.mesh import Mesh, running_mesh

PAYLOAD = b"\xc1" * 1_000_000
QUIET = structlog.make_filtering_bound_logger(logging.CRITICAL)
KINDS = ("no flood", "another server flooded", "the mesh flooded")


class Question(Message, frozen=True, kw_only=True):
    text: str = ""


class Answer(Message, frozen=True, kw_only=True):
    text: str = ""


FLOODED = Endpoint("gateway.operate", Question, Answer)
ASKED = Endpoint("auth.echo", Question, Answer)
CONTEXT = CallContext(request_id=RequestId("req_benchmark"))


class Gateway(Service):
    service = "gateway"

    @serves(FLOODED)
    async def operate(self, request: Question, context: CallContext) -> Answer:
        return Answer(text=request.text)


class Auth(Service):
    service = "auth"

    @serves(ASKED)
    async def echo(self, request: Question, context: CallContext) -> Answer:
        return Answer(text=request.text)


SERVICES: dict[str, type[Service]] = {"gateway": Gateway, "auth": Auth}


async def bus_of(stack: AsyncExitStack, url: str, seeds: str, role: str, instance: str) -> NatsBus:
    config = NatsConnectionConfig(urls=(url,), seed_file=f"{seeds}/{role}.seed")
    connection = NatsConnection(config, name=instance, inbox_prefix=subjects.inbox_prefix(role, instance))
    stack.push_async_callback(connection.stop)
    await connection.start()
    bus = NatsBus(connection)
    stack.push_async_callback(bus.stop)
    await bus.start()
    return bus


def serve(role: str, url: str, seeds: str, stop: Event) -> None:
    """A worker of one role, until told to stop."""

    async def run() -> None:
        structlog.configure(wrapper_class=QUIET)
        instance = f"{role}-serves"
        info = InstanceInfo(service=role, instance=InstanceId(instance), node=NodeName(instance))
        async with AsyncExitStack() as stack:
            bus = await bus_of(stack, url, seeds, role, instance)
            await bus.node.serve(SERVICES[role](), lambda: info)
            await asyncio.to_thread(stop.wait)

    uvloop.run(run())


def flood(url: str, seeds: str, sent: Synchronized[int], stop: Event) -> None:
    """What a captured client worker may do: calls that nobody can read, each as large as the flush after it lets by."""

    async def ignore(_: Exception) -> None:
        """The answers' refusals are of no interest."""

    async def run() -> None:
        seed = await asyncio.to_thread(Path(f"{seeds}/client.seed").read_text)
        inbox = b"_INBOX_client.client-floods"
        flooder = await nats.connect(
            url, nkeys_seed_str=seed.strip(), inbox_prefix=inbox, allow_reconnect=False, error_cb=ignore
        )
        while not stop.is_set():
            await flooder.publish("rpc.gateway.operate", PAYLOAD, reply=f"{inbox.decode()}.1")
            try:
                await flooder.flush(10)
            except nats.errors.FlushTimeoutError:
                continue
            sent.value += len(PAYLOAD)
        await flooder.close()

    uvloop.run(run())


class Figures:
    """What one kind of round gave, per round."""

    def __init__(self) -> None:
        self.p50_ms: list[float] = []
        self.p99_ms: list[float] = []
        self.flood_mb_per_s: list[float] = []
        self.failed = 0

    def add(self, times_ms: list[float], failed: int, mb_per_s: float) -> None:
        cuts = statistics.quantiles(times_ms, n=100)
        self.p50_ms.append(cuts[49])
        self.p99_ms.append(cuts[98])
        self.flood_mb_per_s.append(mb_per_s)
        self.failed += failed


async def ask(bus: NatsBus, seconds: float) -> tuple[list[float], int]:
    """One call after the other for that long: the time of each in milliseconds, and how many failed."""
    times_ms, failed, end = [], 0, time.perf_counter() + seconds
    while (before := time.perf_counter()) < end:
        try:
            await bus.node.call(ASKED, Question(text="hello"), CONTEXT)
        except CoveyError:
            failed += 1
        times_ms.append((time.perf_counter() - before) * 1000)
        await asyncio.sleep(0.001)
    return times_ms, failed


class Bench:
    """Two meshes with their workers, and the caller whose calls are timed."""

    def __init__(self, spawn: SpawnContext, stack: AsyncExitStack) -> None:
        self._spawn = spawn
        self._stack = stack
        self._stop = spawn.Event()

    async def start(self, folder: Path) -> None:
        self._mesh = await self._with_gateway(folder / "mesh")
        self._another = await self._with_gateway(folder / "another")
        self._start(serve, "auth", *self._mesh, self._stop)
        self._bus = await bus_of(self._stack, *self._mesh, "gateway", "gateway-asks")
        self._stack.callback(self._stop.set)
        await eventually(lambda: self._bus.node.instances("auth"), timeout_s=20.0)
        await ask(self._bus, 1.0)

    async def round(self, kind: str, seconds: float, figures: Figures) -> None:
        if kind == "no flood":
            figures.add(*await ask(self._bus, seconds), 0.0)
            return
        where = self._another if kind == "another server flooded" else self._mesh
        sent: Synchronized[int] = self._spawn.Value("q", 0)
        stop = self._spawn.Event()
        process = self._spawn.Process(target=flood, args=(*where, sent, stop))
        process.start()
        try:
            await eventually(lambda: sent.value, timeout_s=20.0)
            before, began = sent.value, time.perf_counter()
            times_ms, failed = await ask(self._bus, seconds)
            figures.add(times_ms, failed, (sent.value - before) / (time.perf_counter() - began) / 1e6)
        finally:
            stop.set()
            await asyncio.to_thread(process.join)
        await ask(self._bus, 0.5)  # what is still under way

    async def _with_gateway(self, folder: Path) -> tuple[str, str]:
        mesh: Mesh = await self._stack.enter_async_context(running_mesh(folder))
        where = mesh.server.url, str(folder / "mesh" / "identities")
        self._start(serve, "gateway", *where, self._stop)
        return where

    def _start(self, target: object, *arguments: object) -> None:
        process = self._spawn.Process(target=target, args=arguments)  # type: ignore[arg-type]
        process.start()
        self._stack.push_async_callback(asyncio.to_thread, process.join)
        self._stack.callback(self._stop.set)


def show(figures: dict[str, Figures]) -> None:
    for kind, each in figures.items():
        print(
            f"{kind:24} p50 {spread(each.p50_ms)} ms, p99 {spread(each.p99_ms)} ms, "
            f"flood {statistics.median(each.flood_mb_per_s):.0f} MB/s, {each.failed} calls failed"
        )
    flooded = figures[KINDS[2]].p99_ms
    for kind in KINDS[:2]:
        ratios = [ours / beside for ours, beside in zip(flooded, figures[kind].p99_ms, strict=True)]
        print(f"p99, the mesh flooded / {kind}, round by round: {spread(ratios)}")


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} [{min(values):.2f}-{max(values):.2f}]"


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each kind in each round")
    options = parser.parse_args()
    structlog.configure(wrapper_class=QUIET)
    figures = {kind: Figures() for kind in KINDS}
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            bench = Bench(multiprocessing.get_context("spawn"), stack)
            await bench.start(Path(folder))
            for _ in range(options.rounds):
                for kind in KINDS:
                    await bench.round(kind, options.seconds, figures[kind])
    show(figures)


if __name__ == "__main__":
    uvloop.run(main())
