"""One line in the log per call and hop, at level ``debug``: a request can be followed through all of them by its id.

Chosen when a service is served. At other levels the methods stay what they are, and cost nothing more.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextlib import aclosing, contextmanager
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
        with _telling(endpoint, instance, context):
            return await method(request, context)

    return call


def told_stream(method: StreamMethod, endpoint: str, instance: InstanceId) -> StreamMethod:
    """The same for a method that answers with a stream."""

    async def stream(request: Any, context: CallContext) -> AsyncGenerator[Any, None]:
        with _telling(endpoint, instance, context):
            async with aclosing(method(request, context)) as items:
                async for item in items:
                    yield item

    return stream


@contextmanager
def _telling(endpoint: str, instance: InstanceId, context: CallContext) -> Iterator[None]:
    began = time.perf_counter()
    error: BaseException | None = None
    try:
        yield
    except BaseException as raised:  # raised again: kept only for the log
        error = raised
        raise
    finally:
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
