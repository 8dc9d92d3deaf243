"""Which models are in memory: loaded on demand, the one unused for longest makes room, never one at work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from covey.backends.llamacpp.loaded_model import LoadedModel
from covey.backends.llamacpp.model_file import ModelFile
from covey.errors import BackendUnavailable
from covey.runtime.ticks import sleep_to_tick

SWEEP_INTERVAL_S = 1.0
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Held:
    """One model that is, or is being, loaded."""

    file: ModelFile
    model: LoadedModel
    loading: asyncio.Task[None]
    users: int = 0
    last_used: float = 0.0
    keep_alive_s: float = -1.0

    @property
    def loaded(self) -> bool:
        return self.loading.done() and not self.loading.cancelled() and self.loading.exception() is None

    @property
    def expires(self) -> float | None:
        """Loop time at which it may go; None: not by itself, or not now."""
        if self.users or self.keep_alive_s < 0:
            return None
        return self.last_used + self.keep_alive_s


class LoadedModels:
    """Holds at most ``limit`` models. ``keep_alive_s`` is how long an unused one stays; negative: for ever."""

    def __init__(self, make: Callable[[ModelFile], LoadedModel], *, limit: int, keep_alive_s: float) -> None:
        self._make = make
        self._limit = limit
        self._keep_alive_s = keep_alive_s
        self._held: dict[str, Held] = {}
        self.load_times_s: dict[str, float] = {}
        """How long the last load of each model took."""
        self._changed = asyncio.Event()
        self._unloading = 0
        self._sweeper: asyncio.Task[None] | None = None
        self._closed = True

    def open(self) -> None:
        if self._sweeper is None:
            self._closed = False
            self._sweeper = asyncio.create_task(self._sweep(), name="llamacpp idle models")  # ended by close

    async def close(self) -> None:
        self._closed = True
        sweeper, self._sweeper = self._sweeper, None
        if sweeper is not None:
            sweeper.cancel()
            await asyncio.wait([sweeper])
        for held in self.all():
            await self._unload(held)
        self._changed.set()

    def find(self, name: str) -> Held | None:
        return self._held.get(name)

    def all(self) -> list[Held]:
        return list(self._held.values())

    @asynccontextmanager
    async def using(self, file: ModelFile, keep_alive_s: float | None = None) -> AsyncIterator[LoadedModel]:
        """The loaded model, which stays loaded meanwhile. Raises ModelLoadFailed."""
        held = await self._reserve(file)
        if keep_alive_s is not None:
            held.keep_alive_s = keep_alive_s
        try:
            # Shielded: others may wait for the same load, and one that is nearly done is worth finishing.
            await asyncio.shield(held.loading)
            yield held.model
        except asyncio.CancelledError:
            if held.loading.cancelled():
                raise BackendUnavailable("the engine was stopped") from None
            raise
        finally:
            self._release(held)

    async def unload(self, name: str) -> None:
        """Out of memory now; running work ends with BackendUnavailable. Unknown names are no error."""
        held = self._held.get(name)
        if held is not None:
            await self._unload(held)

    async def _reserve(self, file: ModelFile) -> Held:
        while not self._closed:
            held = self._held.get(file.name)
            if held is None and len(self._held) + self._unloading < self._limit:
                held = self._begin(file)
            if held is not None:
                held.users += 1
                return held
            idle = [other for other in self._held.values() if not other.users and other.loading.done()]
            if idle:
                await self._unload(min(idle, key=lambda other: other.last_used))
            else:
                self._changed.clear()
                await self._changed.wait()
        raise BackendUnavailable("the engine is not running")

    def _begin(self, file: ModelFile) -> Held:
        model = self._make(file)
        loading = asyncio.create_task(
            self._load(file, model), name=f"load {file.name}"
        )  # awaited by users, ended by _unload
        held = self._held[file.name] = Held(file, model, loading, keep_alive_s=self._keep_alive_s)
        loading.add_done_callback(lambda _: self._forget_failed(held))
        return held

    async def _load(self, file: ModelFile, model: LoadedModel) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await model.start()
        self.load_times_s[file.name] = loop.time() - begun

    def _forget_failed(self, held: Held) -> None:
        """A failed load is tried again with the next request."""
        if not held.loaded and self._held.get(held.file.name) is held:
            del self._held[held.file.name]

    def _release(self, held: Held) -> None:
        held.users -= 1
        held.last_used = asyncio.get_running_loop().time()
        self._changed.set()

    async def _unload(self, held: Held) -> None:
        if self._held.get(held.file.name) is held:
            del self._held[held.file.name]
        self._unloading += 1
        try:
            held.loading.cancel()
            await asyncio.wait([held.loading])
            await held.model.stop()
            log.info("model_unloaded", model=held.file.name)
        finally:
            self._unloading -= 1
            self._changed.set()

    async def _sweep(self) -> None:
        while True:
            await sleep_to_tick(SWEEP_INTERVAL_S)
            now = asyncio.get_running_loop().time()
            for held in self.all():
                if held.loaded and held.expires is not None and held.expires <= now:
                    await self._unload(held)
