"""Conversations and preferences: what the client worker keeps for a person. Only the owner may see or change them."""

from __future__ import annotations

from typing import Any

from covey.protocol.endpoint import Empty, Endpoint, Message
from covey.protocol.ids import ConversationId, GenerationId, MessageId, ModelName
from covey.protocol.inference import ChatMessage, GenerationInfo, GenerationList, TimeLine, Usage


class StoredMessage(Message, frozen=True, kw_only=True):
    """One message of a conversation's tree; ``parent_id`` None: a first message. Siblings are branches."""

    id: MessageId
    parent_id: MessageId | None = None
    message: ChatMessage
    created_at: float
    model: ModelName | None = None
    generation_id: GenerationId | None = None
    usage: Usage | None = None
    time_line: TimeLine | None = None
    finish_reason: str | None = None
    """Also ``failed`` for a partial answer."""


class ConversationInfo(Message, frozen=True, kw_only=True):
    id: ConversationId
    title: str = ""
    folder: str = ""
    pinned: bool = False
    model: ModelName | None = None
    created_at: float
    updated_at: float
    message_count: int = 0
    revision: int = 0
    """Send it back with a change to be told (409) when someone else changed it in between."""


class Conversation(Message, frozen=True, kw_only=True):
    info: ConversationInfo
    messages: tuple[StoredMessage, ...] = ()
    settings: dict[str, Any] = {}
    """System prompt and parameters as the user interface keeps them; at most 16 KiB of JSON."""


class ConversationList(Message, frozen=True, kw_only=True):
    items: tuple[ConversationInfo, ...]
    next: str | None = None


class CreateConversation(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: str = ""
    folder: str = ""
    model: ModelName | None = None
    settings: dict[str, Any] = {}
    messages: tuple[StoredMessage, ...] = ()
    """For an import; ids are kept when they are free."""


class ConversationRef(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    conversation_id: ConversationId


class ListConversations(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    search: str | None = None
    """Words that must all appear in the title or in a message, case folded."""
    cursor: str | None = None
    limit: int = 50
    """1 to 200."""


class UpdateConversation(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    conversation_id: ConversationId
    title: str | None = None
    folder: str | None = None
    pinned: bool | None = None
    model: ModelName | None = None
    settings: dict[str, Any] | None = None
    revision: int | None = None


class AppendMessage(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    conversation_id: ConversationId
    message: ChatMessage
    parent_id: MessageId | None = None


class Preferences(Message, frozen=True, kw_only=True):
    values: dict[str, Any] = {}
    """The user interface's own; at most 32 KiB of JSON."""


class SetPreferences(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    values: dict[str, Any]


class GenerationRef(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    generation_id: GenerationId


CREATE_CONVERSATION = Endpoint("client.create_conversation", CreateConversation, Conversation)
LIST_CONVERSATIONS = Endpoint("client.list_conversations", ListConversations, ConversationList, idempotent=True)
GET_CONVERSATION = Endpoint("client.get_conversation", ConversationRef, Conversation, idempotent=True)
UPDATE_CONVERSATION = Endpoint("client.update_conversation", UpdateConversation, ConversationInfo, idempotent=True)
DELETE_CONVERSATION = Endpoint("client.delete_conversation", ConversationRef, Empty, idempotent=True)
APPEND_MESSAGE = Endpoint("client.append_message", AppendMessage, StoredMessage)
GET_PREFERENCES = Endpoint("client.get_preferences", Empty, Preferences, idempotent=True)
SET_PREFERENCES = Endpoint("client.set_preferences", SetPreferences, Preferences, idempotent=True)
LIST_GENERATIONS = Endpoint("client.list_generations", Empty, GenerationList, idempotent=True)
GET_GENERATION = Endpoint("client.get_generation", GenerationRef, GenerationInfo, idempotent=True)
