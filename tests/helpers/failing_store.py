"""A store that stops working after so many writes, as it looks to a worker that dies between two of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from covey.errors import StoreUnavailable
from covey.store.key_value import Entry, KeyValue, Log, Store, Write


class FailingStore:
    """Passes everything on until ``writes_left`` is used up; from then on every write fails. None: never."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.writes_left: int | None = None
        self.writes = 0

    def count(self) -> None:
        self.writes += 1
        if self.writes_left is not None:
            if self.writes_left <= 0:
                raise StoreUnavailable
            self.writes_left -= 1

    async def bucket(
        self, name: str, *, history: int = 1, max_bytes: int = -1, create: bool = True, vital: bool = True
    ) -> KeyValue:
        bucket = await self._store.bucket(name, history=history, max_bytes=max_bytes, create=create, vital=vital)
        made: Any = FailingKeyValue(bucket, self)
        counted: KeyValue = made
        return counted

    async def log(self, name: str, *, max_age_s: float | None = None, max_bytes: int = -1, create: bool = True) -> Log:
        return await self._store.log(name, max_age_s=max_age_s, max_bytes=max_bytes, create=create)

    async def check(self) -> None:
        await self._store.check()


class FailingKeyValue:
    """One bucket of it. Reads always work."""

    def __init__(self, bucket: KeyValue, store: FailingStore) -> None:
        self._bucket = bucket
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._bucket, name)

    async def get(self, key: str) -> Entry | None:
        return await self._bucket.get(key)

    async def put(self, key: str, value: bytes, *, ttl_s: float | None = None) -> int:
        self._store.count()
        return await self._bucket.put(key, value, ttl_s=ttl_s)

    async def create(self, key: str, value: bytes, *, ttl_s: float | None = None) -> int:
        self._store.count()
        return await self._bucket.create(key, value, ttl_s=ttl_s)

    async def update(self, key: str, value: bytes, revision: int, *, ttl_s: float | None = None) -> int:
        self._store.count()
        return await self._bucket.update(key, value, revision, ttl_s=ttl_s)

    async def delete(self, key: str, *, revision: int | None = None) -> bool:
        self._store.count()
        return await self._bucket.delete(key, revision=revision)

    async def batch(self, writes: Sequence[Write]) -> int:
        self._store.count()
        return await self._bucket.batch(writes)
