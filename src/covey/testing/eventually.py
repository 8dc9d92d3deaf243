"""Waiting for something that will happen, with a deadline instead of a sleep of a guessed length."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

ResultT = TypeVar("ResultT")


@overload
async def eventually(
    check: Callable[[], Awaitable[ResultT]], *, timeout_s: float = 5.0, interval_s: float = 0.005
) -> ResultT: ...
@overload
async def eventually(check: Callable[[], ResultT], *, timeout_s: float = 5.0, interval_s: float = 0.005) -> ResultT: ...
async def eventually(check: Callable[[], Any], *, timeout_s: float = 5.0, interval_s: float = 0.005) -> Any:
    """Ask ``check`` until its answer is true, and return that answer.

    A check may also assert: an ``AssertionError`` counts as "not yet", any other exception is raised at once. When the
    time is over the last ``AssertionError`` is raised, or one that shows the last answer.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while True:
        failure: AssertionError | None = None
        try:
            answer = check()
            result = await answer if inspect.isawaitable(answer) else answer
        except AssertionError as error:
            failure = error
        else:
            if result:
                return result
        if loop.time() >= deadline:
            raise failure or AssertionError(f"still {result!r} after {timeout_s} s")
        await asyncio.sleep(interval_s)
