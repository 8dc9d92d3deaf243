"""One question and its answer in a conversation, stored around the generation that makes the answer."""

from __future__ import annotations

import asyncio
from collections import deque

import msgspec
import structlog

from covey.domain.answer import AnswerBuilder
from covey.domain.conversation_tree import place_of
from covey.errors import CoveyError, NotFound, StoreUnavailable
from covey.protocol.auth import Identity
from covey.protocol.conversations import StoredMessage
from covey.protocol.ids import ConversationId, GenerationId, MessageId
from covey.protocol.inference import ChatMessage, Generate
from covey.runtime.clock import Clock
from covey.runtime.identifiers import mint
from covey.workers.client.conversations import Conversations
from covey.workers.client.metrics import ClientMetrics
from covey.workers.client.progress import Progress

log = structlog.get_logger(__name__)
MOST_LATE = 1000


class Turn:
    """``write`` stores what is not stored yet, and may be repeated after any failure: ids are made once."""

    def __init__(
        self, conversations: Conversations, identity: Identity, conversation_id: ConversationId, generate: Generate
    ) -> None:
        self._conversations = conversations
        self._identity = identity
        self._conversation_id = conversation_id
        self._asked = generate.messages or (ChatMessage(role="user", content=generate.prompt or ""),)
        self._question_id = MessageId(mint("msg"))
        self._answer_id = MessageId(mint("msg"))
        self._parent_of_answer: MessageId | None = None
        self._question_stored = False
        self._answer: StoredMessage | None = None
        self.builder = AnswerBuilder()

    async def write(self, now: float) -> None:
        """Raises NotFound when there is no such conversation of the caller's."""
        known = await self._conversations.messages(self._identity, self._conversation_id)
        ids = {message.id for message in known}
        if not self._question_stored:
            if self._question_id not in ids:
                await self._write_question(known, now)
            else:
                self._parent_of_answer = self._question_id
            self._question_stored = True
        if self._answer is not None and self._answer.id not in ids:
            await self._add(self._answer)

    def answer(self, progress: Progress, generation_id: GenerationId | None, now: float) -> bool:
        """Make the answer out of what has come. False when there is nothing worth keeping."""
        builder = self.builder
        if builder.empty and builder.finish_reason not in ("stop", "length", "tool_calls", "content_filter"):
            return False
        self._answer = StoredMessage(
            id=self._answer_id,
            parent_id=self._parent_of_answer,
            message=builder.message(),
            created_at=now,
            model=progress.model,
            generation_id=generation_id,
            usage=builder.usage,
            time_line=progress.time_line(),
            finish_reason=builder.finish_reason or "cancelled",
        )
        return True

    async def _write_question(self, known: list[StoredMessage], now: float) -> None:
        place = place_of(known, self._asked)
        if place.existing_id is not None:
            self._parent_of_answer = place.existing_id
            return
        question = StoredMessage(
            id=self._question_id, parent_id=place.parent_id, message=self._asked[-1], created_at=now
        )
        await self._conversations.add(self._identity, self._conversation_id, question)
        self._parent_of_answer = question.id

    async def _add(self, answer: StoredMessage) -> None:
        if answer.parent_id is None and self._parent_of_answer is not None:
            answer = msgspec.structs.replace(answer, parent_id=self._parent_of_answer)
        await self._conversations.add(self._identity, self._conversation_id, answer)


class Turns:
    """Writes turns: at once when the store answers in time, later otherwise. Generations never wait longer."""

    def __init__(self, conversations: Conversations, clock: Clock, metrics: ClientMetrics, *, timeout_s: float) -> None:
        self._conversations = conversations
        self._clock = clock
        self._metrics = metrics
        self._timeout_s = timeout_s
        self._late: deque[Turn] = deque()
        self._turn = asyncio.Lock()

    async def begin(self, identity: Identity, conversation_id: ConversationId, generate: Generate) -> Turn:
        """The turn with its question stored. Raises NotFound, QuotaExceeded, PayloadTooLarge; a store that is away
        only puts it off."""
        turn = Turn(self._conversations, identity, conversation_id, generate)
        try:
            async with asyncio.timeout(self._timeout_s):
                await turn.write(self._clock.now())
        except (StoreUnavailable, TimeoutError):
            log.warning("question_not_stored_yet")
        return turn

    async def end(self, turn: Turn, progress: Progress, generation_id: GenerationId | None = None) -> None:
        """Store the answer, whole or in part. Raises nothing."""
        if not turn.answer(progress, generation_id, self._clock.now()):
            return
        try:
            async with asyncio.timeout(self._timeout_s):
                await turn.write(self._clock.now())
            self._metrics.message("written")
        except asyncio.CancelledError:
            self._put_off(turn)
            raise
        except (StoreUnavailable, TimeoutError):
            self._put_off(turn)
        except CoveyError as error:
            self._lost(error)

    def end_later(self, turn: Turn, progress: Progress, generation_id: GenerationId | None = None) -> None:
        """The same for those who cannot wait."""
        if turn.answer(progress, generation_id, self._clock.now()):
            self._put_off(turn)

    async def flush(self) -> None:
        """Write what was put off, oldest first; what still cannot be written stays."""
        async with self._turn:
            while self._late:
                turn = self._late[0]
                try:
                    async with asyncio.timeout(self._timeout_s):
                        await turn.write(self._clock.now())
                    self._metrics.message("late")
                except (StoreUnavailable, TimeoutError):
                    return
                except CoveyError as error:
                    self._lost(error)
                self._late.popleft()

    @property
    def waiting(self) -> int:
        return len(self._late)

    def _put_off(self, turn: Turn) -> None:
        if len(self._late) >= MOST_LATE:
            self._lost(StoreUnavailable())
            return
        self._late.append(turn)

    def _lost(self, error: CoveyError) -> None:
        """For example because the conversation was deleted while the answer was made."""
        self._metrics.message("lost")
        if not isinstance(error, NotFound):
            log.warning("answer_not_stored", code=error.code)
