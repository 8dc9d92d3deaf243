"""The processor as a worker: engines, library, directory and queues, started, kept fresh, drained and closed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import structlog
from prometheus_client import CollectorRegistry

from covey.backends.base import Engine
from covey.backends.llamacpp import LlamaCppConfig, LlamaCppEngine, ModelFile
from covey.errors import BackendUnavailable, CoveyError
from covey.protocol.ids import InstanceId, NodeName
from covey.protocol.registry import LoadReport, ModelInfo
from covey.rpc.bus import Bus
from covey.rpc.serving_worker import ServingWorker
from covey.runtime.clock import Clock
from covey.runtime.lifecycle import LifecycleBudget
from covey.workers.processor.catalogue.known_models import name_of_file
from covey.workers.processor.catalogue.library import ModelLibrary
from covey.workers.processor.catalogue.pulls import Pulls
from covey.workers.processor.config import ProcessorConfig
from covey.workers.processor.directory import ModelDirectory
from covey.workers.processor.metrics import ProcessorMetrics
from covey.workers.processor.model_changes import ModelChanges
from covey.workers.processor.service import ProcessorService

RETRY_START_S = 5.0
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a processor has to work with."""

    engines: Sequence[Engine]
    """In the order of preference: of two that have the same model, the first one runs it."""
    library: ModelLibrary
    """Where pulled models go; the one that the embedded engine takes its files from."""


class ProcessorWorker(ServingWorker):
    """Serves what the engines of the inventory offer.

    Engines are started and closed by this worker. One that does not start is tried again for ever; the others serve
    meanwhile.
    """

    role: ClassVar[str] = "processor"

    def __init__(
        self,
        config: ProcessorConfig,
        bus: Bus,
        inventory: Inventory,
        clock: Clock,
        registry: CollectorRegistry,
        *,
        instance: InstanceId,
        node: NodeName,
        budget: LifecycleBudget | None = None,
    ) -> None:
        super().__init__(bus, clock, instance=instance, node=node, budget=budget)
        self._config = config
        self._engines = engines = tuple(inventory.engines)
        self._library = library = inventory.library
        metrics = ProcessorMetrics(registry)
        self.directory = ModelDirectory(engines, config)
        self._pulls = Pulls(config.catalogue, library, clock, on_bytes=metrics.pulled_bytes.inc)
        changes = ModelChanges(library, self._pulls, engines, self.refresh)
        self.service = ProcessorService(
            config, engines, self.directory, changes, metrics, clock, instance=instance, node=node
        )
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        await self._library.open()
        for engine in self._engines:
            if not await self._start_engine(engine):
                self._tasks.append(asyncio.create_task(self._keep_starting(engine)))  # ended by close
        await self.refresh()
        self._tasks.append(asyncio.create_task(self._keep_fresh()))  # ended by close
        await self.serve(self.service)

    async def close(self) -> None:
        await self.withdraw()
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._pulls.close()
        for engine in reversed(self._engines):
            await engine.close()

    async def check(self) -> None:
        """Raises NotStarted or Draining by state, BackendUnavailable when no engine works."""
        await super().check()
        if self._engines and not any(self.directory.is_healthy(engine) for engine in self._engines):
            raise BackendUnavailable("no engine of this processor works")

    async def refresh(self) -> None:
        """Ask the engines for their models, health and slots."""
        await self.directory.refresh()
        self.service.update_slots()

    @property
    def out_of_service(self) -> bool:
        return self.service.draining

    def load(self) -> LoadReport:
        return self.service.load()

    def models(self) -> tuple[ModelInfo, ...]:
        return tuple(model.info for model in self.directory.offered)

    async def _start_engine(self, engine: Engine) -> bool:
        try:
            await engine.start()
        except CoveyError as error:
            log.warning("engine_start_failed", engine=engine.name, code=error.code, detail=error.detail)
            return False
        log.info("engine_started", engine=engine.name, kind=engine.kind)
        return True

    async def _keep_starting(self, engine: Engine) -> None:
        while True:
            await asyncio.sleep(RETRY_START_S)
            if await self._start_engine(engine):
                await self.refresh()
                return

    async def _keep_fresh(self) -> None:
        while True:
            loading = any(model.info.state == "loading" for model in self.directory.offered)
            await asyncio.sleep(
                min(0.5, self._config.refresh_interval_s) if loading else self._config.refresh_interval_s
            )
            try:
                await self.refresh()
            except Exception:  # reported here: the list of models must not stop being refreshed
                log.exception("refresh_failed")


def configured_files(config: ProcessorConfig, llamacpp: LlamaCppConfig) -> list[ModelFile]:
    """The model files that the settings name; that of ``model_file`` first."""
    files = []
    if config.model_file:
        path = Path(config.model_file)
        files.append(ModelFile(name=name_of_file(path), path=path))
    for model in llamacpp.models:
        path = Path(model.path)
        files.append(ModelFile(name=model.name or name_of_file(path), path=path, aliases=model.aliases))
    return files


def embedded_engine(config: ProcessorConfig, llamacpp: LlamaCppConfig, library: ModelLibrary) -> LlamaCppEngine:
    """The embedded engine over the settings' files and the library's; the first of a name counts."""
    configured = configured_files(config, llamacpp)

    def files() -> Sequence[ModelFile]:
        found: dict[str, ModelFile] = {}
        for file in (*configured, *library.files()):
            found.setdefault(file.name, file)
        return list(found.values())

    return LlamaCppEngine(llamacpp, files=files)
