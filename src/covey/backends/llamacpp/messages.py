"""What the engine and its child say to each other, and the frames that it travels in.

A frame is four bytes of length, big-endian, and that many bytes of msgpack: an array of messages. Several messages of
one moment share a frame, so that eight streams that advance together cost one system call.
"""

from __future__ import annotations

import struct
from typing import Any, Literal

import msgspec

from covey.backends.llamacpp.config import PromptCache

LENGTH = struct.Struct(">I")
LONGEST_FRAME_BYTES = 256 * 1024 * 1024


class ToChild(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Base of what the engine says."""


class LoadModel(ToChild, frozen=True, array_like=True, tag="load"):
    """The first message, once."""

    path: str
    slots: int
    context_length: int
    batch_tokens: int
    """Tokens of a prompt in one step, or of the longest text that can be embedded."""
    gpu_batch_tokens: int
    """The same when a GPU does all the work."""
    threads: int
    gpu_layers: int
    flash_attention: str
    embedding: bool
    """Whether it makes embeddings; it then makes nothing else."""
    mean_pooling: bool
    prompt_cache: PromptCache
    beside: bool = False
    """Whether another child has the same model: nothing is loaded that would not be shared with it."""
    directory: str = ""
    """Where the child may make the socket file that the native server insists on; the engine removes it."""


class RunGeneration(ToChild, frozen=True, array_like=True, tag="generate"):
    work: int
    chat: bool
    body: bytes
    """JSON as the native server understands it, built from allowed fields alone."""


class RunEmbedding(ToChild, frozen=True, array_like=True, tag="embed"):
    work: int
    bodies: tuple[bytes, ...]
    """The texts in portions, so that work that is cancelled ends between two of them."""


class CancelWork(ToChild, frozen=True, array_like=True, tag="cancel"):
    work: int


class Ping(ToChild, frozen=True, array_like=True, tag="ping"):
    number: int


class FromChild(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Base of what the child says."""


class ModelLoaded(FromChild, frozen=True, array_like=True, tag="loaded"):
    load_ms: float


class LoadRefused(FromChild, frozen=True, array_like=True, tag="load_refused"):
    """The native library could not load the model; it does not say why, but when it is not usable itself."""

    library_problem: str = ""


class WorkStarted(FromChild, frozen=True, array_like=True, tag="started"):
    work: int


class WorkProgress(FromChild, frozen=True, array_like=True, tag="progress"):
    """A part of the prompt is processed."""

    work: int


class Piece(FromChild, frozen=True, array_like=True, tag="piece"):
    work: int
    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[dict[str, Any], ...] = ()
    logprobs: Any = None


class WorkDone(FromChild, frozen=True, array_like=True, tag="done"):
    work: int
    reason: str
    prompt_tokens: int
    completion_tokens: int
    cached_prompt_tokens: int
    prompt_ms: float | None
    generation_ms: float | None


class Vectors(FromChild, frozen=True, array_like=True, tag="vectors"):
    work: int
    vectors: tuple[tuple[float, ...], ...]
    prompt_tokens: int


class WorkRefused(FromChild, frozen=True, array_like=True, tag="refused"):
    work: int
    kind: Literal["request", "context", "batch", "failed"]
    """``request``: the native server found it wrong; ``context``, ``batch``: too many tokens; ``failed``: its own
    fault."""
    tokens: int = 0


class Pong(FromChild, frozen=True, array_like=True, tag="pong"):
    number: int


MessageToChild = LoadModel | RunGeneration | RunEmbedding | CancelWork | Ping
MessageFromChild = (
    ModelLoaded | LoadRefused | WorkStarted | WorkProgress | Piece | WorkDone | Vectors | WorkRefused | Pong
)

_encoder = msgspec.msgpack.Encoder()
to_child_decoder = msgspec.msgpack.Decoder(list[MessageToChild])
from_child_decoder = msgspec.msgpack.Decoder(list[MessageFromChild])


def frame(messages: list[Any]) -> bytes:
    body = _encoder.encode(messages)
    return LENGTH.pack(len(body)) + body
