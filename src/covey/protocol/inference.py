"""Generation and embedding: what is asked of an engine, and the one stream of events that every answer is.

A generation is ``Queued*  Loading?  Started  Delta*  (Finished | Failed)``; the last event is always there. When
another processor takes over before the start, its ``Queued* Loading?`` follow those of the first. The n-th event has
the sequence number n, counted from 0, on every hop; nothing may be left out, doubled or reordered. The same events
travel from the engine to the bridge, which turns them into a dialect.
"""

from __future__ import annotations

from typing import Any, Literal

from covey.protocol.endpoint import Empty, Endpoint, Message, StreamEndpoint
from covey.protocol.ids import ConversationId, GenerationId, InstanceId, MessageId, ModelName, NodeName, RequestId


class TextPart(Message, frozen=True, kw_only=True, tag="text"):
    text: str


class ImageUrl(Message, frozen=True, kw_only=True):
    url: str
    """A ``data:`` URL. Anything that would have to be fetched is refused at the bridge."""
    detail: str = "auto"


class ImagePart(Message, frozen=True, kw_only=True, tag="image_url"):
    image_url: ImageUrl


ContentPart = TextPart | ImagePart


class FunctionCall(Message, frozen=True, kw_only=True):
    name: str = ""
    arguments: str = ""
    """JSON text, as the model wrote it."""


class ToolCall(Message, frozen=True, kw_only=True):
    id: str = ""
    type: str = "function"
    function: FunctionCall = FunctionCall()


class ChatMessage(Message, frozen=True, kw_only=True):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | tuple[ContentPart, ...] | None = None
    reasoning: str | None = None
    name: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


class Sampling(Message, frozen=True, kw_only=True):
    """How the next token is chosen and when to stop. None: the model's configured default, or else the engine's."""

    temperature: float | None = None
    """0 to 2."""
    top_p: float | None = None
    """Above 0, to 1."""
    top_k: int | None = None
    """0 to 1000; 0 switches it off."""
    min_p: float | None = None
    """0 to 1."""
    repeat_penalty: float | None = None
    presence_penalty: float | None = None
    """-2 to 2."""
    frequency_penalty: float | None = None
    """-2 to 2."""
    seed: int | None = None
    """0 to 2**32 - 1."""
    stop: tuple[str, ...] = ()
    """At most 16 strings of at most 500 characters each."""
    max_tokens: int | None = None
    """At least 1; the engine clamps it to what is left of the context."""
    logit_bias: dict[str, float] | None = None


class Generate(Message, frozen=True, kw_only=True):
    """One generation. Exactly one of ``messages`` (chat) and ``prompt`` (plain completion) is set."""

    model: ModelName
    messages: tuple[ChatMessage, ...] = ()
    prompt: str | None = None
    suffix: str | None = None
    sampling: Sampling = Sampling()
    response_format: dict[str, Any] | None = None
    """``{"type": "json_object"}`` or ``{"type": "json_schema", "json_schema": {...}}`` as OpenAI has it."""
    tools: tuple[dict[str, Any], ...] = ()
    """OpenAI tool definitions, passed through."""
    tool_choice: Any = None
    parallel_tool_calls: bool | None = None
    logprobs: bool = False
    top_logprobs: int | None = None
    reasoning_effort: str | None = None
    think: bool | str | None = None
    """Ollama's switch for reasoning."""
    keep_alive_s: float | None = None
    """How long the model stays loaded afterwards; negative: for ever; None: the engine's default."""
    raw: bool = False
    """For ``prompt``: do not put it into the model's chat template."""
    stream: bool = True
    """Whether somebody watches the answer grow. If not, an engine may give all of it as one delta at its end."""
    continue_last: bool = False
    """The last message is the assistant's, and the answer is its continuation. Refused where an engine cannot."""


class Usage(Message, frozen=True, kw_only=True):
    """Tokens, as counted by the engine and checked against the chunks that passed."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_prompt_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False
    """True when the engine did not say and Covey counted chunks instead."""


class Timings(Message, frozen=True, kw_only=True):
    """Where the time went, in milliseconds; None: not known."""

    queue_ms: float | None = None
    load_ms: float | None = None
    prompt_ms: float | None = None
    generation_ms: float | None = None


FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "cancelled"]


class Queued(Message, frozen=True, kw_only=True, tag="queued"):
    position: int
    """1 is next. 0 is told to gateways and by them to nobody: see ``AT_WORK``."""
    estimated_wait_s: float | None = None


AT_WORK = Queued(position=0)
"""An engine is at work on an answer that comes as a whole, whose ``Started`` comes with its end."""


class Loading(Message, frozen=True, kw_only=True, tag="loading"):
    """The model is not in memory: it is being loaded, and the request goes on when that is done. Told once, and only by
    engines that know."""

    model: ModelName
    """The model's own name, after aliases."""
    size_bytes: int | None = None
    """Of the model; None: not known."""
    expected_s: float | None = None
    """How long the last load took; None: not known."""


class Started(Message, frozen=True, kw_only=True, tag="started"):
    """An engine slot is at work."""

    model: ModelName
    """The model's own name, after aliases."""
    engine: str = ""
    instance: InstanceId | None = None
    node: NodeName | None = None
    queue_ms: float = 0.0
    kept_as: GenerationId | None = None
    """Set when the answer is kept for repeats of its request, which get the same events."""
    kept_at: float = 0.0
    """When a kept answer began, in Unix seconds."""


class Delta(Message, frozen=True, kw_only=True, tag="delta"):
    """The next piece of the answer: text, reasoning, tool calls, or several of them."""

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[dict[str, Any], ...] = ()
    """OpenAI's streamed form: index, id, type, function{name, arguments}."""
    tokens: int = 1
    """How many tokens this piece stands for; the count that is billed when the engine reports none."""
    logprobs: Any = None


class Finished(Message, frozen=True, kw_only=True, tag="finished"):
    reason: FinishReason
    usage: Usage = Usage()
    timings: Timings = Timings()


class Failed(Message, frozen=True, kw_only=True, tag="failed"):
    """The end of a generation that went wrong after its stream began. ``code`` is one of ``covey.errors``."""

    code: str
    detail: str = ""
    retry_after_s: float | None = None
    usage: Usage = Usage()


GenerationEvent = Queued | Loading | Started | Delta | Finished | Failed


class Embed(Message, frozen=True, kw_only=True):
    model: ModelName
    inputs: tuple[str, ...]
    """1 to 2048 texts, none empty."""
    dimensions: int | None = None


class Embeddings(Message, frozen=True, kw_only=True):
    model: ModelName
    vectors: tuple[tuple[float, ...], ...]
    """One per input, in order, of unit length."""
    usage: Usage = Usage()


SILENCE_S = 3600.0
"""Longest silence of a generation between workers, a last resort: an answer that nobody watches is silent until it is
whole, engines have limits of their own, and a peer that is gone is noticed by its missing signs of life."""

# The processor's endpoints. Called by the gateway alone, which has set the identity and chosen the instance.
PROCESSOR_GENERATE: StreamEndpoint[Generate, GenerationEvent] = StreamEndpoint(
    "processor.generate", Generate, GenerationEvent, idle_timeout_s=SILENCE_S
)
PROCESSOR_EMBED = Endpoint("processor.embed", Embed, Embeddings, timeout_s=300.0)


class GatewayGenerate(Message, frozen=True, kw_only=True):
    """A generation with the credential that asks for it; the gateway trusts nothing else about the caller."""

    credential: str
    """An access token or an API key, as the client sent it, without ``Bearer``."""
    generate: Generate


class GatewayEmbed(Message, frozen=True, kw_only=True):
    credential: str
    embed: Embed


GATEWAY_GENERATE: StreamEndpoint[GatewayGenerate, GenerationEvent] = StreamEndpoint(
    "gateway.generate", GatewayGenerate, GenerationEvent, idle_timeout_s=SILENCE_S
)
GATEWAY_EMBED = Endpoint("gateway.embed", GatewayEmbed, Embeddings, timeout_s=300.0)


class StartGeneration(Message, frozen=True, kw_only=True):
    """A generation that a client worker owns.

    Attached (the default), it is cancelled when its reader goes away. Detached, it goes on without one, and can be
    followed, from any event on, and cancelled by id.
    """

    credential: str
    generate: Generate
    detached: bool = False
    conversation_id: ConversationId | None = None
    """Append the last message of ``generate`` and the answer to this conversation of the caller's. At most one of the
    next three says where; without any, the place is found by comparing the history."""
    parent_id: MessageId | None = None
    """The stored message that the question goes under; an empty text: none, it begins the conversation."""
    answer_to: MessageId | None = None
    """A stored question to answer (again): nothing is appended, the answer becomes a branch beside earlier ones."""
    continue_id: MessageId | None = None
    """A stored answer to continue: the new text is appended to it."""
    stored_history: bool = False
    """Send the engine the stored messages of that place; ``generate`` then holds system messages and, with
    ``parent_id``, the question. Always so for ``answer_to`` and ``continue_id`` when ``generate`` holds no turns."""


class FollowGeneration(Message, frozen=True, kw_only=True):
    credential: str
    generation_id: GenerationId
    after: int = -1
    """The last sequence number already seen."""


class CancelGeneration(Message, frozen=True, kw_only=True):
    credential: str
    generation_id: GenerationId


class GenerationAccepted(Message, frozen=True, kw_only=True):
    generation_id: GenerationId
    instance: InstanceId
    question_id: MessageId | None = None
    """The stored question; None without a conversation, or when it could not be stored yet."""
    answer_id: MessageId | None = None
    """The message that the answer will be; with ``continue_id`` that one."""
    request_id: RequestId | None = None
    """As the request log and the logs of all workers name it."""


class TimeLine(Message, frozen=True, kw_only=True):
    """When each thing happened, in Unix seconds; None: not (yet)."""

    received: float
    admitted: float | None = None
    queued: float | None = None
    started: float | None = None
    first_token: float | None = None
    reasoning_ended: float | None = None
    """When the text began that came after reasoning; known of answers in conversations only."""
    ended: float | None = None


class GenerationInfo(Message, frozen=True, kw_only=True):
    id: GenerationId
    """Of an attached one the id of its request: it cannot be followed."""
    model: ModelName
    state: Literal["running", "finished", "failed", "cancelled"]
    events: int
    """How many events the generation has so far; of an attached one they are not counted."""
    time_line: TimeLine
    conversation_id: ConversationId | None = None
    node: NodeName | None = None
    usage: Usage | None = None
    answer_id: MessageId | None = None
    """The message of the conversation that the answer is, or will be."""
    attached: bool = False
    """Whether it belongs to a request that is being answered, and ends with it: nobody else can follow or cancel it.
    Listed while it runs; of what it is part of, nothing is told."""


class GenerationList(Message, frozen=True, kw_only=True):
    items: tuple[GenerationInfo, ...]


# The client worker's endpoints. ``generate`` streams an attached generation from its first event; ``start`` begins a
# detached one. ``follow`` and ``cancel`` go to the instance that owns the generation.
CLIENT_GENERATE: StreamEndpoint[StartGeneration, GenerationEvent] = StreamEndpoint(
    "client.generate", StartGeneration, GenerationEvent, idle_timeout_s=SILENCE_S
)
CLIENT_START = Endpoint("client.start", StartGeneration, GenerationAccepted, timeout_s=10.0)
CLIENT_FOLLOW: StreamEndpoint[FollowGeneration, GenerationEvent] = StreamEndpoint(
    "client.follow", FollowGeneration, GenerationEvent, idle_timeout_s=SILENCE_S
)
CLIENT_CANCEL = Endpoint("client.cancel", CancelGeneration, Empty, idempotent=True)
CLIENT_EMBED = Endpoint("client.embed", GatewayEmbed, Embeddings, timeout_s=300.0)
