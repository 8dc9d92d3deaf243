"""Logs: JSON lines in ``event.log`` and ``error.log`` with rotation, and one readable line each on a terminal.

A log call on the event loop costs a queue append; one thread formats and writes. When the disk is full, or the writer
cannot keep up, lines are counted and dropped and the service goes on. Nothing secret gets through: values under telling
names and anything that looks like a key or a token are masked here, whatever the caller passed.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import queue
import re
import sys
import threading
import traceback
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Literal

import msgspec
import structlog

from covey.errors import StartFailed
from covey.quantities import NonNegativeInt, PositiveInt

Level = Literal["debug", "info", "warning", "error"]

_SECRET_NAME = re.compile(
    r"(^|_)(password|secret|token|credential|authorization|cookie|seed|prompt|messages|answer|completion|text)$"
)
_SECRET_VALUE = re.compile(r"(?:sk|join)-covey-[A-Za-z0-9_-]+|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_MASK = "[masked]"
_COLOURS = {"debug": "\033[2m", "info": "\033[36m", "warning": "\033[33m", "error": "\033[31m", "critical": "\033[31m"}


class LogConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is logged, and where."""

    directory: str = "logs"
    """Where ``event.log`` and ``error.log`` are written; empty: no files."""
    level: Level = "info"
    """The least important level that is written."""
    terminal: Literal["auto", "text", "json", "off"] = "auto"
    """What goes to standard error: readable text, JSON lines, or nothing; ``auto`` is text."""
    max_file_bytes: PositiveInt = 20 * 1024 * 1024
    """A file is rotated before it grows past this size."""
    kept_files: NonNegativeInt = 5
    """How many rotated files are kept beside the current one."""
    queue_lines: PositiveInt = 20_000
    """Lines that may wait for the writer; further ones are dropped and counted."""


def mask(event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace secrets in a log event, in place: by the name of the field, and by the look of the value."""
    for name, value in event.items():
        if isinstance(value, str):
            if _SECRET_NAME.search(name):
                event[name] = _MASK
            elif "-covey-" in value or "eyJ" in value:
                event[name] = _SECRET_VALUE.sub(_MASK, value)
        elif isinstance(value, bytes | dict | list | tuple) and _SECRET_NAME.search(name):
            event[name] = _MASK
    return event


class RotatingFile:
    """Append-only file of bounded size: ``name``, ``name.1`` (newest) … ``name.<kept>``. Several processes may write to
    the same one: whoever finds it full moves it away, and the others follow."""

    def __init__(self, path: Path, *, max_bytes: int, kept: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._kept = kept
        self._file: IO[bytes] | None = None

    def write(self, lines: bytes) -> None:
        """Append and flush. Raises OSError when the disk says no; a later call tries anew."""
        if self._file is not None and self._was_moved(self._file):
            self.close()
        file = self._file or self._open()
        size = os.fstat(file.fileno()).st_size  # with what others appended
        if size and size + len(lines) > self._max_bytes:
            with suppress(OSError):  # where files cannot be locked, two may move one away at the same moment
                fcntl.flock(file, fcntl.LOCK_EX)  # until it is closed
            if not self._was_moved(file):
                self._move_away()
            self.close()
            file = self._open()
        try:
            file.write(lines)
            file.flush()
        except OSError:
            self.close()
            raise

    def _open(self) -> IO[bytes]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._path.open("ab")
        return self._file

    def _was_moved(self, file: IO[bytes]) -> bool:
        """Whether the path means another file by now, or none."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return True
        ours = os.fstat(file.fileno())
        return (found.st_ino, found.st_dev) != (ours.st_ino, ours.st_dev)

    def _move_away(self) -> None:
        for number in range(self._kept, 0, -1):
            source = self._path if number == 1 else self._path.with_name(f"{self._path.name}.{number - 1}")
            if source.exists():
                source.replace(self._path.with_name(f"{self._path.name}.{number}"))
        if self._kept == 0:
            self._path.unlink(missing_ok=True)

    def close(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            try:
                file.close()
            except OSError:
                pass  # what was buffered is lost with the full disk; the drop is counted by the writer


def render_text(event: MutableMapping[str, Any], *, colour: bool) -> str:
    """One readable line: time, level, event, then ``name=value`` pairs; a traceback follows on lines of its own."""
    level = str(event.get("level", "info"))
    moment = str(event.get("at", ""))[11:23]
    start, end = (_COLOURS.get(level, ""), "\033[0m") if colour else ("", "")
    hidden = ("at", "level", "event", "logger", "traceback")
    pairs = " ".join(f"{name}={value}" for name, value in event.items() if name not in hidden)
    line = f"{moment} {start}{level:<7}{end} {event.get('event', '')}" + (f"  {pairs}" if pairs else "")
    return f"{line}\n{event['traceback']}" if "traceback" in event else line


class LogWriter:
    """The thread that formats and writes; owns the files."""

    def __init__(self, config: LogConfig, *, stream: IO[str] | None = None) -> None:
        self._config = config
        self._stream = stream
        self._queue: queue.Queue[MutableMapping[str, Any] | None] = queue.Queue(config.queue_lines)
        self._encoder = msgspec.json.Encoder(enc_hook=str)
        self._thread = threading.Thread(target=self._work, name="covey-log", daemon=True)
        self.dropped_lines = 0
        """Lines lost to a full queue or a disk that refused them."""
        self._files: dict[str, RotatingFile] = {}
        if config.directory:
            for name in ("event", "error"):
                self._files[name] = RotatingFile(
                    Path(config.directory) / f"{name}.log", max_bytes=config.max_file_bytes, kept=config.kept_files
                )

    def start(self) -> None:
        self._thread.start()

    def put(self, event: MutableMapping[str, Any]) -> None:
        try:
            self._queue.put_nowait(event)
        except queue.Full:
            self.dropped_lines += 1

    def stop(self) -> None:
        """Write what waits, then end."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(timeout=5.0)
        for file in self._files.values():
            file.close()

    def _work(self) -> None:
        running = True
        while running:
            batch = [self._queue.get()]
            while len(batch) < 500:
                try:
                    batch.append(self._queue.get_nowait())
                except queue.Empty:
                    break
            if None in batch:
                running = False
            self._write([event for event in batch if event is not None])

    def _write(self, events: list[MutableMapping[str, Any]]) -> None:
        lines = [(event, self._encoder.encode(mask(event)) + b"\n") for event in events]
        self._append("event", [line for _, line in lines])
        self._append("error", [line for event, line in lines if event.get("level") in ("error", "critical")])
        if self._stream is not None:
            try:
                for event, line in lines:
                    if self._config.terminal == "json":
                        self._stream.write(line.decode())
                    else:
                        self._stream.write(render_text(event, colour=self._stream.isatty()) + "\n")
                self._stream.flush()
            except (OSError, ValueError):
                self.dropped_lines += len(lines)

    def _append(self, name: str, lines: list[bytes]) -> None:
        if lines and name in self._files:
            try:
                self._files[name].write(b"".join(lines))
            except OSError:
                self.dropped_lines += len(lines)


class _StandardHandler(logging.Handler):
    """Brings the log calls of libraries into the same lines."""

    def __init__(self, put: Callable[[MutableMapping[str, Any]], None]) -> None:
        super().__init__()
        self._put = put

    def emit(self, record: logging.LogRecord) -> None:
        event: dict[str, Any] = {
            "at": _timestamp(),
            "level": record.levelname.lower(),
            "event": record.getMessage()[:2000],
            "logger": record.name,
        }
        if record.exc_info and record.exc_info[1] is not None:
            event["traceback"] = "".join(traceback.format_exception(record.exc_info[1]))
        self._put(event)


def _timestamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _stamp(_logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    moment = {"at": _timestamp(), "level": "error" if method == "exception" else method}
    failure = event.pop("exc_info", None)
    stamped = {**moment, **event}
    if failure:
        error = failure if isinstance(failure, BaseException) else sys.exc_info()[1]
        if error is not None:
            stamped["traceback"] = "".join(traceback.format_exception(error))
    return stamped


class _QueueLogger:
    """What structlog calls at the end of its chain: hands the finished event to the writer."""

    def __init__(self, put: Callable[[MutableMapping[str, Any]], None]) -> None:
        self._put = put

    def msg(self, **event: Any) -> None:
        self._put(event)

    debug = info = warning = error = critical = exception = msg


def is_worth_saying(record: logging.LogRecord) -> bool:
    """The NATS library earns this warning of asyncio's at the end of every connection in TLS; it means nothing."""
    return not record.msg.startswith("returning true from eof_received()")


class Logging:
    """Facility: from ``start`` on, every log call of the process goes to the files and the terminal."""

    name = "logging"

    def __init__(self, config: LogConfig) -> None:
        self._config = config
        stream = None if config.terminal == "off" else sys.stderr
        self.writer = LogWriter(config, stream=stream)
        self._handler = _StandardHandler(self.writer.put)
        self._started = False

    async def start(self) -> None:
        """Raises StartFailed when the log directory cannot be written."""
        if self._config.directory:
            try:
                await asyncio.to_thread(Path(self._config.directory).mkdir, parents=True, exist_ok=True)
            except OSError as error:
                raise StartFailed(
                    f"the log directory {self._config.directory} cannot be made: {error.strerror}",
                    param="log.directory",
                ) from error
            if not await asyncio.to_thread(os.access, self._config.directory, os.W_OK | os.X_OK):
                raise StartFailed(
                    f"the log directory {self._config.directory} cannot be written", param="log.directory"
                )
        self.writer.start()
        level = logging.getLevelNamesMapping()[self._config.level.upper()]
        structlog.configure(
            processors=[_stamp],
            wrapper_class=structlog.make_filtering_bound_logger(level),
            logger_factory=lambda *_: _QueueLogger(self.writer.put),
            cache_logger_on_first_use=False,
        )
        root = logging.getLogger()
        root.addHandler(self._handler)
        logging.getLogger("asyncio").addFilter(is_worth_saying)
        root.setLevel(max(level, logging.WARNING))
        logging.getLogger("covey").setLevel(level)  # for those who want to know the level beforehand
        self._started = True

    async def stop(self) -> None:
        if self._started:
            self._started = False
            logging.getLogger().removeHandler(self._handler)
            logging.getLogger("asyncio").removeFilter(is_worth_saying)
            logging.getLogger("covey").setLevel(logging.NOTSET)
            structlog.reset_defaults()
            self.writer.stop()

    async def check(self) -> None:
        """Logging never makes a node unready: a full disk costs lines, not service."""
