"""What may be asked of a model: sizes and ranges, checked before anything is reserved, queued or sent."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from covey.errors import InvalidRequest, PayloadTooLarge
from covey.protocol.inference import ChatMessage, Embed, Generate, ImagePart, Sampling, TextPart
from covey.quantities import NonNegativeInt, PositiveInt

_PLAIN = Sampling()
_LONGEST_NAME = 256


class RequestLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sizes that a request may have. Larger ones are refused before they cost anything."""

    max_messages: PositiveInt = 4096
    """Messages of one chat request."""
    max_text_chars: PositiveInt = 4_000_000
    """Characters of all texts of one request together."""
    max_images: NonNegativeInt = 32
    """Images of one request."""
    max_image_chars: NonNegativeInt = 28_000_000
    """Characters of all image data of one request together, as base64."""
    max_tools: NonNegativeInt = 256
    """Tool definitions of one request."""
    max_tools_bytes: NonNegativeInt = 1_000_000
    """Size of all tool definitions as JSON; the same holds for the response format."""
    max_depth: NonNegativeInt = 32
    """How deep a tool definition or a response format may be nested."""
    max_stop: NonNegativeInt = 16
    """Stop strings of one request."""
    max_stop_chars: NonNegativeInt = 500
    """Characters of one stop string."""
    max_completion_tokens: PositiveInt = 1_000_000
    """Largest ``max_tokens`` that is taken seriously; the engine cuts it to its context."""
    max_embedding_inputs: PositiveInt = 2048
    """Texts of one embedding request."""


class RequestSize(msgspec.Struct, frozen=True):
    """How large a request is, for estimates."""

    text_chars: int
    images: int
    messages: int

    @property
    def estimated_tokens(self) -> int:
        """What a prompt of this size usually comes to."""
        return max(1, self.text_chars // 4) + 4 * self.messages + 256 * self.images

    @property
    def most_tokens(self) -> int:
        """What a prompt of this size can come to at the very most, templates included."""
        return 4 * self.text_chars + 1024 + 256 * self.messages + 16_384 * self.images


def check_generate(request: Generate, limits: RequestLimits) -> RequestSize:
    """The size of a sound request. Raises InvalidRequest or PayloadTooLarge naming the field at fault."""
    _check_name(request.model)
    if request.sampling != _PLAIN:
        _check_sampling(request.sampling, limits)
    _check_options(request)
    size = _check_messages(request.messages, limits) if request.prompt is None else _check_prompt(request, limits)
    if request.tools or request.response_format is not None or request.tool_choice is not None:
        chars = size.text_chars + _check_schemas(request, limits)
        return RequestSize(chars, size.images, size.messages)
    return size


def check_embed(request: Embed, limits: RequestLimits) -> RequestSize:
    """The size of a sound request. Raises InvalidRequest or PayloadTooLarge naming the field at fault."""
    _check_name(request.model)
    count = len(request.inputs)
    if not 1 <= count <= limits.max_embedding_inputs:
        raise InvalidRequest(f"1 to {limits.max_embedding_inputs} texts can be embedded at once", param="input")
    if not all(request.inputs):
        raise InvalidRequest("a text to embed is empty", param="input")
    chars = sum(map(len, request.inputs))
    if chars > limits.max_text_chars:
        raise _too_long(limits, "input")
    if request.dimensions is not None and not 1 <= request.dimensions <= 65_536:
        raise InvalidRequest("dimensions is 1 to 65536", param="dimensions")
    return RequestSize(chars, 0, count)


def _check_name(name: str) -> None:
    if not 0 < len(name) <= _LONGEST_NAME:
        raise InvalidRequest(f"a model name has 1 to {_LONGEST_NAME} characters", param="model")


def _check_prompt(request: Generate, limits: RequestLimits) -> RequestSize:
    if request.messages:
        raise InvalidRequest("give either messages or prompt, not both", param="prompt")
    chars = len(request.prompt or "") + len(request.suffix or "")
    if chars > limits.max_text_chars:
        raise _too_long(limits, "prompt")
    return RequestSize(chars, 0, 1)


def _check_messages(messages: tuple[ChatMessage, ...], limits: RequestLimits) -> RequestSize:
    if not messages:
        raise InvalidRequest("there has to be at least one message", param="messages")
    if len(messages) > limits.max_messages:
        raise InvalidRequest(f"at most {limits.max_messages} messages are taken", param="messages")
    chars = images = image_chars = 0
    for message in messages:
        content = message.content
        if isinstance(content, str):
            chars += len(content)
        elif content is not None:
            for part in content:
                if isinstance(part, TextPart):
                    chars += len(part.text)
                else:
                    images += 1
                    image_chars += _check_image(part)
        if message.reasoning is not None:
            chars += len(message.reasoning)
        if message.tool_calls:
            chars += sum(len(call.function.name) + len(call.function.arguments) for call in message.tool_calls)
            if len(message.tool_calls) > limits.max_tools:
                raise InvalidRequest(f"at most {limits.max_tools} tool calls are taken", param="messages")
    if chars > limits.max_text_chars:
        raise _too_long(limits, "messages")
    if images > limits.max_images:
        raise InvalidRequest(f"at most {limits.max_images} images are taken", param="messages")
    if image_chars > limits.max_image_chars:
        raise PayloadTooLarge("the images are too large together", param="messages")
    return RequestSize(chars, images, len(messages))


def _check_image(part: ImagePart) -> int:
    if not part.image_url.url.startswith("data:"):
        raise InvalidRequest("images are taken as data: URLs only", param="messages")
    return len(part.image_url.url)


def _check_sampling(sampling: Sampling, limits: RequestLimits) -> None:
    if sampling.max_tokens is not None:
        _in_range(sampling.max_tokens, 1, limits.max_completion_tokens, "max_tokens")
    if sampling.temperature is not None:
        _in_range(sampling.temperature, 0.0, 2.0, "temperature")
    if sampling.top_p is not None:
        _in_range(sampling.top_p, 0.0, 1.0, "top_p", above=True)
    if msgspec.structs.replace(sampling, max_tokens=None, temperature=None, top_p=None) != _PLAIN:
        _check_rare_sampling(sampling, limits)


def _check_rare_sampling(sampling: Sampling, limits: RequestLimits) -> None:
    _in_range(sampling.top_k, 0, 1000, "top_k")
    _in_range(sampling.min_p, 0.0, 1.0, "min_p")
    _in_range(sampling.repeat_penalty, 0.0, 10.0, "repeat_penalty")
    _in_range(sampling.presence_penalty, -2.0, 2.0, "presence_penalty")
    _in_range(sampling.frequency_penalty, -2.0, 2.0, "frequency_penalty")
    _in_range(sampling.seed, 0, 2**32 - 1, "seed")
    if len(sampling.stop) > limits.max_stop:
        raise InvalidRequest(f"at most {limits.max_stop} stop strings are taken", param="stop")
    if any(not 0 < len(text) <= limits.max_stop_chars for text in sampling.stop):
        raise InvalidRequest(f"a stop string has 1 to {limits.max_stop_chars} characters", param="stop")
    if sampling.logit_bias:
        _check_logit_bias(sampling.logit_bias)


def _check_logit_bias(bias: dict[str, float]) -> None:
    if len(bias) > 1024:
        raise InvalidRequest("at most 1024 tokens can have a bias", param="logit_bias")
    for token, value in bias.items():
        if not (token.isascii() and token.isdigit() and len(token) <= 9):
            raise InvalidRequest("logit_bias names tokens by their numbers", param="logit_bias")
        _in_range(value, -100.0, 100.0, "logit_bias")


def _check_options(request: Generate) -> None:
    if request.top_logprobs is not None:
        _in_range(request.top_logprobs, 0, 20, "top_logprobs")
    if request.keep_alive_s is not None:
        _in_range(request.keep_alive_s, -1e9, 1e9, "keep_alive")
    effort = request.reasoning_effort
    if effort is not None and not 0 < len(effort) <= 32:
        raise InvalidRequest("reasoning_effort is a short word", param="reasoning_effort")
    if isinstance(request.think, str) and not 0 < len(request.think) <= 32:
        raise InvalidRequest("think is true, false or a short word", param="think")


def _check_schemas(request: Generate, limits: RequestLimits) -> int:
    size_bytes = 0
    if len(request.tools) > limits.max_tools:
        raise InvalidRequest(f"at most {limits.max_tools} tools are taken", param="tools")
    for name, value in (
        ("tools", request.tools),
        ("response_format", request.response_format),
        ("tool_choice", request.tool_choice),
    ):
        if not value:
            continue
        # Depth first: it needs no more memory than its bound, whatever was sent.
        if not _within_depth(value, limits.max_depth + 1):
            raise InvalidRequest(f"{name} is nested more than {limits.max_depth} deep", param=name)
        length = len(msgspec.json.encode(value))
        if length > limits.max_tools_bytes:
            raise PayloadTooLarge(f"{name} is larger than {limits.max_tools_bytes} bytes", param=name)
        size_bytes += length
    return size_bytes


def _within_depth(value: Any, depth: int) -> bool:
    if isinstance(value, dict):
        return depth > 0 and all(_within_depth(item, depth - 1) for item in value.values())
    if isinstance(value, list | tuple):
        return depth > 0 and all(_within_depth(item, depth - 1) for item in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return True


def _in_range(value: float | None, least: float, most: float, name: str, *, above: bool = False) -> None:
    """Not-a-number fails every comparison, so it is out of every range."""
    if value is not None and not (least <= value <= most and not (above and value == least)):
        low = f"above {_shown(least)}" if above else _shown(least)
        raise InvalidRequest(f"{name} is {low} to {_shown(most)}", param=name)


def _too_long(limits: RequestLimits, param: str) -> PayloadTooLarge:
    return PayloadTooLarge(f"the text is longer than {limits.max_text_chars} characters", param=param)


def _shown(number: float) -> str:
    return str(int(number)) if float(number).is_integer() else f"{number:g}"
