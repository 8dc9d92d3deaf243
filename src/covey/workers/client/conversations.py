"""What people can do with their conversations and preferences."""

from __future__ import annotations

import math
import re

import msgspec

from covey.domain.conversation_tree import check_tree, matches, text_of, title_of
from covey.errors import Conflict, InvalidRequest, NotFound, RevisionConflict
from covey.protocol.auth import Identity
from covey.protocol.conversations import (
    AppendMessage,
    Conversation,
    ConversationChanged,
    ConversationInfo,
    ConversationList,
    ConversationRef,
    CreateConversation,
    ListConversations,
    Preferences,
    RunningGeneration,
    SetPreferences,
    StoredMessage,
    UpdateConversation,
)
from covey.protocol.endpoint import Empty
from covey.protocol.ids import ConversationId, GenerationId, MessageId
from covey.runtime.clock import Clock
from covey.runtime.identifiers import mint
from covey.workers.client.changes import Changes
from covey.workers.client.config import ClientConfig
from covey.workers.client.conversation_store import Changed, ConversationRecord, ConversationStore, check_json

LONGEST_TITLE = 200
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_CURSOR = re.compile(r"([0-9]{1,13}(?:\.[0-9]{1,9})?)~([A-Za-z0-9_-]{1,64})\Z")


class Conversations:
    """The caller sees its own and nothing else."""

    def __init__(self, store: ConversationStore, config: ClientConfig, clock: Clock, changes: Changes) -> None:
        self._store = store
        self._config = config
        self._clock = clock
        self._changes = changes

    async def create(self, request: CreateConversation, identity: Identity) -> Conversation:
        _check_texts(request.title, request.folder)
        check_json(request.settings, self._config.max_settings_bytes, "settings")
        messages = _imported(request.messages)
        now = self._clock.now()
        title = request.title
        if not title:
            title = next((title_of(each.message) for each in messages if each.message.role == "user"), "")
        conversation = Conversation(
            info=ConversationInfo(
                id=ConversationId(mint("conv")),
                title=title,
                folder=request.folder,
                model=request.model,
                created_at=now,
                updated_at=now,
                message_count=len(messages),
                revision=1,
                active_leaf=messages[-1].id if messages else None,
            ),
            messages=messages,
            settings=request.settings,
        )
        await self._store.create(identity.user_id, conversation)
        await self._tell(
            identity, ConversationChanged(conversation_id=conversation.info.id, kind="created", revision=1)
        )
        return conversation

    async def find(self, request: ListConversations, identity: Identity) -> ConversationList:
        if not 1 <= request.limit <= 200:
            raise InvalidRequest("limit is 1 to 200", param="limit")
        infos = await self._store.all_infos(identity.user_id)
        words = (request.search or "").casefold().split()
        if len(words) > 20:
            raise InvalidRequest("at most 20 words are searched for", param="search")
        if words:
            infos = await self._found(infos, words, identity)
        infos.sort(key=_order, reverse=True)
        if request.cursor is not None:
            position = _position(request.cursor)
            infos = [info for info in infos if _order(info) < position]
        page = infos[: request.limit]
        following = f"{page[-1].updated_at:.6f}~{page[-1].id}" if len(infos) > len(page) else None
        return ConversationList(items=tuple(page), next=following)

    async def get(self, request: ConversationRef, identity: Identity) -> Conversation:
        conversation = await self._store.get(identity.user_id, request.conversation_id)
        running = tuple(each for each in conversation.generations if self._changes.is_running(each.generation_id))
        return msgspec.structs.replace(conversation, generations=running)

    async def check(self, identity: Identity, conversation_id: ConversationId) -> None:
        """Raises NotFound when there is no such conversation of the caller's."""
        await self._store.check(identity.user_id, conversation_id)

    async def update(self, request: UpdateConversation, identity: Identity) -> ConversationInfo:
        """Raises RevisionConflict when ``revision`` is given and no longer the newest."""
        _check_texts(request.title, request.folder)
        if request.settings is not None:
            check_json(request.settings, self._config.max_settings_bytes, "settings")

        leaf = request.active_leaf
        if leaf is not None and not await self._store.has_message(identity.user_id, request.conversation_id, leaf):
            await self._store.check(identity.user_id, request.conversation_id)
            raise NotFound("there is no such message in the conversation", param="active_leaf")

        def change(record: ConversationRecord) -> Changed:
            if request.revision is not None and request.revision != record.info.revision:
                raise RevisionConflict("the conversation was changed meanwhile", param="revision")
            given = {
                name: value
                for name in ("title", "folder", "pinned", "model", "active_leaf")
                if (value := getattr(request, name)) is not None
            }
            # Which branch is shown is no news: the conversation keeps its place in the list.
            if given.keys() != {"active_leaf"} or request.settings is not None:
                given["updated_at"] = self._clock.now()
            settings = record.settings if request.settings is None else request.settings
            info = msgspec.structs.replace(record.info, **given)
            return Changed(record=msgspec.structs.replace(record, info=info, settings=settings))

        info = (await self._store.change(identity.user_id, request.conversation_id, change)).info
        await self._tell(identity, ConversationChanged(conversation_id=info.id, kind="updated", revision=info.revision))
        return info

    async def delete(self, request: ConversationRef, identity: Identity) -> Empty:
        await self._store.delete(identity.user_id, request.conversation_id)
        await self._tell(identity, ConversationChanged(conversation_id=request.conversation_id, kind="deleted"))
        return Empty()

    async def append(self, request: AppendMessage, identity: Identity) -> StoredMessage:
        """Without a parent it goes below the newest message."""
        known = await self._store.messages(identity.user_id, request.conversation_id)
        parent_id = request.parent_id
        if parent_id is not None and all(message.id != parent_id for message in known):
            raise NotFound("there is no such message", param="parent_id")
        if parent_id is None and known:
            parent_id = known[-1].id
        message = StoredMessage(
            id=MessageId(mint("msg")), parent_id=parent_id, message=request.message, created_at=self._clock.now()
        )
        await self.add(identity, request.conversation_id, message)
        return message

    async def add(self, identity: Identity, conversation_id: ConversationId, message: StoredMessage) -> None:
        """Store a message; the first question gives a conversation without a title its title."""

        def change(record: ConversationRecord) -> Changed:
            return Changed(record=self._with_message(record, message), added=(message,))

        info = (await self._store.change(identity.user_id, conversation_id, change)).info
        await self._tell_message(identity, info, message.id)

    async def begin_turn(
        self,
        identity: Identity,
        conversation_id: ConversationId,
        question: StoredMessage | None,
        running: RunningGeneration | None,
    ) -> None:
        """Store the question, if it is new, and that its answer is being made. Raises Conflict when the answer that
        is to be continued is being written already."""

        def change(record: ConversationRecord) -> Changed:
            if running is not None:
                others = [each for each in self._alive(record) if each.generation_id != running.generation_id]
                if running.continues and any(each.answer_id == running.answer_id for each in others):
                    raise Conflict("this answer is being continued already", param="continue_id")
                record = msgspec.structs.replace(record, running=(*others, running))
            if question is None:
                return Changed(record=record)
            return Changed(record=self._with_message(record, question), added=(question,))

        if question is None and running is None:
            return
        info = (await self._store.change(identity.user_id, conversation_id, change)).info
        if question is not None:
            await self._tell_message(identity, info, question.id)
        if running is not None:
            await self._tell(
                identity,
                ConversationChanged(
                    conversation_id=conversation_id,
                    kind="generation_started",
                    revision=info.revision,
                    message_id=running.answer_id,
                    generation_id=running.generation_id,
                ),
            )

    async def end_turn(
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
            running = tuple(each for each in self._alive(record) if each.generation_id != generation_id)
            record = msgspec.structs.replace(record, running=running)
            if answer is None:
                return Changed(record=record)
            record = self._with_message(record, answer)
            return Changed(record=record, replaced=(answer,)) if replaces else Changed(record=record, added=(answer,))

        info = (await self._store.change(identity.user_id, conversation_id, change)).info
        if answer is not None:
            await self._tell_message(identity, info, answer.id)
        if generation_id is not None:
            await self._tell(
                identity,
                ConversationChanged(
                    conversation_id=conversation_id,
                    kind="generation_ended",
                    revision=info.revision,
                    message_id=None if answer is None else answer.id,
                    generation_id=generation_id,
                ),
            )

    def _with_message(self, record: ConversationRecord, message: StoredMessage) -> ConversationRecord:
        info = record.info
        title = info.title
        if not title and message.message.role == "user":
            title = title_of(message.message)
        model = info.model if message.model is None else message.model
        info = msgspec.structs.replace(
            info, title=title, model=model, updated_at=self._clock.now(), active_leaf=message.id
        )
        return msgspec.structs.replace(record, info=info)

    def _alive(self, record: ConversationRecord) -> tuple[RunningGeneration, ...]:
        """Those whose workers are there: what a worker that was killed left behind has ended with it."""
        return tuple(each for each in record.running if self._changes.is_running(each.generation_id))

    async def _tell(self, identity: Identity, change: ConversationChanged) -> None:
        await self._changes.tell(identity.user_id, change)

    async def _tell_message(self, identity: Identity, info: ConversationInfo, message_id: MessageId) -> None:
        await self._tell(
            identity,
            ConversationChanged(conversation_id=info.id, kind="message", revision=info.revision, message_id=message_id),
        )

    async def messages(self, identity: Identity, conversation_id: ConversationId) -> list[StoredMessage]:
        """Raises NotFound when there is no such conversation."""
        return list((await self._store.get(identity.user_id, conversation_id)).messages)

    async def preferences(self, identity: Identity) -> Preferences:
        return await self._store.preferences(identity.user_id)

    async def set_preferences(self, request: SetPreferences, identity: Identity) -> Preferences:
        preferences = Preferences(values=request.values)
        await self._store.set_preferences(identity.user_id, preferences)
        return preferences

    async def _found(
        self, infos: list[ConversationInfo], words: list[str], identity: Identity
    ) -> list[ConversationInfo]:
        texts: dict[ConversationId, list[str]] = {info.id: [info.title] for info in infos}
        for conversation_id, message in await self._store.all_messages(identity.user_id):
            if conversation_id in texts:
                texts[conversation_id].append(text_of(message.message))
        return [info for info in infos if matches(words, texts[info.id])]


def _order(info: ConversationInfo) -> tuple[str, str]:
    return f"{info.updated_at:020.6f}", info.id


def _position(cursor: str) -> tuple[str, str]:
    match = _CURSOR.match(cursor)
    if match is None:
        raise InvalidRequest("this is no cursor of the conversations", param="cursor")
    return f"{float(match[1]):020.6f}", match[2]


def _check_texts(title: str | None, folder: str | None) -> None:
    for name, text in (("title", title), ("folder", folder)):
        if text is not None and len(text) > LONGEST_TITLE:
            raise InvalidRequest(f"a {name} has at most {LONGEST_TITLE} characters", param=name)


def _imported(messages: tuple[StoredMessage, ...]) -> tuple[StoredMessage, ...]:
    """An import's messages; ids that cannot be kept are replaced, in the messages' parents too."""
    check_tree(messages)
    new_ids = {message.id: message.id if _ID.match(message.id) else MessageId(mint("msg")) for message in messages}
    for message in messages:
        if not (math.isfinite(message.created_at) and 0 <= message.created_at < 1e11):
            raise InvalidRequest("created_at is in Unix seconds", param="messages")
    return tuple(
        msgspec.structs.replace(
            message,
            id=new_ids[message.id],
            parent_id=None if message.parent_id is None else new_ids[message.parent_id],
        )
        for message in messages
    )
