"""What was asked and answered, where an operator has it kept: for administrators, for a while, and never otherwise."""

from __future__ import annotations

from typing import Literal

from covey.protocol.endpoint import Empty, Endpoint, Message
from covey.protocol.ids import KeyId, ModelName, RequestId, UserId
from covey.protocol.inference import TextPart, ToolCall
from covey.protocol.usage import Outcome


class KeptImage(Message, frozen=True, kw_only=True, tag="image"):
    """That a picture was there. The picture itself is never kept."""

    media_type: str
    size_bytes: int


class KeptMessage(Message, frozen=True, kw_only=True):
    role: str
    content: tuple[TextPart | KeptImage, ...] = ()
    reasoning: str = ""
    name: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    cut: bool = False
    """Whether more was said than is kept."""


class KeptAnswer(Message, frozen=True, kw_only=True):
    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    cut: bool = False
    """Whether more came than is kept."""


class KeptContent(Message, frozen=True, kw_only=True):
    """One generation: the question as it was given, and as much of the answer as came."""

    request_id: RequestId
    user_id: UserId
    username: str
    """As it was then."""
    key_id: KeyId | None = None
    model: ModelName
    kind: Literal["chat", "completion"]
    at: float
    """Unix seconds when it ended."""
    expires_at: float
    """Unix seconds when it is forgotten."""
    outcome: Outcome = "ok"
    error_code: str | None = None
    messages: tuple[KeptMessage, ...] = ()
    """The last ones of the question, oldest first."""
    messages_left_out: int = 0
    """How many came before those."""
    prompt: str | None = None
    """Of a plain completion."""
    suffix: str | None = None
    prompt_cut: bool = False
    answer: KeptAnswer = KeptAnswer()


class AskContent(Message, frozen=True, kw_only=True, forbid_unknown_fields=True):
    request_id: RequestId


class RequestContents(Message, frozen=True, kw_only=True):
    """Newest first. Usually one: several when a client used an id again."""

    items: tuple[KeptContent, ...]
    more: int = 0
    """How many older ones of this id are kept and not shown."""


class ContentPolicy(Message, frozen=True, kw_only=True):
    """What everybody may know who uses the service."""

    kept: bool = False
    """Whether questions and answers are kept for administrators to read."""
    kept_s: float | None = None
    """For how long; None: they are not."""


GET_REQUEST_CONTENT = Endpoint(
    "gateway.get_request_content", AskContent, RequestContents, timeout_s=15.0, idempotent=True
)
GET_CONTENT_POLICY = Endpoint("gateway.get_content_policy", Empty, ContentPolicy, idempotent=True)
