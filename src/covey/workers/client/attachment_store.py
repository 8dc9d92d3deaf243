"""Pictures of conversations as they are kept: in pieces that fit the store, below a record that says what they are."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from covey.domain.attachments import AttachedImage, data_url
from covey.errors import InvalidRequest, NotFound, PayloadTooLarge
from covey.protocol.conversations import Attachment, AttachmentInfo
from covey.protocol.endpoint import Message
from covey.protocol.ids import AttachmentId, ConversationId, UserId
from covey.protocol.subjects import token
from covey.store.key_value import KeyValue, Write
from covey.store.keys import LARGEST_BATCH
from covey.workers.client.config import ClientConfig

PIECE_BYTES = 900_000


class _Record(Message, frozen=True, kw_only=True):
    media_type: str
    size_bytes: int


_encode = msgspec.msgpack.Encoder().encode
_record = msgspec.msgpack.Decoder(_Record).decode


class AttachmentStore:
    """Ids follow from content: to store a picture again changes nothing, and a repeated write does no harm."""

    def __init__(self, bucket: KeyValue, config: ClientConfig) -> None:
        self._bucket = bucket
        self._config = config

    async def put(self, user_id: UserId, conversation_id: ConversationId, image: AttachedImage) -> int:
        """Its size in bytes when it is new, 0 when it was there. Raises PayloadTooLarge."""
        self.check_size(image)
        key = _key(user_id, conversation_id, image.id)
        if await self.has(user_id, conversation_id, image.id):
            return 0
        for number, begin in enumerate(range(0, len(image.data), PIECE_BYTES)):
            await self._bucket.put(f"{key}.{number:04}", image.data[begin : begin + PIECE_BYTES])
        # The record comes last: what can be seen is whole.
        await self._bucket.put(key, _encode(_Record(media_type=image.media_type, size_bytes=len(image.data))))
        return len(image.data)

    async def has(self, user_id: UserId, conversation_id: ConversationId, attachment_id: AttachmentId) -> bool:
        return await self._bucket.get(_key(user_id, conversation_id, attachment_id)) is not None

    def check_size(self, image: AttachedImage) -> None:
        if len(image.data) > self._config.max_attachment_bytes:
            raise PayloadTooLarge(
                f"an image that is kept with a conversation has at most {self._config.max_attachment_bytes} bytes",
                param="image_url",
            )

    async def get(self, user_id: UserId, conversation_id: ConversationId, attachment_id: AttachmentId) -> AttachedImage:
        """Raises NotFound."""
        key = _key(user_id, conversation_id, attachment_id)
        entries = await self._bucket.range(key)
        if not entries or entries[0].key != key:
            raise _not_found()
        record = _record(entries[0].value)
        data = b"".join(entry.value for entry in entries[1:])
        return AttachedImage(id=attachment_id, media_type=record.media_type, data=data)

    async def whole(self, user_id: UserId, conversation_id: ConversationId, attachment_id: AttachmentId) -> Attachment:
        """Raises NotFound."""
        image = await self.get(user_id, conversation_id, attachment_id)
        info = AttachmentInfo(id=image.id, media_type=image.media_type, size_bytes=len(image.data))
        return Attachment(info=info, url=data_url(image))

    async def delete(self, user_id: UserId, conversation_id: ConversationId, ids: Collection[AttachmentId]) -> int:
        """How many bytes that were."""
        size_bytes = 0
        for attachment_id in ids:
            entries = await self._bucket.range(_key(user_id, conversation_id, attachment_id))
            size_bytes += sum(len(entry.value) for entry in entries[1:])
            await self._delete_keys([entry.key for entry in entries])
        return size_bytes

    async def delete_all(self, user_id: UserId, conversation_id: ConversationId) -> None:
        entries = await self._bucket.range(f"attachment.{user_id}.{token(conversation_id)}")
        await self._delete_keys([entry.key for entry in entries])

    async def _delete_keys(self, keys: list[str]) -> None:
        for begin in range(0, len(keys), LARGEST_BATCH):
            await self._bucket.batch([Write(key, None) for key in keys[begin : begin + LARGEST_BATCH]])


def _key(user_id: UserId, conversation_id: ConversationId, attachment_id: AttachmentId) -> str:
    try:
        return f"attachment.{user_id}.{token(conversation_id)}.{token(attachment_id)}"
    except InvalidRequest as error:  # an id that cannot be one does not exist
        raise _not_found() from error


def _not_found() -> NotFound:
    return NotFound("there is no such attachment", param="attachment_id")
