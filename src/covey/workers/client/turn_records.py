"""What a turn writes into its conversation: the question and that its answer is made, then the answer and its end."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from covey.domain.attachments import AttachedImage
from covey.errors import Conflict
from covey.protocol.auth import Identity
from covey.protocol.conversations import ConversationChanged, ConversationInfo, RunningGeneration, StoredMessage
from covey.protocol.ids import ConversationId, GenerationId, MessageId
from covey.protocol.inference import ChatMessage, Generate
from covey.runtime.clock import Clock
from covey.workers.client.changes import Changes
from covey.workers.client.conversation_attachments import ConversationAttachments
from covey.workers.client.conversation_store import Changed, ConversationRecord, ConversationStore, with_message


class TurnRecords:
    """Each method raises NotFound when there is no such conversation of the caller's."""

    def __init__(
        self, store: ConversationStore, attachments: ConversationAttachments, changes: Changes, clock: Clock
    ) -> None:
        self._store = store
        self._attachments = attachments
        self._changes = changes
        self._clock = clock

    async def messages(self, identity: Identity, conversation_id: ConversationId) -> list[StoredMessage]:
        return list((await self._store.get(identity.user_id, conversation_id)).messages)

    async def split(self, messages: Sequence[ChatMessage]) -> tuple[list[ChatMessage], list[AttachedImage]]:
        """The messages as they are compared and stored, with their pictures named, and the pictures."""
        return await self._attachments.split(messages)

    async def inlined(self, identity: Identity, conversation_id: ConversationId, generate: Generate) -> Generate:
        """What the engine is sent, with the pictures that stored messages name."""
        messages = await self._attachments.inlined(identity.user_id, conversation_id, generate.messages)
        return generate if messages is generate.messages else msgspec.structs.replace(generate, messages=messages)

    async def keep(self, identity: Identity, conversation_id: ConversationId, images: Sequence[AttachedImage]) -> None:
        """Raises PayloadTooLarge or QuotaExceeded."""
        await self._attachments.keep(identity.user_id, conversation_id, images)

    async def begin(
        self,
        identity: Identity,
        conversation_id: ConversationId,
        question: StoredMessage | None,
        running: RunningGeneration | None,
    ) -> None:
        """Store the question, if it is new, and that its answer is being made. Raises Conflict when the answer that
        is to be continued is being continued already."""

        def change(record: ConversationRecord) -> Changed:
            if running is not None:
                alive = self._changes.alive(record.running)
                others = [each for each in alive if each.generation_id != running.generation_id]
                if running.continues and any(each.answer_id == running.answer_id for each in others):
                    raise Conflict("this answer is being continued already", param="continue_id")
                leaf = record.info.active_leaf if running.continues else running.question_id
                info = msgspec.structs.replace(record.info, active_leaf=leaf)
                record = msgspec.structs.replace(record, info=info, running=(*others, running))
            if question is None:
                return Changed(record=record)
            return Changed(record=with_message(record, question, self._clock.now()), added=(question,))

        if question is None and running is None:
            return
        info = (await self._store.change(identity.user_id, conversation_id, change)).info
        if question is not None:
            await self._tell_message(identity, info, question.id)
        if running is not None:
            change_told = ConversationChanged(
                conversation_id=conversation_id,
                kind="generation_started",
                revision=info.revision,
                message_id=running.answer_id,
                generation_id=running.generation_id,
            )
            await self._changes.tell(identity.user_id, change_told)

    async def end(
        self,
        identity: Identity,
        conversation_id: ConversationId,
        answer: StoredMessage | None,
        generation_id: GenerationId | None,
        *,
        replaces: bool = False,
    ) -> None:
        """Store the answer, if there is one, and that its generation is over."""

        def change(record: ConversationRecord) -> Changed:
            alive = self._changes.alive(record.running)
            running = tuple(each for each in alive if each.generation_id != generation_id)
            record = msgspec.structs.replace(record, running=running)
            if answer is None:
                return Changed(record=record)
            leaf = record.info.active_leaf
            record = with_message(record, answer, self._clock.now())
            if replaces or leaf not in (answer.parent_id, None):  # somebody looks at another branch by now
                info = msgspec.structs.replace(record.info, active_leaf=leaf)
                record = msgspec.structs.replace(record, info=info)
            return Changed(record=record, replaced=(answer,)) if replaces else Changed(record=record, added=(answer,))

        info = (await self._store.change(identity.user_id, conversation_id, change)).info
        if answer is not None:
            await self._tell_message(identity, info, answer.id)
        if generation_id is not None:
            change_told = ConversationChanged(
                conversation_id=conversation_id,
                kind="generation_ended",
                revision=info.revision,
                message_id=None if answer is None else answer.id,
                generation_id=generation_id,
            )
            await self._changes.tell(identity.user_id, change_told)

    async def _tell_message(self, identity: Identity, info: ConversationInfo, message_id: MessageId) -> None:
        change = ConversationChanged(
            conversation_id=info.id, kind="message", revision=info.revision, message_id=message_id
        )
        await self._changes.tell(identity.user_id, change)
