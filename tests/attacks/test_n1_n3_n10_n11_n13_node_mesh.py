"""Neighbours on the machine and captured workers against the mesh of a whole node: N1, N3, N10, N11, N13, N14."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import nats
import nats.errors
import pytest
import trustme
import urllib3

from covey.errors import Forbidden, StartFailed, Unauthenticated
from covey.facilities.connection_config import NatsConnectionConfig
from covey.facilities.nats_bus import NatsBus
from covey.facilities.nats_carrier import NatsCarrier
from covey.facilities.nats_connection import NatsConnection
from covey.protocol import auth, subjects
from covey.protocol.ids import InstanceId, RequestId, UserId
from covey.protocol.operations import AUTHORIZE, OPERATE, Authorize, Operate
from covey.rpc.context import CallContext
from covey.testing.eventually import eventually
from tests.helpers.covey_process import CoveyProcess, one_process
from tests.helpers.nats import running_nats_server
from tests.helpers.platform_client import PlatformClient
from tests.helpers.ports import free_port
from tests.helpers.process_view import command_of, descendants, listening

pytestmark = [pytest.mark.nats, pytest.mark.timeout(120)]

MESH = free_port()
MONITOR = free_port()
URL = f"nats://127.0.0.1:{MESH}"
LARGEST_GROWTH_BYTES = 600 * 1024 * 1024
"""What a flood may cost the server: what it buffers for a few connections, never what was sent."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mesh")


@pytest.fixture(scope="module")
def node(folder: Path) -> Iterator[CoveyProcess]:
    values: dict[str, Any] = {"mesh.server.port": MESH, "mesh.server.monitor_port": MONITOR}
    with one_process(folder, **values) as running:
        yield running


@pytest.fixture(scope="module")
def admin(node: CoveyProcess) -> Iterator[PlatformClient]:
    client = PlatformClient(node.url).register("robin")
    yield client
    client.close()


@pytest.fixture(scope="module")
def server_pid(node: CoveyProcess) -> int:
    return next(pid for pid in descendants(node.pid) if b"nats-server" in command_of(pid))


def monitor(page: str) -> dict[str, Any]:
    answer = urllib3.request("GET", f"http://127.0.0.1:{MONITOR}/{page}", retries=False)
    return dict(json.loads(answer.data))


def connections() -> list[str | None]:
    """The names of those who are connected."""
    return [each.get("name") for each in monitor("connz")["connections"]]


def seed_file(folder: Path, role: str) -> str:
    return str(folder / "data" / "mesh" / "identities" / f"{role}.seed")


@asynccontextmanager
async def captured_client(folder: Path) -> AsyncIterator[NatsBus]:
    """What somebody can do who has the identity of a client worker."""
    config = NatsConnectionConfig(urls=(URL,), seed_file=seed_file(folder, "client"))
    connection = NatsConnection(config, name="captured", inbox_prefix=subjects.inbox_prefix("client", "client-9"))
    await connection.start()
    bus = NatsBus(connection)
    try:
        await bus.start()
        yield bus
    finally:
        await bus.stop()
        await connection.stop()


def context(**more: Any) -> CallContext:
    return CallContext(request_id=RequestId("req_attack"), deadline=asyncio.get_running_loop().time() + 10, **more)


# N1


ROGUE_ROUTE = 'cluster {{ name: "{name}", listen: "127.0.0.1:-1", routes: ["nats-route://127.0.0.1:{port}"] }}'
ROGUE_LEAF = 'leafnodes {{ remotes: [{{ url: "nats-leaf://127.0.0.1:{port}" }}] }}'


def attempts(log: str) -> bool:
    """Whether the rogue has tried, and says that it failed."""
    return any(word in log.lower() for word in ("error", "timeout", "closed"))


@pytest.mark.parametrize(
    "extra", [ROGUE_ROUTE.format(name="covey", port=MESH), ROGUE_ROUTE.format(name="x", port=MESH),
              ROGUE_LEAF.format(port=MESH)], ids=["route", "route of another name", "leaf"],
)  # fmt: skip
async def test_n1_a_rogue_server_cannot_join_and_hears_nothing(
    node: CoveyProcess, admin: PlatformClient, tmp_path: Path, extra: str
) -> None:
    async with running_nats_server(tmp_path, jetstream=False, extra=extra) as rogue:
        heard: list[str] = []

        async def hear(message: Any) -> None:
            heard.append(message.subject)

        client = await nats.connect(rogue.url, allow_reconnect=False)
        await client.subscribe(">", cb=hear)
        await client.flush(5)
        await eventually(lambda: attempts(rogue.log), timeout_s=10)
        for _ in range(5):
            await asyncio.to_thread(admin.must, "GET", "/covey/v1/me")
        await asyncio.to_thread(
            PlatformClient(node.url).ask, "POST", "/covey/v1/auth/login", {"username": "robin", "password": "wrong one"}
        )
        await client.flush(5)
        assert [subject for subject in heard if not subject.startswith("_INBOX")] == []
        await client.close()
    assert (await asyncio.to_thread(monitor, "routez"))["num_routes"] == 0
    assert (await asyncio.to_thread(monitor, "leafz")).get("leafs") in (None, [])


def test_n1_there_is_no_listener_for_servers_browsers_or_devices(server_pid: int) -> None:
    assert listening(server_pid) == {("127.0.0.1", MESH), ("127.0.0.1", MONITOR)}
    page = monitor("varz")
    for kind in ("cluster", "gateway", "leaf", "mqtt", "websocket"):
        assert not page.get(kind, {}).get("port"), kind
        assert not page.get(kind, {}).get("addr"), kind


def test_n14_the_monitor_is_on_loopback_and_shows_no_secret(node: CoveyProcess, folder: Path, server_pid: int) -> None:
    assert {address for address, port in listening(server_pid) if port == MONITOR} == {"127.0.0.1"}
    shown = "".join(
        urllib3.request("GET", f"http://127.0.0.1:{MONITOR}/{page}", retries=False).data.decode()
        for page in ("varz", "connz?auth=1&subs=1", "routez", "jsz?consumers=1&config=1", "debug/vars", "accountz")
    )
    seeds = [path.read_text().strip() for path in (folder / "data" / "mesh" / "identities").glob("*.seed")]
    assert seeds
    assert [seed for seed in seeds if seed in shown] == []


# N3


async def test_n3_a_server_that_offers_no_tls_gets_nothing_in_the_clear(tmp_path: Path) -> None:
    said: list[bytes] = []

    async def strip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_id":"x","version":"2.15.1","max_payload":1048576,"tls_required":false,'
                     b'"headers":true,"nonce":"abcdefgh"}\r\n')  # fmt: skip
        try:
            said.append(await asyncio.wait_for(reader.read(4096), 5))
        finally:
            writer.close()

    authority = trustme.CA()
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(ca_file)
    stripping = await asyncio.start_server(strip, "127.0.0.1", 0)
    port = stripping.sockets[0].getsockname()[1]
    config = NatsConnectionConfig(urls=(f"tls://127.0.0.1:{port}",), ca_file=str(ca_file), start_timeout_s=1.5)
    connection = NatsConnection(config, name="worker", inbox_prefix="_INBOX_client.client-1")
    with pytest.raises(StartFailed):
        await connection.start()
    await connection.stop()
    stripping.close()
    await eventually(lambda: said)
    assert all(words == b"" or words[0] == 0x16 for words in said), said  # 0x16: a TLS handshake, and nothing else
    assert all(b"CONNECT" not in words for words in said)


# N10


async def test_n10_a_recorded_request_is_run_once_however_often_it_is_sent_again(
    node: CoveyProcess, admin: PlatformClient, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, bytes, dict[str, str], str]] = []
    publish = NatsCarrier.publish

    def record(
        self: NatsCarrier, subject: str, payload: bytes, *, headers: Mapping[str, str] | None = None, reply: str = ""
    ) -> None:
        if reply:
            sent.append((subject, payload, dict(headers or {}), reply))
        publish(self, subject, payload, headers=headers, reply=reply)

    monkeypatch.setattr(NatsCarrier, "publish", record)
    body = msgspec.msgpack.encode(auth.CreateKey(name="replayed"))
    async with captured_client(folder) as bus:
        await bus.node.call(OPERATE, Operate(operation="keys.create", credential=admin.bearer, body=body), context())
        recorded = [entry for entry in sent if entry[0].endswith("operate")]
        assert len(recorded) == 1
        carrier = bus.node._carrier
        for _ in range(10):
            carrier.publish(recorded[0][0], recorded[0][1], headers=recorded[0][2], reply=recorded[0][3])
        await bus.node.call(AUTHORIZE, Authorize(credential=admin.bearer or "", operation="keys.list"), context())
    keys = await asyncio.to_thread(admin.must, "GET", "/covey/v1/keys")
    assert [key["name"] for key in keys["items"]].count("replayed") == 1
    await eventually(lambda: len([line for line in node.lines if "request_repeated" in line]) >= 10, timeout_s=10)


# N11


FORGED = auth.Identity(user_id=UserId("usr_forged"), username="forged", role="admin", scopes=auth.ALL_SCOPES)


async def test_n11_a_captured_client_worker_reaches_neither_auth_nor_processors(
    node: CoveyProcess, folder: Path
) -> None:
    complaints: list[str] = []

    async def complain(error: Exception) -> None:
        complaints.append(str(error))

    client = await nats.connect(
        URL, nkeys_seed=seed_file(folder, "client"), inbox_prefix=b"_INBOX_client.client-8", allow_reconnect=False,
        error_cb=complain,
    )  # fmt: skip
    for subject in ("rpc.auth.login", "rpc.auth.update_user", "rpc.processor.generate", "rpc-to.auth.x.login",
                    "rpc-to.processor.x.generate", "ctl.processor.x.y", "presence.auth.x", "event.auth.changed",
                    "$KV.access.key.x", "$KV.auth.user.x", "log.usage.x", "log.audit.x"):  # fmt: skip
        complaints.clear()
        await client.publish(subject, b"x", headers={subjects.HEADER_IDENTITY: "{}"})
        for _ in range(2):
            await client.flush(5)
        assert any("permissions violation" in text.lower() for text in complaints), subject
    await client.close()


async def test_n11_the_gateway_believes_credentials_and_never_a_forged_identity(
    node: CoveyProcess, admin: PlatformClient, folder: Path
) -> None:
    member = await asyncio.to_thread(PlatformClient(node.url).register, "kim")
    empty = msgspec.msgpack.encode({})
    async with captured_client(folder) as bus:
        forged = context(identity=FORGED, caller=InstanceId("gateway-1"))
        for operation in ("users.list", "audit.query", "signing_keys.rotate", "accounts.me", "keys.list"):
            for credential in (None, "", "sk-covey-wrong", "eyJhbGciOiJub25lIn0.e30."):
                request = Operate(operation=operation, credential=credential, body=empty)
                with pytest.raises(Unauthenticated):
                    await bus.node.call(OPERATE, request, forged)
        request = Operate(operation="users.list", credential=member.bearer, body=empty)
        with pytest.raises(Forbidden):
            await bus.node.call(OPERATE, request, forged)
        answer = await bus.node.call(
            OPERATE, Operate(operation="accounts.me", credential=member.bearer, body=empty), forged
        )
        assert msgspec.msgpack.decode(answer.body, type=auth.UserInfo).username == "kim"
        identity = await bus.node.call(
            AUTHORIZE, Authorize(credential=member.bearer or "", operation="inference"), forged
        )
        assert identity.user_id != FORGED.user_id


# N13


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


async def test_n13_a_flood_by_one_identity_is_bounded_and_others_are_served(
    node: CoveyProcess, admin: PlatformClient, folder: Path, server_pid: int
) -> None:
    before = resident_bytes(server_pid), resident_bytes(node.pid)
    seed = seed_file(folder, "client")
    flooder = await nats.connect(
        URL, nkeys_seed=seed, inbox_prefix=b"_INBOX_client.client-7", allow_reconnect=False, error_cb=ignore
    )
    stop = asyncio.Event()

    async def flood() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            reply = f"_INBOX_client.client-7.{number}"
            await flooder.publish("rpc.gateway.operate", b"\xc1" * 1_000_000, reply=reply)
            await flooder.publish("rpc.gateway.operate", b"\x80", reply=reply, headers={"x": "y" * 3000})
            with suppress(nats.errors.FlushTimeoutError):
                await flooder.flush(10)

    flooding = asyncio.create_task(flood())
    try:
        statuses = [(await asyncio.to_thread(admin.ask, "GET", "/covey/v1/me"))[0] for _ in range(60)]
        stop.set()
        await flooding
        for number in range(20_000):
            await flooder.subscribe(f"_INBOX_client.client-7.{number}")
        with suppress(nats.errors.FlushTimeoutError):
            await flooder.flush(10)
    finally:
        stop.set()
        await asyncio.gather(flooding, return_exceptions=True)
        await flooder.close()
    assert set(statuses) <= {200, 503, 504}
    assert statuses.count(200) >= 57
    assert (await asyncio.to_thread(admin.ask, "GET", "/covey/v1/me"))[0] == 200
    assert resident_bytes(server_pid) - before[0] < LARGEST_GROWTH_BYTES
    assert resident_bytes(node.pid) - before[1] < LARGEST_GROWTH_BYTES


async def test_n13_connections_that_come_and_go_are_bounded_and_others_are_served(
    node: CoveyProcess, admin: PlatformClient, folder: Path, server_pid: int
) -> None:
    before = resident_bytes(server_pid), resident_bytes(node.pid)

    async def come_and_go(number: int) -> None:
        for _ in range(20):
            captured = await nats.connect(
                URL, nkeys_seed=seed_file(folder, "client"), inbox_prefix=b"_INBOX_client.client-7",
                allow_reconnect=False, error_cb=ignore,
            )  # fmt: skip
            await captured.subscribe(f"_INBOX_client.client-7.{number}")
            await captured.close()

    storm = asyncio.gather(*(come_and_go(number) for number in range(10)))
    statuses = [(await asyncio.to_thread(admin.ask, "GET", "/covey/v1/me"))[0] for _ in range(40)]
    await storm
    assert statuses.count(200) >= 38
    assert resident_bytes(server_pid) - before[0] < LARGEST_GROWTH_BYTES
    assert resident_bytes(node.pid) - before[1] < LARGEST_GROWTH_BYTES
    await eventually(lambda: monitor("varz")["connections"] < 10)


async def test_n13_who_does_not_read_is_cut_off(
    node: CoveyProcess, admin: PlatformClient, folder: Path, server_pid: int
) -> None:
    before = resident_bytes(server_pid)
    gateway = await nats.connect(
        URL, nkeys_seed=seed_file(folder, "gateway"), inbox_prefix=b"_INBOX_gateway.gateway-7", error_cb=ignore
    )
    deaf = await nats.connect(
        URL, nkeys_seed=seed_file(folder, "client"), inbox_prefix=b"_INBOX_client.client-7", allow_reconnect=False,
        error_cb=ignore, name="deaf",
    )  # fmt: skip
    await deaf.subscribe("_INBOX_client.client-7.gateway.>")
    await deaf.flush()
    await deaf.flush()
    assert "deaf" in connections()
    transport = deaf._transport._io_writer.transport  # type: ignore[union-attr]
    transport.pause_reading()
    try:
        for _ in range(150):
            await gateway.publish("_INBOX_client.client-7.gateway.1", b"x" * 1_000_000)
            with suppress(nats.errors.FlushTimeoutError):
                await gateway.flush(10)
        await eventually(lambda: "deaf" not in connections(), timeout_s=20.0)
        assert (await asyncio.to_thread(admin.ask, "GET", "/covey/v1/me"))[0] == 200
        assert resident_bytes(server_pid) - before < LARGEST_GROWTH_BYTES
    finally:
        transport.abort()
        await deaf.close()
        await gateway.close()


async def test_n13_headers_without_end_hold_up_nobody(node: CoveyProcess, admin: PlatformClient, folder: Path) -> None:
    flooder = await nats.connect(
        URL, nkeys_seed=seed_file(folder, "client"), inbox_prefix=b"_INBOX_client.client-7", error_cb=ignore
    )
    headers = {f"x-{number}": "y" * 100 for number in range(50_000)}
    async with captured_client(folder) as bus:
        for _ in range(5):
            await flooder.publish("rpc.gateway.operate", b"\x80", reply="_INBOX_client.client-7.1", headers=headers)
            await flooder.flush(10)
        request = Operate(operation="accounts.me", credential=admin.bearer, body=msgspec.msgpack.encode({}))
        answer = await bus.node.call(OPERATE, request, context())
    await flooder.close()
    assert msgspec.msgpack.decode(answer.body, type=auth.UserInfo).username == "robin"
    assert (await asyncio.to_thread(admin.ask, "GET", "/covey/v1/me"))[0] == 200
    assert "a message that cannot be read was dropped" in (folder / "logs" / "event.log").read_text()


async def test_n13_a_stranger_who_sends_without_end_is_cut_off(
    node: CoveyProcess, admin: PlatformClient, server_pid: int
) -> None:
    before = resident_bytes(server_pid)
    reader, writer = await asyncio.open_connection("127.0.0.1", MESH)
    await reader.readline()
    with suppress(ConnectionError):
        writer.write(b"PUB rpc.gateway.operate 900000000\r\n")
        for _ in range(100):
            writer.write(b"x" * 1_000_000)
            await writer.drain()
    with suppress(ConnectionError):
        assert b"-ERR" in await asyncio.wait_for(reader.read(), 10)
    assert writer.transport.is_closing() or reader.at_eof()
    writer.transport.abort()
    assert resident_bytes(server_pid) - before < 50 * 1024 * 1024
    assert (await asyncio.to_thread(admin.ask, "GET", "/covey/v1/me"))[0] == 200


async def ignore(_: Exception) -> None:
    """Refusals are what is expected."""
