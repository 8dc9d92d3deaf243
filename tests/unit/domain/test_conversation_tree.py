from __future__ import annotations

from typing import Any

import msgspec
import pytest

from covey.domain.conversation_tree import branch_of, check_tree, in_order, place_of, text_of, title_of
from covey.errors import InvalidRequest
from covey.protocol.conversations import StoredMessage
from covey.protocol.ids import MessageId
from covey.protocol.inference import ChatMessage, TextPart


def said(role: Any, content: str) -> ChatMessage:
    return ChatMessage(role=role, content=content)


def stored(number: int, parent: int | None, role: Any, content: str) -> StoredMessage:
    return StoredMessage(
        id=MessageId(f"m{number}"),
        parent_id=None if parent is None else MessageId(f"m{parent}"),
        message=said(role, content),
        created_at=float(number),
    )


TREE = [
    stored(1, None, "user", "hi"),
    stored(2, 1, "assistant", "hello"),
    stored(3, 2, "user", "more"),
    stored(4, 3, "assistant", "yes"),
    stored(5, 2, "user", "other"),
    stored(6, 5, "assistant", "yes"),
]
HI, HELLO = said("user", "hi"), said("assistant", "hello")


def placed(*asked: ChatMessage) -> tuple[str | None, str | None]:
    place = place_of(TREE, asked)
    return place.parent_id, place.existing_id


def test_the_next_question_goes_below_the_answer_that_it_follows() -> None:
    assert placed(HI, HELLO, said("user", "more"), said("assistant", "yes"), said("user", "new")) == ("m4", None)
    assert placed(HI, HELLO, said("user", "other"), said("assistant", "yes"), said("user", "new")) == ("m6", None)


def test_an_edited_question_becomes_a_branch() -> None:
    assert placed(HI, HELLO, said("user", "edited")) == ("m2", None)
    assert placed(said("user", "another beginning")) == (None, None)


def test_a_repeated_question_is_found_again() -> None:
    assert placed(HI, HELLO, said("user", "more")) == ("m2", "m3")
    assert placed(said("system", "be brief"), HI) == (None, "m1")


def test_a_shortened_history_is_matched_by_its_end() -> None:
    assert placed(said("user", "other"), said("assistant", "yes"), said("user", "new")) == ("m6", None)


def test_a_history_that_is_not_known_goes_below_the_newest_message() -> None:
    assert placed(said("user", "?"), said("assistant", "!"), said("user", "new")) == ("m6", None)
    assert place_of([], [HI]).parent_id is None


def test_titles_are_one_short_line() -> None:
    assert title_of(said("user", "\n  How   are you?\nfine")) == "How are you?"
    long = title_of(said("user", "word " * 40))
    assert len(long) <= 81
    assert long.endswith("word…")
    assert title_of(said("user", "")) == ""
    assert text_of(ChatMessage(role="user", content=(TextPart(text="a"), TextPart(text="b")))) == "a b"


def test_an_import_must_be_a_tree() -> None:
    check_tree(TREE)
    with pytest.raises(InvalidRequest):
        check_tree([TREE[1], TREE[0]])


def test_a_branch_is_a_message_and_everything_below_it_parents_first() -> None:
    root = TREE[0]
    branch = branch_of(TREE, root.id)
    assert branch[0] == root
    seen = {root.id}
    for message in branch[1:]:
        assert message.parent_id in seen
        seen.add(message.id)
    assert branch_of(TREE, TREE[-1].id) == [TREE[-1]]
    assert branch_of(TREE, MessageId("none")) == []


def test_a_branch_ends_although_messages_point_at_each_other() -> None:
    one, other = stored(1, 2, "user", "a"), stored(2, 1, "user", "b")
    assert len(branch_of([one, other], one.id)) == 2


def test_messages_are_in_the_order_of_time_but_never_before_their_parents() -> None:
    child, parent, other = stored(1, 2, "user", "a"), stored(2, None, "user", "b"), stored(0, None, "user", "c")
    moment = [msgspec.structs.replace(message, created_at=1.0) for message in (child, parent, other)]
    assert [message.message.content for message in in_order(moment)] == ["c", "b", "a"]
    one, two = stored(1, 2, "user", "a"), stored(2, 1, "user", "b")
    assert in_order([one, two]) == [one, two]
