"""What the client worker answers."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import cast

import msgspec

from covey.domain.policy import INFERENCE
from covey.domain.turn_places import check_places
from covey.errors import CoveyError
from covey.protocol.conversations import CLIENT_WATCH, WatchConversations, WatchEvent
from covey.protocol.endpoint import Empty
from covey.protocol.ids import GenerationId
from covey.protocol.inference import (
    CLIENT_CANCEL,
    CLIENT_EMBED,
    CLIENT_FOLLOW,
    CLIENT_START,
    CancelGeneration,
    Embeddings,
    FollowGeneration,
    GatewayEmbed,
    GenerationAccepted,
    GenerationEvent,
    Started,
    StartGeneration,
)
from covey.protocol.operations import (
    CLIENT_OPERATE,
    CLIENT_PULL_MODEL,
    GATEWAY_PULL_MODEL,
    OPERATIONS_BY_NAME,
    GatewayPull,
    Operate,
    OperationResult,
)
from covey.protocol.registry import PullProgress
from covey.rpc.bus import Bus
from covey.rpc.context import CallContext
from covey.rpc.service import serves, streams
from covey.runtime.clock import Clock
from covey.workers.client.gateways import Gateways
from covey.workers.client.generations import KeptGenerations, Source
from covey.workers.client.kept_generation import KeptGeneration
from covey.workers.client.metrics import ClientMetrics
from covey.workers.client.operations import ClientOperations
from covey.workers.client.progress import Progress
from covey.workers.client.repeats import Repeats
from covey.workers.client.source import ATTACHED, GenerationSource
from covey.workers.client.turns import Turn, Turns

APPEND = "conversations.append"
RECHECK_S = 1.0
"""How often a follower's credential is looked at again while events flow."""


class ClientService(GenerationSource):
    """Bridges are its only callers. Who may do what is asked of a gateway, each time."""

    def __init__(
        self,
        bus: Bus,
        gateways: Gateways,
        kept: KeptGenerations,
        repeats: Repeats,
        turns: Turns,
        operations: ClientOperations,
        clock: Clock,
        metrics: ClientMetrics,
    ) -> None:
        super().__init__(bus, clock, metrics, operations.attached, attempts=gateways.attempts)
        self._gateways = gateways
        self._kept = kept
        self._repeats = repeats
        self._turns = turns
        self._operations = operations

    @serves(CLIENT_START)
    async def start(self, request: StartGeneration, context: CallContext) -> GenerationAccepted:
        """Begin a generation that goes on without a reader. What goes wrong later is its ``Failed`` event."""
        identity = await self._gateways.authorize(request.credential, INFERENCE, context)

        async def begin() -> GenerationAccepted:
            new_id = self._kept.reserve(identity)
            try:
                turn = await self._begin_turn(request, context, new_id)
            except BaseException:  # raised again
                self._kept.give_back(new_id)
                raise

            async def ended(_: KeptGeneration) -> None:
                if turn is not None:
                    await self._turns.settle(turn)

            source = self._kept_source(request, context, turn)
            answer_id = None if turn is None else turn.answer_id
            try:
                self._kept.start(request, identity, source, new_id=new_id, answer_id=answer_id, ended=ended)
            except CoveyError:
                self._kept.give_back(new_id)
                if turn is not None:
                    await self._turns.settle(turn)
                raise
            return GenerationAccepted(
                generation_id=new_id,
                instance=self._kept.instance,
                question_id=None if turn is None else turn.question_id,
                answer_id=answer_id,
                request_id=context.request_id,
            )

        if context.idempotency_key is None:
            return await begin()
        return await self._repeats.start(request, identity, context.idempotency_key, begin)

    @streams(CLIENT_FOLLOW)
    async def follow(self, request: FollowGeneration, context: CallContext) -> AsyncGenerator[GenerationEvent, None]:
        """The events after ``request.after``. Somebody else's generation does not exist: NotFound."""
        identity = await self._gateways.authorize(request.credential, INFERENCE, context)
        generation = self._kept.find(request.generation_id, identity)
        checked_at = self._clock.monotonic()
        async with aclosing(generation.follow(request.after)) as events:
            async for event in events:
                now = self._clock.monotonic()
                if now - checked_at >= RECHECK_S:
                    await self._gateways.authorize(request.credential, INFERENCE, context)
                    checked_at = now
                yield event

    @serves(CLIENT_CANCEL)
    async def cancel(self, request: CancelGeneration, context: CallContext) -> Empty:
        """Stop it; one that has ended stays as it is."""
        identity = await self._gateways.authorize(request.credential, INFERENCE, context)
        self._kept.find(request.generation_id, identity).cancel()
        return Empty()

    @streams(CLIENT_WATCH)
    async def watch(self, request: WatchConversations, context: CallContext) -> AsyncGenerator[WatchEvent, None]:
        """What happens to the caller's conversations. Raises NotFound for one that is not the caller's."""
        async with aclosing(self._operations.watch(request, context)) as events:
            async for event in events:
                yield event

    @serves(CLIENT_EMBED)
    async def embed(self, request: GatewayEmbed, context: CallContext) -> Embeddings:
        return await self._gateways.embed(request, context)

    @serves(CLIENT_OPERATE)
    async def operate(self, request: Operate, context: CallContext) -> OperationResult:
        operation = OPERATIONS_BY_NAME.get(request.operation)
        key = context.idempotency_key
        if operation is None or key is None or operation.method != "POST" or operation.access == "anonymous":
            return await self._operations.operate(request, context)
        identity = await self._gateways.authorize(request.credential or "", operation.name, context)
        return await self._repeats.operate(request, identity, key, lambda: self._operations.operate(request, context))

    @streams(CLIENT_PULL_MODEL)
    async def pull_model(self, request: GatewayPull, context: CallContext) -> AsyncGenerator[PullProgress, None]:
        stream = self._bus.stream(GATEWAY_PULL_MODEL, request, context)
        async with aclosing(cast("AsyncGenerator[PullProgress, None]", stream)) as steps:
            async for step in steps:
                yield step

    def special(self, request: StartGeneration, context: CallContext) -> AsyncGenerator[GenerationEvent, None] | None:
        if context.idempotency_key is not None:
            return self._repeatable(request, context, context.idempotency_key)
        if request.conversation_id is not None:
            return self._in_conversation(request, context)
        return None

    async def _repeatable(
        self, request: StartGeneration, context: CallContext, key: str
    ) -> AsyncGenerator[GenerationEvent, None]:
        identity = await self._gateways.authorize(request.credential, INFERENCE, context)
        source = self._marked(self._kept_source(request, context, None))
        async with aclosing(self._repeats.generate(request, identity, key, source)) as events:
            async for event in events:
                yield event

    async def _in_conversation(
        self, request: StartGeneration, context: CallContext
    ) -> AsyncGenerator[GenerationEvent, None]:
        progress = Progress(self._clock, request.generate.model)
        self._running[progress] = (context.request_id, request.credential)
        try:
            turn = await self._begin_turn(request, context, None)
            async with aclosing(self._with_turn(request, context, progress, turn, None)) as events:
                async for event in events:
                    yield event
        finally:
            del self._running[progress]
            progress.close("cancelled")
            progress.report(self._metrics, ATTACHED)

    def _kept_source(self, request: StartGeneration, context: CallContext, turn: Turn | None) -> Source:
        """The events of a generation that is kept. It outlives the call that begins it, and so its deadline."""
        context = msgspec.structs.replace(context, deadline=None, idempotency_key=None)

        def source(progress: Progress, generation_id: GenerationId) -> AsyncGenerator[GenerationEvent, None]:
            if request.conversation_id is None:
                return self.kept_events(request, context, progress)
            return self._with_turn(request, context, progress, turn, generation_id)

        return source

    def _marked(self, source: Source) -> Source:
        """The same with events that name the answer, so that repeats can give it the same name."""

        async def marked(progress: Progress, generation_id: GenerationId) -> AsyncGenerator[GenerationEvent, None]:
            async with aclosing(source(progress, generation_id)) as events:
                async for event in events:
                    if type(event) is Started:
                        event = msgspec.structs.replace(event, kept_as=generation_id, kept_at=self._clock.now())
                    yield event

        return marked

    async def _with_turn(
        self,
        request: StartGeneration,
        context: CallContext,
        progress: Progress,
        turn: Turn | None,
        generation_id: GenerationId | None,
    ) -> AsyncGenerator[GenerationEvent, None]:
        """The events, with question and answer stored in the conversation; the answer before the last event."""
        turn = turn or await self._begin_turn(request, context, generation_id)
        stored = turn is None
        if turn is not None:
            request = msgspec.structs.replace(request, generate=turn.generate)
        events = self.kept_events(request, context, progress)
        try:
            async for event in events:
                if turn is not None:
                    turn.builder.add(event)
                    if turn.builder.reasoning_over and progress.reasoning_ended_at is None:
                        progress.reasoning_ended_at = self._clock.monotonic()
                    if progress.outcome is not None:
                        stored = True
                        await self._turns.end(turn, progress)
                yield event
        finally:
            await events.aclose()
            if turn is not None and not stored:
                self._turns.end_later(turn, progress)

    async def _begin_turn(
        self, request: StartGeneration, context: CallContext, generation_id: GenerationId | None
    ) -> Turn | None:
        """None without a conversation. Raises NotFound when there is no such conversation of the caller's."""
        check_places(request)
        if request.conversation_id is None:
            return None
        identity = await self._gateways.authorize(request.credential, APPEND, context)
        return await self._turns.begin(identity, request.conversation_id, request, generation_id, context.request_id)
