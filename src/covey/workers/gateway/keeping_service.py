"""The gateway where the content of generations is kept. Where it is not, none of this is in the way of a request."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import cast

from covey.domain.kept_content import AnswerRecording, Budget, kept_question, question_size
from covey.protocol.contents import KeptContent
from covey.protocol.inference import GATEWAY_GENERATE, GatewayGenerate, Generate, GenerationEvent
from covey.protocol.whole_answers import GATEWAY_ANSWER, READ_THE_STREAM, PerhapsWhole
from covey.rpc.context import CallContext
from covey.rpc.service import serves, streams
from covey.workers.gateway.config import ContentConfig
from covey.workers.gateway.running import Run
from covey.workers.gateway.service import GatewayService


class KeepingGatewayService(GatewayService):
    """Listens to what passes, and hands it over when the generation is settled."""

    @streams(GATEWAY_GENERATE)
    async def generate(
        self, request: GatewayGenerate, context: CallContext, admitted: Run | None = None
    ) -> AsyncGenerator[GenerationEvent, None]:
        run = admitted or self._admit(request, context)
        answer = AnswerRecording(self._contents.config.max_bytes)
        ordinary = super().generate(request, context, run)  # type: ignore[call-arg]  # the endpoint has two arguments
        try:
            async with aclosing(cast("AsyncGenerator[GenerationEvent, None]", ordinary)) as events:
                async for event in events:
                    answer.add(event)
                    yield event
        finally:
            self._contents.put(kept_content(run, request.generate, answer, self._contents.config, self._clock.now()))

    @serves(GATEWAY_ANSWER)
    async def answer(self, request: GatewayGenerate, context: CallContext) -> PerhapsWhole:
        """Always read as a stream: there is one place where content is listened to."""
        return READ_THE_STREAM


def kept_content(
    run: Run, request: Generate, answer: AnswerRecording, config: ContentConfig, now: float
) -> KeptContent:
    """Half of the room is the answer's at least; of the question the newest messages are kept first."""
    for_answer = max(config.max_bytes // 2, config.max_bytes - question_size(request))
    budget = Budget(for_answer)
    kept_answer = answer.kept(budget)
    question = kept_question(request, Budget(config.max_bytes - (for_answer - budget.left)))
    identity = run.verified.identity
    return KeptContent(
        request_id=run.context.request_id,
        user_id=identity.user_id,
        username=identity.username,
        key_id=identity.key_id,
        model=run.chosen.model.name,
        kind="chat" if request.prompt is None else "completion",
        at=now,
        expires_at=now + config.keep_s,
        outcome=run.outcome,
        error_code=run.error_code,
        messages=question.messages,
        messages_left_out=question.messages_left_out,
        prompt=question.prompt,
        suffix=question.suffix,
        prompt_cut=question.prompt_cut,
        answer=kept_answer,
    )
