"""Who may say and hear what, tried out against a real server: N2, N4, N5, N6, N7, N8, N12, N14, N15, N16."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog
from nats.aio.msg import Msg

from covey.domain import mesh_permissions
from covey.domain.mesh_permissions import CALLS, NODE, OPERATOR, OWNS, READS, ROLES
from covey.errors import StartFailed
from covey.facilities.connection_config import NatsConnectionConfig
from covey.facilities.mesh_grants import verify_grants
from covey.facilities.mesh_identities import new_seed, public_key_of
from covey.facilities.nats_carrier import NatsCarrier
from covey.facilities.nats_configuration import MeshUser
from covey.facilities.nats_connection import NatsConnection
from covey.facilities.nats_server import GARBAGE_COLLECTION
from covey.protocol import subjects
from covey.rpc.inbox import SECRET_CHARACTERS, Inbox
from covey.testing.eventually import eventually
from tests.helpers.mesh import Connection, Mesh, greeting_of, running_mesh, streams

pytestmark = pytest.mark.nats


@pytest.fixture
async def mesh(tmp_path: Path) -> AsyncIterator[Mesh]:
    async with running_mesh(tmp_path) as running:
        await running.make_streams()
        yield running


@pytest.mark.parametrize("role", [*subjects.SERVICES, NODE])
async def test_n4_no_worker_hears_by_wildcard(mesh: Mesh, role: str) -> None:
    connection = await mesh.connect(role)
    for subject in (">", "*", "*.*", "rpc.>", "rpc-to.>", "ctl.>", "_INBOX.>", "$KV.>", "$JS.>", "$SYS.>", "log.>"):
        assert not await connection.may_subscribe(subject), subject


@pytest.mark.parametrize("role", subjects.SERVICES)
async def test_n4_matrix_of_calls_is_the_committed_one(mesh: Mesh, role: str) -> None:
    connection = await mesh.connect(role)
    for other in subjects.SERVICES:
        called = other in CALLS[role]
        for subject in (f"rpc.{other}.x", f"rpc-to.{other}.{other}-1.x", f"ctl.{other}.{other}-1.s"):
            assert await connection.may_publish(subject) == called, subject
        own = other == role
        assert await connection.may_subscribe(f"rpc.{other}.*", other) == own
        assert await connection.may_subscribe(f"rpc-to.{other}.{other}-1.*") == own
        assert await connection.may_subscribe(f"ctl.{other}.{other}-1.*") == own
        assert await connection.may_subscribe(f"_INBOX_{other}.>") == own
        assert await connection.may_publish(f"presence.{other}.{other}-1") == own
        assert await connection.may_publish(f"event.{other}.changed") == own
        assert await connection.may_subscribe(f"event.{other}.>") == (own or other != "client")
        assert not await connection.may_publish(f"_INBOX_{other}.{other}-1.reply")
    assert not await connection.may_subscribe("event.>")
    assert await connection.may_publish("presence-query.gateway")
    assert await connection.may_subscribe("presence.processor.*")


@pytest.mark.parametrize("role", subjects.SERVICES)
async def test_n12_matrix_of_records_is_the_committed_one(mesh: Mesh, role: str) -> None:
    connection = await mesh.connect(role)
    for stream, subject in streams():
        _, _, name = stream.partition("_")
        owns = name in (*OWNS[role], *mesh_permissions.KEEPS_LOGS.get(role, ()))
        reads = owns or name in READS.get(role, ())
        assert await connection.may_publish(f"{subject}.key") == owns, stream
        for verb in ("CREATE", "UPDATE", "PURGE"):
            assert await connection.may_publish(f"$JS.API.STREAM.{verb}.{stream}") == owns, (verb, stream)
        for verb in ("STREAM.INFO", "STREAM.MSG.GET", "CONSUMER.CREATE"):
            tail = ".c" if verb.startswith("CONSUMER") else ""
            assert await connection.may_publish(f"$JS.API.{verb}.{stream}{tail}") == reads, (verb, stream)
        for verb in ("STREAM.DELETE", "STREAM.MSG.DELETE", "STREAM.SNAPSHOT", "STREAM.RESTORE", "DIRECT.GET",
                     "STREAM.LEADER.STEPDOWN", "STREAM.PEER.REMOVE", "CONSUMER.DURABLE.CREATE"):  # fmt: skip
            assert not await connection.may_publish(f"$JS.API.{verb}.{stream}"), (verb, stream)
            assert not await connection.may_publish(f"$JS.API.{verb}.{stream}.x"), (verb, stream)
    for subject in ("$JS.API.STREAM.CREATE.other", "$JS.API.STREAM.NAMES", "$JS.API.ACCOUNT.PURGE.x", "$SYS.REQ.x"):
        assert not await connection.may_publish(subject), subject


async def test_processor_is_refused_whatever_is_of_auth(mesh: Mesh) -> None:
    processor = await mesh.connect("processor")
    for bucket in ("auth", "access"):
        assert not await processor.may_publish(f"$KV.{bucket}.user")
        for verb in ("STREAM.MSG.GET", "STREAM.INFO", "STREAM.PURGE"):
            assert not await processor.may_publish(f"$JS.API.{verb}.KV_{bucket}")
        assert not await processor.may_publish(f"$JS.API.CONSUMER.CREATE.KV_{bucket}.spy.$KV.{bucket}.>")
    assert not await processor.may_publish("rpc.auth.login")
    assert not await processor.may_subscribe("rpc.auth.*", "auth")
    assert not await processor.may_subscribe("rpc.auth.login", "processor")


async def test_n2_stranger_without_or_with_a_wrong_identity_is_refused(mesh: Mesh) -> None:
    port = mesh.server.client_port
    assert await greeting_of(port, mesh.server.identities.seed("client")) == b"PONG\r\n"
    refused = b"-ERR 'Authorization Violation'\r\n"
    assert await greeting_of(port, None) == refused
    assert await greeting_of(port, new_seed()) == refused
    assert await greeting_of(port, None, user="node", **{"pass": "node"}) == refused
    known = mesh.server.identities.public_key("operator")
    assert await greeting_of(port, None, nkey=known) == refused
    assert await greeting_of(port, None, nkey=known, sig="AAAA") == refused


async def test_n5_no_role_hears_the_answers_to_another(mesh: Mesh) -> None:
    for role in ("client", "processor"):
        connection = await mesh.connect(role)
        for subject in ("_INBOX_gateway.>", "_INBOX_gateway.gateway-1.*", "_INBOX_node.>", "_INBOX_operator.>"):
            assert not await connection.may_subscribe(subject), subject


@pytest.mark.parametrize("role", subjects.SERVICES)
async def test_n6_answers_go_to_who_may_ask_and_below_the_own_name_only(mesh: Mesh, role: str) -> None:
    connection = await mesh.connect(role)
    for caller in (*subjects.SERVICES, NODE):
        asks = caller == NODE or role in CALLS[caller]
        for service in subjects.SERVICES:
            fine = asks and service == role
            assert await connection.may_publish(f"_INBOX_{caller}.{caller}-1.{service}.token") == fine, (
                caller,
                service,
            )
        assert not await connection.may_publish(f"_INBOX_{caller}.{caller}-1.token")
        assert not await connection.may_publish(f"_INBOX_{caller}.{caller}-1.{role}.east.token")
    assert not await connection.may_publish("_INBOX_operator.operator-1.token")


async def test_n6_a_guessed_answer_is_not_heard(mesh: Mesh) -> None:
    connection = NatsConnection(
        NatsConnectionConfig(urls=(mesh.server.url,), seed_file=str(mesh.server.identities.directory / "gateway.seed")),
        name="gateway",
        inbox_prefix="_INBOX_gateway.gateway-1",
    )
    await connection.start()
    inbox = Inbox(NatsCarrier(connection))
    await inbox.start()
    heard: list[bytes] = []
    token = inbox.open(lambda body, _: heard.append(body), "processor")
    processor, auth = await mesh.connect("processor"), await mesh.connect("auth")
    secret = token[:SECRET_CHARACTERS]
    for guess in (token[SECRET_CHARACTERS:], secret[:-1] + "g" + "1", secret + "2", secret):
        assert await processor.may_publish(f"_INBOX_gateway.gateway-1.processor.{guess}", b"forged")
    assert await auth.may_publish(f"_INBOX_gateway.gateway-1.auth.{token}", b"forged")  # who was not asked
    assert await processor.may_publish(f"_INBOX_gateway.gateway-1.processor.{token}", b"asked for")
    await eventually(lambda: heard)
    assert heard == [b"asked for"]
    await inbox.stop()
    await connection.stop()


async def test_n6_an_answer_in_progress_survives_a_reload(mesh: Mesh) -> None:
    processor = await mesh.connect("processor")
    for _ in range(2):
        assert await processor.may_publish("_INBOX_gateway.gateway-1.processor.token")
        await mesh.server.reload()
    assert await processor.may_publish("_INBOX_gateway.gateway-1.processor.token")


async def test_n7_listener_outside_the_queue_group_is_refused(mesh: Mesh) -> None:
    processor = await mesh.connect("processor")
    assert not await processor.may_subscribe("rpc.processor.*")
    assert not await processor.may_subscribe("rpc.processor.generate")
    assert not await processor.may_subscribe("rpc.processor.*", "others")
    for wider in ("rpc.>", "rpc.*.*", "*.processor.*", ">"):
        assert not await processor.may_subscribe(wider, "processor"), wider
    assert await processor.may_subscribe("rpc.processor.*", "processor")


async def deliver_to(connection: Connection, stream: str, name: str, subject: str) -> None:
    config = {"name": name, "deliver_subject": subject, "deliver_policy": "all", "ack_policy": "none"}
    await connection.api(f"CONSUMER.CREATE.{stream}.{name}", {"stream_name": stream, "config": config})


async def test_n8_consumer_cannot_be_made_to_call_a_service(mesh: Mesh) -> None:
    gateway, auth = await mesh.connect("gateway"), await mesh.connect("auth")
    assert await auth.may_subscribe("rpc.auth.*", "auth")
    assert await auth.may_subscribe("rpc-to.auth.*.*")
    assert await auth.may_subscribe("presence.>")
    targets = ("rpc.auth.login", "rpc-to.auth.auth-1.login", "presence.processor.ghost")
    for number, subject in enumerate(targets):
        await deliver_to(gateway, "KV_gateway", f"deputy{number}", subject)
    own = gateway.client.new_inbox()
    assert await gateway.may_subscribe(own)
    await deliver_to(gateway, "KV_gateway", "honest", own)
    await eventually(lambda: [message.data for message in gateway.heard] == [b"of KV_gateway"])
    await auth.settle()
    assert auth.heard == []


async def test_n8_stream_cannot_be_made_to_collect_calls(mesh: Mesh) -> None:
    gateway, client = await mesh.connect("gateway"), await mesh.connect("client")
    config = {"name": "KV_gateway", "subjects": ["$KV.gateway.>", "rpc.>", "rpc-to.>"], "storage": "memory"}
    answer = await gateway.api("STREAM.UPDATE.KV_gateway", config | {"allow_rollup_hdrs": True})
    assert "error" not in answer
    await client.client.publish("rpc.gateway.generate", b"a prompt")
    await client.settle()
    assert (await gateway.api("STREAM.INFO.KV_gateway"))["state"]["messages"] == 1


async def test_n14_monitoring_listens_on_loopback_only(mesh: Mesh) -> None:
    assert mesh.server.process is not None
    pid = mesh.server.process.pid
    inodes = {target.removeprefix("socket:[").rstrip("]") for target in links(Path(f"/proc/{pid}/fd"))}
    listening = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                listening.add((fields[1].split(":")[0], int(fields[1].split(":")[1], 16)))
    assert listening == {("0100007F", mesh.server.client_port), ("0100007F", mesh.server.monitor_port)}


def links(folder: Path) -> list[str]:
    found = []
    for path in folder.iterdir():
        try:
            found.append(str(path.readlink()))
        except OSError:
            continue
    return found


async def test_n15_seeds_are_in_no_argument_environment_or_open_file(mesh: Mesh) -> None:
    assert mesh.server.process is not None
    seeds = [mesh.server.identities.seed(role).encode() for role in ROLES]
    process = Path(f"/proc/{mesh.server.process.pid}")
    folder = mesh.server.identities.directory
    shown = process.joinpath("cmdline").read_bytes() + process.joinpath("environ").read_bytes()
    configuration = (folder.parent / "nats.conf").read_bytes()
    for seed in seeds:
        assert seed not in shown
        assert seed not in configuration
    environment = process.joinpath("environ").read_bytes().decode().rstrip("\0").split("\0")
    assert environment == list(GARBAGE_COLLECTION)
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder.parent / "nats.conf").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("role", ROLES)
async def test_n16_every_role_has_every_grant_that_it_needs(mesh: Mesh, role: str) -> None:
    await verify_grants(mesh.server.url, mesh.server.identities.seed(role), role)


async def test_n16_check_of_grants_changes_nothing_and_takes_no_request(mesh: Mesh) -> None:
    operator = await mesh.connect("operator")
    before = [(await operator.api(f"STREAM.INFO.{stream}"))["state"] for stream, _ in streams()]
    client, gateway = await mesh.connect("client"), await mesh.connect("gateway")
    assert await gateway.may_subscribe("rpc.gateway.generate", "gateway")
    stop = asyncio.Event()
    sent = 0

    async def call() -> None:
        nonlocal sent
        while not stop.is_set():
            await client.client.publish("rpc.gateway.generate", b"x")
            sent += 1
            await client.client.flush(timeout=5)

    calling = asyncio.create_task(call())
    for role in ROLES:
        await verify_grants(mesh.server.url, mesh.server.identities.seed(role), role)
    stop.set()
    await calling
    await eventually(lambda: len(gateway.heard) == sent)
    after = [(await operator.api(f"STREAM.INFO.{stream}"))["state"] for stream, _ in streams()]
    assert after == before


async def test_n16_missing_grant_is_named_at_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_mesh(tmp_path) as mesh:
        monkeypatch.setitem(mesh_permissions.CALLS, "processor", ("auth",))
        monkeypatch.setitem(mesh_permissions.OWNS, "processor", ("processor", "auth"))
        with structlog.testing.capture_logs() as logs, pytest.raises(StartFailed, match="grants that processor needs"):
            await verify_grants(mesh.server.url, mesh.server.identities.seed("processor"), "processor")
    [violation] = [entry for entry in logs if entry["event"] == "permission_violation"]
    assert "publish rpc.auth.*" in violation["refused"]
    assert "publish $KV.auth.>" in violation["refused"]
    assert "publish $KV.processor.>" not in violation["refused"]


def joined_users(seeds: dict[str, str]) -> list[MeshUser]:
    return [MeshUser(role="processor", public_key=public_key_of(seed, scope), scope=scope)
            for scope, seed in seeds.items()]  # fmt: skip


async def test_n4_a_machine_that_joined_hears_and_says_its_own_only(tmp_path: Path) -> None:
    seeds = {"east": new_seed(), "west": new_seed()}
    users = joined_users(seeds)
    async with running_mesh(tmp_path, joined=lambda: users) as mesh:
        await mesh.make_streams()
        await verify_grants(mesh.server.url, seeds["east"], "processor", scope="east")
        gateway = await mesh.connect("gateway")
        east = await mesh.connect("processor", seed=seeds["east"], instance="east.processor-1__east")
        for instance, fine in (("processor-1__east", True), ("processor-2__west", False), ("processor-3", False)):
            subject = subjects.rpc_to("processor.generate", instance)
            assert await east.may_subscribe(subject) == fine
            assert await east.may_subscribe(subjects.stream_control("processor", instance, "s")) == fine
            assert await gateway.may_publish(subject)
        assert not await east.may_subscribe("rpc-to.processor.>")
        assert not await east.may_subscribe("rpc-to.processor.*.*")
        assert not await east.may_subscribe("rpc-to.processor.*.*.*")
        for subject in (">", "presence.>", "enrol.*", "enrol.>", "event.auth.>", "event.gateway.>", "event.client.>",
                        "_INBOX_processor.>", "_INBOX_processor.west.>", "_INBOX_gateway.>", "_INBOX_node.>",
                        "$KV.>", "$SYS.>", "$JS.>"):  # fmt: skip
            assert not await east.may_subscribe(subject), subject
        for service in subjects.SERVICES:
            assert not await east.may_subscribe(f"rpc.{service}.*", service), service
            for subject in (f"rpc.{service}.x", f"rpc-to.{service}.{service}-1.x", f"ctl.{service}.{service}-1.s",
                            f"event.{service}.changed", f"presence.{service}.{service}-1",
                            f"presence.{service}.west.{service}-1__west", f"presence-query.{service}"):  # fmt: skip
                assert not await east.may_publish(subject), subject


async def test_n12_a_machine_that_joined_reaches_no_record(tmp_path: Path) -> None:
    seeds = {"east": new_seed()}
    async with running_mesh(tmp_path, joined=lambda: joined_users(seeds)) as mesh:
        await mesh.make_streams()
        east = await mesh.connect("processor", seed=seeds["east"], instance="east.processor-1__east")
        for stream, subject in streams():
            assert not await east.may_publish(f"{subject}.key"), stream
            for verb in ("STREAM.INFO", "STREAM.MSG.GET", "STREAM.CREATE", "STREAM.UPDATE", "STREAM.PURGE",
                         "STREAM.DELETE", "DIRECT.GET", "CONSUMER.CREATE"):  # fmt: skip
                assert not await east.may_publish(f"$JS.API.{verb}.{stream}"), (verb, stream)
                assert not await east.may_publish(f"$JS.API.{verb}.{stream}.x"), (verb, stream)


async def test_n6_a_machine_that_joined_answers_in_its_own_name_also_after_a_reload(tmp_path: Path) -> None:
    seeds = {"east": new_seed()}
    async with running_mesh(tmp_path, joined=lambda: joined_users(seeds)) as mesh:
        east = await mesh.connect("processor", seed=seeds["east"], instance="east.processor-1__east")
        before = "_INBOX_gateway.gateway-1.processor"
        assert await east.may_publish(f"{before}.east.token")
        for subject in (f"{before}.token", f"{before}.west.token", f"{before}.east.token.more",
                        "_INBOX_gateway.gateway-1.east.token", "_INBOX_gateway.gateway-1.auth.east.token",
                        "_INBOX_client.client-1.processor.east.token", "_INBOX_gateway.east.x"):  # fmt: skip
            assert not await east.may_publish(subject), subject
        seeds["west"] = new_seed()
        await mesh.server.reload()
        west = await mesh.connect("processor", seed=seeds["west"], instance="west.processor-2__west")
        assert await east.may_publish(f"{before}.east.token")
        assert await west.may_publish(f"{before}.west.token")
        assert not await west.may_publish(f"{before}.east.token")
        assert east.client.is_connected


async def test_n2_identity_that_was_revoked_is_cut_off(tmp_path: Path) -> None:
    seed = new_seed()
    users = [MeshUser(role="processor", public_key=public_key_of(seed, "east"), scope="east")]
    async with running_mesh(tmp_path, joined=lambda: users) as mesh:
        east = await mesh.connect("processor", seed=seed)
        stays = await mesh.connect("processor")
        users.clear()
        await mesh.server.reload()
        await eventually(lambda: east.client.is_closed, timeout_s=10.0)
        assert await stays.may_publish("presence.processor.processor-1")
        assert b"-ERR" in await greeting_of(mesh.server.client_port, seed)


async def test_operator_reads_all_records_and_hears_no_calls(mesh: Mesh) -> None:
    operator, client = await mesh.connect(OPERATOR), await mesh.connect("client")
    answer = await operator.api("STREAM.MSG.GET.KV_auth", {"last_by_subj": "$KV.auth.first"})
    assert answer["message"]["subject"] == "$KV.auth.first"
    assert not await operator.may_subscribe("rpc.>")
    assert not await operator.may_publish("rpc.auth.login")
    assert await client.may_publish("rpc.gateway.x")


async def test_answers_of_the_store_go_to_the_one_who_asked(mesh: Mesh) -> None:
    gateway = await mesh.connect("gateway")
    reply: Msg = await gateway.client.request("$KV.gateway.key", b"value", timeout=5)
    assert json.loads(reply.data)["stream"] == "KV_gateway"
    found = await gateway.api("STREAM.MSG.GET.KV_access", {"last_by_subj": "$KV.access.first"})
    assert found["message"]["subject"] == "$KV.access.first"
