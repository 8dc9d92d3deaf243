"""Conversations as they are kept: one record each, and one for each message. Keys begin with the owner's id."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import msgspec

from covey.domain.conversation_tree import in_order, title_of
from covey.errors import InvalidRequest, NotFound, PayloadTooLarge, QuotaExceeded, RevisionConflict
from covey.protocol.conversations import (
    Conversation,
    ConversationInfo,
    Preferences,
    RunningGeneration,
    StoredMessage,
)
from covey.protocol.endpoint import Message
from covey.protocol.ids import ConversationId, MessageId, UserId
from covey.protocol.subjects import token
from covey.store.key_value import Entry, KeyValue, Write
from covey.store.keys import LARGEST_BATCH
from covey.workers.client.config import ClientConfig

ATTEMPTS = 8
DECODED_AT_ONCE = 500
"""Messages; then others have a turn."""


class ConversationRecord(Message, frozen=True, kw_only=True):
    """A conversation without its messages."""

    info: ConversationInfo
    settings: dict[str, Any] = {}
    running: tuple[RunningGeneration, ...] = ()
    """Begun and not ended, as far as their workers could say: one that was killed leaves its own behind."""
    attachments_bytes: int = 0


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """The next state of a conversation."""

    record: ConversationRecord
    added: Sequence[StoredMessage] = ()
    replaced: Sequence[StoredMessage] = ()
    removed: Sequence[MessageId] = ()
    """At most 90 of those that go."""
    removed_before: int = 0
    """How many have gone already."""


_encode = msgspec.msgpack.Encoder().encode
_record = msgspec.msgpack.Decoder(ConversationRecord).decode
_message = msgspec.msgpack.Decoder(StoredMessage).decode
_preferences = msgspec.msgpack.Decoder(Preferences).decode
Change = Callable[[ConversationRecord], Changed]
"""From the present record to the next one and the messages that come with it."""


class ConversationStore:
    """Every method is about one user's own records; anything else does not exist for it (NotFound)."""

    def __init__(self, bucket: KeyValue, config: ClientConfig) -> None:
        self._bucket = bucket
        self._config = config

    async def create(self, user_id: UserId, conversation: Conversation, *, attachments_bytes: int = 0) -> None:
        """Store a new one. Its messages come first: what can be seen is whole."""
        self.check_count(len(conversation.messages))
        writes = [self._message_write(user_id, conversation.info.id, message) for message in conversation.messages]
        for begin in range(0, len(writes), LARGEST_BATCH):
            await self._bucket.batch(writes[begin : begin + LARGEST_BATCH])
        record = ConversationRecord(
            info=conversation.info, settings=conversation.settings, attachments_bytes=attachments_bytes
        )
        await self._bucket.create(_key(user_id, conversation.info.id), _encode(record))

    async def get(self, user_id: UserId, conversation_id: ConversationId) -> Conversation:
        record = _record((await self._entry(user_id, conversation_id)).value)
        messages = await self.messages(user_id, conversation_id)
        return Conversation(
            info=record.info, messages=tuple(messages), settings=record.settings, generations=record.running
        )

    async def messages(self, user_id: UserId, conversation_id: ConversationId) -> list[StoredMessage]:
        """Oldest first, none before its parent."""
        entries = await self._bucket.range(_messages_prefix(user_id, conversation_id))
        return in_order([_message(entry.value) for entry in entries])

    async def all_infos(self, user_id: UserId) -> list[ConversationInfo]:
        return [_record(entry.value).info for entry in await self._bucket.range(f"conversation.{user_id}")]

    async def all_messages(self, user_id: UserId) -> AsyncIterator[tuple[ConversationId, StoredMessage]]:
        for number, entry in enumerate(await self._bucket.range(f"message.{user_id}")):
            if number % DECODED_AT_ONCE == DECODED_AT_ONCE - 1:
                await asyncio.sleep(0)
            yield ConversationId(entry.key.split(".")[2]), _message(entry.value)

    async def revision(self, user_id: UserId) -> int:
        """Of the user's conversations without their messages: it grows with every change, deletions included."""
        return await self._bucket.revision(f"conversation.{user_id}")

    async def messages_revision(self, user_id: UserId) -> int:
        return await self._bucket.revision(f"message.{user_id}")

    async def record(self, user_id: UserId, conversation_id: ConversationId) -> ConversationRecord:
        """Raises NotFound."""
        return _record((await self._entry(user_id, conversation_id)).value)

    async def change(self, user_id: UserId, conversation_id: ConversationId, change: Change) -> ConversationRecord:
        """Apply ``change`` to the newest record, with its messages, all or nothing; again when another one was faster.

        What ``change`` raises is raised.
        """
        for _ in range(ATTEMPTS):
            entry = await self._entry(user_id, conversation_id)
            before = _record(entry.value)
            changed = change(before)
            after = msgspec.structs.replace(
                changed.record,
                info=msgspec.structs.replace(
                    changed.record.info,
                    revision=before.info.revision + 1,
                    message_count=max(
                        0,
                        before.info.message_count + len(changed.added) - len(changed.removed) - changed.removed_before,
                    ),
                ),
            )
            self.check_count(after.info.message_count)
            writes = [self._message_write(user_id, conversation_id, message) for message in changed.added]
            writes += [
                msgspec.structs.replace(self._message_write(user_id, conversation_id, message), expected_revision=None)
                for message in changed.replaced
            ]
            writes += [
                Write(f"{_messages_prefix(user_id, conversation_id)}.{token(message_id)}", None)
                for message_id in changed.removed
            ]
            try:
                await self._bucket.batch([Write(entry.key, _encode(after), expected_revision=entry.revision), *writes])
            except RevisionConflict:
                continue
            return after
        raise RevisionConflict("the conversation is being changed by others all the time")

    async def delete(self, user_id: UserId, conversation_id: ConversationId) -> None:
        entry = await self._entry(user_id, conversation_id)
        messages = await self._bucket.range(_messages_prefix(user_id, conversation_id))
        # The conversation goes first: what is left of a deletion that was interrupted cannot be seen.
        await self._delete_keys([entry.key, *(message.key for message in messages)])

    async def delete_all(self, user_id: UserId) -> list[ConversationId]:
        """Those that were there. Ones that are made meanwhile stay."""
        conversations = await self._bucket.range(f"conversation.{user_id}")
        await self._delete_keys([entry.key for entry in conversations])
        ids = {entry.key.split(".")[2] for entry in conversations}
        for family in ("message", "attachment"):
            entries = await self._bucket.range(f"{family}.{user_id}") if ids else ()
            await self._delete_keys([entry.key for entry in entries if entry.key.split(".")[2] in ids])
        return [ConversationId(each) for each in sorted(ids)]

    async def delete_messages(self, user_id: UserId, conversation_id: ConversationId, ids: Sequence[MessageId]) -> None:
        prefix = _messages_prefix(user_id, conversation_id)
        await self._delete_keys([f"{prefix}.{token(message_id)}" for message_id in ids])

    async def _delete_keys(self, keys: Sequence[str]) -> None:
        for begin in range(0, len(keys), LARGEST_BATCH):
            await self._bucket.batch([Write(key, None) for key in keys[begin : begin + LARGEST_BATCH]])

    async def has_message(self, user_id: UserId, conversation_id: ConversationId, message_id: MessageId) -> bool:
        try:
            key = f"{_messages_prefix(user_id, conversation_id)}.{token(message_id)}"
        except InvalidRequest:  # an id that cannot be one does not exist
            return False
        return await self._bucket.get(key) is not None

    async def preferences(self, user_id: UserId) -> Preferences:
        entry = await self._bucket.get(f"preferences.{user_id}")
        return Preferences() if entry is None else _preferences(entry.value)

    async def set_preferences(self, user_id: UserId, preferences: Preferences) -> None:
        check_json(preferences.values, self._config.max_preferences_bytes, "values")
        await self._bucket.put(f"preferences.{user_id}", _encode(preferences))

    async def _entry(self, user_id: UserId, conversation_id: ConversationId) -> Entry:
        entry = await self._bucket.get(_key(user_id, conversation_id))
        if entry is None:
            raise _not_found()
        return entry

    def _message_write(self, user_id: UserId, conversation_id: ConversationId, message: StoredMessage) -> Write:
        value = _encode(message)
        if len(value) > self._config.max_message_bytes:
            raise PayloadTooLarge(
                f"a stored message has at most {self._config.max_message_bytes} bytes", param="message"
            )
        return Write(f"{_messages_prefix(user_id, conversation_id)}.{token(message.id)}", value, expected_revision=0)

    def check_count(self, count: int) -> None:
        if count > self._config.max_messages:
            raise QuotaExceeded(f"a conversation has at most {self._config.max_messages} messages")


def with_message(record: ConversationRecord, message: StoredMessage, now: float) -> ConversationRecord:
    """The record once the message is there: it is shown, and the first question gives a title."""
    info = record.info
    title = info.title
    if not title and message.message.role == "user":
        title = title_of(message.message)
    model = info.model if message.model is None else message.model
    info = msgspec.structs.replace(info, title=title, model=model, updated_at=now, active_leaf=message.id)
    return msgspec.structs.replace(record, info=info)


def check_json(value: dict[str, Any], max_bytes: int, param: str) -> None:
    """Raises PayloadTooLarge, or InvalidRequest for what is no JSON."""
    try:
        size_bytes = len(msgspec.json.encode(value))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRequest(f"{param} cannot be written as JSON", param=param) from error
    if size_bytes > max_bytes:
        raise PayloadTooLarge(f"{param} has at most {max_bytes} bytes", param=param)


def _key(user_id: UserId, conversation_id: ConversationId) -> str:
    try:
        return f"conversation.{user_id}.{token(conversation_id)}"
    except InvalidRequest as error:  # an id that cannot be one does not exist
        raise _not_found() from error


def _messages_prefix(user_id: UserId, conversation_id: ConversationId) -> str:
    return f"message.{user_id}.{conversation_id}"


def _not_found() -> NotFound:
    return NotFound("there is no such conversation", param="conversation_id")
