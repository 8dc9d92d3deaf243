"""One generation on its way through an engine: merged with defaults, clamped, timed, tried again where that is safe."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import cast

import msgspec
import structlog

from covey.backends.base import AnswersWhole
from covey.domain.suspicion import Suspicion
from covey.errors import BackendProtocolError, BackendRejected, BackendUnavailable, CoveyError, DeadlineExceeded
from covey.protocol.ids import InstanceId, NodeName
from covey.protocol.inference import (
    Delta,
    Finished,
    Generate,
    GenerationEvent,
    Loading,
    Queued,
    Sampling,
    Started,
    Timings,
)
from covey.protocol.whole_answers import WholeAnswer
from covey.rpc.context import CallContext
from covey.rpc.work import SilenceWatch
from covey.workers.processor.directory import OfferedModel
from covey.workers.processor.engine_queue import SIGN_OF_LIFE_S, Ticket
from covey.workers.processor.metrics import ModelCounters

ATTEMPTS = 2
POISON = "the engine failed at this request before; it is not tried again"
NO_DEFAULTS = Sampling()
log = structlog.get_logger(__name__)


def prepared(request: Generate, model: OfferedModel, *, max_tokens_limit: int) -> Generate:
    """The request as the engine gets it: the model's own name, its default sampling, and a bounded length."""
    sampling = request.sampling if model.sampling == NO_DEFAULTS else merged(request.sampling, model.sampling)
    wanted = sampling.max_tokens
    if wanted is None or wanted > max_tokens_limit:
        sampling = msgspec.structs.replace(sampling, max_tokens=max_tokens_limit)
    if sampling is request.sampling and request.model == model.info.name:
        return request
    return msgspec.structs.replace(request, model=model.info.name, sampling=sampling)


def merged(request: Sampling, defaults: Sampling) -> Sampling:
    """What the request says, and the defaults where it says nothing."""
    given = {
        field: value
        for field, value in msgspec.structs.asdict(request).items()
        if value is not None and not (field == "stop" and not value)
    }
    return msgspec.structs.replace(defaults, **given)


class GenerationRun:
    """Runs one prepared request on its engine; the slot is the caller's."""

    waits = False
    waits_since = 0.0
    idle_timeout_s = math.inf
    deadline = math.inf

    def __init__(
        self,
        request: Generate,
        model: OfferedModel,
        ticket: Ticket,
        *,
        place: tuple[InstanceId, NodeName],
        context: CallContext,
        suspicion: Suspicion,
        counters: ModelCounters,
        timeout_s: float,
    ) -> None:
        self._request = request
        self._model = model
        self._ticket = ticket
        self._instance, self._node = place
        self._request_id = context.request_id
        self._asker = "" if context.identity is None else context.identity.user_id
        self._suspicion = suspicion
        self._counters = counters
        self._timeout_s = timeout_s
        self._attempts = 0
        self._timed_out = False
        self._began = 0.0
        self._first_token_at: float | None = None
        self._load_ms: float | None = None
        self._told_start = False
        self._told_loading = False
        self._aborting: asyncio.Future[None] | None = None

    def begin(self, watch: SilenceWatch) -> None:
        """It has a slot from now on, for so long as its time-out allows."""
        self._watch = watch
        self._began = watch.loop.time()
        self.deadline = self._began + self._timeout_s
        watch.expect(self, self._began)

    def attempt(self) -> AsyncGenerator[GenerationEvent]:
        """What the engine says, asked anew; each event is shown to :meth:`passed`.

        Raises BackendRejected when the engine died of the request before.
        """
        self._count_attempt()
        engine = self._model.engine
        events = cast("AsyncGenerator[GenerationEvent]", engine.generate(self._request, self._request_id, self._asker))
        return events if self._model.info.state == "loaded" else self._with_signs_of_life(events)

    async def answer(self, engine: AnswersWhole) -> WholeAnswer:
        """All of it, with the processor's facts added. Raises what :meth:`attempt` and :meth:`passed` raise."""
        while True:
            self._count_attempt()
            try:
                answer = await engine.answer(self._request, self._request_id, self._asker)
            except BackendUnavailable as error:
                self.failed(error)
                continue
            if answer.started is None:
                raise BackendProtocolError("the engine's answer began without its beginning")
            started = self._started(answer.started)
            if answer.deltas:
                self._note_first_token()
            return WholeAnswer(started=started, deltas=answer.deltas, finished=self._finished(answer.finished))

    def _count_attempt(self) -> None:
        if self._suspicion.is_poison(self._request_id):
            raise BackendRejected(POISON)
        self._attempts += 1

    def passed(self, event: GenerationEvent) -> GenerationEvent | None:
        """An event as it goes on, with the processor's facts added; None: it goes no further.

        Raises DeadlineExceeded when the answer took too long, BackendProtocolError when it has no beginning.
        """
        if isinstance(event, Delta):
            if self._first_token_at is None:
                self._note_first_token()
            return event
        if isinstance(event, Finished):
            return self._finished(event)
        if self._told_start:
            return None
        if isinstance(event, Loading):
            # A second attempt, or a second load, is nothing new to those who wait for the first.
            told, self._told_loading = self._told_loading, True
            return None if told else event
        return event if isinstance(event, Queued) else self._started(event)

    def failed(self, error: BackendUnavailable) -> None:
        """The engine is gone. Returns if it may be asked again, and raises what there is to raise if not."""
        if self._told_start:  # only an engine that had begun can have died of the request
            self._suspicion.engine_died(self._request_id)
        log.warning("engine_failed", engine=self._model.engine.name, request_id=self._request_id, detail=error.detail)
        # Tokens that were sent cannot be unsent: only whoever owns the request may begin it anew.
        if self._attempts == ATTEMPTS or self._first_token_at is not None:
            if self._suspicion.is_poison(self._request_id):
                raise BackendRejected(POISON) from error
            raise error

    def end(self) -> asyncio.Future[None] | None:
        """It needs its slot no more, once what is returned is done."""
        return self._aborting

    async def _with_signs_of_life(self, events: AsyncGenerator[GenerationEvent]) -> AsyncGenerator[GenerationEvent]:
        """The same events, and signs of life while the engine loads the model."""
        async with aclosing(events):
            loading = True
            while loading:
                loading = False
                async with aclosing(self._until_next(events)) as beginning:
                    async for event in beginning:
                        loading = isinstance(event, Loading)
                        yield event
            async for event in events:
                yield event

    async def _until_next(self, events: AsyncGenerator[GenerationEvent]) -> AsyncGenerator[GenerationEvent]:
        """The next event; before it, signs of life, unless the caller knows already that the model is being loaded."""
        first = asyncio.ensure_future(anext(events, None))
        try:
            while not first.done():
                left_s = self._began + self._timeout_s - self._watch.loop.time()
                if left_s <= 0:
                    raise DeadlineExceeded("the model was not ready in time")
                await asyncio.wait([first], timeout=min(SIGN_OF_LIFE_S, left_s))
                if not first.done() and not self._told_loading:
                    yield Queued(position=1)
            event = first.result()
            if event is not None:
                yield event
        finally:
            first.cancel()
            await asyncio.wait([first])

    def _started(self, event: GenerationEvent) -> Started:
        if not isinstance(event, Started):
            raise BackendProtocolError("the engine's answer began without its beginning")
        self._told_start = True
        if self._request.stream:  # or else the beginning is told at the end
            self._load_ms = (self._watch.loop.time() - self._began) * 1000
        return Started(
            model=self._model.info.name,
            engine=self._model.engine.name,
            instance=self._instance,
            node=self._node,
            queue_ms=self._ticket.queue_ms,
        )

    def _note_first_token(self) -> None:
        self._first_token_at = self._watch.loop.time()
        if self._request.stream:
            self._counters.first_token_s.observe(self._first_token_at - self._began)

    def _finished(self, event: Finished) -> Finished:
        if self._timed_out:
            raise DeadlineExceeded(f"the answer was not complete after {self._timeout_s:g} s")
        self._counters.prompt_tokens.value += event.usage.prompt_tokens
        self._counters.completion_tokens.value += event.usage.completion_tokens
        engines = event.timings
        timings = Timings(
            queue_ms=self._ticket.queue_ms,
            load_ms=self._load_ms,
            prompt_ms=engines.prompt_ms,
            generation_ms=engines.generation_ms,
        )
        return Finished(reason=event.reason, usage=event.usage, timings=timings)

    def cut(self, failure: CoveyError) -> None:
        """Its time is over: the engine is told to stop, and the answer then fails."""
        if self._timed_out:
            return
        self._timed_out = True
        self._aborting = asyncio.ensure_future(self._model.engine.abort(self._request_id))  # awaited by the service
