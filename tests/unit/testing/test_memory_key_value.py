"""The bucket in memory against a model of a dozen lines, under any order of operations."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from covey.errors import KeyExists, RevisionConflict
from covey.store.key_value import Change, Write
from covey.testing.manual_clock import ManualClock
from covey.testing.memory_key_value import MemoryKeyValue

T = TypeVar("T")
keys = st.sampled_from(["a", "a.b", "ab", "b", "b.c.d"])
values = st.binary(max_size=3)
lives = st.none() | st.integers(1, 5).map(float)


class BucketAgainstModel(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.clock = ManualClock()
        self.bucket = MemoryKeyValue("model", self.clock, history=3)
        self.model: dict[str, tuple[bytes, int, float]] = {}
        self.seen: dict[str, bytes] = {}
        self.watch = self.run(self.bucket.watch())
        self.changes = self.watch.__aiter__()

    def teardown(self) -> None:
        self.watch.end()
        self.runner.close()

    def run(self, call: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(call)

    def live(self, key: str) -> tuple[bytes, int] | None:
        found = self.model.get(key)
        return None if found is None or found[2] <= self.clock.now() else found[:2]

    def note(self, key: str, value: bytes, revision: int, ttl_s: float | None) -> None:
        self.model[key] = (value, revision, float("inf") if ttl_s is None else self.clock.now() + ttl_s)

    @rule(key=keys, value=values, ttl_s=lives)
    def put(self, key: str, value: bytes, ttl_s: float | None) -> None:
        self.note(key, value, self.run(self.bucket.put(key, value, ttl_s=ttl_s)), ttl_s)

    @rule(key=keys, value=values, ttl_s=lives)
    def create(self, key: str, value: bytes, ttl_s: float | None) -> None:
        try:
            revision = self.run(self.bucket.create(key, value, ttl_s=ttl_s))
        except KeyExists:
            assert self.live(key)
        else:
            assert self.live(key) is None
            self.note(key, value, revision, ttl_s)

    @rule(key=keys, value=values, off=st.sampled_from([0, 0, 1]))
    def update(self, key: str, value: bytes, off: int) -> None:
        present = self.live(key)
        try:
            revision = self.run(self.bucket.update(key, value, (present[1] if present else 999) - off))
        except RevisionConflict:
            assert present is None or off
        else:
            assert present is not None
            assert not off
            self.note(key, value, revision, None)

    @rule(key=keys)
    def delete(self, key: str) -> None:
        assert self.run(self.bucket.delete(key)) is (self.live(key) is not None)
        self.model.pop(key, None)

    @rule(chosen=st.lists(st.tuples(keys, values, st.booleans()), min_size=1, unique_by=lambda each: each[0]))
    def batch(self, chosen: list[tuple[str, bytes, bool]]) -> None:
        writes = [Write(key, value, 0 if fresh else None) for key, value, fresh in chosen]
        allowed = all(not fresh or self.live(key) is None for key, _, fresh in chosen)
        try:
            last = self.run(self.bucket.batch(writes))
        except RevisionConflict:
            assert not allowed
        else:
            assert allowed
            for position, write in enumerate(writes):
                self.note(write.key, write.value or b"", last - len(writes) + 1 + position, None)

    @rule(seconds=st.integers(1, 3))
    def wait(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @precondition(lambda self: self.model)
    @rule(reverse=st.booleans(), limit=st.none() | st.integers(0, 3), after=st.none() | keys)
    def range(self, reverse: bool, limit: int | None, after: str | None) -> None:
        expected = sorted((key for key in self.model if self.live(key)), reverse=reverse)
        expected = [key for key in expected if after is None or key > after][:limit]
        found = self.run(self.bucket.range(after=after, limit=limit, reverse=reverse))
        assert [entry.key for entry in found] == expected

    @invariant()
    def every_value_is_the_model_s(self) -> None:
        for key in ("a", "a.b", "ab", "b", "b.c.d"):
            entry = self.run(self.bucket.get(key))
            assert (entry and (entry.value, entry.revision)) == self.live(key)
            assert len(self.run(self.bucket.history(key))) <= 3

    @invariant()
    def a_watcher_knows_the_same(self) -> None:
        async def marker() -> None:
            await self.bucket.put("end", b"")
            async for change in self.changes:
                if change is not None and (change.key, change.kind) == ("end", "put"):
                    return
                self.apply(change)

        self.run(marker())
        assert self.seen == {key: self.model[key][0] for key in self.model if self.live(key)}

    def apply(self, change: Change | None) -> None:
        if change is None:
            return
        if change.kind == "delete":
            self.seen.pop(change.key, None)
        else:
            self.seen[change.key] = change.value

    @invariant()
    def the_marker_is_nobody_s_business(self) -> None:
        self.run(self.bucket.delete("end"))


TestBucketAgainstModel = BucketAgainstModel.TestCase
TestBucketAgainstModel.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
