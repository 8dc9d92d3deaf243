"""The bridge as a worker: its parts joined, started, drained and closed."""

from __future__ import annotations

from typing import ClassVar

from prometheus_client import CollectorRegistry

from covey.bridge.app import BridgeApplication
from covey.bridge.calls import Calls
from covey.bridge.config import BridgeConfig
from covey.bridge.dialects.openai import openai_routes
from covey.bridge.dialects.openai.errors import render_openai_error
from covey.bridge.errors import render_problem
from covey.bridge.metrics import BridgeMetrics
from covey.bridge.router import Route, Router
from covey.bridge.routes.generations import generation_routes
from covey.bridge.routes.health import Check, health_routes
from covey.bridge.routes.platform import platform_routes
from covey.bridge.routes.pull import pull_routes
from covey.bridge.routes.reference import reference_routes
from covey.bridge.routes.web import web_routes
from covey.bridge.server import BridgeServer
from covey.bridge.sse import StreamKeeper
from covey.bridge.websocket import SocketSessions
from covey.errors import Draining, PeerUnavailable
from covey.protocol.ids import InstanceId, NodeName
from covey.protocol.inference import CLIENT_GENERATE
from covey.protocol.registry import LoadReport
from covey.rpc.bus import Bus
from covey.rpc.service import Service
from covey.rpc.serving_worker import ServingWorker
from covey.runtime.clock import Clock
from covey.runtime.lifecycle import LifecycleBudget


class BridgePresence(Service):
    """Answers nothing; makes a bridge known to the others, so that lists of nodes are whole."""

    service: ClassVar[str] = "bridge"


class Bridge(ServingWorker):
    """HTTP, server-sent events and WebSocket in front; the client worker, through ``bus``, behind."""

    role: ClassVar[str] = "bridge"

    def __init__(
        self,
        config: BridgeConfig,
        bus: Bus,
        clock: Clock,
        registry: CollectorRegistry,
        *,
        instance: InstanceId,
        node: NodeName,
        budget: LifecycleBudget | None = None,
    ) -> None:
        super().__init__(bus, clock, instance=instance, node=node, budget=budget)
        self._metrics = BridgeMetrics(registry)
        self._keeper = StreamKeeper(start_s=config.stream_start_s, ping_interval_s=config.ping_interval_s)
        calls = Calls(bus, self._keeper, self._metrics, generation_timeout_s=config.generation_timeout_s)
        self._sockets = SocketSessions(calls, config, self._metrics)
        self.routes = bridge_routes(calls, clock, config, self.check)
        fallbacks = {"/v1": render_openai_error, "/covey": render_problem}
        self.application = BridgeApplication(config, Router(self.routes, fallbacks), self._metrics, self._sockets.serve)
        self._server = BridgeServer(self.application, config, self._metrics)
        self._metrics.observe_with(
            in_flight=lambda: self.application.in_flight,
            streams=lambda: len(self._keeper),
            connections=lambda: self._server.connections,
            sockets=lambda: len(self._sockets),
        )

    @property
    def port(self) -> int:
        """The port in use, once started."""
        return self._server.port

    async def open(self) -> None:
        self._sockets.open()
        self._keeper.start()
        await self._server.start()
        await self.serve(BridgePresence())

    def load(self) -> LoadReport:
        return LoadReport(running=self.application.in_flight)

    async def drain(self, budget_s: float) -> None:
        await super().drain(0.0)
        self._sockets.drain()
        if not await self._server.drain(budget_s):
            self.application.abort_all(Draining("the service is stopping; send the request again"))
            await self._server.drain(1.0)

    async def close(self) -> None:
        await self.withdraw()
        await self._sockets.close()
        await self._server.close()
        await self._keeper.stop()

    async def check(self) -> None:
        """Raises NotStarted or Draining by this worker's state, PeerUnavailable when no client worker is there."""
        await super().check()
        if not self._bus.instances(CLIENT_GENERATE.service):
            raise PeerUnavailable("no client worker is there")


def bridge_routes(calls: Calls, clock: Clock, config: BridgeConfig, check: Check) -> list[Route]:
    """Every route of the bridge; the OpenAPI page is made from the same list."""
    routes = [
        *health_routes(check),
        *openai_routes(calls, clock),
        *pull_routes(calls),
        *generation_routes(calls),
        *platform_routes(calls),
    ]
    routes += reference_routes(routes)
    routes += web_routes(config.web_directory)
    return routes
