"""The whole chain behind the bridge in one process: client worker, gateway, and processors that run a sample engine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, cast

import msgspec
from prometheus_client import CollectorRegistry

from covey.backends.sample import SampleConfig, SampleEngine
from covey.errors import CoveyError
from covey.protocol.endpoint import Empty
from covey.protocol.ids import InstanceId, ModelName, NodeName, RequestId
from covey.protocol.inference import (
    AT_WORK,
    CLIENT_GENERATE,
    PROCESSOR_EMBED,
    PROCESSOR_GENERATE,
    ChatMessage,
    Embed,
    Embeddings,
    Generate,
    GenerationEvent,
    Started,
    StartGeneration,
)
from covey.protocol.operations import CLIENT_OPERATE, OPERATIONS_BY_NAME, Operate
from covey.protocol.registry import (
    PROCESSOR_LIST_RUNNING,
    PROCESSOR_PULL_MODEL,
    PROCESSOR_REMOVE_MODEL,
    PROCESSOR_SHOW_MODEL,
    InstanceInfo,
    LoadReport,
    ModelDetails,
    ModelInfo,
    ModelRef,
    PullModel,
    PullProgress,
    RunningModelList,
)
from covey.protocol.whole_answers import CLIENT_ANSWER, PROCESSOR_ANSWER, PerhapsWhole, WholeAnswer
from covey.rpc.bus import Binding
from covey.rpc.cancelled_at_work import CancelledAtWork
from covey.rpc.context import CallContext
from covey.rpc.gathered import gathered
from covey.rpc.local import LocalBus
from covey.rpc.service import Service, serves, streams
from covey.runtime.clock import Clock, SystemClock
from covey.runtime.identifiers import mint, mint_instance
from covey.runtime.lifecycle import LifecycleBudget
from covey.testing.gate import Gate
from covey.testing.memory_store import MemoryStore
from covey.workers.client import ClientConfig, ClientWorker
from covey.workers.gateway import GatewayConfig, GatewayWorker
from tests.helpers.access import AccessRecords

NODE = NodeName("node-1")


class SampleProcessor(Service):
    """A processor with nothing of its own: requests go straight to a sample engine. Remembers what it was asked."""

    service = "processor"

    def __init__(self, engine: SampleEngine, *, aliases: tuple[str, ...] = ()) -> None:
        self.engine = engine
        self.instance = InstanceId(mint_instance("processor"))
        self.aliases = tuple(ModelName(alias) for alias in aliases)
        self.models: tuple[ModelInfo, ...] = ()
        self.load = LoadReport(slots=engine.slots, waiting_limit=8)
        self.refuse: CoveyError | None = None
        self.gate: Gate | None = None
        """Entered after the first event of each generation."""
        self.asked: list[Generate] = []
        self.contexts: list[CallContext] = []
        self.removed: list[str] = []
        self.pulls = 0
        self.pull_failure: Exception | None = None
        self.running = 0
        self.binding: Binding | None = None

    async def start(self, bus: LocalBus) -> None:
        await self.engine.start()
        self.models = tuple(
            msgspec.structs.replace(model, aliases=self.aliases, state="loaded") for model in await self.engine.models()
        )
        self.binding = await bus.serve(self, self.info)

    def info(self) -> InstanceInfo:
        return InstanceInfo(service="processor", instance=self.instance, node=NODE, load=self.load, models=self.models)

    @streams(PROCESSOR_GENERATE)
    async def generate(self, request: Generate, context: CallContext) -> AsyncGenerator[GenerationEvent, None]:
        self.asked.append(request)
        self.contexts.append(context)
        if self.refuse is not None:
            raise self.refuse
        self.running += 1
        events = cast("AsyncGenerator[GenerationEvent, None]", self.engine.generate(request, RequestId(mint("run"))))
        try:
            async with aclosing(events):
                async for event in events:
                    if isinstance(event, Started):
                        event = msgspec.structs.replace(event, node=NODE)
                    yield event
                    if self.gate is not None:
                        await self.gate.enter()
        finally:
            self.running -= 1

    @serves(PROCESSOR_EMBED)
    async def embed(self, request: Embed, context: CallContext) -> Embeddings:
        if self.refuse is not None:
            raise self.refuse
        return await self.engine.embed(request, context.request_id)

    @serves(PROCESSOR_SHOW_MODEL)
    async def show_model(self, request: ModelRef, context: CallContext) -> ModelDetails:
        return await self.engine.show(request.model)

    @serves(PROCESSOR_LIST_RUNNING)
    async def list_running(self, request: Empty, context: CallContext) -> RunningModelList:
        return RunningModelList(items=())

    @serves(PROCESSOR_REMOVE_MODEL)
    async def remove_model(self, request: ModelRef, context: CallContext) -> Empty:
        self.removed.append(request.model)
        return Empty()

    @streams(PROCESSOR_PULL_MODEL)
    async def pull_model(self, request: PullModel, context: CallContext) -> AsyncIterator[PullProgress]:
        self.pulls += 1
        if self.pull_failure is not None:
            raise self.pull_failure
        yield PullProgress(status="resolving")
        yield PullProgress(status="done")


class WholeProcessor(SampleProcessor):
    """The same with an engine that gives answers as a whole."""

    def __init__(self, engine: SampleEngine, *, aliases: tuple[str, ...] = ()) -> None:
        super().__init__(engine, aliases=aliases)
        self.wholes: list[Generate] = []
        """What was asked for by a call; ``asked`` has what was asked for as a stream."""
        self.says: WholeAnswer | Exception | None = None
        """What it says or raises instead of the engine's answer."""
        self.stubborn = False
        """Answer although the task was cancelled."""
        self.full = False
        """Whoever waits at the gate of a call waits for a slot there."""

    @serves(PROCESSOR_ANSWER)
    async def answer(self, request: Generate, context: CallContext) -> PerhapsWhole:
        self.wholes.append(request)
        self.contexts.append(context)
        if self.refuse is not None:
            raise self.refuse
        self.running += 1
        try:
            await self._gate()
            if isinstance(self.says, Exception):
                raise self.says
            events = self.engine.generate(request, RequestId(mint("run")))
            found = self.says or await gathered(cast("AsyncGenerator[GenerationEvent, None]", events))
            assert found.started is not None
            started = msgspec.structs.replace(found.started, node=NODE)
            return PerhapsWhole(answer=msgspec.structs.replace(found, started=started))
        finally:
            self.running -= 1

    async def _gate(self) -> None:
        if self.gate is None:
            return
        try:
            await self.gate.enter()
        except asyncio.CancelledError:
            if self.full:
                raise
            if not self.stubborn:
                raise CancelledAtWork from None


class UnseenProcessor(SampleProcessor):
    """One of another process, as the gateway sees it: of an answer that nobody watches, nothing is heard before all
    of it. The gate is entered while the engine is at work."""

    @streams(PROCESSOR_GENERATE)
    async def generate(self, request: Generate, context: CallContext) -> AsyncGenerator[GenerationEvent, None]:
        self.asked.append(request)
        self.running += 1
        try:
            yield AT_WORK
            if self.gate is not None:
                await self.gate.enter()
            if self.refuse is not None:
                raise self.refuse
            found = await gathered(
                cast("AsyncGenerator[GenerationEvent, None]", self.engine.generate(request, RequestId(mint("run"))))
            )
        finally:
            self.running -= 1
        assert found.started is not None
        yield found.started
        for delta in found.deltas:
            yield delta
        yield found.finished


class Chain:
    """Started by :func:`running_chain`. ``records`` is what the auth worker would have written."""

    def __init__(self, store: MemoryStore, clock: Clock, data_dir: Path) -> None:
        self.bus = LocalBus()
        self.store = store
        self.clock = clock
        self.data_dir = data_dir
        self.registry = CollectorRegistry()
        self.processors: list[SampleProcessor] = []
        self.records: AccessRecords
        self.gateway: GatewayWorker
        self.client: ClientWorker

    async def processor(self, *, aliases: tuple[str, ...] = (), **settings: Any) -> SampleProcessor:
        """Another processor, serving."""
        config = msgspec.convert({"tokens": 8, **settings}, SampleConfig)
        processor = SampleProcessor(SampleEngine(config), aliases=aliases)
        await processor.start(self.bus)
        self.processors.append(processor)
        return processor

    async def whole_processor(self, **settings: Any) -> WholeProcessor:
        """The same with an engine that gives answers as a whole."""
        processor = WholeProcessor(SampleEngine(msgspec.convert({"tokens": 8, **settings}, SampleConfig)))
        await processor.start(self.bus)
        self.processors.append(processor)
        return processor

    async def unseen_processor(self, **settings: Any) -> UnseenProcessor:
        """The same in another process, as the gateway sees it."""
        processor = UnseenProcessor(SampleEngine(msgspec.convert({"tokens": 8, **settings}, SampleConfig)))
        await processor.start(self.bus)
        self.processors.append(processor)
        return processor

    def new_gateway(self, **settings: Any) -> GatewayWorker:
        config = msgspec.convert(
            {"data_dir": str(self.data_dir), "usage_interval_s": 0.02, "audit_timeout_s": 0.2, **settings},
            GatewayConfig,
        )
        return GatewayWorker(
            config,
            self.bus,
            self.store,
            self.clock,
            self.registry,
            instance=InstanceId(mint_instance("gateway")),
            node=NODE,
            budget=LifecycleBudget(drain_timeout_s=0.5, start_timeout_s=10),
        )

    def new_client(self, registry: CollectorRegistry | None = None, **settings: Any) -> ClientWorker:
        config = msgspec.convert({"store_timeout_s": 0.2, **settings}, ClientConfig)
        return ClientWorker(
            config,
            self.bus,
            self.store,
            self.clock,
            registry or self.registry,
            instance=InstanceId(mint_instance("client")),
            node=NODE,
            budget=LifecycleBudget(drain_timeout_s=0.5),
        )

    def context(self, **fields: Any) -> CallContext:
        return CallContext(request_id=RequestId(mint("req")), **fields)

    def generate(
        self, credential: str, text: str = "hello", *, context: CallContext | None = None, **fields: Any
    ) -> AsyncGenerator[GenerationEvent, None]:
        start = chat(credential, text, **fields)
        return self.bus.stream(CLIENT_GENERATE, start, context or self.context())

    async def answer(self, credential: str, text: str = "hello", **fields: Any) -> list[GenerationEvent]:
        return [event async for event in self.generate(credential, text, **fields)]

    async def whole(
        self, credential: str, text: str = "hello", *, context: CallContext | None = None, **fields: Any
    ) -> WholeAnswer:
        """An answer that nobody watches, as the bridge asks for it."""
        start = chat(credential, text, generate={"stream": False}, **fields)
        asked = self.bus.call_local(CLIENT_ANSWER, start, context or self.context())
        assert asked is not None
        return await asked

    async def operate(
        self, name: str, credential: str | None, /, *, context: CallContext | None = None, **fields: Any
    ) -> Any:
        """Carry out an operation, from plain values to its typed response."""
        operation = OPERATIONS_BY_NAME[name]
        body = msgspec.msgpack.encode(fields)
        result = await self.bus.call(
            CLIENT_OPERATE, Operate(operation=name, credential=credential, body=body), context or self.context()
        )
        return msgspec.msgpack.decode(result.body, type=operation.endpoint.response)

    def sample(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


def chat(credential: str, text: str = "hello", *, model: str = "sample", **fields: Any) -> StartGeneration:
    generate = Generate(
        model=ModelName(model),
        messages=fields.pop("messages", (ChatMessage(role="user", content=text),)),
        **fields.pop("generate", {}),
    )
    return StartGeneration(credential=credential, generate=generate, **fields)


@asynccontextmanager
async def running_chain(
    data_dir: Path,
    *,
    clock: Clock | None = None,
    gateway: dict[str, Any] | None = None,
    client: dict[str, Any] | None = None,
) -> AsyncIterator[Chain]:
    """Client worker and gateway, serving, over a store in memory; no processor yet."""
    clock = clock or SystemClock()
    chain = Chain(MemoryStore(clock), clock, data_dir)
    chain.records = await AccessRecords.open(chain.store, clock)
    chain.gateway = chain.new_gateway(**(gateway or {}))
    chain.client = chain.new_client(**(client or {}))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(chain.bus.close)
        stack.push_async_callback(chain.store.stop)
        for worker in (chain.gateway, chain.client):
            await worker.start()
            stack.push_async_callback(worker.stop)
        chain.records.seen = chain.gateway.access_record
        yield chain
