"""Where generations come from: a gateway, whose events are passed on as they come."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Coroutine
from typing import Any, cast

from covey.errors import CoveyError, DeadlineExceeded, StreamInterrupted, TransportError
from covey.protocol.inference import (
    CLIENT_GENERATE,
    GATEWAY_GENERATE,
    Delta,
    Failed,
    GatewayGenerate,
    GenerationEvent,
    StartGeneration,
    Usage,
)
from covey.protocol.whole_answers import CLIENT_ANSWER, GATEWAY_ANSWER, PerhapsWhole, WholeAnswer
from covey.rpc.bus import Bus
from covey.rpc.context import CallContext
from covey.rpc.gathered import gathered
from covey.rpc.service import Service, serves, streams
from covey.runtime.clock import Clock
from covey.workers.client.attached import AttachedGenerations
from covey.workers.client.metrics import ClientMetrics
from covey.workers.client.progress import Progress

ATTACHED = "attached"


class GenerationSource(Service):
    """It is the endpoint itself, so that events of ordinary requests pass through one generator and no more."""

    service = "client"

    def __init__(
        self, bus: Bus, clock: Clock, metrics: ClientMetrics, attached: AttachedGenerations, *, attempts: int
    ) -> None:
        self._bus = bus
        self._clock = clock
        self._metrics = metrics
        self._attempts = attempts
        self._running = attached.running

    def special(self, request: StartGeneration, context: CallContext) -> AsyncGenerator[GenerationEvent, None] | None:
        """The events of a request that needs more than being passed through; None for all others."""
        return None

    @streams(CLIENT_GENERATE)
    async def generate(
        self, request: StartGeneration, context: CallContext, kept: Progress | None = None, attempt: int = 0
    ) -> AsyncGenerator[GenerationEvent, None]:
        """The events of a generation; ``kept`` is given, and reported, by those who keep one, and ``attempt`` says how
        many gateways were tried before.

        Before the first event every failure is raised, after the gateways that may be tried were tried; afterwards it
        is a ``Failed`` event. Closing it ends the work at once.
        """
        if kept is None and (special := self.special(request, context)) is not None:
            try:
                async for event in special:
                    yield event
            finally:
                await special.aclose()
            return
        progress = kept or Progress(self._clock, request.generate.model)
        if kept is None:
            self._running[progress] = (context.request_id, request.credential)
        asked = GatewayGenerate(credential=request.credential, generate=request.generate)
        tokens = 0
        try:
            while True:
                attempt += 1
                failure: CoveyError | None = None
                events = cast(
                    "AsyncGenerator[GenerationEvent, None]", self._bus.stream(GATEWAY_GENERATE, asked, context)
                )
                try:
                    async for event in events:
                        if type(event) is Delta:
                            if progress.first_token_at is None:
                                progress.began, progress.first_token_at = True, self._clock.monotonic()
                            tokens += event.tokens
                            yield event
                            continue
                        progress.began, progress.tokens = True, tokens
                        progress.note(event)
                        yield event
                        if progress.outcome is not None:
                            return
                except CoveyError as error:
                    failure = error
                finally:
                    progress.tokens = tokens
                    await events.aclose()
                if failure is None:
                    failure = StreamInterrupted("the answer has no end")
                if progress.began:
                    yield self._failed(failure, progress)
                    return
                if not _may_repeat(failure) or attempt >= self._attempts:
                    progress.close("failed")
                    raise failure
        finally:
            progress.close("cancelled")
            if kept is None:
                del self._running[progress]
                progress.report(self._metrics, ATTACHED)

    @serves(CLIENT_ANSWER)
    async def answer(self, request: StartGeneration, context: CallContext) -> WholeAnswer:
        """All of an ordinary generation that nobody watches, from a gateway of this process.

        What is not ordinary, and what that gateway could not do, goes the way of the stream.
        """
        special = self.special(request, context)
        if special is not None:
            return await gathered(special)
        asked = self._bus.call_local(
            GATEWAY_ANSWER, GatewayGenerate(credential=request.credential, generate=request.generate), context
        )
        found = 0 if asked is None else await self._answered(request, context, asked)
        if not isinstance(found, int):
            return found
        events = self.generate(request, context, None, found)  # type: ignore[call-arg]  # the endpoint has two arguments
        return await gathered(cast("AsyncGenerator[GenerationEvent, None]", events))

    async def _answered(
        self, request: StartGeneration, context: CallContext, asked: Coroutine[Any, Any, PerhapsWhole]
    ) -> WholeAnswer | int:
        """A number when the stream is to be read: of the gateways that failed before."""
        progress = Progress(self._clock, request.generate.model)
        self._running[progress] = (context.request_id, request.credential)
        reads_stream = False
        try:
            answer = (await asked).answer
            if answer is None:
                reads_stream = True
                return 0
            progress.note_whole(answer)
            return answer
        except CoveyError as failure:
            if _may_repeat(failure) and self._attempts > 1:
                reads_stream = True
                return 1
            progress.close("failed")
            raise
        finally:
            del self._running[progress]
            if not reads_stream:
                progress.close("cancelled")
                progress.report(self._metrics, ATTACHED)

    def kept_events(
        self, request: StartGeneration, context: CallContext, progress: Progress
    ) -> AsyncGenerator[GenerationEvent, None]:
        """The same for a generation that is kept: ``progress`` is its own, and it reports itself."""
        events = self.generate(request, context, progress)  # type: ignore[call-arg]  # the endpoint has two arguments
        return cast("AsyncGenerator[GenerationEvent, None]", events)

    def _failed(self, failure: CoveyError, progress: Progress) -> Failed:
        failed = Failed(
            code=failure.code,
            detail=failure.detail,
            retry_after_s=failure.retry_after_s,
            usage=Usage(completion_tokens=progress.tokens, estimated=True),
        )
        progress.note(failed)
        return failed


def _may_repeat(failure: CoveyError) -> bool:
    """Whether another gateway may do better: it was the gateway that failed, and nothing has been answered yet."""
    return isinstance(failure, TransportError) and not isinstance(failure, DeadlineExceeded)
