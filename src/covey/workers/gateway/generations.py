"""Generating and embedding: admitted here, sent to a processor chosen here, counted on the way back."""

from __future__ import annotations

import asyncio
from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import AsyncGenerator
from typing import Literal, cast

import msgspec

from covey.domain.limits import Demand
from covey.domain.policy import authorize
from covey.domain.request_checks import check_generate
from covey.domain.request_records import refusal
from covey.errors import ERRORS_BY_CODE, CoveyError, StreamInterrupted, Unauthenticated, error_from_code
from covey.protocol.auth import Identity
from covey.protocol.inference import (
    AT_WORK,
    GATEWAY_GENERATE,
    PROCESSOR_GENERATE,
    Delta,
    Failed,
    Finished,
    GatewayGenerate,
    Generate,
    GenerationEvent,
    Started,
    Usage,
)
from covey.protocol.usage import UsageRecord
from covey.protocol.whole_answers import (
    GATEWAY_ANSWER,
    PROCESSOR_ANSWER,
    READ_THE_STREAM,
    PerhapsWhole,
)
from covey.rpc.cancelled_at_work import CancelledAtWork
from covey.rpc.context import CallContext
from covey.rpc.gathered import gathered
from covey.rpc.service import Service, serves, streams
from covey.runtime.current_task import current_task
from covey.workers.gateway.parts import RequestParts
from covey.workers.gateway.running import Run, RunningSet, hidden_chars

Kind = Literal["chat", "completion"]
RETRYABLE = frozenset(code for code, kind in ERRORS_BY_CODE.items() if kind.retryable) | {StreamInterrupted.code}
"""Failures after which another processor may be tried, as long as no token has arrived."""


class Generations(Service):
    """The endpoint itself, so that no event passes through one generator more than it must."""

    service = "gateway"

    def __init__(self, parts: RequestParts) -> None:
        self._bus = parts.bus
        self._credentials = parts.credentials
        self._routing = parts.routing
        self._limiter = parts.limiter
        self._clock = parts.clock
        self._metrics = parts.metrics
        self._record = parts.record
        self._limits = parts.config.limits
        self._attempts = parts.config.processor_attempts
        self.running = RunningSet()
        self._loop: AbstractEventLoop | None = None
        parts.credentials.on_change(self._end_revoked)

    @streams(GATEWAY_GENERATE)
    async def generate(
        self, request: GatewayGenerate, context: CallContext, admitted: Run | None = None
    ) -> AsyncGenerator[GenerationEvent, None]:
        """The processor's events. Before the first one every failure is raised; afterwards it is a ``Failed`` event.

        ``admitted`` is given by those who admitted the request themselves; it is settled here.
        """
        run = admitted or self._admit(request, context)
        loop = self._loop or self._ask_for_loop()
        counted = chars = 0
        try:
            while True:
                events = self._send(run)
                failure: CoveyError | None = None
                try:
                    run.task = current_task(loop)
                    async for event in events:
                        run.task = None
                        kind = type(event)
                        if kind is Delta:
                            counted += event.tokens  # type: ignore[union-attr]
                            chars += len(event.text)  # type: ignore[union-attr]
                            if run.first_token_at is None:
                                run.sent, run.first_token_at = True, self._clock.monotonic()
                            if event.reasoning or event.tool_calls:  # type: ignore[union-attr]
                                chars += hidden_chars(event)  # type: ignore[arg-type]
                            yield event
                            if run.failure is not None:
                                raise run.failure
                            run.task = current_task(loop)
                            continue
                        if kind is Failed:
                            failure = error_of(cast("Failed", event))
                            break
                        if kind is Finished:
                            yield run.finished(cast("Finished", event), counted, chars)
                            return
                        if not run.started and self._beginning(run, event):  # of another processor one was enough
                            run.sent = True
                            yield event
                            if run.failure is not None:
                                raise run.failure
                        run.task = current_task(loop)
                except asyncio.CancelledError:
                    if not run.was_cut() or run.failure is None:
                        raise
                    failure = run.failure
                except CoveyError as error:
                    failure = error
                finally:
                    run.task, run.counted, run.chars = None, counted, chars
                    self._routing.received(run.chosen.info.instance)
                    await events.aclose()
                if failure is None:
                    failure = StreamInterrupted("the processor's answer has no end")
                if not self._try_another(run, failure):
                    failed = run.failed(failure)
                    if not run.sent:
                        raise failure
                    yield failed
                    return
        finally:
            self._settle(run)

    @serves(GATEWAY_ANSWER)
    async def answer(self, request: GatewayGenerate, context: CallContext) -> PerhapsWhole:
        """All of an answer that nobody watches, from a processor of this process; no answer from any other.

        Another processor after a failure is asked for the stream.
        """
        if not self._bus.answers_here(PROCESSOR_ANSWER):
            return READ_THE_STREAM
        run = self._admit(request, context)
        try:
            found = await self._answered_here(run)
        except BaseException:  # raised again
            self._settle(run)
            raise
        if found is READ_THE_STREAM:  # and whoever reads it is admitted then
            self.running.remove(run)
            self._limiter.settle(run.reservation, Usage(), self._clock.now())
            return found
        if found is not None:
            self._settle(run)
            return found
        events = self.generate(request, context, run)  # type: ignore[call-arg]  # the endpoint has two arguments
        return PerhapsWhole(answer=await gathered(cast("AsyncGenerator[GenerationEvent, None]", events)))

    async def _answered_here(self, run: Run) -> PerhapsWhole | None:
        """None when that failed, and the stream of the processor that is chosen now is to be asked for."""
        instance = run.chosen.info.instance
        asked = self._bus.call_local(PROCESSOR_ANSWER, self._order(run), run.context, to=instance)
        if asked is None:
            return READ_THE_STREAM
        failure: CoveyError
        self._routing.sent(instance)
        try:
            run.task = current_task(self._loop or self._ask_for_loop())
            found = await asked
            if found.answer is None:
                return READ_THE_STREAM
            answer = run.whole(found.answer, self._clock.monotonic())
            if run.failure is None:
                return found if answer is found.answer else PerhapsWhole(answer=answer)
            failure = run.failure  # the engine answered although it was told to stop
            run.was_cut()
        except asyncio.CancelledError as error:
            if isinstance(error, CancelledAtWork):
                run.at_work = True
            if not run.was_cut() or run.failure is None:
                raise asyncio.CancelledError(*error.args) from None
            failure = run.failure
        except CoveyError as error:
            failure = error
        finally:
            run.task = None
            self._routing.received(instance)
        if self._try_another(run, failure):
            return None
        run.failed(failure)
        raise failure

    # Before

    def _ask_for_loop(self) -> AbstractEventLoop:
        """Once: each time costs a system call."""
        self._loop = get_running_loop()
        return self._loop

    def _admit(self, request: GatewayGenerate, context: CallContext) -> Run:
        """Everything that can be refused without asking a processor."""
        generate = request.generate
        identity: Identity | None = None
        try:
            verified = self._credentials.verify(request.credential)
            identity = verified.identity
            authorize("inference", identity)
            size = check_generate(generate, self._limits)
            found = self._routing.candidates(generate.model, identity, images=size.images > 0)
            chosen = self._routing.choose(found)
            if self._routing.rules:
                generate, size = self._routing.rules.prepared(generate, size, chosen.model.name)
            now = self._clock.now()
            reservation = self._limiter.reserve(
                Demand(
                    identity=identity,
                    model=chosen.model.name,
                    prompt_tokens=size.most_tokens,
                    completion_tokens=generate.sampling.max_tokens,
                ),
                now,
            )
        except CoveyError as error:
            self._metrics.refused(error.code)
            if identity is not None:
                kind: Kind = "chat" if generate.prompt is None else "completion"
                self._record(refusal(identity, generate.model, kind, error, self._clock.now(), context.request_id))
            raise
        context = msgspec.structs.replace(context, identity=identity)
        run = Run(verified, generate, context, size, chosen, reservation, self._clock.monotonic())
        self.running.add(run)
        return run

    def _send(self, run: Run) -> AsyncGenerator[GenerationEvent, None]:
        instance = run.chosen.info.instance
        self._routing.sent(instance)
        stream = self._bus.stream(PROCESSOR_GENERATE, self._order(run), run.context, to=instance)
        return cast("AsyncGenerator[GenerationEvent, None]", stream)

    def _order(self, run: Run) -> Generate:
        """With the model's own name: an alias could mean another model by the time it arrives."""
        name = run.chosen.model.name
        return run.generate if run.generate.model == name else msgspec.structs.replace(run.generate, model=name)

    # Under way

    def _beginning(self, run: Run, event: GenerationEvent) -> bool:
        """Whether the caller is told of it."""
        if isinstance(event, Started):
            run.started = True
            run.queue_ms = event.queue_ms
        elif event == AT_WORK:
            run.at_work = True
            return False
        return True

    def _try_another(self, run: Run, failure: CoveyError) -> bool:
        """Whether the request goes to another processor, which is chosen then."""
        run.excluded.add(run.chosen.info.instance)
        if (
            failure.code not in RETRYABLE
            or run.first_token_at is not None
            or run.failure is not None
            or len(run.excluded) >= self._attempts
        ):
            return False
        try:
            images = run.size.images > 0
            found = self._routing.candidates(run.generate.model, run.verified.identity, images=images)
            run.chosen = self._routing.choose(found, run.excluded)
        except CoveyError:  # nobody else can: the first failure says more
            return False
        run.at_work = False
        self._metrics.retried(failure.code)
        return True

    def _end_revoked(self, record: str) -> None:
        for run in self.running.of(record):
            if not self._credentials.still_good(run.verified):
                run.cut(Unauthenticated("the credential is no longer valid"))

    # After

    def _settle(self, run: Run) -> None:
        """Once for every admitted request, however it ended. Waits for nothing."""
        self.running.remove(run)
        now, usage = self._clock.now(), run.billed()
        self._limiter.settle(run.reservation, usage, now)
        duration_s = self._clock.monotonic() - run.admitted_at
        model, identity = run.chosen.model.name, run.verified.identity
        kind: Kind = "chat" if run.generate.prompt is None else "completion"
        self._metrics.request(model, kind, run.outcome, duration_s, usage.prompt_tokens, usage.completion_tokens)
        first_token_at = run.first_token_at
        self._record(
            UsageRecord(
                request_id=run.context.request_id,
                user_id=identity.user_id,
                key_id=identity.key_id,
                model=model,
                kind=kind,
                at=now,
                prompt_tokens=usage.prompt_tokens,
                completion_tokens=usage.completion_tokens,
                estimated=usage.estimated,
                outcome=run.outcome,
                error_code=run.error_code,
                processor=run.chosen.info.instance,
                queue_ms=run.queue_ms,
                first_token_ms=None if first_token_at is None else (first_token_at - run.admitted_at) * 1000,
                duration_ms=duration_s * 1000,
                username=identity.username,
                node=run.chosen.info.node,
            )
        )


def error_of(event: Failed) -> CoveyError:
    return error_from_code(event.code, event.detail, retry_after_s=event.retry_after_s)
