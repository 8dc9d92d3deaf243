"""One streamed generation over HTTP, the same for every dialect: send, check, parse, give out, end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from covey.backends.http import HttpPool, Response
from covey.backends.runs import Runs
from covey.errors import BackendUnavailable
from covey.protocol.ids import RequestId
from covey.protocol.inference import Delta, Finished, GenerationEvent, Started


class Parser(Protocol):
    def feed(self, data: bytes) -> list[bytes]: ...

    def finish(self) -> list[bytes]: ...


class Reader(Protocol):
    """Turns the pieces of one stream into deltas; pure."""

    done: bool
    """Nothing that follows is of interest."""

    @property
    def ended(self) -> bool:
        """The server has said that the answer is whole."""

    def take(self, piece: bytes) -> Delta | None: ...

    def finish(self) -> Finished: ...

    def cancel(self) -> Finished: ...


@dataclass(frozen=True, slots=True)
class Question:
    """One generation in a server's own dialect."""

    path: str
    body: bytes
    started: Started
    parser: Parser
    reader: Reader
    check: Callable[[Response], Awaitable[None]]
    """Raises what an answer that is no stream means."""


async def stream_answer(
    pool: HttpPool, runs: Runs, request_id: RequestId, ask: Callable[[], Question]
) -> AsyncIterator[GenerationEvent]:
    """The events of a generation. Closing the generator closes the connection at once.

    ``ask`` makes the question when the first event is wanted, so that what is wrong with it is raised there.
    Deltas carry what one read of the socket brought, piece by piece; nothing is waited for per piece.
    """
    question = ask()
    parser, reader = question.parser, question.reader
    run = runs.begin(request_id)
    try:
        response = await pool.send("POST", question.path, question.body, request_id=request_id, sent=run.attach)
        await question.check(response)
        yield question.started
        while not reader.done:
            data = await response.chunk()
            if run.cancelled:
                break
            for piece in parser.feed(data) if data else parser.finish():
                delta = reader.take(piece)
                if delta is not None:
                    yield delta
                if run.cancelled or reader.done:
                    break
            if not data:
                break
        response.release()
    except BackendUnavailable:
        if not (run.cancelled or reader.ended):
            raise
    finally:
        runs.end(run)
    yield reader.cancel() if run.cancelled else reader.finish()
