"""What an engine's own errors mean to us. Its words are not passed on, but for the message of a refusal, cut short."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from covey.backends.http import Response
from covey.errors import (
    BackendProtocolError,
    BackendRejected,
    BackendUnavailable,
    ContextLengthExceeded,
    CoveyError,
    ModelNotFound,
    Overloaded,
)

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises for bytes that are no JSON, or not of the expected form."""
MAX_MESSAGE_CHARACTERS = 300
MAX_ERROR_BYTES = 65_536
MAX_RETRY_AFTER_S = 3600.0
NOT_IMPLEMENTED = 501
_TOO_LONG = re.compile(r"context[ _](length|size|window)|input length", re.IGNORECASE)
"""How engines say that a prompt does not fit: vLLM and Ollama of its length, llama-server of its size."""
_NO_SUCH_PATH = ("Not Found", "File Not Found")
"""All that web frameworks say of a path that the server does not have."""


def error_for(status: int, message: str | None, retry_after: str = "") -> CoveyError:
    """The error for an HTTP status. ``message`` is None when the answer's body is not an error of the engine's."""
    if status in (429, 503):
        return Overloaded("the engine is busy", retry_after_s=seconds_of(retry_after))
    if status in (401, 403, 407):
        return BackendUnavailable(f"the engine does not accept our credential (status {status})")
    if status == NOT_IMPLEMENTED or (status == 404 and message in _NO_SUCH_PATH):
        return BackendRejected("the engine does not offer this")
    if status >= 500:
        return BackendUnavailable(f"the engine failed (status {status})")
    if message is None or status < 400:
        return BackendProtocolError(f"the engine's answer was not understood (status {status})")
    if status == 404:
        return ModelNotFound("the engine has no such model", param="model")
    return refused(message)


def refused(message: str) -> CoveyError:
    """What the engine says is wrong with the request."""
    if _TOO_LONG.search(message):
        return ContextLengthExceeded(cut(message))
    return BackendRejected(cut(message) or "the engine refused the request")


def message_of(body: bytes) -> str | None:
    """The message of an error body: ``{"error": {"message": …}}``, ``{"error": …}``, ``{"message": …}`` or
    ``{"detail": …}``; None when it is none of them."""
    try:
        found = msgspec.json.decode(body)
    except UNREADABLE:
        return None
    if not isinstance(found, dict):
        return None
    for name in ("error", "message", "detail"):
        if name in found:
            return text_of(found[name])
    return None


def text_of(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("message", "")
    return value if isinstance(value, str) else ""


def cut(message: str) -> str:
    """Printable and short."""
    clean = "".join(
        character if character.isprintable() else " " for character in message[: MAX_MESSAGE_CHARACTERS * 2]
    )
    return " ".join(clean.split())[:MAX_MESSAGE_CHARACTERS]


def seconds_of(retry_after: str) -> float | None:
    """The value of a ``Retry-After`` header in seconds; dates and nonsense are None."""
    try:
        seconds = float(retry_after)
    except ValueError:
        return None
    return min(seconds, MAX_RETRY_AFTER_S) if seconds >= 0 else None


async def failure_of(response: Response, body: bytes | None = None) -> CoveyError:
    """The error that an answer with another status than 200 stands for; ``body``, if it has been read already."""
    if body is None:
        body = await response.read(MAX_ERROR_BYTES) if 400 <= response.status < 500 else b""
    return error_for(response.status, message_of(body), response.header(b"retry-after"))
