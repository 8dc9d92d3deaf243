"""One generation over HTTP, the same for every dialect: send, check, parse, give out, end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

import msgspec

from covey.backends.http import HttpPool, Response
from covey.backends.runs import Runs
from covey.errors import BackendUnavailable, CoveyError
from covey.protocol.ids import RequestId
from covey.protocol.inference import Delta, Finished, GenerationEvent, Started
from covey.protocol.whole_answers import WholeAnswer


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


class Question(msgspec.Struct, frozen=True):
    """One generation in a server's own dialect."""

    path: str
    body: bytes
    started: Started
    parser: Parser
    reader: Reader
    check: Callable[[Response], Awaitable[Delta | None]]
    """Raises what an answer that is no answer means. One that came whole is given to the reader, and its delta
    returned."""
    patience_s: float | None = None
    """Longest silence of this answer, when it is not the usual one."""
    join: Callable[[list[bytes]], Delta | None] | None = None
    """Takes all pieces of one read at once, when it can; None: each has to be taken by itself."""


async def stream_answer(
    pool: HttpPool, runs: Runs, request_id: RequestId, ask: Callable[[], Question]
) -> AsyncIterator[GenerationEvent]:
    """The events of a generation. Closing the generator closes the connection at once.

    ``ask`` makes the question when the first event is wanted, so that what is wrong with it is raised there.
    What one read of the socket brought becomes one delta: pieces that are there at the same moment gain nothing by
    travelling apart, and each would cost its way through every hop.
    """
    question = ask()
    parser, reader = question.parser, question.reader
    run = runs.begin(request_id)
    try:
        run.patience_s = question.patience_s
        response = await pool.send("POST", question.path, question.body, request_id=request_id, sent=run.attach)
        whole = await question.check(response)
        yield question.started
        if whole is not None:
            yield whole
        while not reader.done:
            data = await response.chunk()
            if run.cancelled:
                break
            pieces = parser.feed(data) if data else parser.finish()
            joined_text = question.join(pieces) if question.join is not None and len(pieces) > 1 else None
            deltas, failure = taken(reader, pieces) if joined_text is None else ([joined_text], None)
            for delta in deltas if len(deltas) < 2 else merged(deltas):
                yield delta
                if run.cancelled:
                    break
            response.paced = pool.paces and (response.paced or bool(deltas))
            if failure is not None and not run.cancelled:
                raise failure
            if not data or run.cancelled:
                break
        response.release()
    except CoveyError as error:  # of one that was cancelled whatever way it broke off
        if not (run.cancelled or (reader.ended and isinstance(error, BackendUnavailable))):
            raise
    finally:
        runs.end(run)
    yield reader.cancel() if run.cancelled else reader.finish()


async def whole_answer(pool: HttpPool, runs: Runs, request_id: RequestId, question: Question) -> WholeAnswer:
    """All of a generation that nobody watches. Cancelling it closes the connection at once."""
    parser, reader = question.parser, question.reader
    deltas: list[Delta] = []
    run = runs.begin(request_id)
    try:
        run.patience_s = question.patience_s
        response = await pool.send("POST", question.path, question.body, request_id=request_id, sent=run.attach)
        whole = await question.check(response)
        if whole is not None:
            deltas.append(whole)
        while not (reader.done or run.cancelled):  # it streams though it was not asked to
            data = await response.chunk()
            found, failure = taken(reader, parser.feed(data) if data else parser.finish())
            deltas += found
            if failure is not None and not run.cancelled:
                raise failure
            if not data:
                break
        response.release()
    except CoveyError as error:  # of one that was cancelled whatever way it broke off
        if not (run.cancelled or (reader.ended and isinstance(error, BackendUnavailable))):
            raise
    finally:
        runs.end(run)
    finished = reader.cancel() if run.cancelled else reader.finish()
    return WholeAnswer(started=question.started, deltas=tuple(deltas), finished=finished)


def taken(reader: Reader, pieces: list[bytes]) -> tuple[list[Delta], CoveyError | None]:
    """The deltas of what one read brought, up to the first piece that is wrong, and what is wrong with it."""
    deltas: list[Delta] = []
    try:
        for piece in pieces:
            delta = reader.take(piece)
            if delta is not None:
                deltas.append(delta)
            if reader.done:
                break
    except CoveyError as error:
        return deltas, error
    return deltas, None


def merged(deltas: list[Delta]) -> list[Delta]:
    """The same answer in fewer deltas: neighbours that are only text, or only reasoning, become one."""
    for delta in deltas:
        if not delta.text or delta.reasoning or delta.tool_calls or delta.logprobs:
            break
    else:  # nothing but text, as nearly always
        return [joined(deltas)]
    found: list[Delta] = []
    run: list[Delta] = []
    for delta in deltas:
        if run and (not is_plain(delta) or bool(delta.text) != bool(run[0].text)):
            found.append(joined(run))
            run = []
        if is_plain(delta):
            run.append(delta)
        else:
            found.append(delta)
    if run:
        found.append(joined(run))
    return found


def is_plain(delta: Delta) -> bool:
    return not (delta.tool_calls or delta.logprobs or (delta.text and delta.reasoning))


def joined(run: list[Delta]) -> Delta:
    if len(run) == 1:
        return run[0]
    tokens = sum([delta.tokens for delta in run])
    if run[0].text:
        return Delta(text="".join([delta.text for delta in run]), tokens=tokens)
    return Delta(reasoning="".join([delta.reasoning for delta in run]), tokens=tokens)
