"""The bus and its connection when nats-servers stop, freeze, refuse, and when processes die."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme
from structlog.testing import capture_logs

from covey.errors import (
    DeadlineExceeded,
    PayloadTooLarge,
    PeerUnavailable,
    StartFailed,
    StreamInterrupted,
)
from covey.facilities import nats_connection
from covey.facilities.connection_config import NatsConnectionConfig
from covey.facilities.mesh_identities import new_seed, public_key_of
from covey.facilities.nats_carrier import NatsCarrier
from covey.facilities.nats_client import dial
from covey.facilities.nats_connection import NatsConnection
from covey.testing.eventually import eventually
from tests.behaviour.bus import known, opened
from tests.helpers.bus_process import bus_process
from tests.helpers.bus_services import ECHO, ONCE, WAIT_IN_STREAM, Counter, Question, context
from tests.helpers.nats import running_nats_server
from tests.helpers.nats_buses import running_bus, running_connection

pytestmark = pytest.mark.nats


def connection_to(*urls: str, **settings: object) -> NatsConnection:
    config = NatsConnectionConfig(urls=urls, reconnect_wait_s=0.05, **settings)  # type: ignore[arg-type]
    return NatsConnection(config, name="test", inbox_prefix="_INBOX_node.node-1")


async def test_calls_fail_at_once_while_the_server_is_away_and_work_again_after(tmp_path: Path) -> None:
    async with (
        running_nats_server(tmp_path, jetstream=False) as server,
        running_bus(server.url, "client", "client-1") as caller,
        running_bus(server.url, "gateway", "gateway-1") as answerer,
    ):
        counter = Counter()
        await answerer.node.serve(counter, counter.info)
        await caller.node.call(ONCE, Question(), context())
        await server.kill()
        await eventually(lambda: failing(caller.check))
        started = time.monotonic()
        for _ in range(3):
            with pytest.raises(PeerUnavailable):
                await caller.node.call(ONCE, Question(), context())
        assert time.monotonic() - started < 1.0
        await server.start()
        await eventually(lambda: working(caller.check), timeout_s=10.0)
        await eventually(lambda: working(answerer.check), timeout_s=10.0)
        await eventually(lambda: answered(caller.node.call(ECHO, Question(), context())), timeout_s=10.0)
        await known(caller.node, "gateway-one")
        assert counter.calls == 2  # what was asked meanwhile was not run later


async def test_an_error_the_library_does_not_know_leaves_no_deaf_process(tmp_path: Path) -> None:
    async with (
        running_nats_server(tmp_path, jetstream=False) as server,
        running_bus(server.url, "client", "client-1") as caller,
        running_connection(server.url, "gateway", "gateway-1") as connection,
    ):
        told: list[bool] = []

        async def tell() -> None:
            told.append(connection.connected)

        connection.on_reconnect(tell)
        heard: list[str] = []
        await connection.subscribe("greetings", lambda message: heard.append(message.data.decode()))
        before = connection.client
        with capture_logs() as logs:
            # Headers are not counted by the library: the server answers with a violation and hangs up.
            await before.publish("anything", b"x" * 1_048_576, headers={"more": "x" * 100})
            await eventually(lambda: told, timeout_s=10.0)
        assert connection.client is not before
        assert before.is_closed
        assert [entry for entry in logs if entry["event"] == "connection_closed"]
        await connection.client.flush()
        carrier = NatsCarrier(connection)
        carrier.publish("greetings", b"hello")
        await eventually(lambda: heard == ["hello"])
        await caller.check()


def headed(subject: bytes, headers: bytes) -> bytes:
    return b"HPUB %b %d %d\r\n%bx\r\n" % (subject, len(headers), len(headers) + 1, headers)


UNREADABLE = {
    "empty headers": headed(b"greetings.a", b"NATS/1.0"),
    "a status in no encoding": headed(b"greetings.a", b"NATS/1.0 503 \xff\xff\r\n\r\n"),
    "a subject in no encoding": b"PUB greetings.\xff 1\r\nx\r\n",
    "an answer to no encoding": b"PUB greetings.a \xff 1\r\nx\r\n",
    "headers without end": headed(b"greetings.a", b"NATS/1.0\r\n" + b"a: b\r\n" * 100_000 + b"\r\n"),
}
STRANGE = {
    "white space in a subject": b"PUB greetings.a\x0bb 1\r\nx\r\n",
    "another subscription's number in a subject": b"PUB greetings.a\x0c1 1\r\nx\r\n",
    "white space in the address of the answer": b"PUB greetings.a b\x0c5 1\r\nx\r\n",
    "white space in front of headers": headed(b"greetings.a\x0b7", b"NATS/1.0\r\na: b\r\n\r\n"),
}


@pytest.mark.parametrize(
    ("frame", "reported"),
    [(frame, True) for frame in UNREADABLE.values()] + [(frame, False) for frame in STRANGE.values()],
    ids=[*UNREADABLE, *STRANGE],
)
async def test_n13_nothing_that_others_send_makes_a_connection_deaf(
    tmp_path: Path, frame: bytes, reported: bool
) -> None:
    async with (
        running_nats_server(tmp_path, jetstream=False) as server,
        running_connection(server.url) as connection,
    ):
        other: list[str] = []
        heard: list[str] = []
        await connection.subscribe("others", lambda message: other.append(message.subject))
        await connection.subscribe("greetings.*", lambda message: heard.append(message.subject))
        for _ in range(2):  # the library writes the first ping before what it still holds back
            await connection.client.flush()
        before, captured = connection.client, urlsplit(server.url)
        reader, writer = await asyncio.open_connection(captured.hostname, captured.port)
        with capture_logs() as logs:
            writer.write(b'CONNECT {"headers": true, "verbose": false}\r\n' + frame * 3)
            writer.write(b"PUB greetings.well 2\r\nhi\r\nPING\r\n")
            await writer.drain()
            await eventually(lambda: heard and heard[-1] == "greetings.well", timeout_s=5.0)
            await before.flush()
        writer.close()
        await writer.wait_closed()
        assert connection.client is before
        assert before.stats["reconnects"] == 0
        assert other == []
        assert len(heard) == (1 if reported else 4)
        assert ["connection_error"] * reported == [entry["event"] for entry in logs]  # once, however often it comes


async def test_a_message_that_would_kill_the_connection_is_refused(tmp_path: Path) -> None:
    async with (
        running_nats_server(tmp_path, jetstream=False) as server,
        running_connection(server.url) as connection,
    ):
        carrier, client = NatsCarrier(connection), connection.client
        carrier.publish("anything", b"x" * carrier.max_payload_bytes, headers={"h": "x" * 1000})
        for payload, headers in ((b"x" * 1_048_576, {}), (b"x" * 1_047_000, {"h": "é" * 1000})):
            with pytest.raises(PayloadTooLarge):
                carrier.publish("anything", payload, headers=headers)
        await carrier.flush()
        assert connection.client is client
        assert client.stats["reconnects"] == 0


# The library drops connections that it began to the frozen server without closing them; they are collected here.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_s9_a_frozen_server_with_unsent_data_is_left_for_another(tmp_path: Path) -> None:
    async with (
        running_nats_server(tmp_path / "one", jetstream=False) as one,
        running_nats_server(tmp_path / "two", jetstream=False) as two,
    ):
        connection = connection_to(one.url, two.url)
        await connection.start()
        try:
            frozen, other = (one, two) if url_of(connection) == one.url else (two, one)
            frozen.freeze()
            carrier = NatsCarrier(connection)
            for _ in range(40):  # far more than socket buffers take
                carrier.publish("anything", b"x" * 1_000_000)
            await eventually(lambda: url_of(connection) == other.url, timeout_s=10.0)
            frozen.resume()
        finally:
            await connection.stop()
    gc.collect()


async def test_stopping_does_not_wait_for_a_frozen_server(tmp_path: Path) -> None:
    async with running_nats_server(tmp_path, jetstream=False) as server:
        connection = connection_to(server.url)
        await connection.start()
        server.freeze()
        carrier = NatsCarrier(connection)
        for _ in range(40):
            carrier.publish("anything", b"x" * 1_000_000)
        started = time.monotonic()
        await connection.stop()
        await connection.stop()
        assert time.monotonic() - started < 8.0
        server.resume()


async def test_a_flush_that_was_given_up_does_not_cost_the_connection(tmp_path: Path) -> None:
    async with running_nats_server(tmp_path, jetstream=False) as server:
        connection = connection_to(server.url)
        await connection.start()
        carrier = NatsCarrier(connection)
        with capture_logs() as logs:
            server.freeze()
            flushing = asyncio.create_task(carrier.flush())
            await asyncio.sleep(0)
            flushing.cancel()
            await asyncio.wait([flushing])
            server.resume()
            await carrier.flush()
            await connection.check()
        assert [entry["event"] for entry in logs] == []
        await connection.stop()


async def test_a_start_without_any_server_fails_in_time() -> None:
    connection = connection_to("nats://127.0.0.1:9", start_timeout_s=0.3)
    with pytest.raises(StartFailed, match="took the connection"):
        await connection.start()
    await connection.stop()


async def test_a_start_with_the_wrong_identity_says_so(tmp_path: Path) -> None:
    known_seed, unknown_seed = new_seed(), new_seed()
    extra = f'authorization {{ users: [ {{ nkey: "{public_key_of(known_seed, "x")}" }} ] }}'
    async with running_nats_server(tmp_path / "nats", jetstream=False, extra=extra) as server:
        for name, seed in (("known", known_seed), ("unknown", unknown_seed)):
            (tmp_path / name).write_text(seed)
        connection = connection_to(server.url, seed_file=str(tmp_path / "known"))
        await connection.start()
        await connection.check()
        await connection.stop()
        refused = connection_to(server.url, seed_file=str(tmp_path / "unknown"), start_timeout_s=0.5)
        with pytest.raises(StartFailed, match="identity"):
            await refused.start()
        await refused.stop()


async def test_a_server_without_tls_is_never_spoken_to_in_the_clear(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with running_nats_server(tmp_path / "nats", jetstream=False) as server:
        url = server.url.replace("nats://", "tls://")
        connection = connection_to(url, ca_file=str(tmp_path / "ca.pem"), start_timeout_s=1.0, dial_timeout_s=0.3)
        with pytest.raises(StartFailed):
            await connection.start()
        await connection.stop()


async def test_tls_with_the_handshake_first_connects_and_other_authorities_do_not(tmp_path: Path) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    stranger.cert_pem.write_to_path(str(tmp_path / "stranger.pem"))
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    pem = tmp_path / "server.pem"
    extra = f'tls {{ cert_file: "{pem}", key_file: "{pem}", handshake_first: true }}'
    async with running_nats_server(tmp_path / "nats", jetstream=False, extra=extra) as server:
        url = server.url.replace("nats://", "tls://")
        connection = connection_to(url, ca_file=str(tmp_path / "ca.pem"))
        await connection.start()
        await NatsCarrier(connection).flush()
        await connection.stop()
        wrong = connection_to(url, ca_file=str(tmp_path / "stranger.pem"), start_timeout_s=0.5)
        with pytest.raises(StartFailed):
            await wrong.start()
        await wrong.stop()


async def test_dropped_messages_are_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nats_connection, "PENDING_MESSAGES", 2)
    async with (
        running_nats_server(tmp_path, jetstream=False) as server,
        running_connection(server.url) as connection,
    ):
        lost: list[bool] = []
        connection.on_loss(lambda: lost.append(True))
        await connection.subscribe("flood", lambda message: None)
        carrier = NatsCarrier(connection)
        for _ in range(500):
            carrier.publish("flood", b"x")
        await eventually(lambda: lost)


async def test_w2_a_killed_process_is_noticed_mid_stream(tmp_path: Path) -> None:
    async with (
        running_nats_server(tmp_path, jetstream=False) as server,
        running_bus(server.url, "client", "client-1") as caller,
    ):
        with bus_process(server.url, "gateway-2") as process:
            await eventually(lambda: caller.node.instances("gateway"), timeout_s=15.0)
            stream = opened(caller.node, WAIT_IN_STREAM, Question(), context())
            await anext(stream)
            process.kill()
            started = time.monotonic()
            with pytest.raises(StreamInterrupted):
                await anext(stream)
            assert time.monotonic() - started < 4.0
            with pytest.raises(PeerUnavailable):
                await caller.node.call(ECHO, Question(), context())


async def test_w4_a_frozen_process_is_noticed_and_does_not_run_what_was_given_up(tmp_path: Path) -> None:
    async with (
        running_nats_server(tmp_path, jetstream=False) as server,
        running_bus(server.url, "client", "client-1") as caller,
    ):
        with bus_process(server.url, "gateway-2") as process:
            await eventually(lambda: caller.node.instances("gateway"), timeout_s=15.0)
            stream = opened(caller.node, WAIT_IN_STREAM, Question(), context())
            await anext(stream)
            process.freeze()
            with pytest.raises(DeadlineExceeded):
                await caller.node.call(ECHO, Question(), context(asyncio.get_running_loop().time() + 0.1))
            with pytest.raises(StreamInterrupted):
                await asyncio.wait_for(anext(stream), 6.0)
            await known(caller.node)
            process.resume()
            await eventually(lambda: answered(caller.node.call(ECHO, Question(), context())), timeout_s=10.0)


def url_of(connection: NatsConnection) -> str:
    url = connection.client.connected_url
    return "" if url is None else f"nats://{urlsplit(url.geturl()).netloc}"


async def failing(check: object) -> bool:
    return not await working(check)


async def working(check: object) -> bool:
    try:
        await check()  # type: ignore[operator]
    except PeerUnavailable:
        return False
    return True


async def answered(call: object) -> bool:
    try:
        await call  # type: ignore[misc]
    except PeerUnavailable:
        return False
    return True


async def test_a_connection_that_is_given_up_half_way_leaves_no_socket_open() -> None:
    ended: asyncio.Event = asyncio.Event()

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A server that greets, and never answers the first ping."""
        writer.write(b'INFO {"max_payload": 1048576, "headers": true, "version": "2.12.0"}\r\n')
        await reader.readuntil(b"PING\r\n")
        arrived.set()
        with contextlib.suppress(ConnectionError):
            await reader.read()
        ended.set()
        writer.close()

    arrived = asyncio.Event()
    async with await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        dialling = asyncio.create_task(dial([f"nats://127.0.0.1:{port}"], allow_reconnect=False))
        await arrived.wait()
        dialling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await dialling
        async with asyncio.timeout(5):
            await ended.wait()
