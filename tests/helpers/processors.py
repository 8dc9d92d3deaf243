"""A processor worker on a local bus, with sample engines behind it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import msgspec
from prometheus_client import CollectorRegistry

from covey.backends.base import Engine
from covey.backends.sample import SampleConfig, SampleEngine
from covey.protocol.auth import Identity
from covey.protocol.ids import InstanceId, ModelName, NodeName, RequestId, UserId
from covey.protocol.inference import PROCESSOR_GENERATE, ChatMessage, Delta, Generate, GenerationEvent, Sampling
from covey.protocol.whole_answers import PROCESSOR_ANSWER, WholeAnswer
from covey.rpc.context import CallContext
from covey.rpc.gathered import gathered
from covey.rpc.local import LocalBus
from covey.runtime.clock import SystemClock
from covey.workers.processor import Inventory, ProcessorConfig, ProcessorWorker
from covey.workers.processor.catalogue import ModelLibrary

INSTANCE = InstanceId("processor-1")
NODE = NodeName("north")


class Processor:
    """The worker, its bus, and calls as a gateway would make them."""

    def __init__(self, worker: ProcessorWorker, bus: LocalBus, registry: CollectorRegistry) -> None:
        self.worker = worker
        self.bus = bus
        self.registry = registry

    def generate(
        self, request: Generate, *, user: str = "u1", request_id: str = "req_1"
    ) -> AsyncGenerator[GenerationEvent]:
        return cast(
            "AsyncGenerator[GenerationEvent]", self.bus.stream(PROCESSOR_GENERATE, request, context(user, request_id))
        )

    async def events(self, request: Generate, *, user: str = "u1", request_id: str = "req_1") -> list[GenerationEvent]:
        return [event async for event in self.generate(request, user=user, request_id=request_id)]

    async def answer(self, request: Generate, *, user: str = "u1", request_id: str = "req_1") -> WholeAnswer | None:
        """As a gateway of the same process asks for an answer that nobody watches."""
        asked = self.bus.call_local(PROCESSOR_ANSWER, request, context(user, request_id))
        assert asked is not None
        return (await asked).answer

    def metric(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(f"covey_processor_{name}", labels) or 0.0


class WholeSample(SampleEngine):
    """A sample engine that gives answers as a whole."""

    async def answer(self, request: Generate, request_id: RequestId, asker: str = "") -> WholeAnswer:
        return await gathered(cast("AsyncGenerator[GenerationEvent]", self.generate(request, request_id, asker)))


def whole_sample(**settings: object) -> WholeSample:
    return WholeSample(SampleConfig(**settings))  # type: ignore[arg-type]  # checked by the Struct's own fields


def unwatched(model: str = "sample", text: str = "Tell me of birds.", *, max_tokens: int | None = None) -> Generate:
    return msgspec.structs.replace(chat(model, text, max_tokens=max_tokens), stream=False)


def context(user: str = "u1", request_id: str = "req_1") -> CallContext:
    return CallContext(request_id=RequestId(request_id), identity=Identity(user_id=UserId(user), username=user))


def chat(model: str = "sample", text: str = "Tell me of birds.", *, max_tokens: int | None = None) -> Generate:
    message = ChatMessage(role="user", content=text)
    return Generate(model=ModelName(model), messages=(message,), sampling=Sampling(max_tokens=max_tokens))


def text_of(events: Sequence[GenerationEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))


def sample(**settings: object) -> SampleEngine:
    return SampleEngine(SampleConfig(**settings))  # type: ignore[arg-type]  # checked by the Struct's own fields


@asynccontextmanager
async def processor(
    directory: Path, *engines: Engine, config: ProcessorConfig | None = None, library: ModelLibrary | None = None
) -> AsyncIterator[Processor]:
    bus, registry = LocalBus(), CollectorRegistry()
    worker = ProcessorWorker(
        config or ProcessorConfig(queue_report_interval_s=0.01),
        bus,
        Inventory(engines, library or ModelLibrary(directory)),
        SystemClock(),
        registry,
        instance=INSTANCE,
        node=NODE,
    )
    await worker.start()
    try:
        yield Processor(worker, bus, registry)
    finally:
        await worker.stop()
        await bus.close()
