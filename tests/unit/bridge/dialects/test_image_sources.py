from __future__ import annotations

import pytest

from covey.bridge.dialects.image_sources import refuse_fetched_images
from covey.errors import InvalidRequest
from covey.protocol.inference import ChatMessage, ImagePart, ImageUrl, TextPart


def message(url: str) -> ChatMessage:
    return ChatMessage(role="user", content=(TextPart(text="what"), ImagePart(image_url=ImageUrl(url=url))))


def test_pictures_inside_the_request_pass() -> None:
    refuse_fetched_images([ChatMessage(role="user", content="x"), message("data:image/png;base64,AA==")], "messages")


def test_the_name_of_an_attachment_passes_where_attachments_are() -> None:
    named = [message("covey-attachment:att_1")]
    refuse_fetched_images(named, "messages", kept=True)
    with pytest.raises(InvalidRequest):
        refuse_fetched_images(named, "messages")


def test_an_address_is_refused_by_its_place() -> None:
    with pytest.raises(InvalidRequest) as refused:
        refuse_fetched_images([message("data:image/png;base64,AA=="), message("https://x/y.png")], "messages")
    assert refused.value.param == "messages.1.content.1.image_url.url"
