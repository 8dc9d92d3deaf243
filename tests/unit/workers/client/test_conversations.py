from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from covey.backends.sample import answer_of
from covey.errors import Conflict, Forbidden, InvalidRequest, NotFound, PayloadTooLarge, QuotaExceeded, RevisionConflict
from covey.protocol.conversations import Conversation
from covey.protocol.inference import CLIENT_START, ChatMessage, Finished, Usage
from covey.testing.eventually import eventually
from covey.testing.gate import Gate
from tests.helpers.chain import Chain, chat, running_chain


@pytest.fixture
async def chain(tmp_path: Path) -> AsyncIterator[Chain]:
    async with running_chain(tmp_path, client={"max_conversations": 30, "max_messages": 150}) as running:
        await running.processor()
        yield running


@pytest.fixture
async def token(chain: Chain) -> str:
    return chain.records.token(await chain.records.user("ada"))


async def create(chain: Chain, token: str, **fields: Any) -> Conversation:
    made = await chain.operate("conversations.create", token, **fields)
    assert isinstance(made, Conversation)
    return made


async def get(chain: Chain, token: str, conversation: Conversation) -> Conversation:
    found = await chain.operate("conversations.get", token, conversation_id=conversation.info.id)
    assert isinstance(found, Conversation)
    return found


async def test_question_and_answer_are_stored_by_the_time_the_stream_ends(chain: Chain, token: str) -> None:
    conversation = await create(chain, token)
    await chain.answer(token, "How are you?\nTell me.", conversation_id=conversation.info.id)
    found = await get(chain, token, conversation)
    question, answer = found.messages
    assert (question.message.role, answer.message.role) == ("user", "assistant")
    assert answer.parent_id == question.id
    assert answer.message.content == answer_of(chat(token, "How are you?\nTell me.").generate, 8)
    assert (answer.finish_reason, answer.model) == ("stop", "sample")
    assert answer.usage is not None
    assert answer.time_line is not None
    assert found.info.title == "How are you?"
    assert found.info.message_count == 2


async def test_asking_again_makes_a_second_answer_and_an_edit_a_branch(chain: Chain, token: str) -> None:
    conversation = await create(chain, token)
    for text in ("first", "first", "edited"):
        await chain.answer(token, text, conversation_id=conversation.info.id)
    messages = (await get(chain, token, conversation)).messages
    questions = [message for message in messages if message.message.role == "user"]
    assert [message.message.content for message in questions] == ["first", "edited"]
    assert [message.parent_id for message in questions] == [None, None]
    assert len(messages) == 5


async def test_a_partial_answer_is_kept_when_its_reader_leaves(chain: Chain, token: str) -> None:
    conversation = await create(chain, token)
    events = chain.generate(token, conversation_id=conversation.info.id)
    for _ in range(4):
        await anext(events)
    await events.aclose()

    async def stored() -> bool:
        return len((await get(chain, token, conversation)).messages) == 2

    await eventually(stored)
    answer = (await get(chain, token, conversation)).messages[1]
    assert answer.finish_reason == "cancelled"
    assert len(str(answer.message.content).split()) == 3
    assert answer.usage == Usage(completion_tokens=3, estimated=True)


async def test_when_the_store_is_away_the_answer_comes_and_is_stored_later(chain: Chain, token: str) -> None:
    conversation = await create(chain, token)
    chain.store.available = False
    events = await chain.answer(token, "hello", conversation_id=conversation.info.id)
    assert isinstance(events[-1], Finished)
    chain.store.available = True

    async def stored() -> bool:
        return len((await get(chain, token, conversation)).messages) == 2

    await eventually(stored)
    question, answer = (await get(chain, token, conversation)).messages
    assert {question.message.role, answer.message.role} == {"user", "assistant"}


async def test_a_conversation_that_does_not_exist_is_told_before_anything_runs(chain: Chain, token: str) -> None:
    with pytest.raises(NotFound):
        await chain.answer(token, conversation_id="conv_none")
    assert chain.processors[0].asked == []


async def test_a_key_that_may_only_generate_cannot_write_conversations(chain: Chain) -> None:
    user = await chain.records.user("bob")
    conversation = await create(chain, chain.records.token(user))
    with pytest.raises(Forbidden):
        await chain.answer(await chain.records.key(user), conversation_id=conversation.info.id)


async def test_changes_need_the_newest_revision_when_one_is_given(chain: Chain, token: str) -> None:
    conversation = await create(chain, token, title="a")
    wanted: dict[str, Any] = {"conversation_id": conversation.info.id}
    changed = await chain.operate(
        "conversations.update", token, **wanted, title="b", revision=conversation.info.revision
    )
    assert (changed.title, changed.revision) == ("b", conversation.info.revision + 1)
    with pytest.raises(RevisionConflict):
        await chain.operate("conversations.update", token, **wanted, title="c", revision=conversation.info.revision)
    await chain.operate("conversations.update", token, **wanted, pinned=True, settings={"system": "be brief"})
    found = await get(chain, token, conversation)
    assert (found.info.title, found.info.pinned, found.settings) == ("b", True, {"system": "be brief"})


async def test_messages_appended_at_once_are_all_there(chain: Chain, token: str) -> None:
    conversation = await create(chain, token)
    message = {"role": "user", "content": "x"}
    await asyncio.gather(
        *(
            chain.operate("conversations.append", token, conversation_id=conversation.info.id, message=message)
            for _ in range(6)
        )
    )
    found = await get(chain, token, conversation)
    assert len(found.messages) == found.info.message_count == 6


async def test_lists_are_newest_first_and_paged_without_gaps(chain: Chain, token: str) -> None:
    made = [(await create(chain, token, title=f"number {number}")).info.id for number in range(7)]
    seen: list[str] = []
    cursor = None
    while True:
        page = await chain.operate("conversations.list", token, limit=3, cursor=cursor)
        seen += [info.id for info in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert seen == made[::-1]
    with pytest.raises(InvalidRequest):
        await chain.operate("conversations.list", token, cursor="x")
    with pytest.raises(InvalidRequest):
        await chain.operate("conversations.list", token, limit=201)


async def test_search_finds_words_in_titles_and_messages(chain: Chain, token: str) -> None:
    await create(chain, token, title="Garden plans")
    other = await create(chain, token, title="Other")
    await chain.operate(
        "conversations.append",
        token,
        conversation_id=other.info.id,
        message={"role": "user", "content": "about the GARDEN wall"},
    )
    titles = {
        search: sorted(info.title for info in (await chain.operate("conversations.list", token, search=search)).items)
        for search in ("garden", "garden wall", "nothing")
    }
    assert titles == {"garden": ["Garden plans", "Other"], "garden wall": ["Other"], "nothing": []}


async def test_an_import_keeps_ids_and_tree_and_deleting_leaves_nothing(chain: Chain, token: str) -> None:
    messages: list[dict[str, Any]] = [
        {
            "id": f"m{number}",
            "message": {"role": "user", "content": str(number)},
            "created_at": float(number),
            **({"parent_id": f"m{number - 1}"} if number else {}),
        }
        for number in range(120)
    ]
    conversation = await create(chain, token, messages=messages)
    found = await get(chain, token, conversation)
    assert [message.id for message in found.messages] == [f"m{number}" for number in range(120)]
    assert found.info.title == "0"
    await chain.operate("conversations.delete", token, conversation_id=conversation.info.id)
    with pytest.raises(NotFound):
        await get(chain, token, conversation)
    bucket = await chain.store.bucket("client")
    assert await bucket.range() == []
    with pytest.raises(InvalidRequest):
        await create(chain, token, messages=[messages[1], messages[0]])
    with pytest.raises(QuotaExceeded):
        await create(chain, token, messages=messages + [{**messages[0], "id": f"n{n}"} for n in range(40)])


async def test_sizes_are_bounded(chain: Chain, token: str) -> None:
    with pytest.raises(PayloadTooLarge):
        await create(chain, token, settings={"x": "y" * 17_000})
    with pytest.raises(InvalidRequest):
        await create(chain, token, title="t" * 201)
    with pytest.raises(PayloadTooLarge):
        await chain.operate("preferences.set", token, values={"x": "y" * 33_000})
    conversation = await create(chain, token)
    with pytest.raises(PayloadTooLarge):
        await chain.operate(
            "conversations.append",
            token,
            conversation_id=conversation.info.id,
            message={"role": "user", "content": "x" * 900_001},
        )
    for _ in range(29):
        await create(chain, token)
    with pytest.raises(QuotaExceeded):
        await create(chain, token)


async def test_preferences_are_replaced_as_a_whole(chain: Chain, token: str) -> None:
    assert (await chain.operate("preferences.get", token)).values == {}
    await chain.operate("preferences.set", token, values={"a": 1, "b": 2})
    await chain.operate("preferences.set", token, values={"a": 3})
    assert (await chain.operate("preferences.get", token)).values == {"a": 3}


async def test_a_detached_generation_stores_its_answer_with_its_id(chain: Chain, token: str) -> None:
    gate = chain.processors[0].gate = Gate()
    conversation = await create(chain, token)
    asked = chat(token, detached=True, conversation_id=conversation.info.id)
    accepted = await chain.bus.call(CLIENT_START, asked, chain.context())
    await gate.entered()
    assert [each.message for each in (await get(chain, token, conversation)).messages] == [
        ChatMessage(role="user", content="hello")
    ]
    gate.open()
    await eventually(lambda: chain.client.kept.running == 0)
    assert (await get(chain, token, conversation)).messages[1].generation_id == accepted.generation_id


def imported(message_id: str, text: str, parent: str | None = None, **fields: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"id": message_id, "message": {"role": "user", "content": text}, "created_at": 1.0, **fields}
    return made if parent is None else {**made, "parent_id": parent}


async def test_an_import_keeps_branches_and_replaces_ids_that_are_taken(chain: Chain, token: str) -> None:
    messages = [
        imported("a", "root"),
        imported("b", "left", "a"),
        imported("b", "right", "a"),
        imported("c", "below right", "b"),
        imported("not an id", "below left", "a"),
    ]
    made = await create(chain, token, messages=messages, active_leaf="a", pinned=True, created_at=5.0)
    root, left, right, below, odd = made.messages
    assert (left.parent_id, right.parent_id, odd.parent_id) == (root.id, root.id, root.id)
    assert below.parent_id == right.id != left.id
    assert len({message.id for message in made.messages}) == 5
    assert (made.info.active_leaf, made.info.pinned, made.info.created_at) == (root.id, True, 5.0)
    assert set((await get(chain, token, made)).messages) == set(made.messages)
    with pytest.raises(InvalidRequest):
        await create(chain, token, messages=messages, active_leaf="nowhere")


async def test_everything_is_deleted_at_once_when_it_is_confirmed(chain: Chain, token: str) -> None:
    other = chain.records.token(await chain.records.user("bob"))
    theirs = await create(chain, other, messages=[imported("a", "root")])
    for _ in range(3):
        await create(chain, token, messages=[imported("a", "root")])
    wrong: tuple[dict[str, Any], ...] = ({}, {"confirm": "yes"})
    for confirm in wrong:
        with pytest.raises(InvalidRequest):
            await chain.operate("conversations.delete_all", token, **confirm)
    assert (await chain.operate("conversations.delete_all", token, confirm="all")).deleted == 3
    assert (await chain.operate("conversations.list", token)).items == ()
    assert (await chain.operate("conversations.delete_all", token, confirm="all")).deleted == 0
    assert len((await get(chain, other, theirs)).messages) == 1


async def test_a_branch_is_deleted_with_all_below_it(chain: Chain, token: str) -> None:
    chained = [imported("r", "root"), imported("0", "first", "r")]
    chained += [imported(str(number), "next", str(number - 1)) for number in range(1, 120)]
    made = await create(chain, token, messages=[*chained, imported("side", "stays", "r")], active_leaf="119")
    wanted: dict[str, Any] = {"conversation_id": made.info.id}
    info = await chain.operate("conversations.delete_branch", token, **wanted, message_id="0")
    found = await get(chain, token, made)
    assert {message.id for message in found.messages} == {"r", "side"}
    assert (info.message_count, info.active_leaf) == (2, "r")
    with pytest.raises(NotFound):
        await chain.operate("conversations.delete_branch", token, **wanted, message_id="0")
    info = await chain.operate("conversations.delete_branch", token, **wanted, message_id="r")
    assert (info.message_count, info.active_leaf) == (0, None)


async def test_a_branch_is_not_deleted_under_an_answer_that_is_written(chain: Chain, token: str) -> None:
    gate = chain.processors[0].gate = Gate()
    made = await create(chain, token)
    asked = chat(token, detached=True, conversation_id=made.info.id)
    accepted = await chain.bus.call(CLIENT_START, asked, chain.context())
    wanted: dict[str, Any] = {"conversation_id": made.info.id, "message_id": accepted.question_id}
    with pytest.raises(Conflict):
        await chain.operate("conversations.delete_branch", token, **wanted)
    gate.open()
    await eventually(lambda: chain.client.kept.running == 0)
    assert (await chain.operate("conversations.delete_branch", token, **wanted)).message_count == 0


async def test_a_fork_holds_the_path_to_a_message(chain: Chain, token: str) -> None:
    messages = [imported("a", "one"), imported("b", "two", "a"), imported("c", "three", "b"), imported("d", "x", "a")]
    made = await create(chain, token, title="plan", folder="work", settings={"system": "s"}, messages=messages)
    wanted: dict[str, Any] = {"conversation_id": made.info.id}
    fork = await chain.operate("conversations.fork", token, **wanted, message_id="b")
    assert [message.message.content for message in fork.messages] == ["one", "two"]
    assert fork.messages[1].parent_id == fork.messages[0].id
    assert not {message.id for message in fork.messages} & {"a", "b"}
    assert (fork.info.title, fork.info.folder, fork.settings) == ("plan", "work", {"system": "s"})
    assert fork.info.active_leaf == fork.messages[1].id
    assert (await get(chain, token, fork)).messages == fork.messages
    assert len((await get(chain, token, made)).messages) == 4
    named = await chain.operate("conversations.fork", token, **wanted, message_id="d", title="other")
    assert named.info.title == "other"
    with pytest.raises(NotFound):
        await chain.operate("conversations.fork", token, **wanted, message_id="none")


async def test_the_shown_branch_is_kept_and_does_not_move_the_conversation(chain: Chain, token: str) -> None:
    made = await create(chain, token, messages=[imported("a", "one"), imported("b", "two", "a")])
    assert made.info.active_leaf == "b"
    wanted: dict[str, Any] = {"conversation_id": made.info.id}
    info = await chain.operate("conversations.update", token, **wanted, active_leaf="a")
    assert (info.active_leaf, info.updated_at) == ("a", made.info.updated_at)
    with pytest.raises(NotFound) as caught:
        await chain.operate("conversations.update", token, **wanted, active_leaf="x y")
    assert caught.value.param == "active_leaf"


async def test_an_answer_does_not_take_somebody_away_from_another_branch(chain: Chain, token: str) -> None:
    made = await create(chain, token, messages=[imported("a", "one")])
    gate = chain.processors[0].gate = Gate()
    asked = chat(token, "two", detached=True, conversation_id=made.info.id, parent_id="a")
    accepted = await chain.bus.call(CLIENT_START, asked, chain.context())
    assert (await get(chain, token, made)).info.active_leaf == accepted.question_id
    await chain.operate("conversations.update", token, conversation_id=made.info.id, active_leaf="a")
    gate.open()
    await eventually(lambda: chain.client.kept.running == 0)
    assert (await get(chain, token, made)).info.active_leaf == "a"
