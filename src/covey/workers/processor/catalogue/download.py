"""One download into a part file: resumed where it stopped, as long as it is still the same file."""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import structlog
import urllib3
from urllib3.exceptions import HTTPError

from covey.errors import BackendProtocolError, BackendUnavailable, Cancelled, Conflict, InvalidRequest
from covey.workers.processor.catalogue.connections import Connector, Opened

CHUNK_BYTES = 256 * 1024
ATTEMPTS = 5
log = structlog.get_logger(__name__)


class PartState(msgspec.Struct, frozen=True, kw_only=True):
    """What is needed to go on with a part file."""

    url: str
    entity_tag: str
    total_bytes: int | None
    declared_sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    largest_bytes: int
    free_space_bytes: int


@dataclass(frozen=True, slots=True)
class Downloaded:
    file: Path
    size_bytes: int
    declared_sha256: str | None


@dataclass(slots=True)
class Download:
    """Runs in a thread. ``advanced`` is told the bytes there and in all, from that thread."""

    url: str
    directory: Path
    connector: Connector
    limits: Limits
    advanced: Callable[[int, int | None], None]
    retry_delay_s: float = 1.0
    _cancelled: threading.Event = field(default_factory=threading.Event)
    _opened: Opened | None = None

    @property
    def part(self) -> Path:
        return self.directory / f"{hashlib.sha256(self.url.encode()).hexdigest()[:32]}.part"

    @property
    def state_file(self) -> Path:
        return self.part.with_suffix(".json")

    def cancel(self) -> None:
        """End soon, also in the middle of a silence. What is there already is kept. From any thread."""
        self._cancelled.set()
        opened = self._opened
        if opened is not None:
            try:
                opened.response.shutdown()
            except (ValueError, AttributeError, OSError):
                log.debug("download_already_closed")

    def forget(self) -> None:
        self.part.unlink(missing_ok=True)
        self.state_file.unlink(missing_ok=True)

    def run(self) -> Downloaded:
        """Raises Cancelled, InvalidRequest, Conflict (no room), BackendUnavailable, BackendProtocolError."""
        self.directory.mkdir(parents=True, exist_ok=True)
        failures = 0
        while True:
            before = self._size()
            try:
                return self._attempt()
            except BackendUnavailable:
                self._check_cancelled()
                failures = 1 if self._size() > before else failures + 1
                if failures >= ATTEMPTS:
                    raise
                log.info("download_resumes", completed_bytes=self._size())
                self._cancelled.wait(self.retry_delay_s * failures)
                self._check_cancelled()

    def _attempt(self) -> Downloaded:
        state, have = self._state(), self._size()
        if state is None:
            have = 0
        elif state.total_bytes == have:
            return Downloaded(self.part, have, state.declared_sha256)
        headers = {"Range": f"bytes={have}-", "If-Range": state.entity_tag} if state is not None and have else {}
        opened = self.connector.open(self.url, headers)
        self._opened = opened
        try:
            return self._receive(opened, have)
        finally:
            self._opened = None
            opened.close()

    def _receive(self, opened: Opened, have: int) -> Downloaded:
        response = opened.response
        start = self._start(response, have)
        if start is None:
            self.forget()
            raise BackendUnavailable("the server of the model changed the file; beginning again")
        length = response.headers.get("Content-Length", "")
        total = start + int(length) if length.isdigit() else None
        self._check_room(start, total)
        state = PartState(
            url=self.url,
            entity_tag=response.headers.get("ETag", ""),
            total_bytes=total,
            declared_sha256=opened.declared_sha256,
        )
        self.state_file.write_bytes(msgspec.json.encode(state))
        done = self._write(response, start, total)
        if total is not None and done != total:
            raise BackendUnavailable("the server of the model ended the transfer early")
        return Downloaded(self.part, done, opened.declared_sha256)

    def _start(self, response: urllib3.BaseHTTPResponse, have: int) -> int | None:
        """From which byte on the answer is; None: what is there already does not fit it."""
        if response.status == 206:
            return have if response.headers.get("Content-Range", "").startswith(f"bytes {have}-") else None
        if response.status == 416:
            return None
        if response.status in (401, 403):
            raise InvalidRequest("the server of the model refuses the download", param="model")
        if response.status in (404, 410):
            raise InvalidRequest("the server does not have the model", param="model")
        if response.status != 200:
            raise BackendUnavailable("the server of the model does not serve it now")
        return 0

    def _write(self, response: urllib3.BaseHTTPResponse, start: int, total: int | None) -> int:
        done = start
        with self.part.open("r+b" if start else "wb") as file:
            file.seek(start)
            file.truncate()
            try:
                for chunk in response.stream(CHUNK_BYTES, decode_content=False):
                    self._check_cancelled()
                    file.write(chunk)
                    done += len(chunk)
                    if done > self.limits.largest_bytes or (total is not None and done > total):
                        raise BackendProtocolError("the server of the model sends more than it announced")
                    self.advanced(done, total)
            except (HTTPError, OSError) as error:
                self._check_cancelled()
                raise BackendUnavailable("the connection to the server of the model broke") from error
        self._check_cancelled()
        return done

    def _check_room(self, have: int, total: int | None) -> None:
        if total is not None and total > self.limits.largest_bytes:
            raise Conflict("the model is larger than the settings allow")
        free = shutil.disk_usage(self.directory).free
        if (total or 0) - have + self.limits.free_space_bytes > free:
            raise Conflict("there is not enough room on the disk for this model")

    def _check_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise Cancelled("the download was cancelled; what is there is kept")

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _state(self) -> PartState | None:
        """None when a part cannot be continued: nothing is known of it, or the server gave no tag to compare."""
        try:
            state = msgspec.json.decode(self.state_file.read_bytes(), type=PartState)
        except (OSError, msgspec.DecodeError):
            return None
        return state if state.url == self.url and state.entity_tag and not state.entity_tag.startswith("W/") else None
