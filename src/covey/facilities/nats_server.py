"""The nats-server that a node brings along: found, configured, supervised, and restarted when it freezes."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import shutil
import signal
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from covey.domain.mesh_permissions import ROLES
from covey.errors import StartFailed, StoreUnavailable
from covey.facilities.mesh_certificates import SERVER_NAME, MeshCertificates, client_context, client_options
from covey.facilities.mesh_identities import MeshIdentities
from covey.facilities.nats_configuration import (
    MeshUser,
    NatsServerConfig,
    Ports,
    configuration_text,
    listener_of,
    shown_address,
)
from covey.facilities.nats_probe import NatsProbe, WriteTimedOut
from covey.facilities.nats_program import find_program
from covey.runtime.child_process import ChildProcess, Launch, OutputName, SupervisionPolicy

LINE = re.compile(r"(?:\[\d+\] )?\[(INF|WRN|ERR|FTL)\] (.*)")
LEVELS = {"INF": "debug", "WRN": "warning", "ERR": "error", "FTL": "critical"}
"""Its information is our detail: two dozen lines at each start. So are invalid requests: the test of the grants, which
each worker makes at its start, consists of them."""
ATTEMPTS_WITH_FREE_PORTS = 3
WEDGED_AFTER = 3
"""Writes in a row that nobody answered, after which a restart is worth its price."""
REVIVAL_INTERVAL_S = 300.0
"""Restarts for the sake of writing are this far apart: calls between workers pause during each."""
RELOAD_TIMEOUT_S = 5.0
STRANGERS = (
    "authentication error",
    "TLS handshake error",
    "Client parser ERROR",
    "maximum control line",
    "maximum connections",
)
"""What the server says of connections that it does not let in. Anybody can make it say so."""
STRANGERS_INTERVAL_S = 10.0
HEALTHY = 200
CROWDED_AFTER = 2
"""Probes in a row without a connection. A single one may have met the moment in which identities were read anew."""
GARBAGE_COLLECTION = ("GOGC=400", "GOMEMLIMIT=512MiB")
"""What the server keeps is a few megabytes, so that Go, left alone, collects after every few megabytes of messages:
dozens of times a second under load, which other calls wait for (``./dev bench flood``)."""
FREE_SPACE_BYTES = 64 * 1024 * 1024
"""With less room on the disk a restart would not bring writing back."""


class NatsServer:
    """Facility: one embedded server. When the settings name an external cluster it is simply not used.

    ``joined`` gives the identities of machines that joined, each time the configuration is written.
    """

    name = "nats-server"

    def __init__(
        self,
        config: NatsServerConfig,
        directory: Path,
        *,
        joined: Callable[[], Sequence[MeshUser]] = tuple,
    ) -> None:
        self.identities = MeshIdentities(directory / "identities")
        self.certificates = MeshCertificates(directory / "tls")
        self._config = config
        self._listener = listener_of(config)
        self._directory = directory.absolute()  # the server runs in it, and is told paths
        self._joined = joined
        self._log = structlog.get_logger(__name__)
        self._lock: int | None = None
        self._ports = Ports(client=config.port, monitor=config.monitor_port)
        self._program = ""
        self._child: ChildProcess | None = None
        self._probe: NatsProbe | None = None
        self._was_ready = False
        self._turned_away = 0
        self._strangers = 0
        self._strangers_told_at = float("-inf")
        self._reloading = asyncio.Lock()
        self._reloaded = asyncio.Event()
        self._unanswered_writes = 0
        self._revived_at: float | None = None
        self._write_failure: StoreUnavailable | None = None

    @property
    def url(self) -> str:
        """Where workers connect, once started; the same until it is stopped."""
        scheme = "tls" if self._listener.secure else "nats"
        return f"{scheme}://{shown_address(self._listener.own_host, self._ports.client)}"

    @property
    def accepts_machines(self) -> bool:
        """Whether other machines may join."""
        return self._listener.secure

    @property
    def host(self) -> str:
        return self._listener.host

    @property
    def client_port(self) -> int:
        return self._ports.client

    @property
    def monitor_port(self) -> int:
        return self._ports.monitor

    @property
    def process(self) -> ChildProcess | None:
        """The supervised child, for showing its state."""
        return self._child

    async def start(self) -> None:
        """Ready to take writes when it returns. Raises StartFailed: no program, a port in use, a data directory that
        is used already, secrets that others can read, or a server that does not come up."""
        if self._child is not None:
            return
        try:
            await asyncio.to_thread(self._prepare_directory)
            self._program = await find_program(self._config.program)
            await self._start_child()
        except BaseException:  # raised again to the caller, when all is undone
            await self.stop()
            raise

    async def stop(self) -> None:
        """Safe on a half-started server, and twice."""
        child, self._child = self._child, None
        self._was_ready = False
        try:
            if child is not None:
                await child.stop()
        finally:
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    async def check(self) -> None:
        """Raises NotStarted while the server is down, StoreUnavailable while it takes no writes."""
        if self._child is None:
            raise StoreUnavailable("the nats-server is not started")
        await self._child.check()
        if self._write_failure is not None:
            raise StoreUnavailable(self._write_failure.detail)

    async def reload(self) -> None:
        """Write the configuration anew, with the identities that joined by now, and have the server read it; it has
        when this returns. Connections of identities that are gone are cut, others stay. Raises StoreUnavailable when
        the server does not take it."""
        async with self._reloading:
            await asyncio.to_thread(self._write_configuration)
            pid = None if self._child is None else self._child.pid
            if pid is None:
                return  # it reads the file when it starts
            self._reloaded.clear()
            os.kill(pid, signal.SIGHUP)
            try:
                async with asyncio.timeout(RELOAD_TIMEOUT_S):
                    await self._reloaded.wait()
            except TimeoutError as error:
                raise StoreUnavailable("the nats-server does not read its configuration") from error

    def _prepare_directory(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = lock_directory(self._directory)
        self.identities.prepare(ROLES)
        if self._listener.secure:
            self.certificates.prepare()

    async def _start_child(self) -> None:
        automatic = 0 in (self._listener.port, self._config.monitor_port)
        for attempt in range(1, ATTEMPTS_WITH_FREE_PORTS + 1):
            self._ports = choose_ports(self._config)
            tls = client_context(file=str(self.certificates.authority_file)) if self._listener.secure else None
            await asyncio.to_thread(self._write_configuration)
            self._probe = NatsProbe(
                self.url,
                self._ports.monitor,
                self.identities.seed("operator"),
                timeout_s=self._config.probe_timeout_s,
                tls=client_options(tls, SERVER_NAME),
            )
            self._child = self._new_child()
            try:
                await self._child.start()
                return
            except StartFailed:
                # A port that was free a moment ago may have been taken; the server's own words are in the log.
                if not automatic or attempt == ATTEMPTS_WITH_FREE_PORTS or self._child.last_exit_status != 1:
                    raise

    def _new_child(self) -> ChildProcess:
        config = self._config
        return ChildProcess(
            self.name,
            self._launch,
            ready=self._ready,
            probe=self._probe_once,
            on_line=self._on_line,
            policy=SupervisionPolicy(
                ready_timeout_s=config.start_timeout_s,
                stop_timeout_s=config.stop_timeout_s,
                probe_interval_s=config.probe_interval_s,
                # Three requests of a probe, each with its own time limit, come first.
                probe_timeout_s=config.probe_timeout_s * 3,
                maximum_delay_s=5.0,
            ),
        )

    def _launch(self) -> Launch:
        command = [self._program, "-c", str(self._configuration_path)]
        return Launch(command, environment={}, variables=GARBAGE_COLLECTION, directory=self._directory)

    @property
    def _configuration_path(self) -> Path:
        return self._directory / "nats.conf"

    def _write_configuration(self) -> None:
        users = [MeshUser(role=role, public_key=self.identities.public_key(role)) for role in ROLES]
        text = configuration_text(self._config, self._ports, self._directory, [*users, *self._joined()])
        draft = self._configuration_path.with_name(".nats.conf.new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
        draft.replace(self._configuration_path)

    async def _ready(self) -> None:
        assert self._probe is not None
        await self._probe.wait_healthy()
        # Only the first start has to be able to write. A restart on a full disk is still worth having: answers need
        # no store.
        if not self._was_ready:
            try:
                await self._probe.prepare()
                await self._probe.write()
            except (StoreUnavailable, WriteTimedOut) as error:
                raise StartFailed("the nats-server takes no writes: is its disk full?") from error
            self._was_ready = True
        self._unanswered_writes = 0

    async def _probe_once(self) -> None:
        """Raises when only a restart can help."""
        assert self._probe is not None
        status = await self._probe.health_status()
        try:
            await self._probe.write()
        except OSError:  # a time-out too, and what TLS says
            if status != HEALTHY:
                raise
            # It is alive, for it says so elsewhere, but all its places are taken. Whoever fills them from outside would
            # have it killed again and again, and with it the connections that it has.
            self._turned_away += 1
            if self._turned_away >= CROWDED_AFTER:
                self._writing_failed(StoreUnavailable("the nats-server takes no more connections"), status)
        except StoreUnavailable as error:
            self._writing_failed(error, status)
        except WriteTimedOut:
            self._unanswered_writes += 1
            self._writing_failed(StoreUnavailable("the store does not answer writes"), status)
            if self._is_worth_reviving():
                self._revived_at = asyncio.get_running_loop().time()
                assert self._child is not None
                self._log.error("nats_server_wedged", unanswered=self._unanswered_writes)
                self._child.kill()
        else:
            self._unanswered_writes = self._turned_away = 0
            if self._write_failure is not None:
                self._log.info("nats_server_writes_again")
            self._write_failure = None

    def _writing_failed(self, error: StoreUnavailable, status: int) -> None:
        if self._write_failure is None:
            self._log.error("nats_server_takes_no_writes", detail=error.detail, health_status=status)
        self._write_failure = error

    def _is_worth_reviving(self) -> bool:
        if self._unanswered_writes < WEDGED_AFTER:
            return False
        now = asyncio.get_running_loop().time()
        if self._revived_at is not None and now - self._revived_at < REVIVAL_INTERVAL_S:
            return False
        return shutil.disk_usage(self._directory).free >= FREE_SPACE_BYTES

    def _on_line(self, _: OutputName, line: str) -> None:
        # Debug and trace lines, which could hold payloads, are never turned on, and would be dropped here.
        found = LINE.match(line)
        if found is not None:
            if found[2].startswith("Reloaded server configuration"):
                self._reloaded.set()
            if any(words in found[2] for words in STRANGERS):
                self._count_stranger(found[2])
                return
            level = "debug" if found[2].startswith("Invalid JetStream request") else LEVELS[found[1]]
            getattr(self._log, level)("nats_server_said", line=found[2])

    def _count_stranger(self, line: str) -> None:
        """One line for many: strangers do not fill the log."""
        self._strangers += 1
        now = asyncio.get_running_loop().time()
        if now - self._strangers_told_at >= STRANGERS_INTERVAL_S:
            self._log.warning("nats_server_refused", line=line, times=self._strangers)
            self._strangers, self._strangers_told_at = 0, now


def lock_directory(directory: Path) -> int:
    """A lock that ends with the process, as an open file. Raises StartFailed when somebody holds it."""
    descriptor = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise StartFailed(
            "another Covey is running on this data directory; give each its own with node.data_dir",
            param="node.data_dir",
        ) from error
    return descriptor


def choose_ports(config: NatsServerConfig) -> Ports:
    """The configured ports, or free ones where it says 0. Raises StartFailed naming one that is in use."""
    # Both are held at once, so that they differ.
    listener = listener_of(config)
    setting = "mesh.server.join.address" if listener.secure else "mesh.server.port"
    with (
        held_port(listener.host, listener.port, setting) as client,
        held_port("127.0.0.1", config.monitor_port, "mesh.server.monitor_port") as monitor,
    ):
        return Ports(client=client.getsockname()[1], monitor=monitor.getsockname()[1])


def held_port(host: str, port: int, setting: str) -> socket.socket:
    held = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    # As the server itself does: connections of a former run that linger must not keep the port from us.
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind((host, port))
    except OSError as error:
        held.close()
        raise StartFailed(f"port {port} for the nats-server is in use; set {setting}", param=setting) from error
    return held
