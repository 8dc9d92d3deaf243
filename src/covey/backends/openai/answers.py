"""What the server sends, read by schema: anything else than the fields named here goes no further."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from covey.backends.failures import UNREADABLE, error_for, refused, text_of
from covey.backends.sampling import answer_limit
from covey.backends.token_count import TokenCount, is_count
from covey.errors import BackendProtocolError, BackendUnavailable, CoveyError
from covey.protocol.inference import Delta, Finished, FinishReason, Generate, Timings, Usage

MAX_TOOL_CALLS = 128
NO_TIMINGS = Timings()


class _Function(msgspec.Struct, gc=False):
    name: str | None = None
    arguments: str | None = None


class _ToolCall(msgspec.Struct, gc=False):
    index: int = 0
    id: str | None = None
    function: _Function | None = None


class _Delta(msgspec.Struct, gc=False):
    content: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[_ToolCall] | None = None


class _TopLogprob(msgspec.Struct, gc=False):
    token: str
    logprob: float
    bytes: list[int] | None = None


class _Logprob(msgspec.Struct, gc=False):
    token: str
    logprob: float
    bytes: list[int] | None = None
    top_logprobs: list[_TopLogprob] | None = None


class _Logprobs(msgspec.Struct, gc=False):
    """The chat form, and below it the older form of plain completions."""

    content: list[_Logprob] | None = None
    tokens: list[str] | None = None
    token_logprobs: list[float | None] | None = None
    top_logprobs: list[dict[str, float] | None] | None = None


class _Choice(msgspec.Struct, gc=False):
    index: int = 0
    delta: _Delta | None = None
    message: _Delta | None = None
    """What stands in the place of ``delta`` when the answer comes as a whole."""
    text: str | None = None
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _Chunk(msgspec.Struct, gc=False):
    choices: list[_Choice] | None = None
    usage: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()
    timings: msgspec.Raw = msgspec.Raw()


class _TextDelta(msgspec.Struct, gc=False):
    content: str | None = None
    reasoning_content: None = None
    reasoning: None = None
    tool_calls: None = None


class _TextChoice(msgspec.Struct, gc=False):
    delta: _TextDelta
    index: Literal[0] = 0
    finish_reason: None = None
    logprobs: None = None


class _TextChunk(msgspec.Struct, gc=False):
    """A piece that is text and nothing else, as nearly all are."""

    choices: tuple[_TextChoice]
    usage: None = None
    error: None = None
    timings: None = None


_DECODER = msgspec.json.Decoder(_Chunk)
_TEXTS = msgspec.json.Decoder(list[_TextChunk])
_RARE_READS = 8
"""After a read that held something else than text, so many are taken piece by piece."""
_NOTHING = (b"", b"null")
_REASONS: dict[str, FinishReason] = {
    "length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


class AnswerReader:
    """Turns the events of one stream, or one whole answer, into deltas and into ``Finished``. No input or output."""

    __slots__ = (
        "_called", "_count", "_judged", "_limit", "_rare_reads", "_request", "_timings", "_usage", "done", "reason",
    )  # fmt: skip

    def __init__(self, request: Generate, max_answer_tokens: int) -> None:
        self._request = request
        self._limit = answer_limit(request, max_answer_tokens)
        self._count = TokenCount(self._limit)
        self._usage: msgspec.Raw | None = None
        self._judged: Usage | None = None
        self._timings: msgspec.Raw | None = None
        self._called = False
        self._rare_reads = 0
        self.reason: FinishReason | None = None
        """Why the answer ended, once it has."""
        self.done = False
        """Nothing that follows is of interest."""

    @property
    def ended(self) -> bool:
        """The server has said that the answer is whole."""
        return self.done or self.reason is not None

    def take_texts(self, events: list[bytes]) -> Delta | None:
        """All of the events of one read as one delta, when each is text and nothing else. None: take each by itself."""
        if self._rare_reads:
            self._rare_reads -= 1
            return None
        try:
            chunks = _TEXTS.decode(b"[%b]" % b",".join(events))
        except UNREADABLE:  # whatever it is: each will be looked at
            self._rare_reads = _RARE_READS
            return None
        texts = [text for chunk in chunks if (text := chunk.choices[0].delta.content)]
        count = self._count
        if len(chunks) != len(events) or not texts or count.pieces + len(texts) > self._limit:
            return None
        text = "".join(texts)
        count.pieces += len(texts)
        count.answer_bytes += size_of(text)
        return Delta(text=text, tokens=len(texts))

    def take(self, event: bytes) -> Delta | None:
        """The delta that an event stands for, if it stands for one. Raises what the server reports, and
        BackendProtocolError for anything that is no part of its own protocol."""
        if event == b"[DONE]":
            self.done = True
            return None
        try:
            chunk = _DECODER.decode(event)
        except UNREADABLE as error:
            raise BackendProtocolError("the engine's stream was not understood") from error
        if chunk.usage:
            self._usage = chunk.usage
        if chunk.timings:
            self._timings = chunk.timings
        if chunk.choices:
            if len(chunk.choices) > 1 or chunk.choices[0].index != 0:
                raise BackendProtocolError("the engine sent more than one answer")
            return self._delta(chunk.choices[0])
        if chunk.error and bytes(chunk.error) not in _NOTHING:
            raise error_in(bytes(chunk.error))
        return None

    def take_whole(self, content: bytes) -> Delta | None:
        """All of an answer that is no stream, as one delta; None when it is empty. Raises what :meth:`take` raises."""
        try:
            chunk = _DECODER.decode(content)
        except UNREADABLE as error:
            raise BackendProtocolError("the engine's answer was not understood") from error
        if not chunk.choices:
            if chunk.error and bytes(chunk.error) not in _NOTHING:
                raise error_in(bytes(chunk.error))
            raise BackendProtocolError("the engine's answer holds no text")
        if len(chunk.choices) > 1 or chunk.choices[0].index != 0:
            raise BackendProtocolError("the engine sent more than one answer")
        choice = chunk.choices[0]
        self._usage, self._timings = chunk.usage or None, chunk.timings or None
        self._end(choice.finish_reason or "stop")
        self.done = True
        text, reasoning, calls = parts_of(choice)
        if not (text or reasoning or calls):
            return None
        for index, call in enumerate(calls or ()):
            call.index = index
        self._count.add_whole(size_of(text) + size_of(reasoning))
        return Delta(
            text=text,
            reasoning=reasoning,
            tool_calls=self._calls(calls) if calls else (),
            tokens=max(1, self._tokens().completion_tokens),
            logprobs=logprobs_of(choice.logprobs) if choice.logprobs and self._request.logprobs else None,
        )

    def _delta(self, choice: _Choice) -> Delta | None:
        if choice.finish_reason:
            self._end(choice.finish_reason)
        count, found = self._count, choice.delta
        if found is None or not found.content or found.reasoning_content or found.reasoning or found.tool_calls:
            text, reasoning, calls = parts_of(choice)
            if not (text or reasoning or calls):
                return None
            size_bytes = size_of(text) + size_of(reasoning)
        else:  # text and nothing else, as nearly always
            text, reasoning, calls = found.content, "", None
            size_bytes = len(text) if text.isascii() else len(text.encode())
        if count.pieces >= self._limit:
            # More than was asked for: the rest is not taken.
            self.reason, self.done = "length", True
            return None
        count.pieces += 1
        count.answer_bytes += size_bytes
        if calls or choice.logprobs:
            return Delta(
                text=text,
                reasoning=reasoning,
                tool_calls=self._calls(calls) if calls else (),
                logprobs=logprobs_of(choice.logprobs) if choice.logprobs and self._request.logprobs else None,
            )
        return Delta(text=text, reasoning=reasoning)

    def _end(self, reason: str) -> None:
        if reason in ("abort", "error"):
            raise BackendUnavailable("the engine gave the generation up")
        self.reason = _REASONS.get(reason, "stop")

    def _calls(self, calls: list[_ToolCall]) -> tuple[dict[str, Any], ...]:
        if not self._request.tools:
            raise BackendProtocolError("the engine calls a tool though there is none")
        self._called = True
        found = []
        for call in calls:
            if not 0 <= call.index < MAX_TOOL_CALLS:
                raise BackendProtocolError("the engine calls too many tools")
            item: dict[str, Any] = {"index": call.index}
            if call.id:
                item["id"] = call.id
            function = call.function or _Function()
            if function.name:
                item["type"] = "function"
                item["function"] = {"name": function.name, "arguments": function.arguments or ""}
            else:
                item["function"] = {"arguments": function.arguments or ""}
            self._count.answer_bytes += len(function.arguments or "") + len(function.name or "")
            found.append(item)
        return tuple(found)

    def finish(self) -> Finished:
        """The end of the answer. Raises BackendProtocolError when the server never said that it is whole."""
        if not self.ended:
            raise BackendProtocolError("the engine's stream ended in the middle of the answer")
        reason = self.reason or "stop"
        if self._called and reason == "stop":
            reason = "tool_calls"
        return self._finished(reason)

    def cancel(self) -> Finished:
        return self._finished("cancelled")

    def _finished(self, reason: FinishReason) -> Finished:
        return Finished(reason=reason, usage=self._tokens(), timings=timings_of(self._timings))

    def _tokens(self) -> Usage:
        if self._judged is not None:
            return self._judged
        usage = scalars(self._usage)
        found = self._count.usage(
            self._request,
            usage.get("prompt_tokens"),
            usage.get("completion_tokens"),
            cached=detail(usage, "prompt_tokens_details", "cached_tokens"),
            reasoning=detail(usage, "completion_tokens_details", "reasoning_tokens"),
        )
        if self.done:
            self._judged = found
        return found


def parts_of(choice: _Choice) -> tuple[str, str, list[_ToolCall] | None]:
    """Text, reasoning and tool calls; plain completions have only text."""
    found = choice.delta or choice.message
    if found is None:
        return choice.text or "", "", None
    return found.content or "", found.reasoning_content or found.reasoning or "", found.tool_calls


def size_of(text: str) -> int:
    """In bytes of UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def logprobs_of(found: _Logprobs) -> dict[str, Any] | None:
    """The chat form of either form."""
    if found.content is not None:
        return {"content": msgspec.to_builtins(found.content)}
    if found.tokens is None:
        return None
    values = found.token_logprobs or []
    tops = found.top_logprobs or []
    content = []
    for position, token in enumerate(found.tokens):
        top = (tops[position] if position < len(tops) else None) or {}
        content.append(
            {
                "token": token,
                "logprob": (values[position] if position < len(values) else None) or 0.0,
                "bytes": list(token.encode(errors="replace")),
                "top_logprobs": [{"token": name, "logprob": value, "bytes": None} for name, value in top.items()],
            }
        )
    return {"content": content}


def error_in(raw: bytes) -> CoveyError:
    """The error that a stream reports after its status was 200."""
    try:
        found = msgspec.json.decode(raw)
    except UNREADABLE:
        found = {}
    fields = found if isinstance(found, dict) else {}
    status = fields.get("code")
    if is_count(status) and 400 <= status < 600:
        return error_for(status, text_of(found))
    kind = str(fields.get("type", "")).lower().replace("_", "")
    if "invalidrequest" in kind or "badrequest" in kind:
        return refused(text_of(found))
    return BackendUnavailable("the engine failed in the middle of its answer")


def scalars(raw: msgspec.Raw | None) -> dict[str, Any]:
    if raw is None:
        return {}
    try:
        found = msgspec.json.decode(raw)
    except UNREADABLE:
        return {}
    return found if isinstance(found, dict) else {}


def detail(usage: dict[str, Any], group: str, name: str) -> Any:
    found = usage.get(group)
    return found.get(name) if isinstance(found, dict) else None


def timings_of(raw: msgspec.Raw | None) -> Timings:
    """llama-server says where the time went; others do not."""
    if raw is None:
        return NO_TIMINGS
    found = scalars(raw)
    return Timings(prompt_ms=duration(found.get("prompt_ms")), generation_ms=duration(found.get("predicted_ms")))


def duration(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and value >= 0 else None
