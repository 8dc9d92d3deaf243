"""Pictures of stored messages: kept beside the messages, which only name them, so that messages stay small."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from covey.errors import InvalidRequest, NotFound
from covey.protocol.ids import AttachmentId
from covey.protocol.inference import ChatMessage, ImagePart

SCHEME = "covey-attachment:"
"""What the URL of a picture that is kept begins with; its id follows."""
_DATA_URL = re.compile(r"data:(image/[a-z0-9.+-]{1,40});base64,", re.IGNORECASE)


class AttachedImage(msgspec.Struct, frozen=True, kw_only=True):
    id: AttachmentId
    media_type: str
    data: bytes


def image_of(url: str) -> AttachedImage:
    """The picture in a ``data:`` URL. Its id follows from its content. Raises InvalidRequest."""
    match = _DATA_URL.match(url)
    if match is None:
        raise InvalidRequest("images are taken as data: URLs in base64 only; nothing is fetched", param="image_url")
    try:
        data = base64.b64decode(url[match.end() :], validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidRequest("an image is not valid base64", param="image_url") from error
    media_type = match[1].lower()
    digest = hashlib.sha256(media_type.encode() + b"\0" + data).hexdigest()
    return AttachedImage(id=AttachmentId(f"att_{digest[:40]}"), media_type=media_type, data=data)


def data_url(image: AttachedImage) -> str:
    return f"data:{image.media_type};base64,{base64.b64encode(image.data).decode('ascii')}"


def referred(url: str) -> AttachmentId | None:
    """The id in the URL of a picture that is kept; None for other URLs."""
    return AttachmentId(url[len(SCHEME) :]) if url.startswith(SCHEME) else None


def image_chars(messages: Iterable[ChatMessage]) -> int:
    """Characters of all pictures that came with the messages."""
    return sum(len(part.image_url.url) for part in _images(messages) if referred(part.image_url.url) is None)


def detached(message: ChatMessage) -> tuple[ChatMessage, tuple[AttachedImage, ...]]:
    """The message with its pictures named, and the pictures. Raises InvalidRequest for one that is none."""
    images: dict[str, AttachedImage] = {}
    for part in _images((message,)):
        url = part.image_url.url
        if referred(url) is None:
            images[url] = image_of(url)
    return _replaced(message, {url: SCHEME + image.id for url, image in images.items()}), tuple(images.values())


def references(messages: Iterable[ChatMessage]) -> set[AttachmentId]:
    """The ids of the kept pictures that the messages name."""
    return {found for part in _images(messages) if (found := referred(part.image_url.url)) is not None}


def inlined(messages: Sequence[ChatMessage], urls: Mapping[AttachmentId, str]) -> tuple[ChatMessage, ...]:
    """The messages with the pictures that they name in them. Raises NotFound for one that is not among ``urls``."""
    missing = references(messages) - urls.keys()
    if missing:
        raise NotFound(f"the conversation has no attachment {min(missing)[:64]}", param="generate.messages")
    by_url = {SCHEME + found: url for found, url in urls.items()}
    return tuple(_replaced(message, by_url) for message in messages)


def _images(messages: Iterable[ChatMessage]) -> Iterable[ImagePart]:
    for message in messages:
        if isinstance(message.content, tuple):
            for part in message.content:
                if isinstance(part, ImagePart):
                    yield part


def _replaced(message: ChatMessage, urls: Mapping[str, str]) -> ChatMessage:
    if not urls or not isinstance(message.content, tuple):
        return message
    content = tuple(
        msgspec.structs.replace(part, image_url=msgspec.structs.replace(part.image_url, url=urls[part.image_url.url]))
        if isinstance(part, ImagePart) and part.image_url.url in urls
        else part
        for part in message.content
    )
    return msgspec.structs.replace(message, content=content)
