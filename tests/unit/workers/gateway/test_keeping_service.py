"""Content that is kept, through a whole chain."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from covey.errors import BackendRejected, CoveyError, NotFound
from covey.protocol.contents import KeptContent, KeptImage, RequestContents
from covey.protocol.ids import UserId
from covey.protocol.inference import ChatMessage, Delta, ImagePart, ImageUrl, TextPart
from covey.protocol.model_settings import ModelSettings
from covey.testing.eventually import eventually
from covey.testing.gate import Gate
from tests.helpers.chain import Chain, running_chain


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    async with running_chain(tmp_path, gateway={"content": {"keep": True}}) as running:
        yield running


@pytest.fixture
async def admin(chain: Chain) -> str:
    return chain.records.token(await chain.records.user("root", role="admin"))


@pytest.fixture
async def ada(chain: Chain) -> UserId:
    return await chain.records.user("ada")


@pytest.fixture
async def token(chain: Chain, ada: UserId) -> str:
    return chain.records.token(ada)


async def kept(chain: Chain, admin: str, request_id: str) -> KeptContent:
    """The one that is kept of a request, as soon as it is."""
    found: list[RequestContents] = []

    async def there() -> bool:
        try:
            found.append(await chain.operate("requests.content", admin, request_id=request_id))
        except NotFound:
            return False
        return True

    await eventually(there)
    (content,) = found[-1].items
    return content


def said(events: list[Any]) -> str:
    return "".join(event.text for event in events if isinstance(event, Delta))


async def test_a_question_and_its_answer_are_kept(chain: Chain, admin: str, token: str, ada: UserId) -> None:
    await chain.processor()
    context = chain.context()
    events = [event async for event in chain.generate(token, "what is it?", context=context)]
    content = await kept(chain, admin, context.request_id)
    assert (content.user_id, content.username, content.model, content.kind) == (ada, "ada", "sample", "chat")
    assert (content.outcome, content.error_code) == ("ok", None)
    assert [message.content for message in content.messages] == [(TextPart(text="what is it?"),)]
    assert content.answer.text == said(events) != ""
    assert not content.answer.cut
    assert content.expires_at - content.at == 604_800


async def test_an_answer_that_nobody_watches_is_kept_too(chain: Chain, admin: str, token: str) -> None:
    await chain.whole_processor()
    context = chain.context()
    answer = await chain.whole(token, "all at once", context=context)
    content = await kept(chain, admin, context.request_id)
    assert content.answer.text == "".join(delta.text for delta in answer.deltas) != ""
    assert chain.gateway.service is not None
    assert chain.gateway.service.running.count == 0


async def test_what_came_until_the_reader_left_is_kept(chain: Chain, admin: str, token: str) -> None:
    await chain.processor()
    context = chain.context()
    events = chain.generate(token, "stop soon", context=context)
    seen = [await anext(events) for _ in range(4)]
    await events.aclose()
    content = await kept(chain, admin, context.request_id)
    assert content.outcome == "cancelled"
    assert content.answer.text == said(seen)


async def test_of_a_cancelled_question_without_an_answer_the_question_is_kept(
    chain: Chain, admin: str, token: str
) -> None:
    processor = await chain.processor()
    processor.gate = Gate()
    context = chain.context()
    events = chain.generate(token, "never mind", context=context)
    await anext(events)
    await events.aclose()
    content = await kept(chain, admin, context.request_id)
    assert content.messages[0].content == (TextPart(text="never mind"),)
    assert content.answer.text == ""


async def test_of_a_request_that_an_engine_refuses_the_question_is_kept(chain: Chain, admin: str, token: str) -> None:
    processor = await chain.processor()
    processor.refuse = BackendRejected("no")
    context = chain.context()
    with pytest.raises(BackendRejected):
        [event async for event in chain.generate(token, "do it", context=context)]
    content = await kept(chain, admin, context.request_id)
    assert (content.error_code, content.answer.text) == ("backend_rejected", "")


async def test_of_a_request_that_was_never_admitted_nothing_is_kept(chain: Chain, admin: str, token: str) -> None:
    await chain.processor()
    refused, after = chain.context(), chain.context()
    for credential, model in ((token, "nothing"), ("sk-covey-nobody", "sample")):
        with pytest.raises(CoveyError):
            [event async for event in chain.generate(credential, model=model, context=refused)]
    [event async for event in chain.generate(token, context=after)]
    await kept(chain, admin, after.request_id)
    with pytest.raises(NotFound, match="nothing is kept"):
        await chain.operate("requests.content", admin, request_id=refused.request_id)


async def test_of_a_picture_only_type_and_size_are_kept(chain: Chain, admin: str, token: str) -> None:
    await chain.processor()
    image = ImagePart(image_url=ImageUrl(url="data:image/png;base64,QUJDREVG"))
    message = ChatMessage(role="user", content=(TextPart(text="look"), image))
    context = chain.context()
    [event async for event in chain.generate(token, messages=(message,), context=context)]
    content = await kept(chain, admin, context.request_id)
    assert content.messages[0].content == (TextPart(text="look"), KeptImage(media_type="image/png", size_bytes=6))


async def test_the_question_is_kept_as_it_was_given_not_as_it_was_sent(chain: Chain, admin: str, token: str) -> None:
    await chain.processor()
    settings = await chain.operate("models.set_settings", admin, model="sample", system_prompt="be nice")
    assert isinstance(settings, ModelSettings)
    context = chain.context()
    [event async for event in chain.generate(token, "hi", context=context)]
    content = await kept(chain, admin, context.request_id)
    assert [message.role for message in content.messages] == ["user"]
    assert content.model == "sample"


async def test_a_long_question_and_a_long_answer_are_cut_and_marked(tmp_path: Path) -> None:
    async with running_chain(tmp_path, gateway={"content": {"keep": True, "max_bytes": 2000}}) as chain:
        await chain.processor(tokens=2000)
        token = chain.records.token(await chain.records.user("root", role="admin"))
        context = chain.context()
        messages = tuple(ChatMessage(role="user", content=f"{number} " * 600) for number in range(5))
        events = [event async for event in chain.generate(token, messages=messages, context=context)]
        content = await kept(chain, token, context.request_id)
        assert content.messages_left_out == 4
        assert content.messages[0].cut
        assert content.answer.cut
        assert said(events).startswith(content.answer.text)
        assert 900 <= len(content.answer.text) <= 1000
