"""Records that the log could not take, kept on disk until it can.

Each gateway has a file of its own and holds a lock on it; what a gateway that died left behind is adopted by the next
one that starts on the machine. A record that was half written when the machine stopped is left out when reading.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import structlog

from covey.protocol.ids import InstanceId

_log = structlog.get_logger(__name__)
_HEAD = struct.Struct("<II")


class LogEntry(msgspec.Struct, frozen=True, array_like=True):
    """A record on its way to a log."""

    value: bytes
    subject: tuple[str, ...]
    record_id: str


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(LogEntry).decode


class Spill:
    """The file of one log of one gateway. Files are written and read in threads; one call at a time."""

    def __init__(self, directory: Path, log: str, instance: InstanceId, *, max_bytes: int) -> None:
        self._directory = directory
        self._log = log
        self._path = directory / f"{log}-{instance}.spill"
        self._max_bytes = max_bytes
        self._descriptor: int | None = None
        self._turn = asyncio.Lock()
        self.size_bytes = 0

    async def open(self) -> None:
        """Make the file, and take over what gateways that are gone have left."""
        async with self._turn:
            await asyncio.to_thread(self._open)

    async def add(self, entries: Sequence[LogEntry]) -> int:
        """Keep the entries; on disk when it returns. The number of those that there was no room for."""
        async with self._turn:
            return await asyncio.to_thread(self._add, entries)

    async def read(self) -> Sequence[LogEntry]:
        """Everything that is kept, oldest first."""
        async with self._turn:
            return await asyncio.to_thread(self._read)

    async def drop_first(self, count: int) -> None:
        """The oldest ``count`` entries are in the log now."""
        async with self._turn:
            await asyncio.to_thread(self._drop_first, count)

    async def close(self) -> None:
        """Safe twice. An empty file is removed."""
        async with self._turn:
            await asyncio.to_thread(self._close)

    def _open(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.size_bytes = os.fstat(self._descriptor).st_size
        for path in sorted(self._directory.glob(f"{self._log}-*.spill")):
            if path != self._path:
                self._adopt(path)

    def _adopt(self, path: Path) -> None:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # its gateway is alive
            os.close(descriptor)
            return
        entries = _parse(path.read_bytes())
        self._add(entries)
        path.unlink(missing_ok=True)
        os.close(descriptor)
        _log.info("spill_adopted", log=self._log, records=len(entries))

    def _add(self, entries: Sequence[LogEntry]) -> int:
        descriptor = self._opened()
        parts, size = [], self.size_bytes
        for entry in entries:
            framed = _framed(entry)
            if size + len(framed) > self._max_bytes:
                break
            parts.append(framed)
            size += len(framed)
        _write_all(descriptor, b"".join(parts))
        os.fsync(descriptor)
        self.size_bytes = size
        return len(entries) - len(parts)

    def _read(self) -> Sequence[LogEntry]:
        self._opened()
        return _parse(self._path.read_bytes())

    def _drop_first(self, count: int) -> None:
        descriptor = self._opened()
        rest = b"".join(_framed(entry) for entry in _parse(self._path.read_bytes())[count:])
        os.ftruncate(descriptor, 0)
        _write_all(descriptor, rest)
        os.fsync(descriptor)
        self.size_bytes = len(rest)

    def _close(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        if self.size_bytes == 0:
            self._path.unlink(missing_ok=True)
        os.close(descriptor)

    def _opened(self) -> int:
        if self._descriptor is None:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        return self._descriptor


def _framed(entry: LogEntry) -> bytes:
    body = _encode(entry)
    return _HEAD.pack(len(body), zlib.crc32(body)) + body


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _parse(data: bytes) -> list[LogEntry]:
    """The whole entries of a file; what follows the first broken one is no longer told apart and left out."""
    entries, position = [], 0
    while position + _HEAD.size <= len(data):
        length, checksum = _HEAD.unpack_from(data, position)
        body = data[position + _HEAD.size : position + _HEAD.size + length]
        if len(body) < length or zlib.crc32(body) != checksum:
            _log.error("spill_damaged", lost_bytes=len(data) - position)
            break
        entries.append(_decode(body))
        position += _HEAD.size + length
    return entries
