"""One process of Covey: its facilities and workers, in the order they depend on each other."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from functools import cache, partial
from pathlib import Path
from typing import Any

import msgspec
import structlog
import uvloop
from prometheus_client import CollectorRegistry

from covey.assembly.joining import joined_settings, with_own_authority
from covey.assembly.settings_in_force import settings_in_force
from covey.backends.base import Engine
from covey.backends.ollama import OllamaEngine
from covey.backends.openai import OpenAICompatibleEngine
from covey.backends.sample import SampleEngine
from covey.bridge import Bridge
from covey.errors import BadSettings, CoveyError, StartFailed
from covey.facilities.connection_config import NatsConnectionConfig
from covey.facilities.logging import Logging
from covey.facilities.machine_admission import MachineAdmission
from covey.facilities.machine_records import MachineRecords
from covey.facilities.membership import MembershipFiles
from covey.facilities.mesh_certificates import client_context, client_options
from covey.facilities.mesh_grants import verify_grants
from covey.facilities.mesh_health import MeshHealth
from covey.facilities.mesh_identities import (
    MeshIdentities,
    callers_of,
    public_key_of,
    signing_key_of,
    verifying_key_of,
)
from covey.facilities.metrics import LoopLag, MetricsPage, new_registry
from covey.facilities.nats_bus import NatsBus
from covey.facilities.nats_connection import NatsConnection
from covey.facilities.nats_server import NatsServer
from covey.facilities.nats_store import NatsStore
from covey.protocol.auth import GET_REGISTRATION_POLICY
from covey.protocol.endpoint import Empty
from covey.protocol.ids import InstanceId, ModelName, NodeName, RequestId
from covey.protocol.inference import PROCESSOR_GENERATE, ChatMessage, Delta, Finished, Generate, Sampling
from covey.protocol.settings import Origin
from covey.protocol.subjects import SERVICES, inbox_prefix, scope_of
from covey.rpc.bus import Bus
from covey.rpc.context import CallContext
from covey.rpc.signing import SIGNED_SERVICES, CallSignatures
from covey.runtime.clock import SystemClock
from covey.runtime.identifiers import mint, mint_instance
from covey.runtime.lifecycle import Facility, LifecycleBudget, Worker
from covey.runtime.signals import StopSignals, run_until_signalled
from covey.runtime.worker_group import WorkerGroup
from covey.settings import Settings
from covey.workers.auth.worker import AuthWorker
from covey.workers.client.worker import ClientWorker
from covey.workers.gateway.worker import GatewayWorker
from covey.workers.processor.catalogue.library import ModelLibrary
from covey.workers.processor.worker import Inventory, ProcessorWorker, embedded_engine

_log = structlog.get_logger(__name__)

WORKER_ROLES = ("auth", "processor", "gateway", "client", "bridge")
"""In the order of starting: each needs those before it."""


class SmokeAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One prompt answered at start, as proof."""

    model: str
    text: str
    tokens: int
    tokens_per_s: float
    first_token_s: float


class ReadyNode(msgspec.Struct, frozen=True, kw_only=True):
    """What is known once everything serves."""

    roles: tuple[str, ...]
    url: str | None
    start_s: float
    first_account: bool = False
    smoke: SmokeAnswer | None = None
    smoke_problem: str | None = None
    """Why the prompt of the start was not answered: there is no model yet, or none that works."""
    joined: str | None = None
    """What this machine is called in the mesh that it joined; None: it did not join one."""


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
        config = self._connection_config(urls)
        connection = NatsConnection(config, name=name, inbox_prefix=prefix)
        await self._connect(connection)
        await self._verify_grants(config)
        signatures = await asyncio.to_thread(self._call_signatures, config)
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

    def _connection_config(self, urls: tuple[str, ...]) -> NatsConnectionConfig:
        """What the settings say, with the node's own server and the role's own identity filled in."""
        config = self.settings.mesh.connection
        seed = self.data_dir / "mesh" / "identities" / f"{self._mesh_role}.seed"
        config = msgspec.structs.replace(
            config,
            urls=config.urls or urls,
            seed_file=config.seed_file or (str(seed) if seed.exists() else None),
        )
        return with_own_authority(config, self.data_dir)

    def _call_signatures(self, config: NatsConnectionConfig) -> CallSignatures:
        """With the key of this process, and those of whom its services believe. Blocking: it reads files."""
        given = self.settings.mesh.caller_keys or (() if self.membership is None else self.membership.callers)
        known = {} if given else MeshIdentities(self.data_dir / "mesh" / "identities").callers()
        callers = {service: given or callers_of(service, known) for service in SIGNED_SERVICES}
        believed = {service: {key: verifying_key_of(key) for key in keys} for service, keys in callers.items() if keys}
        if config.seed_file is None:
            return CallSignatures(callers=believed)
        seed = Path(config.seed_file).read_text().strip()
        return CallSignatures(signing_key_of(seed), public_key_of(seed, self._mesh_role), believed)

    async def _verify_grants(self, config: NatsConnectionConfig) -> None:
        """Raises StartFailed when the server grants this role less than it needs: a missing grant would otherwise look
        like a time-out later. Servers that ask for no identity have no grants to check."""
        url = config.urls[0]
        secure = url.startswith("tls://")
        if config.seed_file is None or (secure and config.server_name is None):
            return  # servers of somebody else's, whose grants are not ours to know
        seed = await asyncio.to_thread(Path(config.seed_file).read_text)
        context = await asyncio.to_thread(partial(client_context, file=config.ca_file)) if secure else None
        tls = client_options(context, config.server_name)
        await verify_grants(url, seed.strip(), self._mesh_role, scope=self._scope, tls=tls)

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

    async def registration_is_open_to_the_first(self) -> bool:
        """Whether no account exists yet."""
        assert self.bus is not None
        policy = await self.bus.call(GET_REGISTRATION_POLICY, Empty(), self._context())
        return policy.first_account

    async def smoke(self) -> SmokeAnswer:
        """Answer one prompt with the default model, straight from a processor."""
        assert self.bus is not None
        generate = Generate(
            model=ModelName("default"),
            messages=(
                ChatMessage(role="user", content="What is the capital of France? Answer in one short sentence."),
            ),
            sampling=Sampling(max_tokens=32, temperature=0.0),
        )
        began = time.perf_counter()
        first: float | None = None
        text, model, tokens = "", "", 0
        async with aclosing(self.bus.stream(PROCESSOR_GENERATE, generate, self._context())) as events:  # type: ignore[type-var]
            async for event in events:
                if isinstance(event, Delta):
                    first = first or time.perf_counter()
                    text += event.text
                elif isinstance(event, Finished):
                    tokens = event.usage.completion_tokens
                else:
                    model = getattr(event, "model", model)
        spent_s = max(time.perf_counter() - (first or began), 1e-6)
        return SmokeAnswer(
            model=model, text=text.strip(), tokens=tokens, tokens_per_s=max(tokens - 1, 0) / spent_s,
            first_token_s=(first or began) - began,
        )  # fmt: skip

    def _context(self) -> CallContext:
        loop = asyncio.get_running_loop()
        return CallContext(request_id=RequestId(mint("req")), deadline=loop.time() + 120.0)


def settle_memory() -> None:
    """What the start made stays: keep the garbage collector from walking through it, and let it run less often.

    Requests make hardly any cycles, but thousands of objects; with Python's defaults a quarter of the tail of the
    latencies was the collector's.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    # The event loop would note every async generator, to close at its end what nobody closed. Each one here has an
    # owner that closes it, and a request has a dozen; what is dropped all the same is closed when it is collected.
    sys.set_asyncgen_hooks(firstiter=None)


def engines_of(settings: Settings, library: ModelLibrary) -> list[Engine]:
    """The engines that the settings name. Raises BadSettings when two have the same name."""
    config = settings.engines
    engines: list[Engine] = [embedded_engine(settings.processor, config.llamacpp, library)]
    engines += [OllamaEngine(one) for one in config.ollama]
    engines += [OpenAICompatibleEngine(one) for one in config.openai]
    engines += [SampleEngine(one) for one in config.sample]
    names = [engine.name for engine in engines]
    for name in names:
        if names.count(name) > 1:
            raise BadSettings(f"two engines are called {name!r}", param="engines")
    return engines


class Session:
    """A node from start to the end of its process, and what it tells the person who started it."""

    def __init__(self, node: Node, *, smoke: bool, on_ready: Callable[[ReadyNode], None]) -> None:
        self._node = node
        self._smoke = smoke
        self._on_ready = on_ready

    async def start(self) -> None:
        began = time.perf_counter()
        await self._node.start()
        settle_memory()
        start_s = time.perf_counter() - began
        roles = ("mesh", *self._node.roles)
        if len(self._node.roles) < len(WORKER_ROLES):
            self._on_ready(
                ReadyNode(
                    roles=roles if self._node.runs_mesh else roles[1:],
                    url=self._node.url,
                    start_s=start_s,
                    joined=None if self._node.membership is None else self._node.membership.node,
                )
            )
            return
        first_account = await self._node.registration_is_open_to_the_first()
        smoke, problem = await self._try() if self._smoke else (None, None)
        self._on_ready(
            ReadyNode(
                roles=roles,
                url=self._node.url,
                start_s=start_s,
                first_account=first_account,
                smoke=smoke,
                smoke_problem=problem,
            )
        )

    async def _try(self) -> tuple[SmokeAnswer | None, str | None]:
        """One prompt answered, or why it was not: a node without a model is where one is pulled to."""
        try:
            return await self._node.smoke(), None
        except CoveyError as error:
            return None, error.detail

    async def stop(self, *, force: bool = False) -> None:
        await self._node.stop(force=force)


def run(
    settings: Settings,
    roles: Sequence[str],
    *,
    smoke: bool,
    on_ready: Callable[[ReadyNode], None],
    origins: Mapping[str, Origin] | None = None,
) -> int:
    """Run a node until it is told to stop; the exit code. Raises what kept it from starting."""

    async def live() -> None:
        node = Node(settings, roles, origins)
        async with StopSignals() as signals:
            await run_until_signalled(Session(node, smoke=smoke, on_ready=on_ready), signals)

    uvloop.run(live())
    return 0
