"""Where a question belongs: chat requests carry their history as text, stored messages form a tree."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from covey.errors import InvalidRequest
from covey.protocol.conversations import StoredMessage
from covey.protocol.ids import MessageId
from covey.protocol.inference import ChatMessage, TextPart

TITLE_CHARS = 80
COMPARED_TURNS = 32
"""How far back a history is compared. What is asked for is decided by its end."""


class Place(msgspec.Struct, frozen=True):
    """Where a message goes, or where it is already."""

    parent_id: MessageId | None
    existing_id: MessageId | None = None


def place_of(stored: Sequence[StoredMessage], asked: Sequence[ChatMessage]) -> Place:
    """Where the last message of a request belongs.

    Below the stored message whose ancestry agrees with the messages before it for the longest stretch, so that an
    edited question becomes a branch and a repeated one is found again. System messages are settings, not turns.
    """
    turns = [message for message in asked if message.role not in ("system", "developer")]
    if not turns:
        return Place(None)
    by_id = {message.id: message for message in stored}
    parent = _longest_agreement(stored, by_id, turns[:-1][-COMPARED_TURNS:])
    parent_id = None if parent is None else parent.id
    for message in stored:
        if message.parent_id == parent_id and same(message.message, turns[-1]):
            return Place(parent_id, message.id)
    return Place(parent_id)


def _longest_agreement(
    stored: Sequence[StoredMessage], by_id: dict[MessageId, StoredMessage], history: Sequence[ChatMessage]
) -> StoredMessage | None:
    """The stored message that ends the longest agreeing stretch; of several the newest. None: no history."""
    best: StoredMessage | None = None
    best_length = 0
    if not history:
        return None
    for message in stored:
        length, node = 0, message
        for wanted in reversed(history):
            if not same(node.message, wanted):
                break
            length += 1
            above = by_id.get(node.parent_id) if node.parent_id is not None else None
            if above is None:
                break
            node = above
        if length and length >= best_length:
            best, best_length = message, length
    if best is None and stored:
        return max(stored, key=lambda message: (message.created_at, message.id))
    return best


def same(one: ChatMessage, other: ChatMessage) -> bool:
    """Whether they say the same. Reasoning does not count: clients leave it out of the history."""
    return (
        one.role == other.role
        and (one.content or "") == (other.content or "")
        and one.tool_calls == other.tool_calls
        and one.tool_call_id == other.tool_call_id
    )


def text_of(message: ChatMessage) -> str:
    if message.content is None:
        return ""
    if isinstance(message.content, str):
        return message.content
    return " ".join(part.text for part in message.content if isinstance(part, TextPart))


def title_of(message: ChatMessage) -> str:
    """The first line of a question, shortened at a word."""
    line = next((line.strip() for line in text_of(message).splitlines() if line.strip()), "")
    line = " ".join(line.split())
    if len(line) <= TITLE_CHARS:
        return line
    return line[:TITLE_CHARS].rpartition(" ")[0] + "…" if " " in line[:TITLE_CHARS] else line[:TITLE_CHARS] + "…"


def check_tree(messages: Sequence[StoredMessage]) -> None:
    """Returns when the messages form a tree, parents before children. Raises InvalidRequest."""
    seen: set[MessageId] = set()
    for message in messages:
        if message.parent_id is not None and message.parent_id not in seen:
            raise InvalidRequest("a message comes before the one that it answers", param="messages")
        seen.add(message.id)


def branch_of(stored: Sequence[StoredMessage], message_id: MessageId) -> list[StoredMessage]:
    """A message and everything below it, parents before children; empty when there is no such message."""
    children: dict[MessageId | None, list[StoredMessage]] = {}
    for message in stored:
        children.setdefault(message.parent_id, []).append(message)
    branch = [message for message in stored if message.id == message_id]
    seen = {message_id}
    for message in branch:  # grows while it is walked
        below = [child for child in children.get(message.id, ()) if child.id not in seen]
        seen.update(child.id for child in below)
        branch.extend(below)
    return branch


def in_order(messages: Sequence[StoredMessage]) -> list[StoredMessage]:
    """Oldest first, those of one moment in the order of their ids, but none before its parent."""
    known = {message.id for message in messages}
    placed: set[MessageId] = set()
    waiting: dict[MessageId, list[StoredMessage]] = {}
    found: list[StoredMessage] = []
    for message in sorted(messages, key=lambda message: (message.created_at, message.id)):
        if message.parent_id in known and message.parent_id not in placed:
            waiting.setdefault(message.parent_id, []).append(message)
            continue
        ready = [message]
        for each in ready:  # grows while it is walked
            found.append(each)
            placed.add(each.id)
            ready.extend(waiting.pop(each.id, ()))
    return found + [message for left in waiting.values() for message in left]
