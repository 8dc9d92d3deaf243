"""Server-sent events out of bytes that may be cut anywhere."""

from __future__ import annotations

import msgspec

from covey.errors import BackendProtocolError

MAX_EVENT_BYTES = 1_048_576


class EventParser(msgspec.Struct, eq=False):
    """Gives out the ``data`` of every complete event. Names, ids, retries and comments are passed over.

    Lines may end in CR LF, CR or LF. Raises BackendProtocolError when one event is larger than ``limit_bytes``.
    """

    limit_bytes: int = MAX_EVENT_BYTES
    line: list[bytes] = []
    """Pieces of a line whose end has not come."""
    lines: list[bytes] = []
    """Lines of an event whose end has not come."""
    pending_bytes: int = 0
    after_return: bool = False
    at_start: bool = True

    def feed(self, data: bytes) -> list[bytes]:
        """The data of the events that ``data`` completes, in order."""
        if (
            not self.line
            and not self.lines
            and not self.after_return
            and len(data) <= self.limit_bytes
            and data.startswith(b"data: ")
            and data.endswith(b"\n\n")
            and data.find(b"\r") < 0  # `in` on bytes raises and catches a TypeError first
        ):
            # Whole events of one line each, as every engine sends them. An empty line or a second field in one of
            # them shows as a line end, and then it is read the long way.
            events = data[6:-2].split(b"\n\ndata: ")
            if data.count(b"\n") == 2 * len(events):
                self.at_start = False
                return events
        return self._feed_lines(data)

    def finish(self) -> list[bytes]:
        """What is left when the stream has ended: an event that lacks only its empty line."""
        return [*self._feed_lines(b"\n\n")]

    def _feed_lines(self, data: bytes) -> list[bytes]:
        if self.at_start and data:
            self.at_start = False
            data = data.removeprefix(b"\xef\xbb\xbf")
        if self.after_return and data:
            self.after_return = False
            data = data.removeprefix(b"\n")
        if not data:
            return []
        self.after_return = data.endswith(b"\r")
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        first, *rest = data.split(b"\n")
        self._hold(self.line, first)
        if not rest:
            return []
        events: list[bytes] = []
        lines = [b"".join(self.line), *rest[:-1]]
        self.line.clear()
        for line in lines:
            self._take(line, events)
        self.pending_bytes = sum(map(len, self.lines))
        self._hold(self.line, rest[-1])
        return events

    def _hold(self, where: list[bytes], piece: bytes) -> None:
        if piece:
            where.append(piece)
            self.pending_bytes += len(piece)
            if self.pending_bytes > self.limit_bytes:
                raise BackendProtocolError("the engine sent an event that is too large")

    def _take(self, line: bytes, events: list[bytes]) -> None:
        if not line:
            if self.lines:
                event = b"\n".join(self.lines)
                self.lines.clear()
                if len(event) > self.limit_bytes:
                    raise BackendProtocolError("the engine sent an event that is too large")
                events.append(event)
        elif line.startswith(b"data:"):
            self.lines.append(line[5:].removeprefix(b" "))
