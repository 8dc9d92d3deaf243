"""A bucket on JetStream: an ordinary KV stream, read from its leader, written with compare-and-set where it matters."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from covey.errors import KeyExists, RevisionConflict, StoreCorrupt, StoreUnavailable
from covey.facilities.nats_delivery import Delivered, DeliveryLost, DeliveryStalled, deliver, read_all, read_newest
from covey.facilities.nats_record import (
    HeaderMaker,
    Subjects,
    change_delivered,
    change_stored,
    is_live,
    revision_delivered,
)
from covey.facilities.nats_stream import WRONG_LAST_SEQUENCE, StreamCalls, StreamError
from covey.facilities.nats_watch import NatsWatch, WatchSet
from covey.runtime.clock import Clock
from covey.store.differences import differences
from covey.store.key_value import Change, Difference, Entry, Write
from covey.store.keys import check_batch, check_key, check_prefix, check_ttl, check_value, in_range

ATTEMPTS = 8
"""How often a write without expectations is tried again when others write the same key at the same moment."""
STALLS = 3
"""A reading that stalls once met a removal; one that stalls again and again meets a record that is damaged."""
LAST_PER_SUBJECT = {"deliver_policy": "last_per_subject"}
EVERYTHING = {"deliver_policy": "all"}


class NatsKeyValue:
    """One bucket. Reads ask the leader, so they are never older than the last acknowledged write."""

    def __init__(
        self, name: str, calls: StreamCalls, watches: WatchSet, clock: Clock, headers: HeaderMaker, *, replicas: int
    ) -> None:
        self.name = name
        self.corrupt = False
        """Set when records are known to be lost: every call then raises ``StoreCorrupt`` rather than find nothing."""
        self.subjects = Subjects(name)
        self._calls = calls
        self._watches = watches
        self._clock = clock
        self._headers = headers
        self._replicas = replicas

    async def get(self, key: str) -> Entry | None:
        change = await self._newest(check_key(key))
        return _entry(change) if change and is_live(change, self._clock.now()) else None

    async def put(self, key: str, value: bytes, *, ttl_s: float | None = None) -> int:
        return await self._write(Write(check_key(key), check_value(value), ttl_s=check_ttl(ttl_s)), None)

    async def create(self, key: str, value: bytes, *, ttl_s: float | None = None) -> int:
        write = Write(check_key(key), check_value(value), ttl_s=check_ttl(ttl_s))
        expected: int | None = 0
        for _ in range(ATTEMPTS):
            try:
                return await self._write(write, expected)
            except RevisionConflict:
                # A marker or an expired value that the server still holds counts as nothing.
                expected = await self._vacant_revision(key)
            if expected is None:
                break
        raise KeyExists

    async def update(self, key: str, value: bytes, revision: int, *, ttl_s: float | None = None) -> int:
        return await self.batch([Write(key, value, expected_revision=revision, ttl_s=ttl_s)])

    async def delete(self, key: str, *, revision: int | None = None) -> bool:
        check_key(key)
        for _ in range(ATTEMPTS):
            entry = await self.get(key)
            if revision is not None and (entry is None or entry.revision != revision):
                raise RevisionConflict
            if entry is None:
                return False
            try:
                await self._write(Write(key, None), entry.revision)
            except RevisionConflict:
                continue
            return True
        raise RevisionConflict

    async def batch(self, writes: Sequence[Write]) -> int:
        expected = [write.expected_revision for write in check_batch(writes)]
        for _ in range(ATTEMPTS):
            try:
                if len(writes) == 1:
                    return await self._write(writes[0], expected[0])
                return await self._write_together(writes, expected)
            except RevisionConflict:
                if 0 not in [write.expected_revision for write in writes]:
                    raise
            # "Must not exist" also holds for a deleted key, whose marker has a revision of its own.
            resolved = [
                await self._vacant_revision(write.key) if write.expected_revision == 0 else write.expected_revision
                for write in writes
            ]
            vacancies_taken = any(
                new is None and write.expected_revision == 0 for write, new in zip(writes, resolved, strict=True)
            )
            if vacancies_taken or resolved == expected:
                break
            expected = resolved
        raise RevisionConflict

    async def range(
        self,
        prefix: str = "",
        *,
        after: str | None = None,
        before: str | None = None,
        limit: int | None = None,
        reverse: bool = False,
    ) -> Sequence[Entry]:
        now = self._clock.now()
        found: dict[str, Entry] = {}
        for change in await self._state(check_prefix(prefix)):
            found.pop(change.key, None)
            if is_live(change, now):
                found[change.key] = _entry(change)
        ordered = list(in_range(list(found), after=after, before=before, reverse=reverse))
        return [found[key] for key in (ordered if limit is None else ordered[: max(0, limit)])]

    async def history(self, key: str) -> Sequence[Change]:
        subject = self.subjects.of(check_key(key))
        messages = await self._read(subject, newest_only=False)
        return [change_delivered(self.subjects, message) for message in messages]

    async def changes(self, after_revision: int, before_revision: int | None = None) -> Sequence[Difference]:
        kept = [
            revision_delivered(self.subjects, message)
            for message in await self._read(self.subjects.below("")[0], newest_only=False)
        ]
        try:
            reply = await self._calls.stream("INFO", self.subjects.stream, {"deleted_details": True})
        except StreamError as error:
            raise StoreUnavailable from error
        first_removed = 1 if reply.state.first_seq > 1 else min(reply.state.deleted or (), default=None)
        newest = max((revision.change.revision for revision in kept), default=0)
        before = max(newest, after_revision) if before_revision is None else before_revision
        return differences(kept, after=after_revision, before=before, first_removed=first_removed)

    async def watch(self, prefix: str = "") -> NatsWatch:
        self._enter()
        return self._watches.open(self.subjects, check_prefix(prefix))

    async def revision(self, prefix: str = "") -> int:
        self._enter()
        newest = 0
        for subject in self.subjects.below(check_prefix(prefix)):
            message = await self._calls.stored(self.subjects.stream, subject)
            newest = max(newest, message.seq if message else 0)
        return newest

    async def probe(self) -> None:
        """A real write and read back, beside the keys. Raises ``StoreUnavailable``."""
        token = secrets.token_hex(8).encode()
        headers = self._headers.make(deleted=False, ttl_s=60.0, expected=None)
        revision = await self._send(self.subjects.probe, token, headers)
        message = await self._calls.stored(self.subjects.stream, self.subjects.probe)
        if message is None or message.seq < revision:
            raise StoreUnavailable("the store does not return what it acknowledged")

    def _enter(self) -> None:
        if self.corrupt:
            raise StoreCorrupt(f"records are missing from the bucket {self.name!r}: restore a backup")

    async def _newest(self, key: str) -> Change | None:
        self._enter()
        message = await self._calls.stored(self.subjects.stream, self.subjects.of(key))
        return change_stored(self.subjects, message) if message else None

    async def _vacant_revision(self, key: str) -> int | None:
        """What to expect when writing where no value is; None when there is one."""
        change = await self._newest(key)
        if change is None:
            return 0
        return None if is_live(change, self._clock.now()) else change.revision

    async def _write(self, write: Write, expected: int | None) -> int:
        return await self._send(self.subjects.of(write.key), write.value or b"", self._headers_of(write, expected))

    async def _write_together(self, writes: Sequence[Write], expected: Sequence[int | None]) -> int:
        """All in one atomic batch; only the last message is answered, for all."""
        self._enter()
        batch_id = secrets.token_hex(12)
        last = len(writes) - 1
        revision = 0
        for position, write in enumerate(writes):
            headers = self._headers_of(write, expected[position])
            headers |= {"Nats-Batch-Id": batch_id, "Nats-Batch-Sequence": str(position + 1)}
            subject, value = self.subjects.of(write.key), write.value or b""
            if position == last:
                revision = await self._send(subject, value, headers | {"Nats-Batch-Commit": "1"})
            else:
                await self._calls.tell(subject, value, headers)
        return revision

    def _headers_of(self, write: Write, expected: int | None) -> dict[str, str]:
        return self._headers.make(deleted=write.value is None, ttl_s=write.ttl_s, expected=expected)

    async def _send(self, subject: str, value: bytes, headers: dict[str, str]) -> int:
        self._enter()
        try:
            return (await self._calls.publish(subject, value, headers)).seq
        except StreamError as error:
            if error.number in WRONG_LAST_SEQUENCE:
                raise RevisionConflict from error
            raise StoreUnavailable from error

    async def _state(self, prefix: str) -> Sequence[Change]:
        """The newest change of every key below ``prefix``, at one moment.

        Two filters at once make the server walk through everything in between, so the key that is the prefix itself
        is asked for apart, before and after: when it stayed as it was, it belongs to the same moment.
        """
        if not prefix:
            return await self._below(f"{self.subjects.root}>")
        for _ in range(ATTEMPTS):
            own = await self._newest(prefix)
            changes = await self._below(f"{self.subjects.of(prefix)}.>")
            if await self._newest(prefix) == own:
                return [own, *changes] if own else changes
        raise StoreUnavailable

    async def _below(self, pattern: str) -> list[Change]:
        messages = await self._read(pattern, newest_only=True)
        return [change_delivered(self.subjects, message) for message in messages]

    async def _read(self, pattern: str, *, newest_only: bool) -> Sequence[Delivered]:
        """All messages under ``pattern``, or the newest of each key. With copies, the one that is read from may lag:
        it has to reach what the leader has."""
        self._enter()
        policy, read = (LAST_PER_SUBJECT, read_newest) if newest_only else (EVERYTHING, read_all)
        stalls = 0
        for _ in range(ATTEMPTS):
            newest = await self._calls.stored(self.subjects.stream, pattern) if self._replicas > 1 else None
            try:
                async with deliver(self._calls, self.subjects.stream, [pattern], policy=policy) as delivery:
                    messages = [message async for message in read(delivery, newest.seq if newest else 0)]
            except DeliveryStalled as error:
                stalls += 1
                if stalls == STALLS:
                    raise StoreCorrupt(f"a record of the bucket {self.name!r} cannot be read") from error
                continue
            except DeliveryLost:
                continue
            return [message for message in messages if not message.subject.startswith(self.subjects.reserved)]
        raise StoreUnavailable


def _entry(change: Change) -> Entry:
    return Entry(change.key, change.value, change.revision, change.created_at, change.expires_at)
