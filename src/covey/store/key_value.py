"""What workers see of the store: key-value buckets with history and watch, and append-only logs.

Keys are dot-separated tokens of ``[A-Za-z0-9_-]``, each 1 to 64 characters, at most 16 of them; ordering is by the
bytes of the key. Values are bytes. Anything a person typed is hashed before it becomes a key.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Literal, Protocol

import msgspec

OperationKind = Literal["put", "delete"]


class Entry(msgspec.Struct, frozen=True):
    key: str
    value: bytes
    revision: int
    """Grows with every write to the bucket."""
    created_at: float
    """Unix seconds at which this revision was written."""
    expires_at: float | None = None
    """Unix seconds from which the value is no longer returned, if it was written with a time to live."""


class Change(msgspec.Struct, frozen=True):
    """One write as history or a watch tells it."""

    key: str
    kind: OperationKind
    revision: int
    created_at: float
    value: bytes = b""
    """Empty for a delete (which an expiry is too)."""
    expires_at: float | None = None


class Difference(msgspec.Struct, frozen=True):
    key: str
    before: Entry | None
    after: Entry | None


class Write(msgspec.Struct, frozen=True):
    """One part of a batch."""

    key: str
    value: bytes | None
    """None deletes."""
    expected_revision: int | None = None
    """None: whatever is there. 0: the key must not exist. Otherwise: its present revision."""
    ttl_s: float | None = None


class Watch(Protocol):
    """Changes as they happen. Survives a reconnect: what was missed in between is delivered, possibly once again.
    Iterate it once, then close it."""

    def __aiter__(self) -> AsyncIterator[Change | None]:
        """First the present state, then ``None``, then every change. After a reconnect, again the state (with a delete
        for every key that vanished in between) and another ``None``. A further ``None`` says that ``revision`` went up
        without a change."""

    revision: int
    """The newest revision below the prefix that was seen when the last item was handed out, deletes included."""

    async def close(self) -> None: ...


class KeyValue(Protocol):
    """One bucket. Every method raises ``StoreUnavailable`` when the store does not answer in time; a write may then
    have been applied or not: repeat it with an expected revision."""

    name: str

    async def get(self, key: str) -> Entry | None:
        """The newest value, or None when there is none, it was deleted, or it expired. Never stale."""

    async def put(self, key: str, value: bytes, *, ttl_s: float | None = None) -> int:
        """Write unconditionally; returns the revision. Durable when it returns. ``ttl_s`` is at least 1; a write with
        a time to live begins the history of its key anew."""

    async def create(self, key: str, value: bytes, *, ttl_s: float | None = None) -> int:
        """Write if there is no value. Raises ``KeyExists``."""

    async def update(self, key: str, value: bytes, revision: int, *, ttl_s: float | None = None) -> int:
        """Write if ``revision`` is still the newest of this key. Raises ``RevisionConflict``."""

    async def delete(self, key: str, *, revision: int | None = None) -> bool:
        """Delete; False when there was nothing. With ``revision``: raises ``RevisionConflict`` unless it still is."""

    async def batch(self, writes: Sequence[Write]) -> int:
        """All or nothing, at most 100 writes with distinct keys; the last revision. Raises ``RevisionConflict``."""

    async def range(
        self,
        prefix: str = "",
        *,
        after: str | None = None,
        before: str | None = None,
        limit: int | None = None,
        reverse: bool = False,
    ) -> Sequence[Entry]:
        """A consistent snapshot of the keys that start with the dotted ``prefix`` (whole tokens), in order, both ends
        exclusive."""

    async def history(self, key: str) -> Sequence[Change]:
        """The kept revisions of one key, oldest first."""

    async def changes(self, after_revision: int, before_revision: int | None = None) -> Sequence[Difference]:
        """What differs between the bucket as it was at two revisions, sorted by key. Raises ``KeyNotFound`` when the
        history that is kept does not reach back that far."""

    async def watch(self, prefix: str = "") -> Watch: ...

    async def revision(self, prefix: str = "") -> int:
        """The newest revision below ``prefix`` as the leader knows it, deletes included; 0 when nothing was ever
        written. A copy that has seen it was complete at the moment of this call."""


class LogRecord(msgspec.Struct, frozen=True):
    sequence: int
    at: float
    subject: tuple[str, ...]
    value: bytes


class Log(Protocol):
    """An append-only log whose records are filed under tokens, for example a user's id."""

    name: str

    async def append(self, value: bytes, *, subject: Sequence[str], record_id: str) -> int:
        """Durable when it returns its sequence number. The same ``record_id`` again within two minutes is not stored
        twice."""

    async def append_many(self, records: Sequence[tuple[bytes, Sequence[str], str]]) -> Sequence[int]:
        """Append all, pipelined; returns their sequence numbers when every one is durable. May be repeated whole after
        an error."""

    async def read(
        self, *, subject: Sequence[str] = (), after: int = 0, limit: int = 1000, newest_first: bool = False
    ) -> Sequence[LogRecord]:
        """Records whose subject starts with the given tokens. ``after`` is a sequence number, exclusive, in the
        direction of reading; 0 begins at the end that is read first."""


class Store(Protocol):
    """All buckets and logs of one cluster."""

    async def bucket(
        self, name: str, *, history: int = 1, max_bytes: int = -1, create: bool = True, vital: bool = True
    ) -> KeyValue:
        """The bucket, made if absent and ``create``; otherwise only bound. Not ``vital``, it may be full or lose
        records and the store is well all the same: for what expires anyhow. Raises ``StoreUnavailable`` when it is not
        there, ``StoreCorrupt`` when records are known to be missing from it."""

    async def log(
        self, name: str, *, max_age_s: float | None = None, max_bytes: int = -1, create: bool = True
    ) -> Log: ...

    async def check(self) -> None:
        """A real write and read back. Raises ``StoreUnavailable``."""
