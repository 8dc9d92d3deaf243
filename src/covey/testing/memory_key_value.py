"""A bucket in memory: a little stream of records, trimmed, expired and watched like the real one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence

from covey.errors import KeyExists, RevisionConflict, StoreUnavailable
from covey.runtime.clock import Clock
from covey.store.differences import Revision, differences
from covey.store.key_value import Change, Difference, Entry, OperationKind, Write
from covey.store.keys import check_batch, check_key, check_prefix, check_ttl, in_prefix, in_range

EXPIRY_POLL_S = 0.02
"""How often a waiting watch looks for expired values; a manual clock tells nobody that it moved."""


class MemoryKeyValue:
    """One bucket; keeps ``history`` revisions per key and refuses to outgrow ``max_bytes``."""

    def __init__(self, name: str, clock: Clock, *, history: int = 1, max_bytes: int = -1) -> None:
        self.name = name
        self.available = True
        self._clock = clock
        self._history = history
        self._max_bytes = max_bytes
        self._kept: dict[str, list[Revision]] = {}
        self._revision = 0
        self._first_removed: int | None = None
        self._expiring: set[str] = set()
        self._watches: set[MemoryWatch] = set()

    async def get(self, key: str) -> Entry | None:
        self._enter()
        return self._live(check_key(key))

    async def put(self, key: str, value: bytes, *, ttl_s: float | None = None) -> int:
        return await self.batch([Write(key, value, ttl_s=ttl_s)])

    async def create(self, key: str, value: bytes, *, ttl_s: float | None = None) -> int:
        self._enter()
        if self._live(check_key(key)):
            raise KeyExists
        return await self.put(key, value, ttl_s=ttl_s)

    async def update(self, key: str, value: bytes, revision: int, *, ttl_s: float | None = None) -> int:
        return await self.batch([Write(key, value, expected_revision=revision, ttl_s=ttl_s)])

    async def delete(self, key: str, *, revision: int | None = None) -> bool:
        self._enter()
        entry = self._live(check_key(key))
        if revision is not None and (entry is None or entry.revision != revision):
            raise RevisionConflict
        if entry is None:
            return False
        await self.batch([Write(key, None)])
        return True

    async def batch(self, writes: Sequence[Write]) -> int:
        self._enter()
        for write in check_batch(writes):
            entry = self._live(write.key)
            expected = write.expected_revision
            if expected is not None and expected != (entry.revision if entry else 0):
                raise RevisionConflict
        self._refuse_overflow(writes)
        for write in writes:
            self._append(write.key, write.value, check_ttl(write.ttl_s))
        return self._revision

    async def range(
        self,
        prefix: str = "",
        *,
        after: str | None = None,
        before: str | None = None,
        limit: int | None = None,
        reverse: bool = False,
    ) -> Sequence[Entry]:
        self._enter()
        check_prefix(prefix)
        keys = [key for key in self._kept if in_prefix(key, prefix)]
        ordered = (self._live(key) for key in in_range(keys, after=after, before=before, reverse=reverse))
        found = [entry for entry in ordered if entry]
        return found if limit is None else found[: max(0, limit)]

    async def history(self, key: str) -> Sequence[Change]:
        self._enter()
        return [kept.change for kept in self._kept.get(check_key(key), ())]

    async def changes(self, after_revision: int, before_revision: int | None = None) -> Sequence[Difference]:
        self._enter()
        return differences(
            [kept for revisions in self._kept.values() for kept in revisions],
            after=after_revision,
            before=self._revision if before_revision is None else before_revision,
            first_removed=self._first_removed,
        )

    async def watch(self, prefix: str = "") -> MemoryWatch:
        self._enter()
        watch = MemoryWatch(self, check_prefix(prefix))
        self._watches.add(watch)
        newest = sorted((kept[-1].change for kept in self._kept.values()), key=lambda change: change.revision)
        for change in newest:
            if change.kind == "put":
                watch.tell(change)
        watch.tell(None, await self.revision(prefix))
        return watch

    async def revision(self, prefix: str = "") -> int:
        self._enter()
        check_prefix(prefix)
        below = (kept[-1].change.revision for key, kept in self._kept.items() if in_prefix(key, prefix))
        return max(below, default=0)

    @property
    def expires(self) -> bool:
        """Whether any value has a time to live."""
        return bool(self._expiring)

    def close(self) -> None:
        for watch in tuple(self._watches):
            watch.end()

    def forget(self, watch: MemoryWatch) -> None:
        self._watches.discard(watch)

    def sweep(self) -> None:
        """Turn every value whose time is over into a delete, as the server does by itself."""
        now = self._clock.now()
        for key in sorted(self._expiring):
            change = self._kept[key][-1].change
            if change.expires_at is not None and change.expires_at <= now:
                self._drop(self._kept[key])
                self._kept[key].clear()
                self._append(key, None, None, first=False)

    def _enter(self) -> None:
        if not self.available:
            raise StoreUnavailable
        self.sweep()

    def _live(self, key: str) -> Entry | None:
        kept = self._kept.get(key)
        return kept[-1].entry if kept else None

    def _append(self, key: str, value: bytes | None, ttl_s: float | None, first: bool | None = None) -> None:
        kept = self._kept.setdefault(key, [])
        first = not kept if first is None else first
        self._revision += 1
        now = self._clock.now()
        expires_at = None if ttl_s is None or value is None else now + ttl_s
        kind: OperationKind = "delete" if value is None else "put"
        change = Change(key, kind, self._revision, now, value or b"", expires_at)
        kept.append(Revision(change=change, first=first))
        keep = 1 if expires_at is not None else self._history
        self._drop(kept[:-keep])
        del kept[:-keep]
        (self._expiring.discard if expires_at is None else self._expiring.add)(key)
        for watch in self._watches:
            watch.tell(change)

    def _drop(self, dropped: Iterable[Revision]) -> None:
        for kept in dropped:
            self._first_removed = min(self._first_removed or kept.change.revision, kept.change.revision)

    def _refuse_overflow(self, writes: Sequence[Write]) -> None:
        if self._max_bytes < 0:
            return
        size = sum(len(kept.change.value) + len(key) for key, many in self._kept.items() for kept in many)
        size += sum(len(write.value) + len(write.key) for write in writes if write.value is not None)
        if any(write.value is not None for write in writes) and size > self._max_bytes:
            raise StoreUnavailable(f"the bucket {self.name!r} is full")


class MemoryWatch:
    """Changes of one bucket below one prefix; ends when closed."""

    def __init__(self, bucket: MemoryKeyValue, prefix: str) -> None:
        self._bucket = bucket
        self._prefix = prefix
        self.revision = 0
        self._queue: deque[tuple[Change | None, int]] = deque()
        self._wake = asyncio.Event()
        self._closed = False

    def tell(self, change: Change | None, revision: int = 0) -> None:
        if change is None or in_prefix(change.key, self._prefix):
            self._queue.append((change, change.revision if change else revision))
            self._wake.set()

    def end(self) -> None:
        self._bucket.forget(self)
        self._closed = True
        self._wake.set()

    async def close(self) -> None:
        self.end()

    async def __aiter__(self) -> AsyncIterator[Change | None]:
        while not self._closed:
            self._wake.clear()
            if self._bucket.available:
                self._bucket.sweep()
            while self._queue and self._bucket.available and not self._closed:
                change, revision = self._queue.popleft()
                self.revision = max(self.revision, revision)
                yield change
            if not self._closed:
                await self._pause()

    async def _pause(self) -> None:
        polling = self._bucket.expires or not self._bucket.available
        try:
            async with asyncio.timeout(EXPIRY_POLL_S if polling else None):
                await self._wake.wait()
        except TimeoutError:
            return
