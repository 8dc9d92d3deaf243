from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from covey.backends.sample import answer_of
from covey.errors import Conflict, InvalidRequest, NotFound, QuotaExceeded, StoreUnavailable
from covey.protocol.conversations import Conversation, StoredMessage
from covey.protocol.inference import (
    CLIENT_CANCEL,
    CLIENT_START,
    CancelGeneration,
    ChatMessage,
    Generate,
    GenerationAccepted,
    Sampling,
)
from covey.testing.eventually import eventually
from covey.testing.gate import Gate
from tests.helpers.chain import Chain, chat, running_chain


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    async with running_chain(tmp_path, client={"max_running_per_user": 3}) as running:
        await running.processor()
        yield running


@pytest.fixture
async def token(chain: Chain) -> str:
    return chain.records.token(await chain.records.user("ada"))


class Thread:
    """One conversation, and what happens in it."""

    def __init__(self, chain: Chain, token: str, conversation_id: str) -> None:
        self.chain, self.token, self.id = chain, token, conversation_id

    async def begin(self, text: str | None = "hello", **fields: Any) -> GenerationAccepted:
        messages = () if text is None else (ChatMessage(role="user", content=text),)
        start = chat(self.token, messages=messages, detached=True, conversation_id=self.id, **fields)
        return await self.chain.bus.call(CLIENT_START, start, self.chain.context())

    async def say(self, text: str | None = "hello", **fields: Any) -> GenerationAccepted:
        accepted = await self.begin(text, **fields)
        await eventually(lambda: self.chain.client.kept.running == 0)
        return accepted

    async def now(self) -> Conversation:
        found = await self.chain.operate("conversations.get", self.token, conversation_id=self.id)
        assert isinstance(found, Conversation)
        return found

    async def message(self, message_id: str | None) -> StoredMessage:
        return next(message for message in (await self.now()).messages if message.id == message_id)

    @property
    def asked(self) -> Generate:
        return self.chain.processors[0].asked[-1]


@pytest.fixture
async def thread(chain: Chain, token: str) -> Thread:
    return Thread(chain, token, (await chain.operate("conversations.create", token)).info.id)


def spoken(generate: Generate) -> list[tuple[str, Any]]:
    return [(message.role, message.content) for message in generate.messages]


async def test_the_ids_of_question_and_answer_are_told_before_the_answer(thread: Thread) -> None:
    accepted = await thread.say("How are you?")
    question, answer = await thread.message(accepted.question_id), await thread.message(accepted.answer_id)
    assert question.message.content == "How are you?"
    assert answer.parent_id == question.id
    assert answer.generation_id == accepted.generation_id
    assert (await thread.now()).info.active_leaf == answer.id


async def test_an_answer_tells_how_it_was_made(thread: Thread) -> None:
    accepted = await thread.say("Think first", generate={"reasoning_effort": "low"})
    answer = await thread.message(accepted.answer_id)
    assert answer.message.reasoning
    assert answer.node is not None
    assert answer.request_id == accepted.request_id is not None
    line = answer.time_line
    assert line is not None
    assert (line.first_token or 0.0) <= (line.reasoning_ended or 0.0) <= (line.ended or 0.0)
    assert line.reasoning_ended is not None


async def test_an_answer_without_reasoning_has_no_end_of_it(thread: Thread) -> None:
    answer = await thread.message((await thread.say("At once")).answer_id)
    assert answer.time_line is not None
    assert answer.time_line.reasoning_ended is None


async def test_an_explicit_parent_wins_over_the_search(thread: Thread) -> None:
    first = await thread.say("one")
    await thread.say("two", parent_id=first.answer_id)
    again = await thread.say("two", parent_id=first.answer_id)
    beginning = await thread.say("one", parent_id="")
    assert (await thread.message(again.question_id)).parent_id == first.answer_id
    assert (await thread.message(beginning.question_id)).parent_id is None
    assert beginning.question_id != first.question_id
    assert len((await thread.now()).messages) == 8


async def test_the_stored_history_is_sent_above_the_question(thread: Thread) -> None:
    first = await thread.say("one")
    said = (await thread.message(first.answer_id)).message.content
    start = chat(
        thread.token,
        messages=(ChatMessage(role="system", content="be brief"), ChatMessage(role="user", content="two")),
        detached=True,
        conversation_id=thread.id,
        parent_id=first.answer_id,
        stored_history=True,
    )
    await thread.chain.bus.call(CLIENT_START, start, thread.chain.context())
    await eventually(lambda: thread.chain.client.kept.running == 0)
    assert spoken(thread.asked) == [("system", "be brief"), ("user", "one"), ("assistant", said), ("user", "two")]


async def test_answering_again_makes_a_sibling_and_no_question(thread: Thread) -> None:
    first = await thread.say("one")
    again = await thread.say(None, answer_to=first.question_id)
    messages = (await thread.now()).messages
    assert [message.message.role for message in messages] == ["user", "assistant", "assistant"]
    assert {message.parent_id for message in messages[1:]} == {first.question_id}
    assert again.question_id == first.question_id
    assert spoken(thread.asked) == [("user", "one")]


async def test_continuing_appends_to_the_stored_answer(thread: Thread) -> None:
    first = await thread.say("one", generate={"sampling": Sampling(max_tokens=3)})
    before = await thread.message(first.answer_id)
    assert before.finish_reason == "length"
    further = await thread.say(None, continue_id=first.answer_id)
    assert (further.question_id, further.answer_id) == (first.question_id, first.answer_id)
    after = await thread.message(first.answer_id)
    assert spoken(thread.asked) == [("user", "one"), ("assistant", before.message.content)]
    assert thread.asked.continue_last
    assert after.message.content == f"{before.message.content}{answer_of(thread.asked, 8)}"
    assert (after.finish_reason, after.generation_id) == ("stop", further.generation_id)
    assert (after.created_at, after.parent_id) == (before.created_at, before.parent_id)
    now = await thread.now()
    assert now.info.message_count == len(now.messages) == 2


async def test_the_clients_own_history_is_used_for_a_continuation_when_it_has_one(thread: Thread) -> None:
    first = await thread.say("one")
    said = (await thread.message(first.answer_id)).message.content
    await thread.say("shorter history", continue_id=first.answer_id)
    assert spoken(thread.asked) == [("user", "shorter history"), ("assistant", said)]


async def test_an_answer_is_continued_by_one_at_a_time(thread: Thread) -> None:
    first = await thread.say("one")
    gate = thread.chain.processors[0].gate = Gate()
    await thread.begin(None, continue_id=first.answer_id)
    with pytest.raises(Conflict):
        await thread.begin(None, continue_id=first.answer_id)
    gate.open()
    await eventually(lambda: thread.chain.client.kept.running == 0)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"parent_id": "msg_none"}, "parent_id"),
        ({"answer_to": "msg_none"}, "answer_to"),
        ({"continue_id": "msg_none"}, "continue_id"),
    ],
)
async def test_a_message_that_is_not_there_is_named(thread: Thread, fields: dict[str, Any], param: str) -> None:
    with pytest.raises(NotFound) as caught:
        await thread.begin(**fields)
    assert caught.value.param == param
    assert (await thread.now()).messages == ()
    assert thread.chain.processors[0].asked == []


async def test_places_that_do_not_fit_are_refused(thread: Thread) -> None:
    first = await thread.say("one")
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"parent_id": first.answer_id, "answer_to": first.question_id}, "answer_to"),
        ({"answer_to": first.answer_id}, "answer_to"),
        ({"continue_id": first.question_id}, "continue_id"),
        ({"stored_history": True}, "stored_history"),
    ]
    for fields, param in wrong:
        with pytest.raises(InvalidRequest) as caught:
            await thread.begin(**fields)
        assert caught.value.param == param
    with pytest.raises(InvalidRequest) as caught:
        await thread.begin(None, parent_id=first.answer_id)
    assert caught.value.param == "generate.messages"
    start = chat(thread.token, detached=True, answer_to=first.question_id)
    with pytest.raises(InvalidRequest):
        await thread.chain.bus.call(CLIENT_START, start, thread.chain.context())
    assert len((await thread.now()).messages) == 2


async def test_what_cannot_be_known_without_the_store_is_not_begun_without_it(thread: Thread) -> None:
    first = await thread.say("one")
    thread.chain.store.available = False
    with pytest.raises(StoreUnavailable):
        await thread.begin(None, answer_to=first.question_id)
    thread.chain.store.available = True
    assert (await thread.now()).generations == ()


async def test_running_generations_are_told_with_the_conversation(thread: Thread) -> None:
    gate = thread.chain.processors[0].gate = Gate()
    accepted = await thread.begin("one")
    (running,) = (await thread.now()).generations
    assert (running.generation_id, running.answer_id) == (accepted.generation_id, accepted.answer_id)
    assert (running.question_id, running.continues) == (accepted.question_id, False)
    (info,) = (await thread.chain.operate("generations.list", thread.token)).items
    assert (info.conversation_id, info.answer_id) == (thread.id, accepted.answer_id)
    gate.open()
    await eventually(lambda: thread.chain.client.kept.running == 0)
    assert (await thread.now()).generations == ()


async def test_a_cancelled_generation_is_over_in_its_conversation_too(thread: Thread) -> None:
    gate = thread.chain.processors[0].gate = Gate()
    accepted = await thread.begin("one")
    await gate.entered()
    cancel = CancelGeneration(credential=thread.token, generation_id=accepted.generation_id)
    await thread.chain.bus.call(CLIENT_CANCEL, cancel, thread.chain.context())
    await eventually(lambda: thread.chain.client.kept.running == 0)
    assert (await thread.now()).generations == ()


async def test_generations_of_a_worker_that_is_gone_are_not_told(thread: Thread) -> None:
    gate = thread.chain.processors[0].gate = Gate()
    await thread.begin("one")
    await gate.entered()
    killed = thread.chain.client
    bucket = await thread.chain.store.bucket("client")
    (record,) = await bucket.range("conversation")
    gate.open()
    await eventually(lambda: killed.kept.running == 0)
    await bucket.put(record.key, record.value)  # as if the worker had been killed before the end
    assert (await thread.now()).generations == ()


async def test_a_generation_that_finds_no_room_leaves_nothing_behind(thread: Thread) -> None:
    gate = thread.chain.processors[0].gate = Gate()
    for _ in range(3):
        await thread.begin(parent_id="")
    with pytest.raises(QuotaExceeded):
        await thread.begin(parent_id="")
    now = await thread.now()
    assert (len(now.messages), len(now.generations)) == (3, 3)
    gate.open()
    await eventually(lambda: thread.chain.client.kept.running == 0)


async def test_turns_that_begin_together_all_find_their_place(thread: Thread) -> None:
    accepted = await asyncio.gather(*(thread.begin(f"question {number}", parent_id="") for number in range(3)))
    await eventually(lambda: thread.chain.client.kept.running == 0)
    now = await thread.now()
    assert now.generations == ()
    assert {message.id for message in now.messages} == {
        each for one in accepted for each in (one.question_id, one.answer_id)
    }


async def test_a_failure_before_the_first_word_ends_the_generation_and_keeps_the_question(thread: Thread) -> None:
    await thread.say("one", model="missing")
    now = await thread.now()
    assert [message.message.role for message in now.messages] == ["user"]
    assert now.generations == ()
