"""What is sent to the server: fields of this list only, each within its range."""

from __future__ import annotations

import hashlib
import re
from operator import attrgetter
from typing import Any

import msgspec

from covey.backends.openai.config import OpenAIConfig
from covey.backends.sampling import answer_limit, check_request
from covey.errors import InvalidRequest
from covey.protocol.inference import ChatMessage, Embed, Generate, Sampling, TextPart

MAX_DIMENSIONS = 65_536
_DATA_URL = re.compile(r"data:image/[a-z0-9.+-]{1,40};base64,[A-Za-z0-9+/]+={0,2}\Z")
_STREAM = {"stream": True, "stream_options": {"include_usage": True}}
_WHOLE = {"stream": False}
_SAME_NAMES = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "seed", "logit_bias")
_SAME_VALUES = attrgetter(*_SAME_NAMES)
_ALL_UNSET = (None,) * len(_SAME_NAMES)
_ENCODER = msgspec.json.Encoder()


def encode_generate(config: OpenAIConfig, request: Generate, model: str, asker: str = "") -> tuple[str, bytes]:
    """Path and body. Raises InvalidRequest."""
    check_request(request)
    body: dict[str, Any] = {"model": model, **(_STREAM if request.stream else _WHOLE)}
    if request.prompt is None or not request.raw:
        path = "/chat/completions"
        body["messages"] = messages_of(config, request)
        limit_name = config.max_tokens_name
        put_chat_fields(body, request)
        if request.continue_last:
            if not config.continues:
                raise InvalidRequest("this model's engine cannot continue an answer", param="continue_last")
            body |= {"add_generation_prompt": False, "continue_final_message": True}
    else:
        path = "/completions"
        body["prompt"] = request.prompt
        limit_name = "max_tokens"
        if request.suffix:
            body["suffix"] = request.suffix
        if request.logprobs:
            body["logprobs"] = request.top_logprobs or 1
        if request.response_format is not None:
            body["response_format"] = request.response_format
    put_sampling(body, config, request.sampling)
    if request.sampling.max_tokens is not None:
        body[limit_name] = answer_limit(request, config.max_answer_tokens)
    if config.cache_salt:
        body["cache_salt"] = hashlib.sha256(asker.encode()).hexdigest()
    return path, _encode(body)


def messages_of(config: OpenAIConfig, request: Generate) -> list[dict[str, Any]]:
    if request.prompt is not None:
        return [*(message_of(config, message) for message in request.messages),
                {"role": "user", "content": request.prompt}]  # fmt: skip
    return [message_of(config, message) for message in request.messages]


def message_of(config: OpenAIConfig, message: ChatMessage) -> dict[str, Any]:
    role = "system" if message.role == "developer" and not config.developer_role else message.role
    content: Any = message.content
    if isinstance(content, tuple):
        content = [
            {"type": "text", "text": part.text}
            if isinstance(part, TextPart)
            else {
                "type": "image_url",
                "image_url": {"url": data_url(part.image_url.url), "detail": part.image_url.detail},
            }
            for part in content
        ]
    found: dict[str, Any] = {"role": role, "content": content}
    if message.reasoning and config.reasoning_name:
        found[config.reasoning_name] = message.reasoning
    if message.name is not None:
        found["name"] = message.name
    if message.tool_call_id is not None:
        found["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        found["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.function.name, "arguments": call.function.arguments},
            }
            for call in message.tool_calls
        ]
    return found


def data_url(url: str) -> str:
    """The address of an image, if nobody has to fetch anything for it."""
    if not _DATA_URL.match(url):
        raise InvalidRequest("images are given as data: URLs in base64", param="messages")
    return url


def put_chat_fields(body: dict[str, Any], request: Generate) -> None:
    if request.tools:
        body["tools"] = request.tools
        if request.tool_choice is not None:
            body["tool_choice"] = request.tool_choice
        if request.parallel_tool_calls is not None:
            body["parallel_tool_calls"] = request.parallel_tool_calls
    if request.response_format is not None:
        body["response_format"] = request.response_format
    if request.logprobs:
        body["logprobs"] = True
        if request.top_logprobs:
            body["top_logprobs"] = request.top_logprobs
    effort = request.reasoning_effort or (request.think if isinstance(request.think, str) else None)
    if effort:
        body["reasoning_effort"] = effort
    if isinstance(request.think, bool):
        # The chat templates of Qwen, DeepSeek and others know one of these two; the others pass over them.
        body["chat_template_kwargs"] = {"enable_thinking": request.think, "thinking": request.think}


def put_sampling(body: dict[str, Any], config: OpenAIConfig, sampling: Sampling) -> None:
    values = _SAME_VALUES(sampling)
    if values != _ALL_UNSET:
        body |= {name: value for name, value in zip(_SAME_NAMES, values, strict=True) if value is not None}
    if sampling.stop:
        body["stop"] = sampling.stop
    if not config.extra_sampling:
        return
    if sampling.top_k is not None:
        body["top_k"] = sampling.top_k
    if sampling.min_p is not None:
        body["min_p"] = sampling.min_p
    if sampling.repeat_penalty is not None:
        body[config.repeat_penalty_name] = sampling.repeat_penalty


def encode_embed(request: Embed, model: str) -> bytes:
    body: dict[str, Any] = {"model": model, "input": request.inputs, "encoding_format": "float"}
    if request.dimensions is not None:
        if not 1 <= request.dimensions <= MAX_DIMENSIONS:
            raise InvalidRequest(f"dimensions is 1 to {MAX_DIMENSIONS}", param="dimensions")
        body["dimensions"] = request.dimensions
    return _encode(body)


def _encode(body: dict[str, Any]) -> bytes:
    try:
        return _ENCODER.encode(body)
    except (UnicodeEncodeError, TypeError, RecursionError) as error:
        raise InvalidRequest("the request cannot be written as JSON") from error
