"""A generation's stream, read to its end by somebody who wants the whole answer."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from covey.errors import StreamInterrupted, error_from_code
from covey.protocol.inference import Delta, Failed, Finished, GenerationEvent, Started
from covey.protocol.whole_answers import WholeAnswer


async def gathered(events: AsyncGenerator[GenerationEvent, None]) -> WholeAnswer:
    """All of it. Raises what the stream raises, the error of its ``Failed`` event, and StreamInterrupted without an
    end. The stream is closed in every case."""
    started: Started | None = None
    deltas: list[Delta] = []
    try:
        async for event in events:
            if isinstance(event, Delta):
                deltas.append(event)
            elif isinstance(event, Started):
                started = event
            elif isinstance(event, Finished):
                return WholeAnswer(started=started, deltas=tuple(deltas), finished=event)
            elif isinstance(event, Failed):
                raise error_from_code(event.code, event.detail, retry_after_s=event.retry_after_s)
    finally:
        await events.aclose()
    raise StreamInterrupted("the generation ended without an end")
