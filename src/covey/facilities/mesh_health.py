"""How the network and the store are, as every role's metrics page shows it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from prometheus_client import CollectorRegistry, Gauge

from covey.errors import CoveyError

INTERVAL_S = 5.0


class Checked(Protocol):
    async def check(self) -> None: ...


class MeshHealth:
    """Facility: asks connection and store every few seconds, and shows what they said on the registries added."""

    name = "mesh health"

    def __init__(self, connected: Callable[[], bool], store: Checked, dropped_log_lines: Callable[[], int]) -> None:
        self._connected = connected
        self._store = store
        self._dropped_log_lines = dropped_log_lines
        self._store_up = 1.0
        self._losses = 0
        self._was_connected = True
        self._task: asyncio.Task[None] | None = None

    def add(self, registries: Sequence[CollectorRegistry]) -> None:
        """Show it on these pages too."""
        for registry in registries:
            for name, about, read in (
                ("covey_mesh_connected", "1 while the nats-server is connected", lambda: float(self._connected())),
                ("covey_mesh_losses", "Times the connection was found lost", lambda: float(self._losses)),
                ("covey_store_up", "1 while the store takes writes, asked every five seconds", lambda: self._store_up),
                ("covey_log_lines_dropped", "Log lines lost to a full disk or queue",
                 lambda: float(self._dropped_log_lines())),
            ):  # fmt: skip
                Gauge(name, about, registry=registry).set_function(read)

    async def start(self) -> None:
        self._task = asyncio.create_task(self._look())  # owned: cancelled and awaited in stop

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def check(self) -> None:
        """Showing how the mesh is never makes a worker unready."""

    async def look_once(self) -> None:
        """Ask now."""
        connected = self._connected()
        self._losses += self._was_connected and not connected
        self._was_connected = connected
        try:
            await self._store.check()
        except CoveyError:
            self._store_up = 0.0
        else:
            self._store_up = 1.0

    async def _look(self) -> None:
        while True:
            await self.look_once()
            await asyncio.sleep(INTERVAL_S)
