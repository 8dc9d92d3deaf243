"""Server-sent events out of bytes that may be cut anywhere."""

from __future__ import annotations

from covey.errors import BackendProtocolError

MAX_EVENT_BYTES = 1_048_576


class EventParser:
    """Gives out the ``data`` of every complete event. Names, ids, retries and comments are passed over.

    Lines may end in CR LF, CR or LF. Raises BackendProtocolError when one event is larger than ``limit_bytes``.
    """

    def __init__(self, limit_bytes: int = MAX_EVENT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._line: list[bytes] = []
        """Pieces of a line whose end has not come."""
        self._data: list[bytes] = []
        """Lines of an event whose end has not come."""
        self._pending_bytes = 0
        self._after_return = False
        self._at_start = True

    def feed(self, data: bytes) -> list[bytes]:
        """The data of the events that ``data`` completes, in order."""
        if (
            not self._line
            and not self._data
            and not self._after_return
            and len(data) <= self._limit_bytes
            and data.startswith(b"data: ")
            and data.endswith(b"\n\n")
            and b"\r" not in data
        ):
            # Whole events of one line each, as every engine sends them. An empty line or a second field in one of
            # them shows as a line end, and then it is read the long way.
            events = data[6:-2].split(b"\n\ndata: ")
            if data.count(b"\n") == 2 * len(events):
                self._at_start = False
                return events
        return self._feed_lines(data)

    def finish(self) -> list[bytes]:
        """What is left when the stream has ended: an event that lacks only its empty line."""
        return [*self._feed_lines(b"\n\n")]

    def _feed_lines(self, data: bytes) -> list[bytes]:
        if self._at_start and data:
            self._at_start = False
            data = data.removeprefix(b"\xef\xbb\xbf")
        if self._after_return and data:
            self._after_return = False
            data = data.removeprefix(b"\n")
        if not data:
            return []
        self._after_return = data.endswith(b"\r")
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        first, *rest = data.split(b"\n")
        self._hold(self._line, first)
        if not rest:
            return []
        events: list[bytes] = []
        lines = [b"".join(self._line), *rest[:-1]]
        self._line.clear()
        for line in lines:
            self._take(line, events)
        self._pending_bytes = sum(map(len, self._data))
        self._hold(self._line, rest[-1])
        return events

    def _hold(self, where: list[bytes], piece: bytes) -> None:
        if piece:
            where.append(piece)
            self._pending_bytes += len(piece)
            if self._pending_bytes > self._limit_bytes:
                raise BackendProtocolError("the engine sent an event that is too large")

    def _take(self, line: bytes, events: list[bytes]) -> None:
        if not line:
            if self._data:
                event = b"\n".join(self._data)
                self._data.clear()
                if len(event) > self._limit_bytes:
                    raise BackendProtocolError("the engine sent an event that is too large")
                events.append(event)
        elif line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
