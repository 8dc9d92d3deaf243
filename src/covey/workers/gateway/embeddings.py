"""Embedding: one question and one answer, with the same admission and the same counting as generating."""

from __future__ import annotations

import msgspec

from covey.domain.limits import Demand, Reservation
from covey.domain.metering import settle
from covey.domain.placement import Candidate
from covey.domain.policy import authorize
from covey.domain.request_checks import RequestSize, check_embed
from covey.domain.request_records import refusal
from covey.errors import CoveyError
from covey.protocol.inference import PROCESSOR_EMBED, Embed, Embeddings, GatewayEmbed, Usage
from covey.protocol.usage import Outcome, UsageRecord
from covey.rpc.context import CallContext
from covey.workers.gateway.credentials import Verified
from covey.workers.gateway.generations import RETRYABLE
from covey.workers.gateway.parts import RequestParts


class EmbeddingRequests:
    """Answers embedding requests."""

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

    async def embed(self, request: GatewayEmbed, context: CallContext) -> Embeddings:
        """The vectors, from any processor that serves the model."""
        embed = request.embed
        verified: Verified | None = None
        try:
            verified = self._credentials.verify(request.credential)
            authorize("inference", verified.identity)
            size = check_embed(embed, self._limits)
            found = self._routing.candidates(embed.model, verified.identity)
            chosen = self._routing.choose(found)
            demand = Demand(
                identity=verified.identity,
                model=chosen.model.name,
                prompt_tokens=size.most_tokens,
                completion_tokens=0,
            )
            reservation = self._limiter.reserve(demand, self._clock.now())
        except CoveyError as error:
            self._metrics.refused(error.code)
            if verified is not None:
                now, identity = self._clock.now(), verified.identity
                self._record(refusal(identity, embed.model, "embedding", error, now, context.request_id))
            raise
        context = msgspec.structs.replace(context, identity=verified.identity)
        job = _Job(verified, reservation, size, self._clock.monotonic())
        try:
            answer = await self._ask(embed, found, chosen, context, job)
            job.outcome = "ok"
            job.usage = settle(answer.usage, counted=0, chars=0, size=size, started=True)
            return answer if job.usage is answer.usage else msgspec.structs.replace(answer, usage=job.usage)
        except CoveyError as error:
            job.outcome = "failed" if error.http_status >= 500 else "refused"
            job.error_code = error.code
            raise
        finally:
            self._settle(job, context)

    async def _ask(
        self, embed: Embed, found: list[Candidate], chosen: Candidate, context: CallContext, job: _Job
    ) -> Embeddings:
        excluded = set()
        while True:
            job.chosen = chosen
            instance = chosen.info.instance
            asked = embed
            if chosen.model.name != embed.model:
                asked = msgspec.structs.replace(embed, model=chosen.model.name)
            self._routing.sent(instance)
            try:
                return await self._bus.call(PROCESSOR_EMBED, asked, context, to=instance)
            except CoveyError as error:
                excluded.add(instance)
                if error.code not in RETRYABLE or len(excluded) >= self._attempts:
                    raise
                try:
                    chosen = self._routing.choose(found, excluded)
                except CoveyError:  # nobody else can: the first failure says more
                    raise error from None
                self._metrics.retried(error.code)
            finally:
                self._routing.received(instance)

    def _settle(self, job: _Job, context: CallContext) -> None:
        now, usage, identity = self._clock.now(), job.usage, job.verified.identity
        self._limiter.settle(job.reservation, usage, now)
        model = job.reservation.demand.model if job.chosen is None else job.chosen.model.name
        duration_s = self._clock.monotonic() - job.admitted_at
        self._metrics.request(model, "embedding", job.outcome, duration_s, usage.prompt_tokens, 0)
        self._record(
            UsageRecord(
                request_id=context.request_id,
                user_id=identity.user_id,
                key_id=identity.key_id,
                model=model,
                kind="embedding",
                at=now,
                prompt_tokens=usage.prompt_tokens,
                estimated=usage.estimated,
                outcome=job.outcome,
                error_code=job.error_code,
                processor=None if job.chosen is None else job.chosen.info.instance,
                duration_ms=duration_s * 1000,
                username=identity.username,
                node=None if job.chosen is None else job.chosen.info.node,
            )
        )


class _Job:
    """One request under way."""

    def __init__(self, verified: Verified, reservation: Reservation, size: RequestSize, admitted_at: float) -> None:
        self.verified = verified
        self.reservation = reservation
        self.size = size
        self.admitted_at = admitted_at
        self.chosen: Candidate | None = None
        self.outcome: Outcome = "cancelled"
        self.error_code: str | None = None
        self.usage = Usage()
