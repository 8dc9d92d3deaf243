"""What the native server answers, turned into messages. Runs in the child, for every token."""

from __future__ import annotations

from typing import Any

import msgspec

from covey.backends.llamacpp.messages import FromChild, Piece, WorkDone, WorkProgress, WorkRefused


class NativeDelta(msgspec.Struct):
    content: str | None = None
    reasoning_content: str | None = None
    tool_calls: tuple[dict[str, Any], ...] = ()


class NativeChoice(msgspec.Struct):
    finish_reason: str | None = None
    delta: NativeDelta | None = None
    text: str | None = None
    logprobs: Any = None


class NativeTimings(msgspec.Struct):
    cache_n: int = 0
    prompt_n: int = 0
    predicted_n: int = 0
    prompt_ms: float | None = None
    predicted_ms: float | None = None


class NativeError(msgspec.Struct):
    code: int = 500
    type: str = ""
    n_prompt_tokens: int = 0


class NativeUsage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class NativeChunk(msgspec.Struct):
    choices: tuple[NativeChoice, ...] = ()
    usage: NativeUsage | None = None
    timings: NativeTimings | None = None
    prompt_progress: Any = None
    error: NativeError | None = None


class NativeVector(msgspec.Struct):
    index: int
    embedding: tuple[float, ...]


class NativeVectors(msgspec.Struct):
    data: tuple[NativeVector, ...] = ()
    usage: NativeUsage = msgspec.field(default_factory=NativeUsage)
    error: NativeError | None = None


decode_chunk = msgspec.json.Decoder(NativeChunk).decode
decode_vectors = msgspec.json.Decoder(NativeVectors).decode


class AnswerReader:
    """Reads the chunks of one generation in order; the end is told once, from the parts that several chunks carry."""

    def __init__(self, work: int) -> None:
        self._work = work
        self._reason: str | None = None
        self._usage: NativeUsage | None = None
        self._timings: NativeTimings | None = None
        self.refused = False

    def read(self, data: bytes) -> FromChild | None:
        chunk = decode_chunk(data)
        if chunk.error is not None:
            self.refused = True
            return refusal(self._work, chunk.error)
        self._usage = chunk.usage or self._usage
        self._timings = chunk.timings or self._timings
        if chunk.prompt_progress is not None:
            return WorkProgress(self._work)
        if not chunk.choices:
            return None
        choice = chunk.choices[0]
        self._reason = choice.finish_reason or self._reason
        return self._piece(choice)

    def _piece(self, choice: NativeChoice) -> Piece | None:
        delta = choice.delta
        if delta is None:
            return Piece(self._work, text=choice.text, logprobs=choice.logprobs) if choice.text else None
        if not (delta.content or delta.reasoning_content or delta.tool_calls):
            return None
        return Piece(
            self._work,
            text=delta.content or "",
            reasoning=delta.reasoning_content or "",
            tool_calls=delta.tool_calls,
            logprobs=choice.logprobs,
        )

    def end(self) -> FromChild:
        """What to say when the native call has returned."""
        if self._reason is None:
            return WorkRefused(self._work, "failed")
        timings, usage = self._timings or NativeTimings(), self._usage
        return WorkDone(
            self._work,
            self._reason,
            prompt_tokens=usage.prompt_tokens if usage else timings.prompt_n + timings.cache_n,
            completion_tokens=usage.completion_tokens if usage else timings.predicted_n,
            cached_prompt_tokens=timings.cache_n,
            prompt_ms=timings.prompt_ms,
            generation_ms=timings.predicted_ms,
        )


def embedding_refusal(work: int, error: NativeError) -> WorkRefused:
    """A text that is too long is refused for the context or for the batch: both are as long as it may be."""
    too_long = error.code >= 500 or error.type == "exceed_context_size_error"
    return WorkRefused(work, "batch", error.n_prompt_tokens) if too_long else refusal(work, error)


def refusal(work: int, error: NativeError) -> WorkRefused:
    if error.type == "exceed_context_size_error":
        return WorkRefused(work, "context", error.n_prompt_tokens)
    if 400 <= error.code < 500:
        return WorkRefused(work, "request")
    return WorkRefused(work, "failed")
