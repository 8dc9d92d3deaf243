"""The configuration file of the embedded nats-server: what it listens on, what it keeps, whom it knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from covey.domain.mesh_permissions import OPERATOR, Grants, grants_of
from covey.errors import BadSettings
from covey.protocol.subjects import SERVICES
from covey.quantities import Port, PositiveInt, PositiveSeconds, Seconds

MOST_CONNECTIONS = 4096
"""Strangers' count too, until their handshake has taken too long: more would be memory in their hands."""
MOST_SUBSCRIPTIONS = 65_536
"""Of one connection. A client worker has one for each person whose pages are open."""
MOST_CONSUMERS = 10_000
"""Of all identities together, since the server does not count them by identity. Workers have one for each watch, and
for each read as long as it takes."""


class JoinConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Other machines, which join as processor nodes."""

    address: str = ""
    """Address and port on which machines that join are listened for, for example ``0.0.0.0:7422``; empty: none can
    join. The server then listens here only, in TLS, also for the workers of this machine."""
    advertise: tuple[str, ...] = ()
    """Addresses that invitations name, ``host:port`` or ``host``; empty: those that this machine thinks it has. To be
    set where machines reach it under another name, through a NAT for example."""


class NatsServerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The nats-server that a node brings along."""

    host: str = "127.0.0.1"
    """Address on which it listens for workers. Loopback: workers elsewhere join through a full node's mesh listener."""
    port: Port = 0
    """Port for workers; 0 picks a free one and keeps it for the run. One that is in use stops the start."""
    monitor_port: Port = 0
    """Loopback port of its health page; 0 picks a free one. It names users and subjects: it is never opened wider."""
    program: str = ""
    """Path of the nats-server to run; empty: the one on PATH if it is 2.12 or newer, else the one installed beside
    Covey."""
    max_payload_bytes: Annotated[int, Meta(ge=65_536, le=67_108_864)] = 8 * 1024 * 1024
    """Largest message. Longer requests and answers are refused before they are sent."""
    max_pending_bytes: PositiveInt = 64 * 1024 * 1024
    """What may wait for one connection that reads slowly; beyond that it is cut off."""
    max_store_bytes: PositiveInt = 64 * 1024 * 1024 * 1024
    """Most that buckets and logs may take on disk; writes are refused beyond. The disk itself may be smaller."""
    max_memory_store_bytes: PositiveInt = 256 * 1024 * 1024
    """Most that in-memory streams may take."""
    start_timeout_s: PositiveSeconds = 30.0
    """Longest time until it is ready; recovering large buckets after a crash takes part of it."""
    stop_timeout_s: Seconds = 10.0
    """How long it may take to end after it was asked to; then it is killed, which loses nothing that was
    acknowledged."""
    probe_interval_s: PositiveSeconds = 1.0
    """How often it is asked whether it is alive and writes can be done."""
    probe_timeout_s: PositiveSeconds = 2.0
    """A probe without an answer for this long has failed; three in a row and it is killed and started again."""

    join: JoinConfig = JoinConfig()

    def __post_init__(self) -> None:
        if self.max_pending_bytes < self.max_payload_bytes:
            raise ValueError("max_pending_bytes has to be at least max_payload_bytes")


class MeshUser(msgspec.Struct, frozen=True, kw_only=True):
    """One identity as the server knows it."""

    role: str
    public_key: str
    scope: str | None = None
    """For a worker on a machine that joined with an identity of its own."""


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    client: int
    monitor: int


class Listener(msgspec.Struct, frozen=True, kw_only=True):
    """Where the server listens for workers."""

    host: str
    port: int
    secure: bool
    """Whether it speaks TLS, and nothing else."""

    @property
    def own_host(self) -> str:
        """How workers of this machine reach it."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)


def listener_of(config: NatsServerConfig) -> Listener:
    """Raises BadSettings when the address for joining is none."""
    if not config.join.address:
        return Listener(host=config.host, port=config.port, secure=False)
    host, port = host_and_port(config.join.address)
    if port is None:
        raise BadSettings(
            "an address and a port are needed, for example 0.0.0.0:7422", param="mesh.server.join.address"
        )
    return Listener(host=host, port=port, secure=True)


def host_and_port(text: str) -> tuple[str, int | None]:
    """``host:port``, ``[address]:port``, or a host alone. Raises BadSettings."""
    host, colon, port = text.rpartition(":")
    if not colon or (":" in host and not host.startswith("[")) or (text.startswith("[") and text.endswith("]")):
        host, port = text, ""
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not re.fullmatch(r"[A-Za-z0-9_.:-]{1,255}", host) or (port and not re.fullmatch(r"[0-9]{1,5}", port)):
        raise BadSettings(f"{text[:80]!r} is no address", param="mesh.server.join")
    if port and int(port) > 65535:
        raise BadSettings(f"{text[:80]!r} is no address", param="mesh.server.join")
    return host, int(port) if port else None


def url_of_running(directory: Path) -> str | None:
    """Where the server that was started in this directory listens, by its configuration; None when there is none."""
    try:
        text = (directory / "nats.conf").read_text()
    except OSError:
        return None
    found = re.search(r'^listen: "(.+):(\d+)"$', text, re.MULTILINE)
    if found is None:
        return None
    host = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(found[1], found[1])
    return f"{'tls' if re.search(r'^tls:', text, re.MULTILINE) else 'nats'}://{host}:{found[2]}"


def shown_address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def configuration_text(config: NatsServerConfig, ports: Ports, directory: Path, users: Sequence[MeshUser]) -> str:
    """The whole file. There are no listeners for web sockets, MQTT, leaf nodes, gateways or routes."""
    listener = listener_of(config)
    return (
        block(
            {
                "server_name": "covey",
                "listen": shown_address(listener.host, ports.client),
                **({"tls": tls(directory / "tls")} if listener.secure else {}),
                "http": f"127.0.0.1:{ports.monitor}",
                "pid_file": str(directory / "nats.pid"),
                "max_payload": config.max_payload_bytes,
                "max_pending": config.max_pending_bytes,
                "max_connections": MOST_CONNECTIONS,
                "max_subscriptions": MOST_SUBSCRIPTIONS,
                "max_control_line": 4096,
                "write_deadline": "2s",
                "ping_interval": "5s",
                "ping_max": 2,
                "lame_duck_duration": "30s",
                "lame_duck_grace_period": "2s",
                "logtime": False,
                "debug": False,
                "trace": False,
                "jetstream": {
                    "store_dir": str(directory / "jetstream"),
                    "sync_interval": Word("always"),
                    "max_file_store": config.max_store_bytes,
                    "max_memory_store": config.max_memory_store_bytes,
                },
                "accounts": accounts(users),
                "system_account": "SYS",
            }
        )
        + "\n"
    )


def tls(directory: Path) -> dict[str, Any]:
    """The handshake comes before the first word, so a connection in the clear never gets that far."""
    return {
        "cert_file": str(directory / "server.pem"),
        "key_file": str(directory / "server.key"),
        "handshake_first": True,
        "min_version": "1.3",
        "timeout": 3,
    }


def accounts(users: Sequence[MeshUser]) -> dict[str, Any]:
    """Calls in one account, JetStream in another.

    A consumer may be told to deliver anywhere, whatever its maker may publish. Here that is anywhere in an account
    where nobody listens: only the inboxes of roles are let through to the workers.
    """
    services = ("$JS.API.>", "$JS.FC.>", "$KV.>", "log.>")
    inboxes = [f"_INBOX_{role}.>" for role in (*SERVICES, "node")]
    mesh = [user for user in users if user.role != OPERATOR]
    keepers = [user for user in users if user.role == OPERATOR]
    store = {"account": "STORE"}
    return {
        "SYS": {},
        "STORE": {
            "jetstream": {"max_consumers": MOST_CONSUMERS},
            "users": [user_entry(user) for user in keepers],
            "exports": [{"service": name, "accounts": ["MESH"]} for name in services]
            + [{"stream": name, "accounts": ["MESH"]} for name in inboxes],
        },
        "MESH": {
            "users": [user_entry(user) for user in mesh],
            "imports": [{"service": {**store, "subject": name}} for name in services]
            + [{"stream": {**store, "subject": name}} for name in inboxes],
        },
    }


def user_entry(user: MeshUser) -> dict[str, Any]:
    return {"nkey": user.public_key, "permissions": permissions(grants_of(user.role, user.scope))}


def permissions(grants: Grants) -> dict[str, Any]:
    return {"publish": {"allow": list(grants.publish)}, "subscribe": {"allow": list(grants.subscribe)}}


class Word(str):
    """A value that the file has without quotation marks."""

    __slots__ = ()


def block(values: dict[str, Any]) -> str:
    return "\n".join(f"{name}: {rendered(value)}" for name, value in values.items())


def rendered(value: Any) -> str:
    """One value in the server's configuration language."""
    if isinstance(value, Word):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, dict):
        return "{\n" + indented(f"{name}: {rendered(inner)}" for name, inner in value.items()) + "\n}"
    if isinstance(value, list):
        return "[\n" + indented(rendered(inner) for inner in value) + "\n]"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def indented(lines: Iterable[str]) -> str:
    return "\n".join(f"  {line}" for entry in lines for line in entry.splitlines())
