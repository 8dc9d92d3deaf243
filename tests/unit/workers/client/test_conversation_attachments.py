from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from covey.errors import InvalidRequest, NotFound, PayloadTooLarge, QuotaExceeded
from covey.protocol.inference import CLIENT_START, ChatMessage, ImagePart, ImageUrl, TextPart
from covey.testing.eventually import eventually
from tests.helpers.chain import Chain, chat, running_chain

LARGE = 2_000_000


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    limits = {"max_attachment_bytes": LARGE, "max_attachments_bytes": 3 * LARGE, "store_timeout_s": 5.0}
    async with running_chain(tmp_path, client=limits) as running:
        await running.processor()
        yield running


@pytest.fixture
async def token(chain: Chain) -> str:
    return chain.records.token(await chain.records.user("ada"))


@pytest.fixture
async def conversation_id(chain: Chain, token: str) -> str:
    return str((await chain.operate("conversations.create", token)).info.id)


def url_of(fill: bytes, size_bytes: int = LARGE) -> str:
    return "data:image/png;base64," + base64.b64encode(fill * size_bytes).decode()


def pictured(*urls: str, text: str = "what is this?") -> ChatMessage:
    parts = tuple(ImagePart(image_url=ImageUrl(url=url)) for url in urls)
    return ChatMessage(role="user", content=(TextPart(text=text), *parts))


def urls_in(message: ChatMessage) -> list[str]:
    assert isinstance(message.content, tuple)
    return [part.image_url.url for part in message.content if isinstance(part, ImagePart)]


async def say(chain: Chain, token: str, *messages: ChatMessage, **fields: Any) -> Any:
    start = chat(token, messages=messages, detached=True, **fields)
    accepted = await chain.bus.call(CLIENT_START, start, chain.context())
    await eventually(lambda: chain.client.kept.running == 0)
    return accepted


async def kept(chain: Chain) -> list[str]:
    bucket = await chain.store.bucket("client")
    return [entry.key for entry in await bucket.range("attachment")]


async def test_pictures_of_a_question_are_kept_apart_and_sent_again(
    chain: Chain, token: str, conversation_id: str
) -> None:
    urls = [url_of(b"a"), url_of(b"b")]
    first = await say(chain, token, pictured(*urls), conversation_id=conversation_id)
    found = await chain.operate("conversations.get", token, conversation_id=conversation_id)
    names = urls_in(found.messages[0].message)
    assert all(name.startswith("covey-attachment:att_") for name in names)
    for name, url in zip(names, urls, strict=True):
        wanted: dict[str, Any] = {"conversation_id": conversation_id, "attachment_id": name.partition(":")[2]}
        attachment = await chain.operate("attachments.get", token, **wanted)
        assert attachment.url == url
        assert (attachment.info.media_type, attachment.info.size_bytes) == ("image/png", LARGE)
    await say(
        chain,
        token,
        ChatMessage(role="user", content="and now?"),
        conversation_id=conversation_id,
        parent_id=first.answer_id,
        stored_history=True,
    )
    assert urls_in(chain.processors[0].asked[-1].messages[0]) == urls


async def test_the_place_of_a_question_with_pictures_is_found_again(
    chain: Chain, token: str, conversation_id: str
) -> None:
    question = pictured(url_of(b"a", 10))
    await say(chain, token, question, conversation_id=conversation_id)
    await say(chain, token, question, conversation_id=conversation_id)
    found = await chain.operate("conversations.get", token, conversation_id=conversation_id)
    assert [message.message.role for message in found.messages] == ["user", "assistant", "assistant"]


async def test_a_picture_can_be_brought_first_and_named_in_a_question(
    chain: Chain, token: str, conversation_id: str
) -> None:
    url = url_of(b"c")
    info = await chain.operate("attachments.add", token, conversation_id=conversation_id, url=url)
    await say(chain, token, pictured(f"covey-attachment:{info.id}"), conversation_id=conversation_id)
    assert urls_in(chain.processors[0].asked[-1].messages[0]) == [url]
    with pytest.raises(NotFound):
        await say(chain, token, pictured("covey-attachment:att_none"), conversation_id=conversation_id)


async def test_sizes_are_bounded_one_by_one_and_together(chain: Chain, token: str, conversation_id: str) -> None:
    wanted: dict[str, Any] = {"conversation_id": conversation_id}
    with pytest.raises(PayloadTooLarge) as caught:
        await chain.operate("attachments.add", token, **wanted, url=url_of(b"x", LARGE + 1))
    assert str(LARGE) in caught.value.detail
    for fill in (b"a", b"b", b"c", b"c"):
        await chain.operate("attachments.add", token, **wanted, url=url_of(fill))
    with pytest.raises(QuotaExceeded):
        await chain.operate("attachments.add", token, **wanted, url=url_of(b"d"))
    with pytest.raises(QuotaExceeded):
        await say(chain, token, pictured(url_of(b"d")), conversation_id=conversation_id)
    with pytest.raises(InvalidRequest):
        await chain.operate("attachments.add", token, **wanted, url="https://example.org/a.png")


async def test_pictures_go_with_what_names_them(chain: Chain, token: str, conversation_id: str) -> None:
    wanted: dict[str, Any] = {"conversation_id": conversation_id}
    shared, own = url_of(b"a", 10), url_of(b"b", 10)
    for urls in ((shared,), (shared, own)):
        content = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
        last = await chain.operate(
            "conversations.append", token, **wanted, message={"role": "user", "content": content}
        )
    fork = await chain.operate("conversations.fork", token, **wanted, message_id=last.id)
    assert len(await kept(chain)) == 8
    await chain.operate("conversations.delete_branch", token, **wanted, message_id=last.id)
    assert len(await kept(chain)) == 6
    await chain.operate("conversations.delete", token, **wanted)
    assert len(await kept(chain)) == 4
    for message in (await chain.operate("conversations.get", token, conversation_id=fork.info.id)).messages:
        for name in urls_in(message.message):
            await chain.operate(
                "attachments.get", token, conversation_id=fork.info.id, attachment_id=name.partition(":")[2]
            )
    await chain.operate("conversations.delete_all", token, confirm="all")
    bucket = await chain.store.bucket("client")
    assert await bucket.range() == []


async def test_an_import_brings_its_pictures(chain: Chain, token: str) -> None:
    content = [{"type": "image_url", "image_url": {"url": url_of(b"a", 10)}}]
    message = {"id": "m", "message": {"role": "user", "content": content}, "created_at": 1.0}
    made = await chain.operate("conversations.create", token, messages=[message])
    assert urls_in(made.messages[0].message)[0].startswith("covey-attachment:")
    named = {**message, "message": {"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "covey-attachment:att_none"}}]}}  # fmt: skip
    with pytest.raises(NotFound):
        await chain.operate("conversations.create", token, messages=[message, {**named, "id": "n"}])
    assert len(await kept(chain)) == 2


async def test_pictures_of_others_do_not_exist(chain: Chain, token: str, conversation_id: str) -> None:
    info = await chain.operate("attachments.add", token, conversation_id=conversation_id, url=url_of(b"a", 10))
    eve = chain.records.token(await chain.records.user("eve"))
    own = (await chain.operate("conversations.create", eve)).info.id
    for where in (conversation_id, own):
        with pytest.raises(NotFound):
            await chain.operate("attachments.get", eve, conversation_id=where, attachment_id=info.id)
    with pytest.raises(NotFound):
        await say(chain, eve, pictured(f"covey-attachment:{info.id}"), conversation_id=own)
