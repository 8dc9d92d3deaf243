"""Metrics: one Prometheus page per role, each on a loopback port of its own, with the process's CPU and memory."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry, Gauge, disable_created_metrics, start_http_server, values
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

from covey.errors import StartFailed
from covey.quantities import Port
from covey.runtime.ticks import until_tick

LAG_INTERVAL_S = 0.25
LAG_SAMPLES = 20


class MetricsPorts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Port of each role's page; 0 picks a free one."""

    gateway: Port = 9100
    """Routing, checks, metering and audit."""
    auth: Port = 9101
    """Accounts, sessions and keys."""
    processor: Port = 9102
    """Engines, their queues and their tokens."""
    client: Port = 9103
    """Requests from their receipt to their end."""
    bridge: Port = 9104
    """HTTP and WebSockets."""


class MetricsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The pages that Prometheus reads."""

    enabled: bool = True
    """Whether metrics pages are served at all."""
    host: str = "127.0.0.1"
    """Address of the pages. They carry no content, but they are not authenticated: keep them on loopback or a private
    network."""
    ports: MetricsPorts = MetricsPorts()
    """Where each page is."""


class UnlockedValue:
    """A metric's value for a process whose metrics change on one thread only, the event loop's.

    The library guards each increment with a lock, which costs more than the increment. A page that is read meanwhile in
    its own thread sees each value as it is at that moment, which is all that a lock would give it.
    """

    _multiprocess = False

    def __init__(self, *_about: Any, **_more: Any) -> None:
        self._value = 0.0
        self._exemplar = None

    def inc(self, amount: float) -> None:
        self._value += amount

    def set(self, value: float, timestamp: float | None = None) -> None:
        self._value = value

    def set_exemplar(self, exemplar: Any) -> None:
        self._exemplar = exemplar

    def get(self) -> float:
        return self._value

    def get_exemplar(self) -> Any:
        return self._exemplar


def new_registry() -> CollectorRegistry:
    """A registry with the process's own figures: CPU seconds, resident memory, open files, garbage collection.

    Metrics that are made after the first call of this may change on the event loop's thread only.
    """
    disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series per metric that nobody asks for
    values.ValueClass = UnlockedValue  # the library's own seam, used by its multi-process mode
    registry = CollectorRegistry(auto_describe=True)
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


class MetricsPage:
    """Facility: serves one role's registry at ``http://host:port/metrics``."""

    def __init__(self, role: str, config: MetricsConfig, registry: CollectorRegistry) -> None:
        self.name = f"metrics of {role}"
        self._role = role
        self._config = config
        self._registry = registry
        self._server: Any = None
        self._thread: threading.Thread | None = None
        self.port = 0
        """The port in use, once started."""

    async def start(self) -> None:
        """Raises StartFailed, naming the port, when it is in use."""
        if not self._config.enabled:
            return
        port = getattr(self._config.ports, self._role)
        try:
            server, self._thread = start_http_server(port, addr=self._config.host, registry=self._registry)
        except OSError as error:
            raise StartFailed(
                f"port {port} for the metrics of {self._role} is in use; set metrics.ports.{self._role} (0: any that "
                "is free), or metrics.enabled=false",
                param=f"metrics.ports.{self._role}",
            ) from error
        self._server = server
        self.port = server.server_port

    async def stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await asyncio.to_thread(server.shutdown)
            server.server_close()
            assert self._thread is not None
            self._thread.join(timeout=2.0)

    async def check(self) -> None:
        """A missing metrics page never makes a worker unready."""


class LoopLag:
    """Facility: tells the pages of all roles in this process how late their event loop is."""

    name = "event loop lag"

    def __init__(self) -> None:
        self._gauges: list[Gauge] = []
        self._task: asyncio.Task[None] | None = None

    def show_in(self, registry: CollectorRegistry) -> None:
        gauge = Gauge(
            "covey_event_loop_lag_seconds",
            "How late the event loop ran a timer, the worst of the last five seconds",
            registry=registry,
        )
        self._gauges.append(gauge)

    async def start(self) -> None:
        self._task = asyncio.create_task(self._watch())  # owned: cancelled and awaited in stop

    async def stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def check(self) -> None:
        """A loop that is late never makes a worker unready."""

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            worst_s = 0.0
            for _ in range(LAG_SAMPLES):
                now = loop.time()
                delay_s = until_tick(LAG_INTERVAL_S, now)
                await asyncio.sleep(delay_s)
                worst_s = max(worst_s, loop.time() - now - delay_s)
            for gauge in self._gauges:
                gauge.set(worst_s)
