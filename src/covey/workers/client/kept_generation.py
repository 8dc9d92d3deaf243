"""A generation that is kept: it runs in a task of its own, and any number of readers follow it from any event on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable

import structlog

from covey.domain.generation_log import GenerationLog
from covey.errors import CoveyError
from covey.protocol.ids import ConversationId, GenerationId, MessageId, UserId
from covey.protocol.inference import Failed, Finished, GenerationEvent, GenerationInfo, Usage
from covey.workers.client.progress import Progress

log = structlog.get_logger(__name__)
PORTION = 256


class KeptGeneration:
    """``tied``: it is cancelled when its last reader leaves; otherwise it goes on without any."""

    def __init__(
        self,
        generation_id: GenerationId,
        owner: UserId,
        progress: Progress,
        *,
        max_bytes: int,
        tied: bool = False,
        conversation_id: ConversationId | None = None,
        answer_id: MessageId | None = None,
    ) -> None:
        self.id = generation_id
        self.owner = owner
        self.progress = progress
        self.log = GenerationLog(max_bytes)
        self.error: CoveyError | None = None
        """Why it failed before its first event."""
        self._conversation_id = conversation_id
        self._answer_id = answer_id
        self._tied = tied
        self._readers = 0
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._entered = False
        self._cancel_asked = False

    @property
    def running(self) -> bool:
        return not self.log.ended

    def start(
        self,
        events: AsyncGenerator[GenerationEvent, None],
        ended: Callable[[KeptGeneration], Awaitable[None]],
    ) -> None:
        """Run ``events`` to their end; ``ended`` is awaited after the last event."""
        self._task = asyncio.create_task(self._run(events, ended), name=self.id)  # ended by cancel, awaited in join

    def cancel(self) -> None:
        """Stop it at once; its readers get ``Finished`` with the reason ``cancelled``. Does nothing after its end."""
        if self._task is not None and self.running:
            self._cancel_asked = True
            if self._entered:  # a task that is cancelled before its first step would never say that it ended
                self._task.cancel()

    async def join(self) -> None:
        """Return when it has ended and everything that follows its end is done."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def follow(self, after: int) -> AsyncGenerator[GenerationEvent, None]:
        """Events from number ``after`` + 1 on, to the last one. Raises as :meth:`GenerationLog.after` does."""
        self._readers += 1
        try:
            position = after
            while True:
                events = self.log.after(position, PORTION)
                for event in events:
                    position += 1
                    yield event
                if events:
                    continue
                if self.log.ended:
                    return
                await self._wake.wait()
        finally:
            self._readers -= 1
            if self._tied and self._readers == 0:
                self.cancel()

    def info(self) -> GenerationInfo:
        progress = self.progress
        state = "running" if self.running else progress.outcome
        return GenerationInfo(
            id=self.id,
            model=progress.model,
            state=state if state in ("running", "finished", "failed") else "cancelled",  # type: ignore[arg-type]
            events=self.log.length,
            time_line=progress.time_line(),
            conversation_id=self._conversation_id,
            node=progress.node,
            usage=progress.usage,
            answer_id=self._answer_id,
        )

    async def _run(
        self,
        events: AsyncGenerator[GenerationEvent, None],
        ended: Callable[[KeptGeneration], Awaitable[None]],
    ) -> None:
        self._entered = True
        try:
            if self._cancel_asked:
                raise asyncio.CancelledError
            async for event in events:
                self._append(event)
        except asyncio.CancelledError:
            await events.aclose()
            self._finish(Finished(reason="cancelled", usage=self._passed()))
        except CoveyError as error:
            self.error = error
            self._finish(
                Failed(code=error.code, detail=error.detail, retry_after_s=error.retry_after_s, usage=self._passed())
            )
        except Exception:  # reported here; readers are told that it failed, and no more
            log.exception("generation_failed", generation_id=self.id)
            self.error = CoveyError()
            self._finish(Failed(code=CoveyError.code, detail=self.error.detail, usage=self._passed()))
        await ended(self)

    def _passed(self) -> Usage:
        return Usage(completion_tokens=self.progress.tokens, estimated=True)

    def _finish(self, event: GenerationEvent) -> None:
        self.progress.note(event)
        if not self.log.ended:
            self._append(event)

    def _append(self, event: GenerationEvent) -> None:
        self.log.append(event)
        # Wakes whoever waits now; those who come later look at the log first.
        self._wake.set()
        self._wake.clear()
