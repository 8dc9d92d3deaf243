"""What people can do with their conversations and preferences."""

from __future__ import annotations

import math
import re

import msgspec

from covey.domain.conversation_tree import branch_of, check_tree, title_of
from covey.domain.turn_places import path_to
from covey.errors import Conflict, CoveyError, InvalidRequest, NotFound, QuotaExceeded, RevisionConflict
from covey.protocol.auth import Identity
from covey.protocol.conversations import (
    AppendMessage,
    ChangeKind,
    Conversation,
    ConversationChanged,
    ConversationInfo,
    ConversationRef,
    CreateConversation,
    DeleteConversations,
    DeletedConversations,
    ForkConversation,
    MessageRef,
    Preferences,
    SetPreferences,
    StoredMessage,
    UpdateConversation,
)
from covey.protocol.endpoint import Empty
from covey.protocol.ids import ConversationId, MessageId
from covey.runtime.clock import Clock
from covey.runtime.identifiers import mint
from covey.workers.client.changes import Changes
from covey.workers.client.config import ClientConfig
from covey.workers.client.conversation_attachments import ConversationAttachments
from covey.workers.client.conversation_index import ConversationIndex
from covey.workers.client.conversation_store import (
    Changed,
    ConversationRecord,
    ConversationStore,
    check_json,
    with_message,
)

LONGEST_TITLE = 200
REMOVED_AT_ONCE = 90
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")


class Conversations:
    """The caller sees its own and nothing else."""

    def __init__(
        self,
        store: ConversationStore,
        attachments: ConversationAttachments,
        index: ConversationIndex,
        changes: Changes,
        config: ClientConfig,
        clock: Clock,
    ) -> None:
        self._store = store
        self._attachments = attachments
        self._index = index
        self._changes = changes
        self._config = config
        self._clock = clock

    # Whole conversations

    async def create(self, request: CreateConversation, identity: Identity) -> Conversation:
        _check_texts(request.title, request.folder)
        check_json(request.settings, self._config.max_settings_bytes, "settings")
        messages = _imported(request.messages)
        plain, images = await self._attachments.split([each.message for each in messages])
        messages = tuple(
            msgspec.structs.replace(each, message=message) for each, message in zip(messages, plain, strict=True)
        )
        title = request.title
        if not title:
            title = next((title_of(each.message) for each in messages if each.message.role == "user"), "")
        now = self._clock.now()
        newest = max((each.created_at for each in messages), default=0.0)
        created_at = now if request.created_at is None else _time(request.created_at)
        conversation = Conversation(
            info=ConversationInfo(
                id=ConversationId(mint("conv")),
                title=title,
                folder=request.folder,
                pinned=request.pinned,
                model=request.model,
                created_at=created_at,
                updated_at=now if request.created_at is None else max(created_at, newest),
                message_count=len(messages),
                revision=1,
                active_leaf=_leaf(request, messages),
            ),
            messages=messages,
            settings=request.settings,
        )
        await self._check_room(identity)
        self._store.check_count(len(messages))
        size_bytes = await self._attachments.keep_new(identity.user_id, conversation.info.id, images)
        try:
            await self._attachments.check_named(identity.user_id, conversation.info.id, plain)
            await self._store.create(identity.user_id, conversation, attachments_bytes=size_bytes)
        except CoveyError:
            if images:
                await self._attachments.delete_all(identity.user_id, conversation.info.id)
            raise
        await self._tell(identity, conversation.info, "created")
        return conversation

    async def get(self, request: ConversationRef, identity: Identity) -> Conversation:
        conversation = await self._store.get(identity.user_id, request.conversation_id)
        return msgspec.structs.replace(conversation, generations=self._changes.alive(conversation.generations))

    async def check(self, identity: Identity, conversation_id: ConversationId) -> None:
        """Raises NotFound when there is no such conversation of the caller's."""
        await self._store.record(identity.user_id, conversation_id)

    async def update(self, request: UpdateConversation, identity: Identity) -> ConversationInfo:
        """Raises RevisionConflict when ``revision`` is given and no longer the newest."""
        _check_texts(request.title, request.folder)
        if request.settings is not None:
            check_json(request.settings, self._config.max_settings_bytes, "settings")
        await self._check_leaf(request, identity)

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
        await self._tell(identity, info, "updated")
        return info

    async def delete(self, request: ConversationRef, identity: Identity) -> Empty:
        await self._store.delete(identity.user_id, request.conversation_id)
        await self._attachments.delete_all(identity.user_id, request.conversation_id)
        change = ConversationChanged(conversation_id=request.conversation_id, kind="deleted")
        await self._changes.tell(identity.user_id, change)
        return Empty()

    async def delete_all(self, request: DeleteConversations, identity: Identity) -> DeletedConversations:
        deleted = await self._store.delete_all(identity.user_id)
        change = ConversationChanged(conversation_id=ConversationId(""), kind="all_deleted")
        await self._changes.tell(identity.user_id, change)
        return DeletedConversations(deleted=len(deleted))

    async def fork(self, request: ForkConversation, identity: Identity) -> Conversation:
        """Raises NotFound for a message that is not there."""
        _check_texts(request.title, None)
        source = await self._store.get(identity.user_id, request.conversation_id)
        path = path_to(source.messages, request.message_id)
        if not path:
            raise NotFound("there is no such message in the conversation", param="message_id")
        await self._check_room(identity)
        new_ids = {message.id: MessageId(mint("msg")) for message in path}
        messages = _renamed(path, new_ids)
        now = self._clock.now()
        conversation = Conversation(
            info=ConversationInfo(
                id=ConversationId(mint("conv")),
                title=source.info.title if request.title is None else request.title,
                folder=source.info.folder,
                model=source.info.model,
                created_at=now,
                updated_at=now,
                message_count=len(messages),
                revision=1,
                active_leaf=messages[-1].id,
            ),
            messages=messages,
            settings=source.settings,
        )
        size_bytes = await self._attachments.copy(identity.user_id, source.info.id, conversation.info.id, path)
        await self._store.create(identity.user_id, conversation, attachments_bytes=size_bytes)
        await self._tell(identity, conversation.info, "created")
        return conversation

    # Single messages

    async def append(self, request: AppendMessage, identity: Identity) -> StoredMessage:
        """Without a parent it goes below the newest message."""
        known = await self._store.messages(identity.user_id, request.conversation_id)
        parent_id = request.parent_id
        if parent_id is not None and all(message.id != parent_id for message in known):
            raise NotFound("there is no such message", param="parent_id")
        if parent_id is None and known:
            parent_id = known[-1].id
        (plain,), images = await self._attachments.split([request.message])
        await self._attachments.keep(identity.user_id, request.conversation_id, images)
        await self._attachments.check_named(identity.user_id, request.conversation_id, [plain])
        now = self._clock.now()
        message = StoredMessage(id=MessageId(mint("msg")), parent_id=parent_id, message=plain, created_at=now)

        def change(record: ConversationRecord) -> Changed:
            return Changed(record=with_message(record, message, now), added=(message,))

        info = (await self._store.change(identity.user_id, request.conversation_id, change)).info
        await self._tell(identity, info, "message", message.id)
        return message

    async def delete_branch(self, request: MessageRef, identity: Identity) -> ConversationInfo:
        """Raises NotFound for a message that is not there, Conflict while an answer is written below it."""
        user_id, conversation_id = identity.user_id, request.conversation_id
        known = await self._store.messages(user_id, conversation_id)
        branch = branch_of(known, request.message_id)
        if not branch:
            await self.check(identity, conversation_id)
            raise NotFound("there is no such message in the conversation", param="message_id")
        ids = [message.id for message in branch]
        self._check_idle(await self._store.record(user_id, conversation_id), set(ids))
        # From below: what an interruption leaves is a whole tree.
        await self._store.delete_messages(user_id, conversation_id, ids[REMOVED_AT_ONCE:][::-1])
        last = ids[:REMOVED_AT_ONCE]

        def change(record: ConversationRecord) -> Changed:
            self._check_idle(record, set(ids))
            leaf = record.info.active_leaf
            info = msgspec.structs.replace(
                record.info,
                active_leaf=branch[0].parent_id if leaf in ids else leaf,
                updated_at=self._clock.now(),
            )
            return Changed(
                record=msgspec.structs.replace(record, info=info), removed=last, removed_before=len(ids) - len(last)
            )

        info = (await self._store.change(user_id, conversation_id, change)).info
        gone = set(ids)
        left = [message for message in known if message.id not in gone]
        await self._attachments.delete_unused(user_id, conversation_id, branch, left)
        await self._tell(identity, info, "branch_deleted", request.message_id)
        return info

    # Preferences

    async def preferences(self, identity: Identity) -> Preferences:
        return await self._store.preferences(identity.user_id)

    async def set_preferences(self, request: SetPreferences, identity: Identity) -> Preferences:
        preferences = Preferences(values=request.values)
        await self._store.set_preferences(identity.user_id, preferences)
        return preferences

    async def _check_room(self, identity: Identity) -> None:
        if len(await self._index.infos(identity.user_id)) >= self._config.max_conversations:
            raise QuotaExceeded("there are too many conversations; delete some")

    async def _check_leaf(self, request: UpdateConversation, identity: Identity) -> None:
        leaf = request.active_leaf
        if leaf is not None and not await self._store.has_message(identity.user_id, request.conversation_id, leaf):
            await self.check(identity, request.conversation_id)
            raise NotFound("there is no such message in the conversation", param="active_leaf")

    def _check_idle(self, record: ConversationRecord, ids: set[MessageId]) -> None:
        for each in self._changes.alive(record.running):
            if each.answer_id in ids or each.question_id in ids:
                raise Conflict("an answer is being written there; stop it first", param="message_id")

    async def _tell(
        self, identity: Identity, info: ConversationInfo, kind: ChangeKind, message_id: MessageId | None = None
    ) -> None:
        change = ConversationChanged(conversation_id=info.id, kind=kind, revision=info.revision, message_id=message_id)
        await self._changes.tell(identity.user_id, change)


def _check_texts(title: str | None, folder: str | None) -> None:
    for name, text in (("title", title), ("folder", folder)):
        if text is not None and len(text) > LONGEST_TITLE:
            raise InvalidRequest(f"a {name} has at most {LONGEST_TITLE} characters", param=name)


def _time(value: float, param: str = "created_at") -> float:
    if not (math.isfinite(value) and 0 <= value < 1e11):
        raise InvalidRequest("created_at is in Unix seconds", param=param)
    return value


def _leaf(request: CreateConversation, messages: tuple[StoredMessage, ...]) -> MessageId | None:
    if request.active_leaf is None:
        return messages[-1].id if messages else None
    for given, kept in zip(request.messages, messages, strict=True):
        if given.id == request.active_leaf:
            return kept.id
    raise InvalidRequest("active_leaf names none of the messages", param="active_leaf")


def _imported(messages: tuple[StoredMessage, ...]) -> tuple[StoredMessage, ...]:
    """An import's messages. An id that is malformed or taken is replaced; ``parent_id`` means the last message of that
    id before. Raises InvalidRequest when a parent does not come first."""
    check_tree(messages)
    taken: set[MessageId] = set()
    new_ids: dict[MessageId, MessageId] = {}
    found: list[StoredMessage] = []
    for message in messages:
        _time(message.created_at, "messages")
        parent_id = None if message.parent_id is None else new_ids[message.parent_id]
        new_id = message.id if _ID.match(message.id) and message.id not in taken else MessageId(mint("msg"))
        taken.add(new_id)
        new_ids[message.id] = new_id
        found.append(msgspec.structs.replace(message, id=new_id, parent_id=parent_id))
    return tuple(found)


def _renamed(messages: tuple[StoredMessage, ...], new_ids: dict[MessageId, MessageId]) -> tuple[StoredMessage, ...]:
    """Copies of a path; the generations that made them belong to the original."""
    return tuple(
        msgspec.structs.replace(
            message,
            id=new_ids[message.id],
            parent_id=None if message.parent_id is None else new_ids.get(message.parent_id),
            generation_id=None,
        )
        for message in messages
    )
