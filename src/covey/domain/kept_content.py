"""What is kept of a question and its answer where an operator wants it kept: bounded, and pictures only as a note."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from covey.domain.answer import AnswerBuilder
from covey.protocol.contents import KeptAnswer, KeptImage, KeptMessage
from covey.protocol.inference import ChatMessage, Delta, FunctionCall, Generate, GenerationEvent, TextPart, ToolCall

PART_BYTES = 96
"""What a message, a part of one or a tool call is counted for besides its texts."""
_DATA_URL = re.compile(r"data:([a-z]+/[a-z0-9.+-]{1,40});base64,", re.IGNORECASE)


class KeptQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a ``KeptContent`` that are about the question."""

    messages: tuple[KeptMessage, ...] = ()
    messages_left_out: int = 0
    prompt: str | None = None
    suffix: str | None = None
    prompt_cut: bool = False


class AnswerRecording:
    """Add every event. Takes no more memory than ``max_bytes`` characters need, however long the answer becomes."""

    def __init__(self, max_bytes: int) -> None:
        self._builder = AnswerBuilder()
        self._left = max_bytes
        self._cut = False

    def add(self, event: GenerationEvent) -> None:
        if type(event) is not Delta:
            return
        size = len(event.text) + len(event.reasoning) + _calls_size(event)
        if size <= self._left:
            self._left -= size
            self._builder.add(event)
            return
        self._cut = True
        if self._left > 0:
            text, reasoning = event.text[: self._left], event.reasoning[: self._left]
            self._left = 0
            self._builder.add(Delta(text=text, reasoning=reasoning))

    def kept(self, budget: Budget) -> KeptAnswer:
        """As much as fits: the text first."""
        message = self._builder.message()
        text = budget.cut(message.content if isinstance(message.content, str) else "")
        calls = tuple(_kept_call(call, budget) for call in message.tool_calls)
        reasoning = budget.cut(message.reasoning or "")
        return KeptAnswer(text=text, reasoning=reasoning, tool_calls=calls, cut=self._cut or budget.short)


class Budget:
    """Bytes of UTF-8 that may still be kept."""

    def __init__(self, size_bytes: int) -> None:
        self.left = size_bytes
        self.short = False
        """Whether something did not fit."""

    def cut(self, text: str) -> str:
        """The beginning of ``text`` that fits."""
        # Cut twice: what is much too long is not encoded as a whole.
        encoded = text[: self.left].encode("utf-8", "replace")
        if len(text) > self.left or len(encoded) > self.left:
            self.short = True
        kept = encoded[: self.left]
        self.left -= len(kept)
        return kept.decode("utf-8", "ignore")

    def charge(self, size_bytes: int) -> None:
        self.left = max(0, self.left - size_bytes)


def question_size(request: Generate) -> int:
    """About how much :func:`kept_question` would take if everything were kept."""
    size = len(request.prompt or "") + len(request.suffix or "")
    return size + sum(_message_size(message) for message in request.messages)


def kept_question(request: Generate, budget: Budget) -> KeptQuestion:
    """The newest messages that fit, of the oldest of them only the beginning."""
    if request.prompt is not None:
        prompt = budget.cut(request.prompt)
        suffix = None if request.suffix is None else budget.cut(request.suffix)
        return KeptQuestion(prompt=prompt, suffix=suffix, prompt_cut=budget.short)
    kept: list[KeptMessage] = []
    for message in reversed(request.messages):
        if budget.left <= PART_BYTES:
            break
        kept.append(_kept_message(message, budget))
    return KeptQuestion(messages=tuple(reversed(kept)), messages_left_out=len(request.messages) - len(kept))


def _kept_message(message: ChatMessage, budget: Budget) -> KeptMessage:
    budget.charge(PART_BYTES)
    parts: list[TextPart | KeptImage] = []
    cut = False
    content = (TextPart(text=message.content),) if isinstance(message.content, str) else message.content or ()
    for part in content:
        if budget.left <= 0:
            cut = True
            break
        if isinstance(part, TextPart):
            text = budget.cut(part.text)
            parts.append(TextPart(text=text))
        else:
            parts.append(image_note(part.image_url.url))
        budget.charge(PART_BYTES)
    calls: list[ToolCall] = []
    for call in message.tool_calls:
        if budget.left <= 0:
            cut = True
            break
        calls.append(_kept_call(call, budget))
    return KeptMessage(
        role=message.role,
        content=tuple(parts),
        reasoning=budget.cut(message.reasoning or ""),
        name=budget.cut(message.name or ""),
        tool_calls=tuple(calls),
        tool_call_id=budget.cut(message.tool_call_id or ""),
        cut=cut or budget.short,
    )


def _kept_call(call: ToolCall, budget: Budget) -> ToolCall:
    budget.charge(PART_BYTES)
    function = FunctionCall(name=budget.cut(call.function.name), arguments=budget.cut(call.function.arguments))
    return ToolCall(id=budget.cut(call.id), type=budget.cut(call.type), function=function)


def image_note(url: str) -> KeptImage:
    """What a ``data:`` URL holds, without looking at it: its length says how many bytes it stands for."""
    match = _DATA_URL.match(url)
    if match is None:
        return KeptImage(media_type="", size_bytes=len(url))
    encoded = len(url) - match.end()
    padding = url[-2:].count("=")
    return KeptImage(media_type=match[1].lower(), size_bytes=max(0, encoded * 3 // 4 - padding))


def _calls_size(event: Delta) -> int:
    return sum(PART_BYTES + len(str(call)) for call in event.tool_calls)


def _message_size(message: ChatMessage) -> int:
    return (
        PART_BYTES
        + _content_size(message)
        + len(message.reasoning or "")
        + len(message.name or "")
        + len(message.tool_call_id or "")
        + _arguments_size(message.tool_calls)
    )


def _content_size(message: ChatMessage) -> int:
    if message.content is None or isinstance(message.content, str):
        return PART_BYTES + len(message.content or "")
    return sum(PART_BYTES + (len(part.text) if isinstance(part, TextPart) else 0) for part in message.content)


def _arguments_size(calls: Iterable[ToolCall]) -> int:
    return sum(PART_BYTES + len(call.id) + len(call.function.name) + len(call.function.arguments) for call in calls)
