"""One question and its answer in a conversation, stored around the generation that makes the answer."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

import msgspec
import structlog

from covey.domain.answer import AnswerBuilder
from covey.domain.attachments import AttachedImage, image_chars, references
from covey.domain.turn_places import TurnPlace, find_place, question_of, to_send
from covey.errors import CoveyError, NotFound, StoreUnavailable
from covey.protocol.auth import Identity
from covey.protocol.conversations import RunningGeneration, StoredMessage
from covey.protocol.ids import ConversationId, GenerationId, MessageId, RequestId
from covey.protocol.inference import StartGeneration, Usage
from covey.runtime.clock import Clock
from covey.runtime.identifiers import mint
from covey.workers.client.metrics import ClientMetrics
from covey.workers.client.progress import Progress
from covey.workers.client.turn_records import TurnRecords

log = structlog.get_logger(__name__)
MOST_LATE = 1000
WRITTEN_CHARS_PER_S = 2_000_000
"""Of pictures, at the least."""


class Turn:
    """``write`` stores what is not stored yet, and may be repeated after any failure: ids are made once."""

    def __init__(
        self,
        records: TurnRecords,
        identity: Identity,
        conversation_id: ConversationId,
        request: StartGeneration,
        generation_id: GenerationId | None,
        request_id: RequestId,
    ) -> None:
        self._records = records
        self._identity = identity
        self._conversation_id = conversation_id
        self._request = request
        self._generation_id = generation_id
        self._request_id = request_id
        self._new_question_id = MessageId(mint("msg"))
        self._place: TurnPlace | None = None
        self._plain = request
        """With the pictures named, as it is compared and stored."""
        self._images: Sequence[AttachedImage] = ()
        self._continued: StoredMessage | None = None
        self._begun = False
        self._over = False
        self._answer: StoredMessage | None = None
        self.answer_id = request.continue_id or MessageId(mint("msg"))
        self.question_id: MessageId | None = None
        """None until the place is known."""
        self.generate = request.generate
        """What the engine is asked."""
        self.builder = AnswerBuilder()
        self.written = False
        """Whether the end of the turn is stored."""

    async def write(self, now: float) -> None:
        """Raises NotFound when there is no such conversation of the caller's, or a message that was named; and
        InvalidRequest when that message does not fit."""
        if not self._begun:
            await self._begin(now)
        if self._answer is not None or self._over:
            await self._end()

    @property
    def needs_history(self) -> bool:
        """Whether what is asked cannot be known without the store."""
        request = self._request
        named = request.answer_to is not None or request.continue_id is not None or request.stored_history
        return named or bool(references(request.generate.messages))

    def answer(self, progress: Progress, now: float) -> bool:
        """Make the answer out of what has come. False when there is nothing to write."""
        builder = self.builder
        self.give_up()
        if builder.empty and builder.finish_reason not in ("stop", "length", "tool_calls", "content_filter"):
            return self._over
        continued = self._continued
        self._answer = StoredMessage(
            id=self.answer_id,
            parent_id=self.question_id if continued is None else continued.parent_id,
            message=builder.message(None if continued is None else continued.message),
            created_at=now if continued is None else continued.created_at,
            model=progress.model,
            node=progress.node,
            generation_id=self._generation_id,
            request_id=self._request_id,
            # Of an answer that was stopped the engine tells no counts; what came of it was counted on the way.
            usage=builder.usage or Usage(completion_tokens=progress.tokens, estimated=True),
            time_line=progress.time_line(),
            finish_reason=builder.finish_reason or "cancelled",
            error_code=builder.error_code,
        )
        return True

    def give_up(self) -> bool:
        """There will be no more of the answer. Whether that has to be written."""
        self._over = self._generation_id is not None and self._begun
        return self._over

    async def _begin(self, now: float) -> None:
        known = await self._records.messages(self._identity, self._conversation_id)
        if self._place is None:
            await self._find_place(known)
        assert self._place is not None
        question: StoredMessage | None = None
        if self._place.question_id is not None or self._continued is not None:
            self.question_id = self._place.question_id
        else:
            self.question_id = self._new_question_id
            if all(message.id != self._new_question_id for message in known):
                await self._records.keep(self._identity, self._conversation_id, self._images)
                question = StoredMessage(
                    id=self._new_question_id,
                    parent_id=self._place.question_parent_id,
                    message=question_of(self._plain),
                    created_at=now,
                )
        running: RunningGeneration | None = None
        if self._generation_id is not None and self._answer is None and not self._over:
            running = RunningGeneration(
                generation_id=self._generation_id,
                answer_id=self.answer_id,
                question_id=self.question_id,
                model=self._request.generate.model,
                started_at=now,
                continues=self._continued is not None,
                request_id=self._request_id,
            )
        await self._records.begin(self._identity, self._conversation_id, question, running)
        self._begun = True

    async def _find_place(self, known: Sequence[StoredMessage]) -> None:
        asked = self._request.generate
        plain, _ = await self._records.split(asked.messages)
        _, self._images = await self._records.split(asked.messages[-1:])
        self._plain = msgspec.structs.replace(
            self._request, generate=msgspec.structs.replace(asked, messages=tuple(plain))
        )
        place = find_place(known, self._plain)
        generate = to_send(self._request, place)
        self.generate = await self._records.inlined(self._identity, self._conversation_id, generate)
        self._place, self._continued = place, place.continued

    async def _end(self) -> None:
        answer = self._answer
        if answer is not None and self._continued is None:
            answer = msgspec.structs.replace(answer, parent_id=self.question_id)
            known = {each.id for each in await self._records.messages(self._identity, self._conversation_id)}
            if answer.id in known:  # an earlier try got through after all
                self.written = True
                return
            if self.question_id is not None and self.question_id not in known:
                raise NotFound("the question was deleted", param="conversation_id")
        await self._records.end(
            self._identity,
            self._conversation_id,
            answer,
            self._generation_id,
            replaces=self._continued is not None,
        )
        self.written = True


class Turns:
    """Writes turns: at once when the store answers in time, later otherwise. Generations never wait longer."""

    def __init__(self, records: TurnRecords, clock: Clock, metrics: ClientMetrics, *, timeout_s: float) -> None:
        self._records = records
        self._clock = clock
        self._metrics = metrics
        self._timeout_s = timeout_s
        self._late: deque[Turn] = deque()
        self._turn = asyncio.Lock()

    async def begin(
        self,
        identity: Identity,
        conversation_id: ConversationId,
        request: StartGeneration,
        generation_id: GenerationId | None,
        request_id: RequestId,
    ) -> Turn:
        """The turn with its question stored. Raises NotFound, InvalidRequest, Conflict,
        QuotaExceeded, PayloadTooLarge; a store that is away only puts it off, unless what the engine is asked depends
        on it: StoreUnavailable."""
        turn = Turn(self._records, identity, conversation_id, request, generation_id, request_id)
        patience_s = self._timeout_s + image_chars(request.generate.messages) / WRITTEN_CHARS_PER_S
        try:
            async with asyncio.timeout(patience_s):
                await turn.write(self._clock.now())
        except (StoreUnavailable, TimeoutError) as error:
            if turn.needs_history:
                raise StoreUnavailable("the conversation cannot be read now") from error
            log.warning("question_not_stored_yet")
        return turn

    async def end(self, turn: Turn, progress: Progress) -> None:
        """Store the answer, whole or in part, and that it is over. Raises nothing."""
        if turn.answer(progress, self._clock.now()):
            await self._finish(turn)

    async def settle(self, turn: Turn) -> None:
        """Its generation is over, or did not begin: what is not written yet is written now. Raises nothing."""
        if turn in self._late:
            await self.flush()
        elif not turn.written and turn.give_up():
            await self._finish(turn)

    async def _finish(self, turn: Turn) -> None:
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
            turn.written = True
            self._lost(error)

    def end_later(self, turn: Turn, progress: Progress) -> None:
        """The same for those who cannot wait."""
        if turn.answer(progress, self._clock.now()):
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
