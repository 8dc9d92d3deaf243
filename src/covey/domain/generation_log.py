"""The events of one generation, numbered from 0, kept for readers who come late or lose their connection."""

from __future__ import annotations

from collections.abc import Sequence

from covey.errors import InvalidRequest, StreamInterrupted
from covey.protocol.inference import Delta, Failed, Finished, GenerationEvent

EVENT_BYTES = 200
"""What an event costs besides its text."""


class GenerationLog:
    """Append at one end, read from any number on. Above ``max_bytes`` the oldest events are given up: a reader who
    still needs them is told so, the generation itself goes on."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._events: list[GenerationEvent] = []
        self._dropped = 0
        self.size_bytes = 0
        """An estimate, from lengths."""
        self.ended = False

    @property
    def length(self) -> int:
        """How many events there were, given-up ones included; the next one has this number."""
        return self._dropped + len(self._events)

    @property
    def whole(self) -> bool:
        """Whether every event is still kept."""
        return self._dropped == 0

    def append(self, event: GenerationEvent) -> None:
        """Raises ValueError after the end: a generation has one last event."""
        if self.ended:
            raise ValueError("the generation has ended")
        self._events.append(event)
        self.size_bytes += event_bytes(event)
        if type(event) is Finished or type(event) is Failed:
            self.ended = True
        if self.size_bytes > self._max_bytes:
            self._give_up_oldest()

    def after(self, number: int, limit: int) -> Sequence[GenerationEvent]:
        """Up to ``limit`` events that follow event ``number`` (-1: from the first).

        Raises InvalidRequest for a number that was never given out, StreamInterrupted when they are no longer kept.
        """
        if not -1 <= number < max(1, self.length):
            raise InvalidRequest("the generation has no event of that number", param="after")
        begin = number + 1 - self._dropped
        if begin < 0:
            raise StreamInterrupted("the beginning of this generation is no longer kept")
        return self._events[begin : begin + limit]

    def _give_up_oldest(self) -> None:
        # Down to three quarters at once, so that a long answer does not shift the list with every event.
        keep_bytes, count = self._max_bytes * 3 // 4, 0
        while self.size_bytes > keep_bytes and count < len(self._events) - 1:
            self.size_bytes -= event_bytes(self._events[count])
            count += 1
        del self._events[:count]
        self._dropped += count


def event_bytes(event: GenerationEvent) -> int:
    if type(event) is not Delta:
        return EVENT_BYTES
    size = EVENT_BYTES + len(event.text) + len(event.reasoning)
    if event.tool_calls:
        size += len(str(event.tool_calls))
    return size
