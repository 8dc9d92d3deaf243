"""What Ollama sends, read by schema: anything else than the fields named here goes no further."""

from __future__ import annotations

from typing import Any

import msgspec

from covey.backends.failures import UNREADABLE, error_for, refused
from covey.backends.sampling import answer_limit
from covey.backends.token_count import TokenCount, is_count
from covey.errors import BackendProtocolError, BackendUnavailable, CoveyError, ModelLoadFailed
from covey.protocol.ids import RequestId
from covey.protocol.inference import Delta, Finished, FinishReason, Generate, Timings

MAX_TOOL_CALLS = 128


class _Function(msgspec.Struct, gc=False):
    name: str = ""
    arguments: msgspec.Raw = msgspec.Raw()


class _ToolCall(msgspec.Struct, gc=False):
    function: _Function
    id: str | None = None


class _Message(msgspec.Struct, gc=False):
    content: str = ""
    thinking: str = ""
    tool_calls: list[_ToolCall] | None = None


class _TopLogprob(msgspec.Struct, gc=False):
    token: str
    logprob: float
    bytes: list[int] | None = None


class _Logprob(msgspec.Struct, gc=False):
    token: str
    logprob: float
    bytes: list[int] | None = None
    top_logprobs: list[_TopLogprob] = []


class _Line(msgspec.Struct, gc=False):
    message: _Message | None = None
    response: str = ""
    thinking: str = ""
    tool_calls: list[_ToolCall] | None = None
    logprobs: list[_Logprob] | None = None
    done: bool = False
    done_reason: str = ""
    error: str | None = None
    status: Any = None
    load_duration: Any = None
    prompt_eval_count: Any = None
    prompt_eval_duration: Any = None
    eval_count: Any = None
    eval_duration: Any = None


_DECODER = msgspec.json.Decoder(_Line)


class AnswerReader:
    """Turns the lines of one stream into deltas and, at its end, into ``Finished``. Does no input or output."""

    __slots__ = ("_calls", "_count", "_last", "_limit", "_request", "_request_id", "done", "reason")

    def __init__(self, request: Generate, request_id: RequestId, max_answer_tokens: int) -> None:
        self._request = request
        self._request_id = request_id
        self._limit = answer_limit(request, max_answer_tokens)
        self._count = TokenCount(self._limit)
        self._calls = 0
        self._last: _Line | None = None
        self.reason: FinishReason | None = None
        self.done = False

    @property
    def ended(self) -> bool:
        """The server has said that the answer is whole."""
        return self.reason is not None

    def take(self, piece: bytes) -> Delta | None:
        """The delta that a line stands for, if it stands for one. Raises what the server reports, and
        BackendProtocolError for anything that is no part of its own protocol."""
        try:
            line = _DECODER.decode(piece)
        except UNREADABLE as error:
            raise BackendProtocolError("the engine's stream was not understood") from error
        if line.error is not None:
            raise error_in(line.error, line.status)
        if line.done:
            if not line.done_reason and line.message is None and line.eval_count is None:
                raise BackendProtocolError("the engine's stream was not understood")
            self._last, self.done = line, True
            self.reason = "length" if line.done_reason == "length" else "tool_calls" if self._calls else "stop"
        return self._delta(line)

    def _delta(self, line: _Line) -> Delta | None:
        message = line.message
        if message is None:
            text, thinking, calls = line.response, line.thinking, line.tool_calls
        else:
            text, thinking, calls = message.content, message.thinking, message.tool_calls
        if not (text or thinking or calls):
            return None
        count = self._count
        if count.pieces >= self._limit:
            # More than was asked for: the rest is not taken.
            self.reason, self.done = "length", True
            return None
        both = text + thinking
        count.add(len(both) if both.isascii() else len(both.encode()))
        logprobs = None
        if line.logprobs and self._request.logprobs:
            logprobs = {"content": msgspec.to_builtins(line.logprobs)}
        return Delta(text=text, reasoning=thinking, tool_calls=self._called(calls) if calls else (), logprobs=logprobs)

    def _called(self, calls: list[_ToolCall]) -> tuple[dict[str, Any], ...]:
        if not self._request.tools:
            raise BackendProtocolError("the engine calls a tool though there is none")
        found = []
        for call in calls:
            arguments = bytes(call.function.arguments).decode() or "{}"
            identifier = call.id or f"call_{self._request_id}_{self._calls}"
            function = {"name": call.function.name, "arguments": arguments}
            found.append({"index": self._calls, "id": identifier, "type": "function", "function": function})
            self._count.answer_bytes += len(arguments) + len(call.function.name)
            self._calls += 1
        if self._calls > MAX_TOOL_CALLS:
            raise BackendProtocolError("the engine calls too many tools")
        if self.reason == "stop":
            self.reason = "tool_calls"
        return tuple(found)

    def finish(self) -> Finished:
        """The end of the answer. Raises BackendProtocolError when the server never said that it is whole."""
        if self.reason is None:
            raise BackendProtocolError("the engine's stream ended in the middle of the answer")
        return self._finished(self.reason)

    def cancel(self) -> Finished:
        return self._finished("cancelled")

    def _finished(self, reason: FinishReason) -> Finished:
        last = self._last or _Line()
        return Finished(
            reason=reason,
            usage=self._count.usage(self._request, last.prompt_eval_count, last.eval_count),
            timings=Timings(
                load_ms=milliseconds(last.load_duration),
                prompt_ms=milliseconds(last.prompt_eval_duration),
                generation_ms=milliseconds(last.eval_duration),
            ),
        )


def milliseconds(nanoseconds: Any) -> float | None:
    known = isinstance(nanoseconds, int) and not isinstance(nanoseconds, bool) and nanoseconds >= 0
    return nanoseconds / 1e6 if known else None


def error_in(message: str, status: Any) -> CoveyError:
    """The error of an ``{"error": …}`` line; such a line comes with status 200 once a stream has begun."""
    if is_count(status) and 400 <= status < 600:
        return error_for(status, message)
    if "input length" in message or "context length" in message or "does not support" in message:
        return refused(message)
    if "load" in message and "model" in message:
        return ModelLoadFailed("the engine could not load the model")
    return BackendUnavailable("the engine failed in the middle of its answer")
