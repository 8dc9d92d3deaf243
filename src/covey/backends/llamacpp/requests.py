"""A request in the words of the native server, made from allowed fields alone and with every value in its range.

Nothing that a client wrote reaches native code under a name that is not written here: parameters such as
``n_discard``, ``id_slot`` or ``grammar`` cannot pass.
"""

from __future__ import annotations

import math
import re
from typing import Any

import msgspec

from covey.backends.sampling import check_continuation
from covey.errors import InvalidRequest
from covey.protocol.inference import ChatMessage, Embed, Generate, ImagePart, Sampling

MOST_STOPS = 16
LONGEST_STOP = 500
MOST_BIASES = 1024
MOST_TOP_LOGPROBS = 20
MOST_INPUTS = 2048
MOST_MESSAGES = 4096
MOST_TOOLS = 256
CHARS_OF_A_TOKEN = 3
NATIVE_NAMES = {
    "temperature": ("temperature", 0.0, 2.0),
    "top_p": ("top_p", 0.0, 1.0),
    "min_p": ("min_p", 0.0, 1.0),
    "repeat_penalty": ("repeat_penalty", 0.0, 10.0),
    "presence_penalty": ("presence_penalty", -2.0, 2.0),
    "frequency_penalty": ("frequency_penalty", -2.0, 2.0),
    "top_k": ("top_k", 0, 1000),
    "seed": ("seed", 0, 2**32 - 1),
    "max_tokens": ("max_tokens", 1, 2**31 - 1),
}
"""Field of ``Sampling`` → the native name, least and greatest value."""

MARK = re.compile(r"[<\[](?=\|[^<>|\s]{1,40}\|>|/?s>|(?:start|end)_of_turn>|/?INST\]|/?SYS)")
"""Where the words begin with which the usual chat templates mark turns, pictures and the end."""
ZERO_WIDTH_SPACE = "\u200b"

_encode = msgspec.json.Encoder().encode


def plain_words(text: str) -> str:
    """``text`` without marks of turns: the native server reads them as such wherever they stand, so that a text
    that somebody pastes could speak as the system. A zero-width space inside leaves them to be read, as words."""
    return MARK.sub(lambda found: found[0] + ZERO_WIDTH_SPACE, text)


def generation_body(request: Generate, *, context_length: int) -> tuple[bool, bytes]:
    """Whether it is a chat, and the JSON body, which begins like the prompt. Raises InvalidRequest naming the field."""
    chat = request.prompt is None or not request.raw
    check_continuation(request)
    if request.suffix:
        raise InvalidRequest("this engine cannot fill in before a suffix", param="suffix")
    if chat:
        prompt = {**tool_fields(request), "messages": native_messages(request), **reasoning_fields(request)}
    else:
        prompt = {"prompt": request.prompt}
    body: dict[str, Any] = {
        **prompt,
        "stream": True,
        "stream_options": {"include_usage": True},
        "return_progress": True,
        **sampling_fields(request.sampling, context_length),
        **logprob_fields(request, chat=chat),
        **format_fields(request.response_format, chat=chat),
    }
    return chat, _encode(body)


def placed(body: bytes, slot: int, *, reuse: bool) -> bytes:
    """The body for a certain slot, -1 for any, that may or may not reuse what is computed there."""
    return body[:-1] + b',"id_slot":%d,"cache_prompt":%s}' % (slot, b"true" if reuse else b"false")


def embedding_bodies(request: Embed, *, texts_at_once: int, tokens_at_once: int) -> tuple[bytes, ...]:
    """The texts in portions that take about one step of the native server each."""
    if not 1 <= len(request.inputs) <= MOST_INPUTS:
        raise InvalidRequest(f"1 to {MOST_INPUTS} texts can be embedded at once", param="input")
    if not all(request.inputs):
        raise InvalidRequest("a text to embed is empty", param="input")
    portions: list[list[str]] = []
    room = 0
    for text in request.inputs:
        length = len(text) // CHARS_OF_A_TOKEN + 1
        if not portions or length > room or len(portions[-1]) == texts_at_once:
            portions.append([])
            room = tokens_at_once
        portions[-1].append(text)
        room -= length
    return tuple(_encode({"input": portion}) for portion in portions)


def sampling_fields(sampling: Sampling, context_length: int) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for field, (native, least, greatest) in NATIVE_NAMES.items():
        value = getattr(sampling, field)
        if value is None:
            continue
        if not math.isfinite(value) or not least <= value <= greatest:
            raise InvalidRequest(f"{field} has to lie between {least:g} and {greatest:g}", param=field)
        fields[native] = value
    if "max_tokens" in fields:
        fields["max_tokens"] = min(fields["max_tokens"], context_length)
    if len(sampling.stop) > MOST_STOPS or any(not 1 <= len(stop) <= LONGEST_STOP for stop in sampling.stop):
        raise InvalidRequest(f"at most {MOST_STOPS} stops of 1 to {LONGEST_STOP} characters", param="stop")
    if sampling.stop:
        fields["stop"] = sampling.stop
    if sampling.logit_bias:
        fields["logit_bias"] = [list(pair) for pair in biases(sampling.logit_bias)]
    return fields


def biases(logit_bias: dict[str, float]) -> list[tuple[int, float]]:
    if len(logit_bias) > MOST_BIASES:
        raise InvalidRequest(f"at most {MOST_BIASES} biases", param="logit_bias")
    pairs = []
    for token, bias in logit_bias.items():
        if not (token.isascii() and token.isdigit() and len(token) <= 9):
            raise InvalidRequest("the keys of logit_bias are token numbers", param="logit_bias")
        if not math.isfinite(bias) or not -100 <= bias <= 100:
            raise InvalidRequest("a bias has to lie between -100 and 100", param="logit_bias")
        pairs.append((int(token), float(bias)))
    return pairs


def logprob_fields(request: Generate, *, chat: bool) -> dict[str, Any]:
    if not request.logprobs:
        return {}
    top = request.top_logprobs or 0
    if not 0 <= top <= MOST_TOP_LOGPROBS:
        raise InvalidRequest(f"top_logprobs has to lie between 0 and {MOST_TOP_LOGPROBS}", param="top_logprobs")
    return {"logprobs": True, "top_logprobs": max(1, top)} if chat else {"logprobs": max(1, top)}


def native_messages(request: Generate) -> list[dict[str, Any]]:
    if request.prompt is not None:
        return [{"role": "user", "content": plain_words(request.prompt)}]
    if not 1 <= len(request.messages) <= MOST_MESSAGES:
        raise InvalidRequest(f"1 to {MOST_MESSAGES} messages", param="messages")
    return [native_message(message, position) for position, message in enumerate(request.messages)]


def native_message(message: ChatMessage, position: int) -> dict[str, Any]:
    native: dict[str, Any] = {"role": "system" if message.role == "developer" else message.role}
    content = message.content
    if isinstance(content, tuple):
        if any(isinstance(part, ImagePart) for part in content):
            raise InvalidRequest("this model cannot see images", param=f"messages.{position}.content")
        content = "".join(part.text for part in content if not isinstance(part, ImagePart))
    native["content"] = plain_words(content) if content else ""
    if message.reasoning:
        native["reasoning_content"] = message.reasoning
    if message.tool_calls:
        native["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.function.name,
                                                             "arguments": call.function.arguments}}
            for call in message.tool_calls
        ]  # fmt: skip
    if message.tool_call_id is not None:
        native["tool_call_id"] = message.tool_call_id
    if message.name is not None:
        native["name"] = message.name
    return native


def tool_fields(request: Generate) -> dict[str, Any]:
    """The native server knows the choices ``auto``, ``none`` and ``required``; one named tool is the only tool."""
    if not request.tools:
        return {}
    if len(request.tools) > MOST_TOOLS:
        raise InvalidRequest(f"at most {MOST_TOOLS} tools", param="tools")
    tools, choice = [native_tool(tool, position) for position, tool in enumerate(request.tools)], request.tool_choice
    if isinstance(choice, dict):
        function = choice.get("function")
        name = function.get("name") if isinstance(function, dict) else None
        tools = [tool for tool in tools if tool["function"]["name"] == name]
        choice = "required"
        if not tools:
            raise InvalidRequest("tool_choice names a tool that is not there", param="tool_choice")
    if choice not in (None, "auto", "none", "required"):
        raise InvalidRequest("tool_choice is auto, none, required or one tool", param="tool_choice")
    fields: dict[str, Any] = {"tools": tools, "tool_choice": choice or "auto"}
    if request.parallel_tool_calls is not None:
        fields["parallel_tool_calls"] = request.parallel_tool_calls
    return fields


def native_tool(tool: dict[str, Any], position: int) -> dict[str, Any]:
    function = tool.get("function")
    if tool.get("type", "function") != "function" or not isinstance(function, dict):
        raise InvalidRequest("this engine knows tools of type function only", param=f"tools.{position}")
    name, parameters = function.get("name"), function.get("parameters", {"type": "object", "properties": {}})
    if not isinstance(name, str) or not name or not isinstance(parameters, dict):
        raise InvalidRequest("a tool needs a name and a schema of its parameters", param=f"tools.{position}")
    described = {"name": name, "description": str(function.get("description", "")), "parameters": parameters}
    return {"type": "function", "function": described}


def reasoning_fields(request: Generate) -> dict[str, Any]:
    if request.continue_last:  # the native server continues a last message of the assistant's, but not with thoughts
        return {"chat_template_kwargs": {"enable_thinking": False}}
    if request.think is None and request.reasoning_effort is None:
        return {}
    effort = request.think if isinstance(request.think, str) else request.reasoning_effort
    switches: dict[str, Any] = {"enable_thinking": request.think is not False and effort != "none"}
    if effort in ("minimal", "low", "medium", "high"):
        switches["reasoning_effort"] = effort
    return {"chat_template_kwargs": switches}


def format_fields(response_format: dict[str, Any] | None, *, chat: bool) -> dict[str, Any]:
    kind = (response_format or {}).get("type", "text")
    if kind == "text":
        return {}
    if kind == "json_object":
        schema: dict[str, Any] = {"type": "object"}
        native: dict[str, Any] = {"type": "json_object", "schema": schema}
    elif kind == "json_schema":
        described = (response_format or {}).get("json_schema")
        found = described.get("schema") if isinstance(described, dict) else None
        if not isinstance(found, dict):
            raise InvalidRequest("json_schema needs a schema", param="response_format.json_schema.schema")
        schema = found
        native = {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": schema}}
    else:
        raise InvalidRequest("the type is text, json_object or json_schema", param="response_format.type")
    return {"response_format": native} if chat else {"json_schema": schema}
