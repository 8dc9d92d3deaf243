from __future__ import annotations

import pytest

from covey.domain.attachments import data_url, detached, image_chars, image_of, inlined, references, referred
from covey.errors import InvalidRequest, NotFound
from covey.protocol.inference import ChatMessage, ImagePart, ImageUrl, TextPart

PNG = "data:image/png;base64,aGVsbG8="


def pictured(*urls: str) -> ChatMessage:
    parts = tuple(ImagePart(image_url=ImageUrl(url=url, detail="low")) for url in urls)
    return ChatMessage(role="user", content=(TextPart(text="look"), *parts))


def test_a_picture_has_an_id_of_its_content() -> None:
    image = image_of(PNG)
    assert (image.media_type, image.data) == ("image/png", b"hello")
    assert image.id == image_of(PNG).id
    assert image.id != image_of("data:image/jpeg;base64,aGVsbG8=").id
    assert data_url(image) == PNG


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/a.png", "data:text/html;base64,aGk=", "data:image/png,hello", "data:image/png;base64,a",
        "data:image/png;base64,ü", "",
    ],
)  # fmt: skip
def test_what_is_no_picture_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequest):
        image_of(url)


def test_a_message_is_taken_apart_and_put_together_again() -> None:
    message = pictured(PNG, PNG)
    plain, images = detached(message)
    assert len(images) == 1
    assert references([plain]) == {images[0].id}
    assert image_chars([message]) == 2 * len(PNG)
    assert image_chars([plain]) == 0
    assert inlined([plain], {images[0].id: PNG}) == (message,)
    assert detached(plain) == (plain, ())


def test_a_picture_that_is_not_kept_is_not_found() -> None:
    plain, _ = detached(pictured(PNG))
    with pytest.raises(NotFound):
        inlined([plain], {})


def test_plain_messages_stay_as_they_are() -> None:
    message = ChatMessage(role="user", content="text")
    assert detached(message) == (message, ())
    assert referred(PNG) is None
