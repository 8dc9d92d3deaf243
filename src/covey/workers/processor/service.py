"""The processor's endpoints."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Protocol, runtime_checkable

import msgspec
import structlog

from covey.backends.base import AnswersWhole, Engine
from covey.domain.admission import Admission
from covey.domain.suspicion import Suspicion
from covey.errors import BackendProtocolError, BackendUnavailable, CoveyError, Draining, Overloaded
from covey.protocol.endpoint import Empty
from covey.protocol.ids import InstanceId, ModelName, NodeName
from covey.protocol.inference import (
    AT_WORK,
    PROCESSOR_EMBED,
    PROCESSOR_GENERATE,
    Embed,
    Embeddings,
    Finished,
    Generate,
    GenerationEvent,
    Queued,
    Sampling,
)
from covey.protocol.nodes import PROCESSOR_SET_DRAINING, SetDraining
from covey.protocol.registry import (
    PROCESSOR_LIST_RUNNING,
    PROCESSOR_PULL_MODEL,
    PROCESSOR_REMOVE_MODEL,
    PROCESSOR_SHOW_MODEL,
    LoadReport,
    ModelDetails,
    ModelRef,
    PullModel,
    PullProgress,
    RunningModel,
    RunningModelList,
)
from covey.protocol.settings import PROCESSOR_SHOW_SETTINGS, SettingInForce, SettingsInForce
from covey.protocol.whole_answers import PROCESSOR_ANSWER, READ_THE_STREAM, PerhapsWhole
from covey.rpc.cancelled_at_work import CancelledAtWork
from covey.rpc.context import CallContext
from covey.rpc.service import serves, streams
from covey.rpc.work import SilenceWatch
from covey.runtime.clock import Clock
from covey.workers.processor.config import ProcessorConfig
from covey.workers.processor.directory import ModelDirectory, OfferedModel
from covey.workers.processor.engine_queue import EngineQueue, Ticket
from covey.workers.processor.generation import GenerationRun, prepared
from covey.workers.processor.metrics import ModelCounters, ProcessorMetrics
from covey.workers.processor.model_changes import ModelChanges
from covey.workers.processor.pull_endpoints import PullEndpoints

log = structlog.get_logger(__name__)


@runtime_checkable
class Expiring(Protocol):
    """An engine that unloads models which nobody uses."""

    async def expiries(self) -> dict[ModelName, float]: ...


class ProcessorService(PullEndpoints):
    """Serves all models of this processor's engines; each engine has a queue of its own."""

    def __init__(
        self,
        config: ProcessorConfig,
        engines: Sequence[Engine],
        directory: ModelDirectory,
        changes: ModelChanges,
        metrics: ProcessorMetrics,
        clock: Clock,
        *,
        instance: InstanceId,
        node: NodeName,
    ) -> None:
        super().__init__(changes.pulls, instance=instance, node=node)
        self._config = config
        self._directory = directory
        self._changes = changes
        self._metrics = metrics
        self._clock = clock
        self.draining = False
        """Whether an administrator took it out of service: it finishes what it has and takes nothing new."""
        self.settings: Callable[[], Sequence[SettingInForce]] = tuple
        """The settings of this process, as administrators are shown them."""
        self._suspicion = Suspicion()
        self._under_way: set[GenerationRun] = set()
        self._watch: SilenceWatch | None = None
        self._busy: Counter[str] = Counter()
        self._queued: Counter[str] = Counter()
        self._queues = {engine.name: self._queue(engine) for engine in engines}
        self._engines = {engine.name: engine for engine in engines}
        self._answering_whole = {engine.name: engine for engine in engines if isinstance(engine, AnswersWhole)}

    def update_slots(self) -> None:
        """Take over what the engines say of their slots by now."""
        for name, engine in self._engines.items():
            self._queues[name].set_slots(self._slots(engine))
            healthy = self._directory.is_healthy(engine)
            self._metrics.set_engine(name, slots=self._slots(engine), healthy=healthy)

    def load(self) -> LoadReport:
        """All engines together."""
        admissions = [queue.admission for queue in self._queues.values()]
        times = [admission.service_time_s for admission in admissions if admission.service_time_s is not None]
        return LoadReport(
            running=sum(admission.running for admission in admissions),
            waiting=sum(admission.waiting for admission in admissions),
            slots=sum(admission.slots for admission in admissions),
            waiting_limit=sum(admission.waiting_limit for admission in admissions),
            service_time_s=sum(times) / len(times) if times else None,
        )

    @streams(PROCESSOR_GENERATE)
    async def generate(self, request: Generate, context: CallContext) -> AsyncGenerator[GenerationEvent]:
        self._check_in_service()
        model = self._directory.resolve(request.model)
        run, ticket, counters = self._begin(request, context, model)
        outcome = "cancelled"
        try:
            if ticket.turn is not None:
                async with aclosing(self._places(ticket, model)) as places:
                    async for place in places:
                        yield place
            counters.queue_s.observe(ticket.queue_ms / 1000)
            self._busy[model.info.name] += 1
            run.begin(self._watch or self._begin_watch())
            self._under_way.add(run)
            try:
                if self._works_unseen(request, model):
                    yield AT_WORK
                while True:
                    events = run.attempt()
                    try:
                        async for event in events:
                            passed = run.passed(event)
                            if passed is None:
                                continue
                            if type(passed) is Finished:
                                outcome = "cancelled" if passed.reason == "cancelled" else "ok"
                                yield passed
                                return
                            yield passed
                        raise BackendProtocolError("the engine's answer ended without its end")
                    except BackendUnavailable as error:
                        run.failed(error)
                    finally:
                        await events.aclose()
            finally:
                self._busy[model.info.name] -= 1
                self._under_way.remove(run)
                if (aborting := run.end()) is not None:
                    await asyncio.wait([aborting])
        except CoveyError as error:
            outcome = error.code
            raise
        finally:
            self._leave(ticket, counters, outcome)

    @serves(PROCESSOR_ANSWER)
    async def answer(self, request: Generate, context: CallContext) -> PerhapsWhole:
        """All of an answer that nobody watches, from an engine that gives it as a whole; no answer from any other."""
        self._check_in_service()
        model = self._directory.resolve(request.model)
        if not self._works_unseen(request, model):
            return READ_THE_STREAM
        engine = self._answering_whole[model.engine.name]
        run, ticket, counters = self._begin(request, context, model)
        outcome = "cancelled"
        try:
            if ticket.turn is not None:
                await self._turn(ticket, model)
            counters.queue_s.observe(ticket.queue_ms / 1000)
            self._busy[model.info.name] += 1
            run.begin(self._watch or self._begin_watch())
            self._under_way.add(run)
            try:
                try:
                    answer = await run.answer(engine)
                except asyncio.CancelledError as error:
                    raise CancelledAtWork(*error.args) from None
                outcome = "cancelled" if answer.finished.reason == "cancelled" else "ok"
                return PerhapsWhole(answer=answer)
            finally:
                self._busy[model.info.name] -= 1
                self._under_way.remove(run)
                if (aborting := run.end()) is not None:
                    await asyncio.wait([aborting])
        except CoveyError as error:
            outcome = error.code
            raise
        finally:
            self._leave(ticket, counters, outcome)

    @serves(PROCESSOR_EMBED)
    async def embed(self, request: Embed, context: CallContext) -> Embeddings:
        self._check_in_service()
        model = self._directory.resolve(request.model)
        queue = self._queues[model.engine.name]
        counters = self._metrics.of_model(model.engine.name, model.info.name)
        ticket = self._enter(queue, context, counters)
        outcome = "cancelled"
        self._busy[model.info.name] += 1
        try:
            if ticket.turn is not None:
                await ticket.turn
            counters.queue_s.observe(ticket.queue_ms / 1000)
            order = msgspec.structs.replace(request, model=model.info.name)
            answer = await self._embed_twice(model, order, context)
            counters.prompt_tokens.inc(answer.usage.prompt_tokens)
            outcome = "ok"
            return answer
        except CoveyError as error:
            outcome = error.code
            raise
        finally:
            self._busy[model.info.name] -= 1
            self._leave(ticket, counters, outcome)

    @serves(PROCESSOR_SET_DRAINING)
    async def set_draining(self, request: SetDraining, context: CallContext) -> Empty:
        self.draining = request.draining
        log.info("processor_draining" if request.draining else "processor_resumed", request_id=context.request_id)
        return Empty()

    @serves(PROCESSOR_SHOW_SETTINGS)
    async def show_settings(self, request: Empty, context: CallContext) -> SettingsInForce:
        return SettingsInForce(
            node=self._node, items=tuple(self.settings()), service="processor", instance=self._instance
        )

    @serves(PROCESSOR_SHOW_MODEL)
    async def show_model(self, request: ModelRef, context: CallContext) -> ModelDetails:
        model = self._directory.resolve(request.model)
        details = await self._details(model)
        recommended = {
            name: value
            for name, value in details.parameters.items()
            if name in Sampling.__struct_fields__ and isinstance(value, int | float)
        }
        configured = {
            name: value for name, value in msgspec.structs.asdict(model.sampling).items() if value not in (None, ())
        }
        return msgspec.structs.replace(details, model=model.info, parameters=recommended | configured)

    @serves(PROCESSOR_LIST_RUNNING)
    async def list_running(self, request: Empty, context: CallContext) -> RunningModelList:
        await self._directory.refresh()
        expiries: dict[ModelName, float] = {}
        for engine in self._engines.values():
            if isinstance(engine, Expiring):
                expiries |= await engine.expiries()
        running = [model for model in self._directory.offered if model.info.state in ("loaded", "loading")]
        return RunningModelList(items=tuple(self._running(model, expiries.get(model.info.name)) for model in running))

    @streams(PROCESSOR_PULL_MODEL)
    async def pull_model(self, request: PullModel, context: CallContext) -> AsyncGenerator[PullProgress]:
        async with aclosing(self._changes.pull(request)) as progress:
            async for step in progress:
                yield step

    @serves(PROCESSOR_REMOVE_MODEL)
    async def remove_model(self, request: ModelRef, context: CallContext) -> Empty:
        await self._changes.remove(self._directory.resolve(request.model))
        return Empty()

    async def _embed_twice(self, model: OfferedModel, order: Embed, context: CallContext) -> Embeddings:
        """Embeddings change nothing, so a second attempt after the engine's death is safe."""
        try:
            return await model.engine.embed(order, context.request_id)
        except BackendUnavailable:
            log.warning("engine_failed", engine=model.engine.name, request_id=context.request_id)
            return await model.engine.embed(order, context.request_id)

    async def _details(self, model: OfferedModel) -> ModelDetails:
        """Of a model that cannot be used, what is known without its engine."""
        if model.info.problem is None:
            return await model.engine.show(model.info.name)
        try:
            return await model.engine.show(model.info.name)
        except CoveyError as error:
            log.info("model_not_readable", engine=model.engine.name, code=error.code)
            return ModelDetails(model=model.info)

    def _check_in_service(self) -> None:
        if self.draining:
            raise Draining("this processor was taken out of service")

    def _works_unseen(self, request: Generate, model: OfferedModel) -> bool:
        """Whether nothing is heard of the answer before all of it."""
        return not request.stream and model.info.state == "loaded" and model.engine.name in self._answering_whole

    def _begin_watch(self) -> SilenceWatch:
        self._watch = SilenceWatch(asyncio.get_running_loop(), self._under_way)
        return self._watch

    def _running(self, model: OfferedModel, expires_at: float | None) -> RunningModel:
        return RunningModel(
            model=model.info,
            instance=self._instance,
            node=self._node,
            running=self._busy[model.info.name],
            waiting=self._queued[model.info.name],
            slots=model.engine.slots,
            expires_at=expires_at,
        )

    def _begin(
        self, request: Generate, context: CallContext, model: OfferedModel
    ) -> tuple[GenerationRun, Ticket, ModelCounters]:
        """A generation with its place in the queue. Raises Overloaded."""
        order = prepared(request, model, max_tokens_limit=self._config.max_tokens_limit)
        counters = self._metrics.of_model(model.engine.name, model.info.name)
        ticket = self._enter(self._queues[model.engine.name], context, counters)
        run = GenerationRun(
            order,
            model,
            ticket,
            place=(self._instance, self._node),
            context=context,
            suspicion=self._suspicion,
            counters=counters,
            timeout_s=self._config.generation_timeout_s,
        )
        return run, ticket, counters

    async def _turn(self, ticket: Ticket, model: OfferedModel) -> None:
        """Wait for a slot."""
        assert ticket.turn is not None
        self._queued[model.info.name] += 1
        try:
            await ticket.turn
        finally:
            self._queued[model.info.name] -= 1

    async def _places(self, ticket: Ticket, model: OfferedModel) -> AsyncGenerator[Queued]:
        """The places of a request that has to wait, until it has a slot."""
        self._queued[model.info.name] += 1
        try:
            async with aclosing(self._queues[model.engine.name].wait(ticket)) as places:
                async for place in places:
                    yield place
        finally:
            self._queued[model.info.name] -= 1

    def _enter(self, queue: EngineQueue, context: CallContext, counters: ModelCounters) -> Ticket:
        user = context.identity.user_id if context.identity is not None else ""
        try:
            return queue.enter(user)
        except Overloaded as error:
            self._metrics.refused.labels(queue.engine).inc()
            counters.count(error.code)
            raise

    def _leave(self, ticket: Ticket, counters: ModelCounters, outcome: str) -> None:
        if ticket.started_at is not None:
            counters.duration_s.observe(self._clock.monotonic() - ticket.started_at)
        ticket.leave(served=outcome == "ok")
        counters.count(outcome)

    def _slots(self, engine: Engine) -> int:
        return engine.slots or self._config.default_concurrency

    def _queue(self, engine: Engine) -> EngineQueue:
        admission = Admission(
            slots=self._slots(engine),
            waiting_limit=self._config.queue_limit,
            user_waiting_limit=self._config.user_queue_limit,
        )
        self._metrics.observe_engine(engine.name, lambda: admission.running, lambda: admission.waiting)
        return EngineQueue(engine.name, admission, self._clock, report_interval_s=self._config.queue_report_interval_s)
