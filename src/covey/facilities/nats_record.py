"""How a record of a bucket looks as a message: plain value, a few headers that standard tools know too."""

from __future__ import annotations

from collections.abc import Mapping

from covey.facilities.nats_delivery import Delivered
from covey.facilities.nats_stream import StoredMessage, parse_headers
from covey.store.differences import Revision
from covey.store.key_value import Change, OperationKind
from covey.store.keys import RESERVED

EXPECTED = "Nats-Expected-Last-Subject-Sequence"
OPERATION = "KV-Operation"
MARKER_REASON = "Nats-Marker-Reason"
TTL = "Nats-TTL"
ROLLUP = "Nats-Rollup"
OWN_TTL = "Covey-TTL-Seconds"
"""The time to live as it was asked for: the server may stretch its own, and removes only some time after."""


class Subjects:
    """The subjects of one bucket."""

    def __init__(self, bucket: str) -> None:
        self.stream = f"KV_{bucket}"
        self.root = f"$KV.{bucket}."
        self.reserved = f"{self.root}{RESERVED}."
        self.probe = f"{self.reserved}probe"

    def of(self, key: str) -> str:
        return self.root + key

    def key(self, subject: str) -> str:
        return subject.removeprefix(self.root)

    def below(self, prefix: str) -> list[str]:
        """Filters for ``prefix`` itself and everything under it."""
        return [self.of(prefix), f"{self.of(prefix)}.>"] if prefix else [f"{self.root}>"]


class HeaderMaker:
    """The headers of writes to a bucket that keeps ``history`` revisions."""

    def __init__(self, history: int, marker_ttl_s: float) -> None:
        self._history = history
        self._marker_ttl = f"{max(60, int(marker_ttl_s))}s"

    def make(self, *, deleted: bool, ttl_s: float | None, expected: int | None) -> dict[str, str]:
        """A value that expires replaces all older ones: otherwise the one before it would come back to life.

        A delete marker may vanish by itself only where it has no older value under it, for the same reason.
        """
        headers: dict[str, str] = {}
        if expected is not None:
            headers[EXPECTED] = str(expected)
        if deleted:
            headers[OPERATION] = "DEL"
            if self._history == 1:
                headers[TTL] = self._marker_ttl
        elif ttl_s is not None:
            headers[TTL] = f"{int(ttl_s * 1000)}ms"
            headers[OWN_TTL] = repr(ttl_s)
            if self._history > 1:
                headers[ROLLUP] = "sub"
        return headers


def _change(key: str, data: bytes, headers: Mapping[str, str], revision: int, at: float) -> Change:
    deleted = headers.get(OPERATION) in ("DEL", "PURGE") or MARKER_REASON in headers
    kind: OperationKind = "delete" if deleted else "put"
    ttl = headers.get(OWN_TTL)
    expires_at = at + float(ttl) if ttl is not None and not deleted else None
    return Change(key, kind, revision, at, b"" if deleted else data, expires_at)


def change_delivered(subjects: Subjects, message: Delivered) -> Change:
    key = subjects.key(message.subject)
    return _change(key, message.data, message.headers, message.sequence, message.at)


def change_stored(subjects: Subjects, message: StoredMessage) -> Change:
    key = subjects.key(message.subject)
    return _change(key, message.data, parse_headers(message.hdrs), message.seq, message.time.timestamp())


def revision_delivered(subjects: Subjects, message: Delivered) -> Revision:
    return Revision(change=change_delivered(subjects, message), first=message.headers.get(EXPECTED) == "0")


def is_live(change: Change, now: float) -> bool:
    """Whether there is a value; an expired one is none, though the server may still hold it."""
    return change.kind == "put" and (change.expires_at is None or change.expires_at > now)
