"""What clients send in the OpenAI dialect, and how it becomes a generation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

import msgspec

from covey.bridge import json_body
from covey.bridge.dialects.image_sources import refuse_fetched_images
from covey.bridge.errors import invalid_json
from covey.errors import InvalidRequest, UnknownField
from covey.protocol.ids import ModelName
from covey.protocol.inference import ChatMessage, Generate, Sampling

UPSTREAM_FIELDS = frozenset(
    "api_base api_key api_type api_version base_url endpoint url headers extra_headers extra_query extra_body "
    "default_headers organization project proxy proxies options timeout custom_llm_provider deployment_id "
    "azure_endpoint aws_region_name vertex_project".split()
)
"""Fields by which gateways of this kind were made to call somewhere else, with their own credentials."""

_Integer = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""What fits the wire."""
_Accepted = msgspec.Raw | msgspec.UnsetType


class StreamOptions(msgspec.Struct, frozen=True, kw_only=True):
    include_usage: bool | None = None


class _Common(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    model: ModelName
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: _Integer | None = None
    min_p: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    repetition_penalty: float | None = None
    repeat_penalty: float | None = None
    seed: _Integer | None = None
    stop: str | tuple[str, ...] | None = None
    max_tokens: _Integer | None = None
    logit_bias: dict[str, float] | None = None
    n: _Integer | None = None
    user: _Accepted = msgspec.UNSET
    metadata: _Accepted = msgspec.UNSET
    store: _Accepted = msgspec.UNSET
    service_tier: _Accepted = msgspec.UNSET
    safety_identifier: _Accepted = msgspec.UNSET
    prompt_cache_key: _Accepted = msgspec.UNSET
    prompt_cache_retention: _Accepted = msgspec.UNSET


class ChatCompletionRequest(_Common, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /v1/chat/completions``."""

    messages: tuple[ChatMessage, ...]
    max_completion_tokens: _Integer | None = None
    logprobs: bool | None = None
    top_logprobs: _Integer | None = None
    response_format: dict[str, Any] | None = None
    tools: tuple[dict[str, Any], ...] | None = None
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    reasoning_effort: str | None = None
    modalities: tuple[str, ...] | None = None
    audio: Any = None
    functions: Any = None
    function_call: Any = None
    moderation: _Accepted = msgspec.UNSET


class CompletionRequest(_Common, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /v1/completions``."""

    prompt: str | list[str | int | list[int]] = ""
    suffix: str | None = None
    echo: bool | None = None
    best_of: _Integer | None = None
    logprobs: _Integer | None = None


class EmbeddingRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /v1/embeddings``."""

    model: ModelName
    input: str | list[str | int | list[int]]
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: _Integer | None = None
    user: _Accepted = msgspec.UNSET


class RequestDecoder:
    """Decodes one kind of request. Unknown fields are dropped and named; those that would choose an upstream are
    refused. The usual request is decoded once; only one with unknown fields is looked at again."""

    def __init__(self, request: type[msgspec.Struct]) -> None:
        self._strict = msgspec.json.Decoder(request)
        tolerant = msgspec.defstruct(
            request.__name__, [], bases=(request,), forbid_unknown_fields=False, frozen=True, kw_only=True
        )
        self._tolerant = msgspec.json.Decoder(tolerant)
        self._fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
        self._known = frozenset(field.encode_name for field in msgspec.structs.fields(request))

    def decode(self, body: bytes) -> tuple[Any, tuple[str, ...]]:
        """The request, and the names of the fields that were dropped."""
        if len(body) > json_body.LOOK_FROM_BYTES:
            json_body.check_shape(body)
        try:
            return self._strict.decode(body), ()
        except msgspec.ValidationError:
            unknown = tuple(name for name in json_body.decode(self._fields, body) if name not in self._known)
            refuse_upstream(unknown)
            return json_body.decode(self._tolerant, body), unknown
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise invalid_json(error) from error


def refuse_upstream(names: Iterable[str]) -> None:
    """Raises UnknownField for a field that would choose where the request goes."""
    for name in names:
        if name in UPSTREAM_FIELDS:
            raise UnknownField(f"{name} cannot be set by a request", param=name)


def chat_generation(request: ChatCompletionRequest) -> Generate:
    """Raises InvalidRequest, naming the field, for what is not offered here."""
    _one_answer(request.n)
    if request.functions is not None or request.function_call is not None:
        raise InvalidRequest("functions are not offered; use tools and tool_choice", param="functions")
    if request.audio is not None or (request.modalities is not None and request.modalities != ("text",)):
        raise InvalidRequest("only text is generated here", param="modalities")
    if not request.messages:
        raise InvalidRequest("at least one message is needed", param="messages")
    refuse_fetched_images(request.messages, "messages")
    limit = request.max_completion_tokens
    return Generate(
        model=request.model,
        messages=request.messages,
        sampling=_sampling(request, request.max_tokens if limit is None else limit),
        response_format=_format(request.response_format),
        tools=request.tools or (),
        tool_choice=request.tool_choice,
        parallel_tool_calls=request.parallel_tool_calls,
        logprobs=bool(request.logprobs),
        top_logprobs=request.top_logprobs,
        reasoning_effort=request.reasoning_effort,
        stream=bool(request.stream),
    )


def completion_generation(request: CompletionRequest) -> Generate:
    """Raises InvalidRequest, naming the field, for what is not offered here."""
    _one_answer(request.n)
    if request.best_of not in (None, 1):
        raise InvalidRequest("best_of is not offered; leave it out", param="best_of")
    if request.echo and request.logprobs is not None:
        raise InvalidRequest("echo cannot be combined with logprobs", param="echo")
    prompt: Any = request.prompt
    if isinstance(prompt, list):
        if any(not isinstance(item, str) for item in prompt):
            raise InvalidRequest("prompts are taken as text, not as token numbers", param="prompt")
        if len(prompt) != 1:
            raise InvalidRequest("exactly one prompt is taken; send one request for each", param="prompt")
        prompt = prompt[0]
    return Generate(
        model=request.model,
        prompt=prompt,
        suffix=request.suffix,
        sampling=_sampling(request, request.max_tokens),
        logprobs=request.logprobs is not None,
        top_logprobs=request.logprobs,
        raw=True,
        stream=bool(request.stream),
    )


def embedding_inputs(request: EmbeddingRequest) -> tuple[str, ...]:
    """Raises InvalidRequest for token numbers."""
    given: Any = request.input
    if isinstance(given, str):
        return (given,)
    if any(not isinstance(item, str) for item in given):
        raise InvalidRequest("inputs are taken as text, not as token numbers", param="input")
    return tuple(given)


def _one_answer(n: int | None) -> None:
    if n is not None and n != 1:
        raise InvalidRequest("only n = 1 is offered; send several requests", param="n")


def _format(response_format: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if response_format is None or response_format.get("type") == "text" else response_format


def _sampling(request: _Common, max_tokens: int | None) -> Sampling:
    stop = request.stop
    penalty = request.repetition_penalty
    return Sampling(
        temperature=request.temperature,
        top_p=request.top_p,
        top_k=request.top_k,
        min_p=request.min_p,
        repeat_penalty=request.repeat_penalty if penalty is None else penalty,
        presence_penalty=request.presence_penalty,
        frequency_penalty=request.frequency_penalty,
        seed=request.seed,
        stop=() if stop is None else (stop,) if type(stop) is str else tuple(stop),
        max_tokens=max_tokens,
        logit_bias=request.logit_bias,
    )
