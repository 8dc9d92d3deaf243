"""Pulls under way: everybody who asks for the same model shares one download, which ends when nobody is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from covey.domain import model_names
from covey.domain.download_rules import DownloadRules
from covey.errors import BackendProtocolError, Cancelled, CoveyError, Draining, InvalidRequest, ModelLoadFailed
from covey.protocol.registry import PullModel, PullProgress
from covey.runtime.clock import Clock
from covey.runtime.identifiers import mint
from covey.runtime.uninterrupted import uninterrupted
from covey.workers.processor.catalogue.connections import Connector
from covey.workers.processor.catalogue.download import Download, Downloaded, Limits
from covey.workers.processor.catalogue.known_models import downloadable
from covey.workers.processor.catalogue.library import InstalledModel, ModelLibrary, sha256_of
from covey.workers.processor.config import CatalogueConfig, DownloadableModel

ResultT = TypeVar("ResultT")
REPORT_BYTES = 1024 * 1024


class SharedPull:
    """One download and those who watch it."""

    def __init__(self, model: DownloadableModel, started_at: float) -> None:
        self.id = mint("pull")
        self.model = model
        self.started_at = started_at
        self.watchers = 0
        self.detached = False
        """Whether it goes on without watchers."""
        self.step = PullProgress(status="resolving")
        self.error: CoveyError | None = None
        self.task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    def say(self, step: PullProgress) -> None:
        self.step = step
        self.wake()

    def wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def watch(self) -> AsyncGenerator[PullProgress]:
        said: PullProgress | None = None
        while True:
            changed = self._changed
            if self.error is not None:
                raise self.error
            if self.step is not said:
                said = self.step
                yield said
                if said.status == "done":
                    return
            else:
                await changed.wait()


class Pulls:
    def __init__(
        self,
        config: CatalogueConfig,
        library: ModelLibrary,
        clock: Clock,
        *,
        connector: Connector | None = None,
        on_bytes: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._config = config
        self._library = library
        self._clock = clock
        self._on_bytes = on_bytes
        self._rules = DownloadRules(config.allow_http, config.allow_private_addresses)
        self._connector = connector
        self._known = downloadable(config.models)
        self._running: dict[tuple[str, str], SharedPull] = {}
        self._places = asyncio.Semaphore(config.concurrent_downloads)

    @property
    def names(self) -> list[str]:
        """Names that can be pulled."""
        return list(self._known)

    @property
    def known(self) -> Sequence[DownloadableModel]:
        """What can be pulled by name."""
        return list(self._known.values())

    @property
    def running(self) -> Sequence[SharedPull]:
        return list(self._running.values())

    async def cancel(self, pull_id: str) -> bool:
        """End a pull for all who watch it; what was downloaded is kept. False when there is no such pull."""
        for key, shared in list(self._running.items()):
            if shared.id == pull_id:
                await self._end(key, shared)
                if shared.step.status != "done":
                    shared.error = Cancelled("the download was cancelled; what was downloaded is kept")
                    shared.wake()
                return True
        return False

    def knows(self, request: PullModel) -> bool:
        """Whether the request is for the catalogue: one of its names, or an address."""
        return request.model in self._known or "://" in request.model

    async def pull(self, request: PullModel) -> AsyncGenerator[PullProgress]:
        """Progress up to ``done``. Closing it leaves the pull, and ends the download when nobody else watches; what is
        there by then is kept for the next time. Raises InvalidRequest, Conflict, BackendUnavailable,
        BackendProtocolError.
        """
        model = self._wanted(request)
        key = (model.url, model.name)
        shared = self._running.get(key)
        if shared is None:
            shared = self._running[key] = SharedPull(model, self._clock.now())
            shared.task = asyncio.create_task(self._run(key, shared), name=f"pull {model.name}")  # ended by _leave
        shared.watchers += 1
        shared.detached = shared.detached or request.detached
        try:
            async for step in shared.watch():
                yield step
        finally:
            shared.watchers -= 1
            if not shared.watchers and not shared.detached:
                await self._end(key, shared)

    async def close(self) -> None:
        """End all pulls; those who watch are told so."""
        for key, shared in list(self._running.items()):
            await self._end(key, shared)
            shared.error = Draining("the processor is stopping; what was downloaded is kept")
            shared.wake()

    def _wanted(self, request: PullModel) -> DownloadableModel:
        known = self._known.get(request.model)
        if known is not None:
            return DownloadableModel(
                name=request.name or known.name, url=known.url, size_bytes=known.size_bytes, license=known.license,
                sha256=request.sha256 or known.sha256,
            )  # fmt: skip
        if not self._config.allow_addresses:
            raise InvalidRequest("the settings allow only models of the catalogue", param="model")
        parts = self._rules.check_url(request.model)
        if request.sha256 is None or len(request.sha256) != 64:
            raise InvalidRequest("an address needs the SHA-256 of the file", param="sha256")
        name = request.name or model_names.from_file_name(Path(parts.path).name)
        return DownloadableModel(name=name, url=request.model, size_bytes=0, license="", sha256=request.sha256)

    async def _end(self, key: tuple[str, str], shared: SharedPull) -> None:
        if self._running.get(key) is shared:
            del self._running[key]
        if shared.task is not None and not shared.task.done():
            shared.task.cancel()
            await asyncio.wait([shared.task])

    async def _run(self, key: tuple[str, str], shared: SharedPull) -> None:
        try:
            async with self._places:
                await self._download_and_install(shared)
        except CoveyError as error:
            shared.error = error
            shared.wake()
        except OSError as error:
            shared.error = BackendProtocolError("the model could not be written to the disk")
            shared.error.__cause__ = error
            shared.wake()
        finally:
            if self._running.get(key) is shared:
                del self._running[key]

    async def _download_and_install(self, shared: SharedPull) -> None:
        model, loop = shared.model, asyncio.get_running_loop()
        reported = 0

        def advanced(done: int, total: int | None) -> None:
            nonlocal reported
            if done - reported >= REPORT_BYTES or done < reported or done == total:
                self._on_bytes(max(0, done - reported))
                reported = done
                step = PullProgress(status="downloading", total_bytes=total, completed_bytes=done)
                loop.call_soon_threadsafe(shared.say, step)

        download = self._download(model.url, advanced)
        found = await in_thread(download.run, download.cancel)
        expected = (model.sha256 or found.declared_sha256 or "").lower()
        shared.say(PullProgress(status="verifying", total_bytes=found.size_bytes, completed_bytes=found.size_bytes))
        digest = await self._verified(found, expected, download)
        shared.say(PullProgress(status="installing", digest=f"sha256:{digest}", total_bytes=found.size_bytes))
        installed = InstalledModel(
            name=model.name, sha256=digest, size_bytes=found.size_bytes, source=model.url, license=model.license,
            added_at=self._clock.now(),
        )  # fmt: skip
        await uninterrupted(self._install(found, installed, download))
        shared.say(
            PullProgress(
                status="done",
                digest=f"sha256:{digest}",
                total_bytes=found.size_bytes,
                completed_bytes=found.size_bytes,
            )
        )

    def _download(self, url: str, advanced: Callable[[int, int | None], None]) -> Download:
        if self._connector is None:
            self._connector = Connector(
                self._rules,
                connect_timeout_s=self._config.connect_timeout_s,
                read_timeout_s=self._config.read_timeout_s,
            )
        limits = Limits(self._config.largest_model_bytes, self._config.free_space_bytes)
        return Download(
            url, self._library.partial, self._connector, limits, advanced, retry_delay_s=self._config.retry_delay_s
        )

    async def _verified(self, found: Downloaded, expected: str, download: Download) -> str:
        """The file's digest. Raises BackendProtocolError and deletes the file when it is not the expected one."""
        going_on = True

        def stop() -> None:
            nonlocal going_on
            going_on = False

        digest = await in_thread(partial(sha256_of, found.file, lambda _: going_on), stop)
        if expected and digest != expected:
            await asyncio.to_thread(download.forget)
            raise BackendProtocolError("the downloaded file does not have the expected SHA-256; it was deleted")
        return digest

    async def _install(self, found: Downloaded, installed: InstalledModel, download: Download) -> None:
        try:
            await self._library.install(found.file, installed)
        except ModelLoadFailed as error:
            raise BackendProtocolError("the downloaded file is no valid GGUF model; it was deleted") from error
        finally:
            await asyncio.to_thread(download.forget)


async def in_thread(work: Callable[[], ResultT], cancel: Callable[[], None]) -> ResultT:
    """Run ``work`` in a thread. When this is cancelled, ``cancel`` is called and the end of the thread awaited."""
    running = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        cancel()
        await asyncio.wait([running])
        if not running.cancelled():
            running.exception()  # marked as seen
        raise
