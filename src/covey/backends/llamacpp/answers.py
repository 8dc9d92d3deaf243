"""The child's last words on a piece of work, as the platform's messages."""

from __future__ import annotations

import math

from covey.backends.llamacpp.messages import Vectors, WorkDone, WorkRefused
from covey.backends.llamacpp.model_file import ModelFile
from covey.errors import BackendRejected, BackendUnavailable, ContextLengthExceeded, CoveyError, InvalidRequest
from covey.protocol.ids import ModelName
from covey.protocol.inference import Embed, Embeddings, Finished, FinishReason, Timings, Usage

REASONS: dict[str, FinishReason] = {"stop": "stop", "length": "length", "tool_calls": "tool_calls"}


def finished(done: WorkDone) -> Finished:
    return Finished(
        reason=REASONS.get(done.reason, "stop"),
        usage=Usage(
            prompt_tokens=done.prompt_tokens,
            completion_tokens=done.completion_tokens,
            cached_prompt_tokens=done.cached_prompt_tokens,
        ),
        timings=Timings(prompt_ms=done.prompt_ms, generation_ms=done.generation_ms),
    )


def embeddings(request: Embed, file: ModelFile, answer: Vectors) -> Embeddings:
    """Raises InvalidRequest when more dimensions are asked for than there are."""
    length = len(answer.vectors[0]) if answer.vectors else 0
    wanted = request.dimensions or length
    if not 1 <= wanted <= length:
        raise InvalidRequest(f"this model's vectors have {length} dimensions", param="dimensions")
    vectors = answer.vectors if wanted == length else tuple(unit(vector[:wanted]) for vector in answer.vectors)
    return Embeddings(
        model=ModelName(file.name), vectors=tuple(vectors), usage=Usage(prompt_tokens=answer.prompt_tokens)
    )


def unit(vector: tuple[float, ...]) -> tuple[float, ...]:
    length = math.hypot(*vector)
    return tuple(value / length for value in vector) if length else vector


def refusal(message: WorkRefused, *, context_length: int, embedding_tokens: int) -> CoveyError:
    match message.kind:
        case "context":
            detail = f"the prompt has {message.tokens} tokens; the model's context holds {context_length}"
            return ContextLengthExceeded(detail, param="messages")
        case "batch":
            return ContextLengthExceeded(f"a text to embed has more than {embedding_tokens} tokens", param="input")
        case "request":
            return BackendRejected("the model cannot work with the request's messages, tools or response format")
    return BackendUnavailable("the engine failed at this request")
