"""One process of Covey: its facilities and workers, in the order they depend on each other."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import structlog
from prometheus_client import CollectorRegistry

from covey.assembly.engines import engines_of
from covey.assembly.joining import joined_settings
from covey.assembly.mesh_access import MeshAccess
from covey.assembly.settings_in_force import settings_in_force
from covey.bridge import Bridge
from covey.errors import BadSettings, StartFailed
from covey.facilities.logging import Logging
from covey.facilities.machine_admission import MachineAdmission
from covey.facilities.machine_records import MachineRecords
from covey.facilities.membership import MembershipFiles
from covey.facilities.mesh_health import MeshHealth
from covey.facilities.metrics import LoopLag, MetricsPage, new_registry
from covey.facilities.nats_bus import NatsBus
from covey.facilities.nats_connection import NatsConnection
from covey.facilities.nats_server import NatsServer
from covey.facilities.nats_store import NatsStore
from covey.protocol.ids import InstanceId, NodeName
from covey.protocol.settings import Origin
from covey.protocol.subjects import SERVICES, inbox_prefix, scope_of
from covey.rpc.bus import Bus
from covey.runtime.clock import SystemClock
from covey.runtime.identifiers import mint_instance
from covey.runtime.lifecycle import Facility, LifecycleBudget, Worker
from covey.runtime.worker_group import WorkerGroup
from covey.settings import Settings
from covey.workers.auth.worker import AuthWorker
from covey.workers.client.worker import ClientWorker
from covey.workers.gateway.worker import GatewayWorker
from covey.workers.processor.catalogue.library import ModelLibrary
from covey.workers.processor.worker import Inventory, ProcessorWorker

_log = structlog.get_logger(__name__)

WORKER_ROLES = ("auth", "processor", "gateway", "client", "bridge")
"""In the order of starting: each needs those before it."""


class Node:
    """One process of Covey: the roles it was told to run, and what they stand on."""

    def __init__(self, settings: Settings, roles: Sequence[str], origins: Mapping[str, Origin] | None = None) -> None:
        self._files = MembershipFiles(Path(settings.node.data_dir))
        self.membership = self._files.load()
        if self.membership is not None:
            settings = joined_settings(settings, self.membership, self._files)
        self.settings = settings
        self._settings_in_force = cache(lambda: settings_in_force(self.settings, origins or {}))
        self.roles = tuple(role for role in WORKER_ROLES if role in roles)
        self.runs_mesh = "mesh" in roles and not settings.mesh.url
        if not self.runs_mesh and not settings.mesh.url:
            raise BadSettings("without the role mesh, the address of a NATS server is needed", param="mesh.url")
        self._stack = AsyncExitStack()
        self._closing = asyncio.Lock()
        self._group: WorkerGroup | None = None
        self._admission: MachineAdmission | None = None
        self.workers: list[Worker] = []
        self.bus: Bus | None = None

    @property
    def data_dir(self) -> Path:
        return Path(self.settings.node.data_dir)

    @property
    def url(self) -> str | None:
        """Where the bridge listens, if this process runs one."""
        for worker in self.workers:
            if isinstance(worker, Bridge):
                host = self.settings.bridge.host
                shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
                scheme = "https" if self.settings.bridge.tls.certificate_path else "http"
                return f"{scheme}://{f'[{shown}]' if ':' in shown else shown}:{worker.port}"
        return None

    async def start(self) -> None:
        """Everything up, in order. Raises what failed first; all that was started has been stopped again then."""
        try:
            await self._start()
        except BaseException:  # raised again, when all is undone
            await self._stack.aclose()
            raise

    async def _start(self) -> None:
        logs = Logging(self.settings.log)
        await self._enter(logs)
        await self._make_data_dir()
        if self.membership is not None:
            lock = await asyncio.to_thread(self._files.lock)
            self._stack.callback(os.close, lock)
        urls = tuple(url.strip() for url in self.settings.mesh.url.split(",") if url.strip())
        if self.runs_mesh:
            server = await self._start_server()
            urls = (server.url,)
        if not self.roles:
            return
        prefix = inbox_prefix(self._mesh_role, mint_instance(self._mesh_role, self._scope))
        name = f"covey {self._mesh_role} on {self.settings.node.name}"
        access = MeshAccess(self.settings, self._mesh_role, self.membership)
        config = access.connection_config(urls)
        connection = NatsConnection(config, name=name, inbox_prefix=prefix)
        await self._connect(connection)
        await access.verify_grants(config)
        signatures = await asyncio.to_thread(access.call_signatures, config)
        mesh = NatsBus(connection, sociable=self.membership is None, signatures=signatures)
        await self._enter(mesh)
        self.bus = mesh.node
        # Calls without end fill a connection, or have it cut: they are not to take the answers of the store along. With
        # an inbox of its own, that no other worker is told of, they come to it alone.
        store_prefix = inbox_prefix(self._mesh_role, mint_instance(self._mesh_role, self._scope))
        store_connection = NatsConnection(config, name=f"{name}, store", inbox_prefix=store_prefix)
        store = NatsStore(store_connection, self.settings.store)
        if self.membership is None:  # a machine that joined keeps nothing there, and may not
            await self._enter(store_connection)
            await self._enter(store)
        if self._admission is not None:
            self._admission.attach(connection)
            self._admission.on_removed = mesh.node.bid_farewell
            await self._enter(self._admission)
        connections = [connection, store_connection] if self.membership is None else [connection]
        health = MeshHealth(
            lambda: all(each.connected for each in connections), store, lambda: logs.writer.dropped_lines
        )
        await self._enter(health)
        lag = LoopLag()
        if self.settings.metrics.enabled:
            await self._enter(lag)
        for role in self.roles:
            registry = new_registry()
            lag.show_in(registry)
            health.add([registry])
            await self._enter(MetricsPage(role, self.settings.metrics, registry))
            self.workers.append(self._worker(role, mesh.node, store, registry))
        self._group = WorkerGroup(self.workers)
        await self._group.start()

    async def _connect(self, connection: NatsConnection) -> None:
        try:
            await self._enter(connection)
        except StartFailed as error:
            if self.membership is None or not connection.refused:
                raise
            raise StartFailed(
                "the mesh that this machine joined does not know it any more; ask for an invitation, and join anew"
            ) from error

    async def _start_server(self) -> NatsServer:
        """The nats-server, which knows the machines that joined."""
        config, directory = self.settings.mesh.server, self.data_dir / "mesh"
        records = MachineRecords(directory)
        await asyncio.to_thread(records.load)
        server = NatsServer(config, directory, joined=records.users)
        self._admission = MachineAdmission(records, server, config.join, SystemClock(), taken=self._names)
        await self._enter(server)
        return server

    def _names(self) -> set[str]:
        """What the nodes that are there are called, machines that joined aside."""
        assert self.bus is not None
        infos = (info for service in SERVICES for info in self.bus.instances(service))
        return {self.settings.node.name, *(str(info.node) for info in infos if scope_of(info.instance) is None)}

    @property
    def _scope(self) -> str | None:
        return None if self.membership is None else self.membership.node

    @property
    def _mesh_role(self) -> str:
        return "node" if len(self.roles) > 1 else self.roles[0]

    async def _make_data_dir(self) -> None:
        try:
            await asyncio.to_thread(self.data_dir.mkdir, parents=True, exist_ok=True)
        except OSError as error:
            raise StartFailed(
                f"the data directory {self.data_dir} cannot be made: {error.strerror}", param="node.data_dir"
            ) from error
        if not await asyncio.to_thread(os.access, self.data_dir, os.W_OK | os.X_OK):
            raise StartFailed(f"the data directory {self.data_dir} cannot be written", param="node.data_dir")

    async def _enter(self, facility: Facility) -> None:
        self._stack.push_async_callback(facility.stop)
        await facility.start()

    def _worker(self, role: str, bus: Bus, store: NatsStore, registry: CollectorRegistry) -> Worker:
        settings, clock = self.settings, SystemClock()
        common: dict[str, Any] = {
            "instance": InstanceId(mint_instance(role, self._scope)),
            "node": NodeName(settings.node.name),
            "budget": LifecycleBudget(drain_timeout_s=settings.node.drain_timeout_s),
        }
        match role:
            case "auth":
                auth = AuthWorker(settings.auth, bus, store, clock, registry, **common)
                auth.settings = self._settings_in_force
                return auth
            case "processor":
                library = ModelLibrary(self.data_dir / "processor" / "models")
                inventory = Inventory(engines=engines_of(settings, library), library=library)
                processor = ProcessorWorker(settings.processor, bus, inventory, clock, registry, **common)
                processor.service.settings = self._settings_in_force
                return processor
            case "gateway":
                config = settings.gateway
                if not config.data_dir:
                    config = msgspec.structs.replace(config, data_dir=str(self.data_dir / "gateway"))
                gateway = GatewayWorker(config, bus, store, clock, registry, **common)
                if self._admission is not None:
                    gateway.machines = self._admission
                gateway.settings = self._settings_in_force
                return gateway
            case "client":
                return ClientWorker(settings.client, bus, store, clock, registry, **common)
            case "bridge":
                return Bridge(settings.bridge, bus, clock, registry, **common)
        raise StartFailed(f"there is no role {role}")

    async def stop(self, *, force: bool = False) -> None:
        """Drain and stop the workers, the bridge first, then everything below. With ``force``, also while a stop is
        under way, nothing waits for its work. Safe in every state, and twice."""
        if self._group is not None:
            await self._group.stop(force=force)
        async with self._closing:  # a second stop, which forces, does not take away what the first is closing on
            await self._stack.aclose()
