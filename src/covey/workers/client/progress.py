"""What is known of one generation while it runs: its time line, its model, how many tokens have passed."""

from __future__ import annotations

from covey.protocol.ids import ModelName, NodeName
from covey.protocol.inference import (
    Failed,
    Finished,
    GenerationEvent,
    Queued,
    Started,
    TimeLine,
    Usage,
)
from covey.protocol.whole_answers import WholeAnswer
from covey.runtime.clock import Clock
from covey.workers.client.metrics import ClientMetrics


class Progress:
    """Times are monotonic seconds inside and Unix seconds outside, so that a clock that is set back does no harm."""

    __slots__ = (
        "began",
        "clock",
        "ended_at",
        "first_token_at",
        "model",
        "node",
        "offset",
        "outcome",
        "queued_at",
        "reasoning_ended_at",
        "received_at",
        "started_at",
        "tokens",
        "usage",
    )

    def __init__(self, clock: Clock, model: ModelName) -> None:
        self.clock = clock
        self.received_at = clock.monotonic()
        self.offset = clock.now() - self.received_at
        self.model = model
        """As asked for; the model's own name once an engine has started."""
        self.node: NodeName | None = None
        self.queued_at: float | None = None
        self.started_at: float | None = None
        self.first_token_at: float | None = None
        self.reasoning_ended_at: float | None = None
        """Noted by those who put the answer together."""
        self.ended_at: float | None = None
        self.began = False
        """Whether its reader has had an event."""
        self.tokens = 0
        self.usage: Usage | None = None
        self.outcome: str | None = None
        """``finished``, ``failed`` or ``cancelled`` once it has ended."""

    def note(self, event: GenerationEvent) -> None:
        """Everything but a delta, which the loop that passes it on counts itself."""
        now = self.clock.monotonic()
        if isinstance(event, Queued):
            if self.queued_at is None:
                self.queued_at = now
        elif isinstance(event, Started):
            self.started_at, self.model, self.node = now, event.model, event.node
        elif isinstance(event, Finished):
            self._finished(event, now)
        elif isinstance(event, Failed):
            self.ended_at, self.usage, self.outcome = now, event.usage, "failed"

    def note_whole(self, answer: WholeAnswer) -> None:
        """All of it, at its end."""
        now, started = self.clock.monotonic(), answer.started
        if started is not None:
            self.started_at, self.model, self.node = now, started.model, started.node
        if answer.deltas:
            self.began, self.first_token_at = True, now
            for delta in answer.deltas:
                self.tokens += delta.tokens
        self._finished(answer.finished, now)

    def _finished(self, event: Finished, now: float) -> None:
        self.ended_at, self.usage = now, event.usage
        self.outcome = "cancelled" if event.reason == "cancelled" else "finished"

    def close(self, outcome: str) -> None:
        """It is over, if no event has said so already."""
        if self.outcome is None:
            self.outcome, self.ended_at = outcome, self.clock.monotonic()

    def report(self, metrics: ClientMetrics, mode: str) -> None:
        metrics.ended(mode, self.outcome or "cancelled")
        if self.first_token_at is not None and self.started_at is not None and self.ended_at is not None:
            metrics.answered(
                self.model, self.tokens, self.first_token_at - self.received_at, self.ended_at - self.first_token_at
            )

    def time_line(self) -> TimeLine:
        return TimeLine(
            received=self.received_at + self.offset,
            admitted=self._wall(self.queued_at if self.queued_at is not None else self.started_at),
            queued=self._wall(self.queued_at),
            started=self._wall(self.started_at),
            first_token=self._wall(self.first_token_at),
            reasoning_ended=self._wall(self.reasoning_ended_at),
            ended=self._wall(self.ended_at),
        )

    def _wall(self, at: float | None) -> float | None:
        return None if at is None else at + self.offset
