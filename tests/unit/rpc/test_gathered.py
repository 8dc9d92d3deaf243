from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from covey.errors import Overloaded, QuotaExceeded, StreamInterrupted
from covey.protocol.ids import ModelName
from covey.protocol.inference import Delta, Failed, Finished, GenerationEvent, Queued, Started
from covey.protocol.whole_answers import WholeAnswer
from covey.rpc.gathered import gathered
from covey.testing.gate import Gate

STARTED = Started(model=ModelName("m"), queue_ms=4.0)
DELTAS = (Delta(text="one"), Delta(text=" two", tokens=2))
END = Finished(reason="length")


class Source:
    """Gives out its events, raises an exception among them, and tells whether it was closed."""

    def __init__(self, *script: GenerationEvent | Exception) -> None:
        self.script = script
        self.given = 0
        self.closed = False
        self.gate: Gate | None = None

    async def events(self) -> AsyncGenerator[GenerationEvent, None]:
        try:
            for step in self.script:
                if isinstance(step, Exception):
                    raise step
                self.given += 1
                yield step
            if self.gate is not None:
                await self.gate.enter()
        finally:
            self.closed = True


async def test_all_events_become_one_answer() -> None:
    source = Source(Queued(position=1), STARTED, *DELTAS, END)
    assert await gathered(source.events()) == WholeAnswer(started=STARTED, deltas=DELTAS, finished=END)
    assert source.closed


async def test_what_follows_the_end_is_not_read() -> None:
    source = Source(STARTED, END, *DELTAS)
    assert (await gathered(source.events())).deltas == ()
    assert (source.given, source.closed) == (2, True)


async def test_a_failure_in_the_stream_is_raised_by_its_name() -> None:
    source = Source(STARTED, DELTAS[0], Failed(code="overloaded", detail="later", retry_after_s=7.0), END)
    with pytest.raises(Overloaded, match="later") as caught:
        await gathered(source.events())
    assert caught.value.retry_after_s == 7.0
    assert source.closed


async def test_an_error_of_the_stream_goes_on_as_it_is() -> None:
    source = Source(STARTED, error := QuotaExceeded("used up"))
    with pytest.raises(QuotaExceeded) as caught:
        await gathered(source.events())
    assert caught.value is error
    assert source.closed


@pytest.mark.parametrize("script", [(), (STARTED, *DELTAS)], ids=["nothing", "no end"])
async def test_a_stream_without_an_end_is_no_answer(script: tuple[GenerationEvent, ...]) -> None:
    with pytest.raises(StreamInterrupted):
        await gathered(Source(*script).events())


async def test_cancelling_closes_the_stream() -> None:
    source = Source(STARTED)
    source.gate = Gate()
    task = asyncio.create_task(gathered(source.events()))
    await source.gate.entered()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert source.closed
