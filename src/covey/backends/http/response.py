"""One answer while it arrives."""

from __future__ import annotations

import asyncio
from typing import Protocol

import msgspec

from covey.errors import BackendProtocolError, CoveyError

HIGH_WATER_BYTES = 262_144
"""Bytes of one answer that may wait for its reader; then the socket is not read until half of them are gone."""


class Source(Protocol):
    """What a response needs of its connection."""

    def resume(self) -> None: ...

    def discard(self) -> None: ...

    def abort(self) -> None: ...


class Response(msgspec.Struct, eq=False):
    """Status, headers and the body's bytes as they come. Whoever has it calls :meth:`close` in the end, always."""

    source: Source | None
    """Its connection, for as long as that is its own."""
    loop: asyncio.AbstractEventLoop
    status: int = 0
    headers: dict[bytes, bytes] = {}
    """Names in lower case; of a header that came twice the last value."""
    head_complete: bool = False
    parts: list[bytes] = []
    buffered_bytes: int = 0
    complete: bool = False
    failure: CoveyError | None = None
    stale: bool = False
    """The connection was an old one and ended before anything of the answer came."""
    waiter: asyncio.Future[None] | None = None
    waiting_since: float = 0.0
    paced: bool = False
    """Read no more often than the settings' interval from the next piece on."""
    patience_s: float | None = None
    """Longest silence of this answer, when it is not the usual one."""

    def header(self, name: bytes) -> str:
        """The value of a header, ``name`` in lower case; empty when there is none."""
        return self.headers.get(name, b"").decode("latin-1")

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
        if self.buffered_bytes > HIGH_WATER_BYTES and self.source is not None:
            self.source.resume()
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
        if self.source is not None:
            source, self.source = self.source, None
            source.abort()

    def release(self) -> None:
        """Done with it, though its end has not arrived: the connection is kept if the end follows at once."""
        if self.source is not None:
            source, self.source = self.source, None
            source.discard()

    @property
    def closed(self) -> bool:
        return self.source is None

    def fail(self, failure: CoveyError) -> None:
        """End it with ``failure`` for its reader, and close the connection."""
        if not self.complete and self.failure is None:
            self.failure = failure
        self.close()
        self.wake()

    def detach(self) -> None:
        """The connection is no longer this answer's."""
        self.source = None

    def wake(self) -> None:
        waiter, self.waiter = self.waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _wait(self) -> asyncio.Future[None]:
        """What to await until there is something new. A reader that was cancelled leaves a done one behind."""
        self.waiting_since = self.loop.time()
        self.waiter = self.loop.create_future()
        return self.waiter
