"""Pictures on their way between messages and the store."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from covey.domain.attachments import (
    AttachedImage,
    data_url,
    detached,
    image_chars,
    image_of,
    inlined,
    references,
)
from covey.errors import NotFound, QuotaExceeded
from covey.protocol.auth import Identity
from covey.protocol.conversations import AddAttachment, Attachment, AttachmentInfo, AttachmentRef, StoredMessage
from covey.protocol.ids import AttachmentId, ConversationId, UserId
from covey.protocol.inference import ChatMessage
from covey.workers.client.attachment_store import AttachmentStore
from covey.workers.client.config import ClientConfig
from covey.workers.client.conversation_store import Changed, ConversationRecord, ConversationStore

AT_ONCE_CHARS = 65_536
"""What is decoded without giving others a turn."""


class ConversationAttachments:
    """Messages are stored with names instead of pictures."""

    def __init__(self, conversations: ConversationStore, store: AttachmentStore, config: ClientConfig) -> None:
        self._conversations = conversations
        self._store = store
        self._config = config

    async def add(self, request: AddAttachment, identity: Identity) -> AttachmentInfo:
        """Raises NotFound, InvalidRequest for what is no image, PayloadTooLarge, QuotaExceeded."""
        image = await asyncio.to_thread(image_of, request.url)
        await self.keep(identity.user_id, request.conversation_id, (image,))
        return AttachmentInfo(id=image.id, media_type=image.media_type, size_bytes=len(image.data))

    async def get(self, request: AttachmentRef, identity: Identity) -> Attachment:
        await self._conversations.record(identity.user_id, request.conversation_id)
        return await self._store.whole(identity.user_id, request.conversation_id, request.attachment_id)

    async def split(self, messages: Sequence[ChatMessage]) -> tuple[list[ChatMessage], list[AttachedImage]]:
        """The messages with their pictures named, and the pictures. Raises InvalidRequest."""
        if image_chars(messages) <= AT_ONCE_CHARS:
            found = [detached(message) for message in messages]
        else:
            found = await asyncio.to_thread(lambda: [detached(message) for message in messages])
        return [message for message, _ in found], [image for _, images in found for image in images]

    async def keep(self, user_id: UserId, conversation_id: ConversationId, images: Sequence[AttachedImage]) -> None:
        """Store pictures of a conversation that is there. Raises NotFound, PayloadTooLarge, QuotaExceeded."""
        if not images:
            return
        record = await self._conversations.record(user_id, conversation_id)
        new = {image.id: image for image in images if not await self._store.has(user_id, conversation_id, image.id)}
        for image in new.values():
            self._store.check_size(image)
        self._check_sum(record.attachments_bytes + sum(len(image.data) for image in new.values()))
        added = 0
        for image in new.values():
            added += await self._store.put(user_id, conversation_id, image)
        if not added:
            return

        def change(record: ConversationRecord) -> Changed:
            return Changed(record=msgspec.structs.replace(record, attachments_bytes=record.attachments_bytes + added))

        await self._conversations.change(user_id, conversation_id, change)

    async def keep_new(self, user_id: UserId, conversation_id: ConversationId, images: Sequence[AttachedImage]) -> int:
        """The same for a conversation that is about to be made; how many bytes they have."""
        for image in images:
            self._store.check_size(image)
        self._check_sum(sum({image.id: len(image.data) for image in images}.values()))
        return sum([await self._store.put(user_id, conversation_id, image) for image in images])

    async def check_named(
        self, user_id: UserId, conversation_id: ConversationId, messages: Sequence[ChatMessage]
    ) -> None:
        """Raises NotFound when messages name a picture that the conversation does not have."""
        for attachment_id in references(messages):
            if not await self._store.has(user_id, conversation_id, attachment_id):
                raise NotFound("a message names an attachment that the conversation does not have", param="message")

    async def inlined(
        self, user_id: UserId, conversation_id: ConversationId, messages: tuple[ChatMessage, ...]
    ) -> tuple[ChatMessage, ...]:
        """The messages with the pictures that they name, as an engine wants them. Raises NotFound."""
        named = references(messages)
        if not named:
            return messages
        urls: dict[AttachmentId, str] = {}
        for attachment_id in named:
            try:
                image = await self._store.get(user_id, conversation_id, attachment_id)
            except NotFound as error:
                raise NotFound(
                    "a message names an attachment that the conversation does not have", param="generate.messages"
                ) from error
            urls[attachment_id] = await asyncio.to_thread(data_url, image)
        return inlined(messages, urls)

    async def copy(
        self, user_id: UserId, source: ConversationId, target: ConversationId, messages: Sequence[StoredMessage]
    ) -> int:
        """What the messages name, kept with another conversation too; how many bytes."""
        images = [
            await self._store.get(user_id, source, attachment_id)
            for attachment_id in sorted(references([message.message for message in messages]))
        ]
        return await self.keep_new(user_id, target, images)

    async def delete_unused(
        self,
        user_id: UserId,
        conversation_id: ConversationId,
        gone: Sequence[StoredMessage],
        left: Sequence[StoredMessage],
    ) -> None:
        """Delete what messages that are gone named and no other message names."""
        unused = references([each.message for each in gone]) - references([each.message for each in left])
        if not unused:
            return
        size_bytes = await self._store.delete(user_id, conversation_id, unused)

        def change(record: ConversationRecord) -> Changed:
            left_bytes = max(0, record.attachments_bytes - size_bytes)
            return Changed(record=msgspec.structs.replace(record, attachments_bytes=left_bytes))

        await self._conversations.change(user_id, conversation_id, change)

    async def delete_all(self, user_id: UserId, conversation_id: ConversationId) -> None:
        await self._store.delete_all(user_id, conversation_id)

    def _check_sum(self, size_bytes: int) -> None:
        if size_bytes > self._config.max_attachments_bytes:
            raise QuotaExceeded(
                f"the images of a conversation have at most {self._config.max_attachments_bytes} bytes together"
            )
