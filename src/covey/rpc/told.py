"""One line in the log per call and hop, at level ``debug``: a request can be followed through all of them by its id.

Chosen when a service is served. At other levels the methods stay what they are, and cost nothing more.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import aclosing
from typing import Any

import structlog

from covey.errors import CoveyError
from covey.protocol.ids import InstanceId
from covey.rpc.context import CallContext

_log = structlog.get_logger(__name__)

CallMethod = Callable[[Any, CallContext], Coroutine[Any, Any, Any]]
StreamMethod = Callable[[Any, CallContext], AsyncGenerator[Any, None]]


def is_wanted() -> bool:
    """Whether the settings ask for lines of level ``debug``."""
    return logging.getLogger("covey").isEnabledFor(logging.DEBUG)


def told_call(method: CallMethod, endpoint: str, instance: InstanceId) -> CallMethod:
    """The same method, which says afterwards how it went."""

    async def call(request: Any, context: CallContext) -> Any:
        began = time.perf_counter()
        error: BaseException | None = None
        try:
            return await method(request, context)
        except BaseException as raised:  # raised again: kept only for the log
            error = raised
            raise
        finally:
            _tell(endpoint, instance, context, error, began)

    return call


def told_stream(method: StreamMethod, endpoint: str, instance: InstanceId) -> StreamMethod:
    """The same for a method that answers with a stream."""

    async def stream(request: Any, context: CallContext) -> AsyncGenerator[Any, None]:
        began = time.perf_counter()
        error: BaseException | None = None
        try:
            async with aclosing(method(request, context)) as items:
                async for item in items:
                    yield item
        except BaseException as raised:  # raised again: kept only for the log
            error = raised
            raise
        finally:
            _tell(endpoint, instance, context, error, began)

    return stream


def _tell(endpoint: str, instance: InstanceId, context: CallContext, error: BaseException | None, began: float) -> None:
    _log.debug(
        "served",
        endpoint=endpoint,
        instance=instance,
        caller=context.caller,
        request_id=context.request_id,
        outcome=_outcome_of(error),
        duration_ms=round((time.perf_counter() - began) * 1000, 2),
    )


def _outcome_of(error: BaseException | None) -> str:
    if error is None:
        return "ok"
    if isinstance(error, CoveyError):
        return error.code
    return "cancelled" if isinstance(error, asyncio.CancelledError | GeneratorExit) else "failed"
