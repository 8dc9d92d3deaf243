"""One question with one answer over HTTP, read by schema."""

from __future__ import annotations

import asyncio
from typing import TypeVar

import msgspec

from covey.backends.failures import UNREADABLE, failure_of
from covey.backends.http import HttpPool
from covey.errors import BackendProtocolError, BackendUnavailable

AnswerT = TypeVar("AnswerT")
QUESTION_TIMEOUT_S = 10.0
"""Longest wait for an answer that needs no model."""


async def ask(
    pool: HttpPool,
    method: str,
    path: str,
    answer: type[AnswerT],
    *,
    body: bytes = b"",
    request_id: str = "",
    timeout_s: float | None = QUESTION_TIMEOUT_S,
) -> AnswerT:
    """The answer as the type ``answer``. With ``timeout_s`` None only the limits of the connection hold.

    Raises what the server's status means, BackendUnavailable when it takes too long, and BackendProtocolError when
    the answer is no such thing.
    """
    try:
        async with asyncio.timeout(timeout_s):
            response, content = await pool.fetch(method, path, body, request_id=request_id)
    except TimeoutError as error:
        raise BackendUnavailable("the engine did not answer in time") from error
    if response.status != 200:
        raise await failure_of(response, content)
    try:
        return msgspec.json.decode(content, type=answer)
    except UNREADABLE as error:
        raise BackendProtocolError("the engine's answer was not understood") from error
