"""Where a turn goes in a conversation's tree when the request says so, and what the engine is sent for it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from covey.domain.conversation_tree import place_of
from covey.errors import InvalidRequest, NotFound
from covey.protocol.conversations import StoredMessage
from covey.protocol.ids import MessageId
from covey.protocol.inference import ChatMessage, Generate, StartGeneration

BEGINNING = MessageId("")
"""As ``parent_id``: under no message."""


class TurnPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where question and answer go."""

    question_parent_id: MessageId | None = None
    """What a new question goes under; of no meaning when ``question_id`` is set."""
    question_id: MessageId | None = None
    """The question that is there already."""
    continued: StoredMessage | None = None
    """The answer that is continued."""
    path: tuple[StoredMessage, ...] = ()
    """The stored messages from the first one down to the question's place, or to the answer that is continued; empty
    when the place was searched for."""


def check_places(request: StartGeneration) -> None:
    """Raises InvalidRequest when the fields that say where a turn goes do not fit together."""
    named = [name for name in ("parent_id", "answer_to", "continue_id") if getattr(request, name) is not None]
    if len(named) > 1:
        raise InvalidRequest(f"give either {named[0]} or {named[1]}, not both", param=named[1])
    if request.stored_history and not named:
        raise InvalidRequest("stored_history needs parent_id, answer_to or continue_id", param="stored_history")
    if request.conversation_id is None and named:
        raise InvalidRequest(f"{named[0]} needs a conversation_id", param=named[0])
    if named and request.generate.prompt is not None:
        raise InvalidRequest(f"{named[0]} needs messages, not a prompt", param="generate.prompt")


def find_place(stored: Sequence[StoredMessage], request: StartGeneration) -> TurnPlace:
    """Where the turn goes. Raises NotFound for a message that is not there, InvalidRequest for one that does not fit,
    each naming the field."""
    if request.answer_to is not None:
        question = _message(stored, request.answer_to, "answer_to")
        if question.message.role not in ("user", "tool"):
            raise InvalidRequest("answer_to names a message that is no question", param="answer_to")
        return TurnPlace(question_id=question.id, path=path_to(stored, question.id))
    if request.continue_id is not None:
        answer = _message(stored, request.continue_id, "continue_id")
        _check_continuable(answer.message)
        return TurnPlace(question_id=answer.parent_id, continued=answer, path=path_to(stored, answer.id))
    if request.parent_id is not None:
        if request.parent_id == BEGINNING:
            return TurnPlace()
        parent = _message(stored, request.parent_id, "parent_id")
        return TurnPlace(question_parent_id=parent.id, path=path_to(stored, parent.id))
    place = place_of(stored, asked_of(request.generate))
    return TurnPlace(question_parent_id=place.parent_id, question_id=place.existing_id)


def asked_of(generate: Generate) -> tuple[ChatMessage, ...]:
    """The messages of a request; a plain prompt is a question too."""
    return generate.messages or (ChatMessage(role="user", content=generate.prompt or ""),)


def question_of(request: StartGeneration) -> ChatMessage:
    """The message that is new. Raises InvalidRequest when there is none."""
    if not request.generate.messages and request.generate.prompt is None:
        raise InvalidRequest("there has to be at least one message", param="generate.messages")
    question = asked_of(request.generate)[-1]
    if request.parent_id is not None and question.role in ("system", "developer", "assistant"):
        raise InvalidRequest("the last message is the question", param="generate.messages")
    return question


def to_send(request: StartGeneration, place: TurnPlace) -> Generate:
    """What the engine is asked: the client's own messages, or the stored ones of the place."""
    generate = request.generate
    system = tuple(message for message in generate.messages if message.role in ("system", "developer"))
    turns = tuple(message for message in generate.messages if message.role not in ("system", "developer"))
    above = tuple(message.message for message in place.path)
    if request.parent_id is not None:
        if request.stored_history:
            if len(turns) != 1:
                raise InvalidRequest("with stored_history the only turn is the question", param="generate.messages")
            return msgspec.structs.replace(generate, messages=(*system, *above, *turns))
        return generate
    stored = request.stored_history or not turns
    if place.continued is not None:
        last = msgspec.structs.replace(place.continued.message, reasoning=None)
        if stored:
            turns = above[:-1]
        elif turns[-1].role == "assistant":
            turns = turns[:-1]
        return msgspec.structs.replace(generate, messages=(*system, *turns, last), continue_last=True)
    if request.answer_to is not None and stored:
        return msgspec.structs.replace(generate, messages=(*system, *above))
    return generate


def path_to(stored: Sequence[StoredMessage], message_id: MessageId) -> tuple[StoredMessage, ...]:
    """The messages from the first one down to ``message_id``, which is among ``stored``."""
    by_id = {message.id: message for message in stored}
    path: list[StoredMessage] = []
    node = by_id.get(message_id)
    while node is not None and len(path) < len(stored):
        path.append(node)
        node = None if node.parent_id is None else by_id.get(node.parent_id)
    return tuple(reversed(path))


def _message(stored: Sequence[StoredMessage], wanted: MessageId, param: str) -> StoredMessage:
    for message in stored:
        if message.id == wanted:
            return message
    raise NotFound("there is no such message in the conversation", param=param)


def _check_continuable(message: ChatMessage) -> None:
    if message.role != "assistant":
        raise InvalidRequest("only an answer can be continued", param="continue_id")
    if message.tool_calls:
        raise InvalidRequest("an answer that calls tools cannot be continued", param="continue_id")
    if not isinstance(message.content, str) or not message.content:
        raise InvalidRequest("the answer has no text that could be continued", param="continue_id")
