"""A worker that serves one service on the bus: what all of them have in common."""

from __future__ import annotations

import os

from covey import __version__
from covey.protocol.ids import InstanceId, NodeName
from covey.protocol.registry import InstanceInfo, LoadReport, ModelInfo
from covey.rpc.bus import Binding, Bus
from covey.rpc.service import Service
from covey.runtime.clock import Clock
from covey.runtime.lifecycle import LifecycleBudget, Worker


class ServingWorker(Worker):
    """Subclasses call :meth:`serve` at the end of ``open`` and :meth:`withdraw` at the beginning of ``close``."""

    def __init__(
        self, bus: Bus, clock: Clock, *, instance: InstanceId, node: NodeName, budget: LifecycleBudget | None = None
    ) -> None:
        super().__init__(instance=instance, node=node, budget=budget)
        self._bus = bus
        self._clock = clock
        self._binding: Binding | None = None
        self._started_at = 0.0

    async def serve(self, service: Service) -> None:
        """Answer from now on, and be known to the others."""
        self._started_at = self._clock.now()
        self._binding = await self._bus.serve(service, self.info)

    async def withdraw(self, budget_s: float = 0.0) -> None:
        """Take nothing more; end what still runs after ``budget_s`` seconds. Safe twice, and before :meth:`serve`."""
        binding, self._binding = self._binding, None
        if binding is not None:
            await binding.drain(budget_s)

    async def drain(self, budget_s: float) -> None:
        if self._binding is not None:
            await self._binding.drain(budget_s)

    def info(self) -> InstanceInfo:
        """This worker's heartbeat. No I/O."""
        return InstanceInfo(
            service=self.role,
            instance=self.instance,
            node=self.node,
            state="draining" if self.state == "draining" or self.out_of_service else "serving",
            version=__version__,
            started_at=self._started_at,
            load=self.load(),
            models=self.models(),
            pid=os.getpid(),
        )

    @property
    def out_of_service(self) -> bool:
        """Whether it takes nothing new though it was not stopped."""
        return False

    def load(self) -> LoadReport:
        return LoadReport()

    def models(self) -> tuple[ModelInfo, ...]:
        return ()
