from __future__ import annotations

from typing import Any

import pytest

from covey.domain.turn_places import check_places, find_place, path_to, question_of, to_send
from covey.errors import InvalidRequest, NotFound
from covey.protocol.conversations import StoredMessage
from covey.protocol.ids import ConversationId, MessageId, ModelName
from covey.protocol.inference import ChatMessage, Generate, StartGeneration, ToolCall


def stored(message_id: str, parent: str | None, role: Any, text: str | None = "text", **fields: Any) -> StoredMessage:
    return StoredMessage(
        id=MessageId(message_id),
        parent_id=None if parent is None else MessageId(parent),
        message=ChatMessage(role=role, content=text, **fields),
        created_at=1.0,
    )


TREE = [
    stored("q1", None, "user", "one"),
    stored("a1", "q1", "assistant", "first", reasoning="hm"),
    stored("a2", "q1", "assistant", "second"),
    stored("q2", "a1", "user", "two"),
    stored("a3", "q2", "assistant", None, tool_calls=(ToolCall(id="c"),)),
    stored("a4", "q2", "assistant", ""),
]
SYSTEM = ChatMessage(role="system", content="be brief")


def start(*messages: ChatMessage, prompt: str | None = None, **fields: Any) -> StartGeneration:
    return StartGeneration(
        credential="",
        generate=Generate(model=ModelName("m"), messages=messages, prompt=prompt),
        conversation_id=fields.pop("conversation_id", ConversationId("conv_1")),
        **fields,
    )


def sent(request: StartGeneration) -> list[Any]:
    return [message.content for message in to_send(request, find_place(TREE, request)).messages]


def user(text: str) -> ChatMessage:
    return ChatMessage(role="user", content=text)


def test_a_path_leads_from_the_first_message_down() -> None:
    assert [message.id for message in path_to(TREE, MessageId("q2"))] == ["q1", "a1", "q2"]


def test_a_path_ends_although_messages_point_at_each_other() -> None:
    assert len(path_to([stored("a", "b", "user"), stored("b", "a", "user")], MessageId("a"))) == 2


def test_without_a_place_the_clients_messages_are_sent() -> None:
    assert sent(start(SYSTEM, user("x"))) == ["be brief", "x"]


@pytest.mark.parametrize(
    ("fields", "messages", "expected"),
    [
        ({"parent_id": "a1"}, (user("two"),), ["two"]),
        ({"parent_id": "a1", "stored_history": True}, (SYSTEM, user("x")), ["be brief", "one", "first", "x"]),
        ({"parent_id": "", "stored_history": True}, (SYSTEM, user("x")), ["be brief", "x"]),
        ({"answer_to": "q2"}, (SYSTEM,), ["be brief", "one", "first", "two"]),
        ({"answer_to": "q2"}, (user("own"),), ["own"]),
        ({"answer_to": "q2", "stored_history": True}, (SYSTEM, user("own")), ["be brief", "one", "first", "two"]),
        ({"continue_id": "a1"}, (SYSTEM,), ["be brief", "one", "first"]),
        ({"continue_id": "a1"}, (user("own"),), ["own", "first"]),
        (
            {"continue_id": "a1"},
            (user("own"), ChatMessage(role="assistant", content="old")),
            ["own", "first"],
        ),
    ],
)
def test_what_is_sent_follows_from_the_place(
    fields: dict[str, Any], messages: tuple[ChatMessage, ...], expected: list[str]
) -> None:
    assert sent(start(*messages, **fields)) == expected


def test_what_is_continued_is_sent_last_and_without_its_reasoning() -> None:
    request = start(continue_id="a1")
    generate = to_send(request, find_place(TREE, request))
    assert generate.continue_last
    assert generate.messages[-1] == ChatMessage(role="assistant", content="first")


@pytest.mark.parametrize("fields", [{"parent_id": "x"}, {"answer_to": "x"}, {"continue_id": "x"}])
def test_a_message_that_is_not_there_is_not_found(fields: dict[str, Any]) -> None:
    with pytest.raises(NotFound) as caught:
        find_place(TREE, start(user("x"), **fields))
    assert caught.value.param in fields


@pytest.mark.parametrize(
    "fields", [{"answer_to": "a1"}, {"continue_id": "q1"}, {"continue_id": "a3"}, {"continue_id": "a4"}]
)
def test_a_message_that_does_not_fit_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as caught:
        find_place(TREE, start(user("x"), **fields))
    assert caught.value.param in fields


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"parent_id": "a", "continue_id": "b"}, "continue_id"),
        ({"stored_history": True}, "stored_history"),
        ({"answer_to": "a", "conversation_id": None}, "answer_to"),
        ({"answer_to": "a", "prompt": "x"}, "generate.prompt"),
    ],
)
def test_fields_that_do_not_fit_together_are_refused(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        check_places(start(**fields))
    assert caught.value.param == param


def test_the_question_is_the_last_message_and_a_persons() -> None:
    assert question_of(start(prompt="plain")).content == "plain"
    assert question_of(start(user("a"), user("b"), parent_id="")).content == "b"
    for messages in ((), (user("a"), SYSTEM)):
        with pytest.raises(InvalidRequest):
            question_of(start(*messages, parent_id=""))


def test_with_the_stored_history_the_only_turn_is_the_question() -> None:
    with pytest.raises(InvalidRequest):
        sent(start(user("a"), user("b"), parent_id="a1", stored_history=True))
