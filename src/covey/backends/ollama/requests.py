"""What is sent to Ollama: fields of this list only, each within its range."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from covey.backends.failures import UNREADABLE
from covey.backends.ollama.config import OllamaConfig
from covey.backends.sampling import answer_limit, check_request
from covey.errors import InvalidRequest
from covey.protocol.inference import ChatMessage, Embed, Generate, TextPart

MAX_DIMENSIONS = 65_536
_DATA_URL = re.compile(r"data:image/[a-z0-9.+-]{1,40};base64,([A-Za-z0-9+/]+={0,2})\Z")
_PART = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
_NAME = re.compile(rf"(?:(?P<host>{_PART}(?::\d{{1,5}})?)/(?=[^/]+/))?(?:{_PART}/)?{_PART}(?::{_PART})?\Z")
_ENCODER = msgspec.json.Encoder()


def encode_generate(config: OllamaConfig, request: Generate) -> tuple[str, bytes]:
    """Path and body. Raises InvalidRequest."""
    check_request(request)
    if request.continue_last:  # whether a trailing answer is continued depends on each model's template there
        raise InvalidRequest("this model's engine cannot continue an answer", param="continue_last")
    body: dict[str, Any] = {"model": request.model, "stream": True, "options": options_of(config, request)}
    if request.prompt is None:
        path = "/api/chat"
        body["messages"] = [message_of(message) for message in request.messages]
        if tools := tools_of(request):
            body["tools"] = tools
    else:
        path = "/api/generate"
        body["prompt"] = request.prompt
        if request.suffix:
            body["suffix"] = request.suffix  # needs the template, which raw would leave out
        elif request.raw:
            body["raw"] = True
    if (form := format_of(request)) is not None:
        body["format"] = form
    if (think := think_of(request)) is not None:
        body["think"] = think
    keep_alive_s = config.keep_alive_s if request.keep_alive_s is None else request.keep_alive_s
    if keep_alive_s is not None:
        body["keep_alive"] = max(keep_alive_s, -1)
    if request.logprobs:
        body["logprobs"] = True
        if request.top_logprobs:
            body["top_logprobs"] = request.top_logprobs
    return path, encode(body)


def options_of(config: OllamaConfig, request: Generate) -> dict[str, Any]:
    sampling = request.sampling
    if sampling.logit_bias:
        raise InvalidRequest("this model's engine does not take logit_bias", param="logit_bias")
    options: dict[str, Any] = {}
    for name in (
        "temperature", "top_p", "top_k", "min_p", "repeat_penalty", "presence_penalty", "frequency_penalty", "seed",
    ):  # fmt: skip
        value = getattr(sampling, name)
        if value is not None:
            options[name] = value
    if sampling.stop:
        options["stop"] = sampling.stop
    if sampling.max_tokens is not None:
        options["num_predict"] = answer_limit(request, config.max_answer_tokens)
    if config.context_length is not None:
        options["num_ctx"] = config.context_length
    return options


def message_of(message: ChatMessage) -> dict[str, Any]:
    found: dict[str, Any] = {"role": "system" if message.role == "developer" else message.role, "content": ""}
    if isinstance(message.content, str):
        found["content"] = message.content
    elif message.content:
        found["content"] = "\n".join(part.text for part in message.content if isinstance(part, TextPart))
        images = [image_of(part.image_url.url) for part in message.content if not isinstance(part, TextPart)]
        if images:
            found["images"] = images
    if message.reasoning:
        found["thinking"] = message.reasoning
    if message.tool_calls:
        found["tool_calls"] = [
            {"id": call.id, "function": {"name": call.function.name, "arguments": object_of(call.function.arguments)}}
            for call in message.tool_calls
        ]
    if message.role == "tool":
        if message.name is not None:
            found["tool_name"] = message.name
        if message.tool_call_id is not None:
            found["tool_call_id"] = message.tool_call_id
    return found


def image_of(url: str) -> str:
    """The base64 text of a data URL; Ollama takes nothing else."""
    match = _DATA_URL.match(url)
    if match is None:
        raise InvalidRequest("images are given as data: URLs in base64", param="messages")
    return match[1]


def object_of(arguments: str) -> dict[str, Any]:
    """Tool arguments as the object that Ollama wants."""
    try:
        return msgspec.json.decode(arguments or "{}", type=dict[str, Any])
    except UNREADABLE as error:
        raise InvalidRequest("the arguments of a tool call are not a JSON object", param="messages") from error


def tools_of(request: Generate) -> list[dict[str, Any]]:
    """The tools that the model may call. Ollama knows no ``tool_choice``: what must not be called is left out."""
    choice = request.tool_choice
    if choice == "none":
        return []
    if isinstance(choice, dict):
        name = (choice.get("function") or {}).get("name")
        return [tool for tool in request.tools if (tool.get("function") or {}).get("name") == name]
    return list(request.tools)


def format_of(request: Generate) -> Any:
    wanted = request.response_format
    if wanted is None or wanted.get("type") == "text":
        return None
    if wanted.get("type") == "json_schema":
        schema = wanted.get("json_schema")
        schema = schema.get("schema") if isinstance(schema, dict) else None
        if not isinstance(schema, dict):
            raise InvalidRequest("json_schema needs a schema", param="response_format")
        return schema
    return "json"


def think_of(request: Generate) -> bool | str | None:
    if request.think is not None:
        return request.think
    if request.reasoning_effort is None:
        return None
    if request.reasoning_effort == "none":
        return False
    return "low" if request.reasoning_effort == "minimal" else request.reasoning_effort


def encode_embed(config: OllamaConfig, request: Embed) -> bytes:
    body: dict[str, Any] = {"model": request.model, "input": request.inputs}
    if request.dimensions is not None:
        if not 1 <= request.dimensions <= MAX_DIMENSIONS:
            raise InvalidRequest(f"dimensions is 1 to {MAX_DIMENSIONS}", param="dimensions")
        body["dimensions"] = request.dimensions
    if config.keep_alive_s is not None:
        body["keep_alive"] = max(config.keep_alive_s, -1)
    return encode(body)


def check_pull_name(config: OllamaConfig, name: str) -> None:
    """Raises InvalidRequest for a name that is none, or that lies on a host which the settings do not allow."""
    match = _NAME.match(name)
    if match is None or ".." in name:
        raise InvalidRequest("not a model name", param="model")
    if match["host"] is not None and match["host"] not in config.registries:
        raise InvalidRequest("models may not be pulled from there", param="model")


def encode(body: dict[str, Any]) -> bytes:
    try:
        return _ENCODER.encode(body)
    except (UnicodeEncodeError, TypeError, RecursionError) as error:
        raise InvalidRequest("the request cannot be written as JSON") from error
