"""Generations under way, so that the ones of a revoked credential can be ended."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import msgspec

from covey.domain.limits import Reservation
from covey.domain.metering import settle
from covey.domain.placement import Candidate
from covey.domain.request_checks import RequestSize
from covey.errors import CoveyError
from covey.protocol.ids import InstanceId
from covey.protocol.inference import Delta, Failed, Finished, Generate, Usage
from covey.protocol.usage import Outcome
from covey.protocol.whole_answers import WholeAnswer
from covey.rpc.context import CallContext
from covey.workers.gateway.credentials import Verified


class Run(msgspec.Struct, eq=False):
    """One generation: what passed so far, and how it can be ended from outside."""

    verified: Verified
    generate: Generate
    context: CallContext
    """With the identity."""
    size: RequestSize
    chosen: Candidate
    reservation: Reservation
    admitted_at: float
    excluded: set[InstanceId] = set()
    counted: int = 0
    chars: int = 0
    queue_ms: float | None = None
    first_token_at: float | None = None
    sent: bool = False
    """Whether the caller has had any event."""
    started: bool = False
    at_work: bool = False
    """Whether an engine works on an answer whose beginning will be told with its end."""
    usage: Usage | None = None
    outcome: Outcome = "cancelled"
    """Until something else is known: that is what it is when the caller goes away."""
    error_code: str | None = None
    task: asyncio.Task[object] | None = None
    """Who waits for the processor's next event; None while nobody does."""
    failure: CoveyError | None = None
    was_cancelled: bool = False
    """Whether the cut cancelled the task, and that was not taken back."""
    cancelling_before: int = 0
    """How many others had cancelled the task then."""

    def cut(self, failure: CoveyError) -> None:
        """End it with ``failure``: at once when it waits, or else when it is asked to go on."""
        if self.failure is not None:
            return
        self.failure = failure
        if self.task is not None:
            self.was_cancelled = True
            self.cancelling_before = self.task.cancelling()
            self.task.cancel()

    def was_cut(self) -> bool:
        """In a cancelled task: whether the cancellation was the cut's alone. Takes that cancellation back."""
        task = asyncio.current_task()
        if not self.was_cancelled or task is None:
            return False
        self.was_cancelled = False
        return task.uncancel() <= self.cancelling_before

    def finished(self, event: Finished, counted: int, chars: int) -> Finished:
        """The end with the usage that is billed."""
        self.usage = usage = settle(event.usage, counted=counted, chars=chars, size=self.size, started=self.started)
        self.outcome = "cancelled" if event.reason == "cancelled" else "ok"
        if usage is event.usage:
            return event
        return Finished(reason=event.reason, usage=usage, timings=event.timings)

    def whole(self, answer: WholeAnswer, now: float) -> WholeAnswer:
        """All of it at once, with the usage that is billed. ``now`` is on the monotonic clock."""
        self.sent = True
        if answer.started is not None:
            self.started, self.queue_ms = True, answer.started.queue_ms
        for delta in answer.deltas:
            self.counted += delta.tokens
            self.chars += len(delta.text) + hidden_chars(delta)
            self.first_token_at = now
        finished = self.finished(answer.finished, self.counted, self.chars)
        if finished is answer.finished:
            return answer
        return WholeAnswer(started=answer.started, deltas=answer.deltas, finished=finished)

    def failed(self, error: CoveyError) -> Failed:
        self.outcome = "failed" if error.http_status >= 500 else "refused"
        if error.code in ("unauthenticated", "forbidden"):
            self.outcome = "cancelled"
        self.error_code = error.code
        if self.outcome != "cancelled":
            self.at_work = False  # its work came to nothing by no doing of the caller's
        return Failed(code=error.code, detail=error.detail, retry_after_s=error.retry_after_s, usage=self.billed())

    def billed(self) -> Usage:
        """What it costs, as far as it got."""
        if self.usage is None:
            begun = self.started or self.at_work
            self.usage = settle(None, counted=self.counted, chars=self.chars, size=self.size, started=begun)
        return self.usage


def hidden_chars(event: Delta) -> int:
    """Characters of what is no plain text."""
    chars = len(event.reasoning)
    for call in event.tool_calls:
        chars += len(str(call))
    return chars


class RunningSet:
    """Runs by what their credential stands on."""

    def __init__(self) -> None:
        self._by_record: dict[str, set[Run]] = {}
        self.count = 0

    def add(self, run: Run) -> None:
        self.count += 1
        for record in run.verified.records:
            runs = self._by_record.get(record)
            if runs is None:
                self._by_record[record] = {run}
            else:
                runs.add(run)

    def remove(self, run: Run) -> None:
        self.count -= 1
        for record in run.verified.records:
            runs = self._by_record[record]
            runs.discard(run)
            if not runs:
                del self._by_record[record]

    def of(self, record: str) -> Iterable[Run]:
        return tuple(self._by_record.get(record, ()))
