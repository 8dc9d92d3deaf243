"""Lines out of bytes that may be cut anywhere."""

from __future__ import annotations

from covey.errors import BackendProtocolError

MAX_LINE_BYTES = 1_048_576


class LineParser:
    """Gives out complete lines, without empty ones. Raises BackendProtocolError for one larger than ``limit_bytes``."""

    def __init__(self, limit_bytes: int = MAX_LINE_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._pending: list[bytes] = []
        self._pending_bytes = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that ``data`` completes, in order."""
        *ends, rest = data.split(b"\n")
        if ends and self._pending:
            ends[0] = b"".join((*self._pending, ends[0]))
            self._pending.clear()
            self._pending_bytes = 0
        if rest:
            self._pending.append(rest)
            self._pending_bytes += len(rest)
        if self._pending_bytes > self._limit_bytes or any(len(line) > self._limit_bytes for line in ends):
            raise BackendProtocolError("the engine sent a line that is too large")
        return [line for line in ends if line and line != b"\r"]

    def finish(self) -> list[bytes]:
        """What is left when the stream has ended: a line that lacks only its end."""
        return self.feed(b"\n")
