"""Conversations and preferences: what the client worker keeps for a person. Only the owner may see or change them."""

from __future__ import annotations

from typing import Any, Literal

from covey.protocol.endpoint import Empty, Endpoint, Message, StreamEndpoint, Topic
from covey.protocol.ids import (
    AttachmentId,
    ConversationId,
    GenerationId,
    MessageId,
    ModelName,
    NodeName,
    RequestId,
    UserId,
)
from covey.protocol.inference import ChatMessage, GenerationInfo, GenerationList, TimeLine, Usage
from covey.protocol.subjects import TOPIC_CONVERSATIONS, person


class StoredMessage(Message, frozen=True, kw_only=True):
    """One message of a conversation's tree; ``parent_id`` None: a first message. Siblings are branches.

    Of an answer that was continued, ``model`` and what follows tell of the last continuation.
    """

    id: MessageId
    parent_id: MessageId | None = None
    message: ChatMessage
    """The URL of a picture in it is ``covey-attachment:`` and the attachment's id."""
    created_at: float
    model: ModelName | None = None
    node: NodeName | None = None
    """Where it was made."""
    generation_id: GenerationId | None = None
    request_id: RequestId | None = None
    """As the request log names it."""
    usage: Usage | None = None
    time_line: TimeLine | None = None
    finish_reason: str | None = None
    """Also ``failed`` for a partial answer."""
    error_code: str | None = None
    """Why it failed: one of ``covey.errors``."""


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
    active_leaf: MessageId | None = None
    """The message whose branch is shown: the newest question or answer, or what was chosen since; None: no message."""


class RunningGeneration(Message, frozen=True, kw_only=True):
    """A generation of a conversation that has not ended."""

    generation_id: GenerationId
    answer_id: MessageId
    """The message that the answer will be; it is there already when ``continues``."""
    question_id: MessageId | None = None
    """The message that the answer goes under."""
    model: ModelName
    started_at: float
    continues: bool = False
    """The events hold only what is appended to the stored message."""
    request_id: RequestId | None = None


class Conversation(Message, frozen=True, kw_only=True):
    info: ConversationInfo
    messages: tuple[StoredMessage, ...] = ()
    settings: dict[str, Any] = {}
    """System prompt and parameters as the user interface keeps them; at most 16 KiB of JSON."""
    generations: tuple[RunningGeneration, ...] = ()
    """Those that run now, on whichever client worker."""


class SearchMatch(Message, frozen=True, kw_only=True):
    """Where a conversation holds the words that were searched for."""

    message_id: MessageId | None = None
    """None: in its title."""
    snippet: str
    """At most 160 characters, without line breaks."""


class ConversationList(Message, frozen=True, kw_only=True):
    items: tuple[ConversationInfo, ...]
    next: str | None = None
    matches: dict[ConversationId, SearchMatch] = {}
    """For a search: one for each item."""


class Folder(Message, frozen=True, kw_only=True):
    name: str
    conversation_count: int


class FolderList(Message, frozen=True, kw_only=True):
    items: tuple[Folder, ...]
    """By name; conversations without a folder are not counted."""


class CreateConversation(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    title: str = ""
    folder: str = ""
    model: ModelName | None = None
    settings: dict[str, Any] = {}
    messages: tuple[StoredMessage, ...] = ()
    """For an import: a tree, each message after its parent. An id that is taken or malformed is replaced; a
    ``parent_id`` means the last message of that id before."""
    pinned: bool = False
    active_leaf: MessageId | None = None
    """One of the messages; None: the last one."""
    created_at: float | None = None
    """For an import; None: now."""


class ConversationRef(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    conversation_id: ConversationId


class ListConversations(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    search: str | None = None
    """Words that must all appear in the title or in a message, case folded."""
    folder: str | None = None
    """Only this folder's; an empty text: those without a folder."""
    pinned: bool | None = None
    """Only those that are pinned, or are not."""
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
    active_leaf: MessageId | None = None
    """A message of the conversation."""
    revision: int | None = None


class AppendMessage(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    conversation_id: ConversationId
    message: ChatMessage
    parent_id: MessageId | None = None


class DeleteConversations(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    confirm: Literal["all"]
    """Nothing is deleted without it."""


class DeletedConversations(Message, frozen=True, kw_only=True):
    deleted: int


class MessageRef(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    conversation_id: ConversationId
    message_id: MessageId


class ForkConversation(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    conversation_id: ConversationId
    message_id: MessageId
    """The last message of the new conversation."""
    title: str | None = None
    """None: the same."""


class AddAttachment(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    conversation_id: ConversationId
    url: str
    """A ``data:`` URL of an image, in base64."""


class AttachmentRef(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    conversation_id: ConversationId
    attachment_id: AttachmentId


class AttachmentInfo(Message, frozen=True, kw_only=True):
    id: AttachmentId
    media_type: str
    size_bytes: int


class Attachment(Message, frozen=True, kw_only=True):
    info: AttachmentInfo
    url: str
    """A ``data:`` URL."""


class Preferences(Message, frozen=True, kw_only=True):
    values: dict[str, Any] = {}
    """The user interface's own; at most 32 KiB of JSON."""


class SetPreferences(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    values: dict[str, Any]


class GenerationRef(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    generation_id: GenerationId


ChangeKind = Literal[
    "created",
    "updated",
    "deleted",
    "all_deleted",
    "message",
    "branch_deleted",
    "generation_started",
    "generation_ended",
]


class ConversationChanged(Message, frozen=True, kw_only=True, tag="changed"):
    """Something happened to a conversation. At most once, and with no text: who hears it reads what it needs."""

    conversation_id: ConversationId
    """Empty for ``all_deleted``."""
    kind: ChangeKind
    revision: int = 0
    """The conversation's after the change; 0 when it was deleted, or the end of its generation changed nothing."""
    message_id: MessageId | None = None
    """The message that was added, changed or deleted; of a generation the answer's."""
    generation_id: GenerationId | None = None


class Watching(Message, frozen=True, kw_only=True, tag="watching"):
    """Changes are heard from now on. Repeated from time to time, as a sign of life."""

    fresh: bool = True
    """Earlier changes may have been missed: read again what matters."""


class WatchConversations(Message, frozen=True, kw_only=True):
    credential: str
    conversation_id: ConversationId | None = None
    """Only this one's changes; None: those of all of the caller's."""


WatchEvent = Watching | ConversationChanged


def conversation_topic(user_id: UserId) -> Topic[ConversationChanged]:
    """What happens to one person's conversations."""
    return Topic(f"{TOPIC_CONVERSATIONS}.{person(user_id)}", ConversationChanged)


CLIENT_WATCH: StreamEndpoint[WatchConversations, WatchEvent] = StreamEndpoint(
    "client.watch", WatchConversations, WatchEvent
)
CREATE_CONVERSATION = Endpoint("client.create_conversation", CreateConversation, Conversation)
LIST_CONVERSATIONS = Endpoint("client.list_conversations", ListConversations, ConversationList, idempotent=True)
GET_CONVERSATION = Endpoint("client.get_conversation", ConversationRef, Conversation, idempotent=True)
UPDATE_CONVERSATION = Endpoint("client.update_conversation", UpdateConversation, ConversationInfo, idempotent=True)
DELETE_CONVERSATION = Endpoint("client.delete_conversation", ConversationRef, Empty, idempotent=True)
DELETE_CONVERSATIONS = Endpoint(
    "client.delete_conversations", DeleteConversations, DeletedConversations, timeout_s=30.0, idempotent=True
)
LIST_FOLDERS = Endpoint("client.list_folders", Empty, FolderList, idempotent=True)
APPEND_MESSAGE = Endpoint("client.append_message", AppendMessage, StoredMessage)
DELETE_BRANCH = Endpoint("client.delete_branch", MessageRef, ConversationInfo)
FORK_CONVERSATION = Endpoint("client.fork_conversation", ForkConversation, Conversation)
ADD_ATTACHMENT = Endpoint("client.add_attachment", AddAttachment, AttachmentInfo)
GET_ATTACHMENT = Endpoint("client.get_attachment", AttachmentRef, Attachment, idempotent=True)
GET_PREFERENCES = Endpoint("client.get_preferences", Empty, Preferences, idempotent=True)
SET_PREFERENCES = Endpoint("client.set_preferences", SetPreferences, Preferences, idempotent=True)
LIST_GENERATIONS = Endpoint("client.list_generations", Empty, GenerationList, idempotent=True)
GET_GENERATION = Endpoint("client.get_generation", GenerationRef, GenerationInfo, idempotent=True)
