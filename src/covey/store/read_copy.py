"""A copy in memory of a part of a bucket, kept fresh by watch, that can prove how fresh it is.

A watch alone proves nothing: on a node that is cut off it stays quiet and looks healthy. So the copy regularly asks
the leader for the newest revision and counts itself fresh, as of the moment of asking, once it has shown that
revision. When the store is away, or the copy lags behind it, its age grows.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec
import structlog

from covey.errors import CoveyError, NotStarted, StoreUnavailable
from covey.runtime.clock import Clock, SystemClock
from covey.runtime.ticks import sleep_to_tick
from covey.store.key_value import Change, KeyValue, Watch

_log = structlog.get_logger(__name__)

T = TypeVar("T")

FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 1.0


class ReadCopyConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a read copy proves its freshness."""

    proof_interval_s: float = 1.0
    """Seconds between two proofs. A healthy copy is never older than about this."""
    lag_timeout_s: float = 2.0
    """How long the watch may take to show what the leader has; then it is made again."""
    compare_interval_s: float = 300.0
    """Seconds after which the whole state is read anew, whatever the watch said. At least a few seconds."""


class _Copied(msgspec.Struct, Generic[T], frozen=True):
    value: T
    expires_at: float | None


class ReadCopy(Generic[T]):
    """The decoded values below ``prefix``. Reading takes no time and no store.

    A value that does not decode counts as missing, is logged, and is counted in ``undecodable``.
    """

    def __init__(
        self,
        bucket: KeyValue,
        prefix: str,
        decode: Callable[[bytes], T],
        *,
        clock: Clock | None = None,
        config: ReadCopyConfig | None = None,
    ) -> None:
        self.undecodable = 0
        self._bucket = bucket
        self._prefix = prefix
        self._decode = decode
        self._clock = clock or SystemClock()
        self._config = config or ReadCopyConfig()
        self._values: dict[str, _Copied[T]] = {}
        self._callbacks: list[Callable[[str, T | None], None]] = []
        self._shown = 0
        self._complete = False
        self._progress = asyncio.Event()
        self._proven_at: float | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._watch: Watch | None = None

    @property
    def age_s(self) -> float:
        """Seconds since the copy is known to have been complete; infinite before the first proof."""
        return float("inf") if self._proven_at is None else self._clock.monotonic() - self._proven_at

    def require_fresh(self, longest_s: float) -> None:
        """Raises ``StoreUnavailable`` when the copy is older than ``longest_s``."""
        if self.age_s > longest_s:
            raise StoreUnavailable("what is known here is too old to be relied on", retry_after_s=1.0)

    def get(self, key: str) -> T | None:
        copied = self._values.get(key)
        if copied is None or (copied.expires_at is not None and copied.expires_at <= self._clock.now()):
            return None
        return copied.value

    def items(self) -> list[tuple[str, T]]:
        """All that has not expired, in no particular order."""
        now = self._clock.now()
        return [
            (key, copied.value)
            for key, copied in self._values.items()
            if copied.expires_at is None or copied.expires_at > now
        ]

    def __len__(self) -> int:
        return len(self._values)

    def on_change(self, callback: Callable[[str, T | None], None]) -> None:
        """Call ``callback(key, value)`` after every change, with None for a delete; the first state counts as one.
        After a reconnect the same value may be told again. Must not block; what it raises is logged."""
        self._callbacks.append(callback)

    async def start(self, timeout_s: float = 30.0) -> None:
        """Returns once the copy is complete and proven. Raises ``StoreUnavailable`` when that takes too long."""
        if not self._tasks:
            # stop() cancels and awaits both.
            self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._prove())]
        try:
            async with asyncio.timeout(timeout_s):
                while self._proven_at is None:
                    await self._progressed()
        except TimeoutError as error:
            await self.stop()
            raise StoreUnavailable from error
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Safe twice. The values stay readable, and grow old."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._leave_watch()

    def check(self, longest_s: float) -> None:
        """For readiness: raises ``NotStarted`` or, when too old, ``StoreUnavailable``."""
        if not self._tasks:
            raise NotStarted
        self.require_fresh(longest_s)

    async def _follow(self) -> None:
        """Watch, for ever; begin anew when the watch fails, ends, or has been trusted for long enough."""
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                async with asyncio.timeout(self._config.compare_interval_s * random.uniform(0.8, 1.2)):
                    self._watch = await self._bucket.watch(self._prefix)
                    await self._apply(self._watch)
            except TimeoutError:
                pause_s = FIRST_PAUSE_S
            except CoveyError as error:
                _log.warning("read_copy_interrupted", bucket=self._bucket.name, code=error.code)
            await self._leave_watch()
            await asyncio.sleep(random.uniform(0, pause_s))
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _leave_watch(self) -> None:
        watch, self._watch = self._watch, None
        if watch:
            await watch.close()

    async def _apply(self, watch: Watch) -> None:
        """Every change of one watch. Until its state is complete, what it has not told of yet is kept as it was."""
        told: set[str] | None = set()
        self._complete = False
        async for change in watch:
            if change is not None:
                self._change(change)
                if told is not None:
                    told.add(change.key)
            elif told is not None:
                for key in self._values.keys() - told:
                    self._set(key, None)
                told = None
            if told is None:
                self._complete = True
                self._shown = watch.revision
                self._progress.set()

    def _change(self, change: Change) -> None:
        if change.kind == "delete":
            self._set(change.key, None)
            return
        try:
            value = self._decode(change.value)
        except (msgspec.MsgspecError, ValueError, CoveyError) as error:
            self.undecodable += 1
            _log.error("read_copy_undecodable", bucket=self._bucket.name, kind=type(error).__name__)
            self._set(change.key, None)
        else:
            self._set(change.key, _Copied(value, change.expires_at))

    def _set(self, key: str, copied: _Copied[T] | None) -> None:
        if copied is None:
            if self._values.pop(key, None) is None:
                return
        else:
            self._values[key] = copied
        for callback in self._callbacks:
            try:
                callback(key, copied.value if copied else None)
            except Exception as error:  # reported here: a listener must not stop the copy
                _log.error("read_copy_listener_failed", bucket=self._bucket.name, kind=type(error).__name__)

    async def _prove(self) -> None:
        while True:
            asked_at = self._clock.monotonic()
            try:
                newest = await self._bucket.revision(self._prefix)
                async with asyncio.timeout(self._config.lag_timeout_s):
                    while not self._complete or self._shown < newest:
                        await self._progressed()
                self._proven_at = asked_at
                self._progress.set()
            except TimeoutError:
                # The watch missed something, or stands on a node that did: make it anew.
                _log.warning("read_copy_lags", bucket=self._bucket.name)
                await self._leave_watch()
            except CoveyError as error:
                _log.info("read_copy_unproven", bucket=self._bucket.name, code=error.code, age_s=round(self.age_s, 1))
            await sleep_to_tick(self._config.proof_interval_s * random.uniform(0.8, 1.0))

    async def _progressed(self) -> None:
        self._progress.clear()
        await self._progress.wait()
