"""One model in memory: the process it runs in and, when a model that writes also embeds, a second one for that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from covey.backends.llamacpp.process import ModelProcess
from covey.errors import BackendUnavailable


class LoadedModel:
    """``main`` is there as long as the model is; ``make_beside`` makes the process for embeddings, which is started
    by the first request that needs it and ends with the model. Without it ``main`` does all there is to do."""

    def __init__(self, main: ModelProcess, make_beside: Callable[[], ModelProcess] | None = None) -> None:
        self.main = main
        self._make_beside = make_beside
        self._beside: ModelProcess | None = None
        self._starting: asyncio.Task[None] | None = None
        self._stopped = False

    @property
    def state(self) -> str:
        return self.main.state

    @property
    def beside(self) -> ModelProcess | None:
        """The second process, if it is there."""
        return self._beside

    async def start(self) -> None:
        """Raises ModelLoadFailed."""
        self._stopped = False
        await self.main.start()

    async def embedder(self) -> ModelProcess:
        """The process for embeddings, loaded. Raises ModelLoadFailed, and BackendUnavailable when it is stopped
        meanwhile."""
        if self._make_beside is None or self._stopped:
            return self.main  # a stopped one says so itself
        if self._starting is None:
            self._beside = self._make_beside()
            self._starting = asyncio.create_task(self._start_beside(self._beside))  # awaited by users, ended by stop
            self._starting.add_done_callback(lambda task: task.cancelled() or task.exception())
        starting, beside = self._starting, self._beside
        assert beside is not None
        try:
            # Shielded: others may wait for the same process.
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            if starting.cancelled():
                raise BackendUnavailable("the engine was stopped") from None
            raise
        return beside

    async def check(self) -> None:
        """Raises BackendUnavailable."""
        await self.main.check()
        if self._beside is not None and self._starting is not None and self._starting.done():
            await self._beside.check()

    async def stop(self) -> None:
        """Running work ends with BackendUnavailable. Safe twice."""
        self._stopped = True
        starting, self._starting = self._starting, None
        beside, self._beside = self._beside, None
        if starting is not None:
            starting.cancel()
            await asyncio.wait([starting])
        if beside is not None:
            await beside.stop()
        await self.main.stop()

    async def _start_beside(self, process: ModelProcess) -> None:
        try:
            await process.start()
        except BaseException:  # raised again; the next request tries again
            self._starting = self._beside = None
            raise
