"""One answer while it arrives."""

from __future__ import annotations

import asyncio
from typing import Protocol

from covey.errors import BackendProtocolError, CoveyError

HIGH_WATER_BYTES = 262_144
"""Bytes of one answer that may wait for its reader; then the socket is not read until half of them are gone."""


class Source(Protocol):
    """What a response needs of its connection."""

    def resume(self) -> None: ...

    def discard(self) -> None: ...

    def abort(self) -> None: ...


class Response:
    """Status, headers and the body's bytes as they come. Whoever has it calls :meth:`close` in the end, always."""

    __slots__ = (
        "_loop", "_now", "_source", "buffered_bytes", "complete", "failure", "head_complete", "headers", "parts",
        "paced", "patience_s", "stale", "status", "waiter", "waiting_since",
    )  # fmt: skip

    def __init__(self, source: Source, loop: asyncio.AbstractEventLoop) -> None:
        self._source: Source | None = source
        self._loop = loop
        self._now = loop.time
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        """Names in lower case."""
        self.head_complete = False
        self.parts: list[bytes] = []
        self.buffered_bytes = 0
        self.complete = False
        self.failure: CoveyError | None = None
        self.stale = False
        """The connection was an old one and ended before anything of the answer came."""
        self.waiter: asyncio.Future[None] | None = None
        self.waiting_since = 0.0
        self.paced = False
        """Read no more often than the settings' interval from the next piece on."""
        self.patience_s: float | None = None
        """Longest silence of this answer, when it is not the usual one."""

    def header(self, name: bytes) -> str:
        """The last value of a header, ``name`` in lower case; empty when there is none."""
        for found, value in reversed(self.headers):
            if found == name:
                return value.decode("latin-1")
        return ""

    @property
    def content_type(self) -> str:
        return self.header(b"content-type").partition(";")[0].strip().lower()

    async def head(self) -> None:
        """Wait until status and headers are there. Raises BackendUnavailable, BackendProtocolError."""
        while not self.head_complete:
            if self.failure is not None:
                raise self.failure
            await self._wait()

    async def chunk(self) -> bytes:
        """All that has arrived of the body since the last call; empty at the end. One reader at a time.

        Raises BackendUnavailable or BackendProtocolError once everything that came before the failure is read.
        """
        parts = self.parts
        while not parts:
            if self.failure is not None:
                raise self.failure
            if self.complete:
                return b""
            await self._wait()
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        parts.clear()
        if self.buffered_bytes > HIGH_WATER_BYTES and self._source is not None:
            self._source.resume()
        self.buffered_bytes = 0
        return data

    async def read(self, limit_bytes: int) -> bytes:
        """The whole body. Raises BackendProtocolError when it is larger than ``limit_bytes``."""
        found: list[bytes] = []
        size_bytes = 0
        while data := await self.chunk():
            size_bytes += len(data)
            if size_bytes > limit_bytes:
                raise BackendProtocolError("the engine's answer is too large")
            found.append(data)
        return found[0] if len(found) == 1 else b"".join(found)

    def close(self) -> None:
        """Done with it. If the answer is not complete its connection is closed at once. Safe twice."""
        if self._source is not None:
            source, self._source = self._source, None
            source.abort()

    def release(self) -> None:
        """Done with it, though its end has not arrived: the connection is kept if the end follows at once."""
        if self._source is not None:
            source, self._source = self._source, None
            source.discard()

    @property
    def closed(self) -> bool:
        return self._source is None

    def fail(self, failure: CoveyError) -> None:
        """End it with ``failure`` for its reader, and close the connection."""
        if not self.complete and self.failure is None:
            self.failure = failure
        self.close()
        self.wake()

    def detach(self) -> None:
        """The connection is no longer this answer's."""
        self._source = None

    def wake(self) -> None:
        waiter, self.waiter = self.waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _wait(self) -> asyncio.Future[None]:
        """What to await until there is something new. A reader that was cancelled leaves a done one behind."""
        self.waiting_since = self._now()
        self.waiter = self._loop.create_future()
        return self.waiter
