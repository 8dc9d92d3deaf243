"""Where pictures may come from: out of the request itself, and from nowhere else."""

from __future__ import annotations

from collections.abc import Sequence

from covey.domain.attachments import SCHEME
from covey.errors import InvalidRequest
from covey.protocol.inference import ChatMessage, ImagePart


def refuse_fetched_images(messages: Sequence[ChatMessage], path: str, *, kept: bool = False) -> None:
    """Raises InvalidRequest for an address that would have to be fetched: it could be any service of this network.
    With ``kept``, the names of a conversation's attachments pass."""
    allowed = ("data:image/", SCHEME) if kept else "data:image/"
    for number, message in enumerate(messages):
        content = message.content
        if type(content) is not tuple:
            continue
        for part_number, part in enumerate(content):
            if type(part) is ImagePart and not part.image_url.url.startswith(allowed):
                raise InvalidRequest(
                    "images are taken as data: URLs only; nothing is fetched",
                    param=f"{path}.{number}.content.{part_number}.image_url.url",
                )
