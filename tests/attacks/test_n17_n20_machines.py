"""Machines that join, that only say so, and that want more than they were given: N17 to N20."""

from __future__ import annotations

import asyncio
import json
import secrets
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import nats.errors
import pytest

from covey.domain import join_tokens
from covey.domain.join_tokens import JoinToken
from covey.domain.mesh_permissions import ENROLMENT
from covey.errors import Conflict, CoveyError, Forbidden, InvalidRequest, PeerUnavailable, StoreUnavailable
from covey.facilities.mesh_certificates import SERVER_NAME, MeshCertificates, client_context
from covey.facilities.mesh_identities import public_key_of, seed_of
from covey.protocol import subjects
from covey.protocol.enrolment import Enrol, Enrolled
from covey.protocol.ids import InstanceId, NodeName
from covey.protocol.nodes import InviteNode
from covey.protocol.registry import InstanceInfo
from covey.testing.eventually import eventually
from tests.helpers.admission import AdmittingMesh, Guest, admitting_mesh
from tests.helpers.mesh import Connection

pytestmark = pytest.mark.nats


@pytest.fixture
async def mesh(tmp_path: Path) -> AsyncIterator[AdmittingMesh]:
    async with admitting_mesh(tmp_path) as running:
        yield running


async def enrolling(mesh: AdmittingMesh, token: JoinToken) -> Connection:
    """A connection as the holder of an invitation, for saying what the command never would."""
    seed = seed_of(token.secret)
    return await mesh.connect(seed, f"_INBOX_{ENROLMENT}.{public_key_of(seed, ENROLMENT)}")


def subject_of(token: JoinToken) -> str:
    return subjects.enrolment(public_key_of(seed_of(token.secret), ENROLMENT))


# N17: without an invitation that is open


async def test_n17_a_machine_that_nobody_invited_is_not_let_in(mesh: AdmittingMesh) -> None:
    real = await mesh.invite()
    guessed = msgspec.structs.replace(real, secret=secrets.token_bytes(32))
    with pytest.raises(Forbidden):
        await Guest().join(guessed)
    assert mesh.joined == []
    assert (await Guest().join(real)).node == "box"


async def test_n17_an_invitation_works_once(mesh: AdmittingMesh) -> None:
    token = await mesh.invite(name="gpu")
    first = Guest()
    assert (await first.join(token)).node == "gpu"
    for guest in (first, Guest()):
        with pytest.raises(Forbidden):
            await guest.join(token)
    await eventually(lambda: mesh.joined)
    assert [joined.node for joined in mesh.joined] == ["gpu"]
    assert (await first.connect(mesh, "gpu")).client.is_connected


async def test_n17_of_many_that_use_one_invitation_at_once_one_gets_in(mesh: AdmittingMesh) -> None:
    token = await mesh.invite()
    guests = [Guest(f"box-{number}") for number in range(6)]
    ended = await asyncio.gather(*(guest.join(token) for guest in guests), return_exceptions=True)
    inside = [answer for answer in ended if isinstance(answer, Enrolled)]
    assert len(inside) == 1
    assert all(isinstance(answer, Enrolled | CoveyError) for answer in ended), ended
    assert len(mesh.admission.joined()) == 1


async def test_n17_a_recorded_question_lets_nobody_in_again(mesh: AdmittingMesh) -> None:
    token = await mesh.invite()
    connection = await enrolling(mesh, token)
    question = msgspec.msgpack.encode(Guest().question)
    inbox = connection.client.new_inbox()
    for _ in range(10):
        await connection.client.publish(subject_of(token), question, reply=inbox)
    await eventually(lambda: connection.client.is_closed)  # the invitation's connection ends with its first use
    await eventually(lambda: mesh.joined)
    assert len(mesh.admission.joined()) == len(mesh.joined) == 1


async def test_n17_a_revoked_invitation_is_worth_nothing_also_to_who_is_connected(mesh: AdmittingMesh) -> None:
    token = await mesh.invite()
    connected = await enrolling(mesh, token)
    (listed,) = mesh.admission.invitations().items
    await mesh.admission.revoke(listed.id)
    await eventually(lambda: connected.client.is_closed)
    with pytest.raises(Forbidden):
        await Guest().join(token)


async def test_n17_an_expired_invitation_is_worth_nothing(mesh: AdmittingMesh) -> None:
    token = await mesh.invite(expires_in_s=60)
    connected = await enrolling(mesh, token)
    mesh.clock.advance(61)
    reply = await connected.client.request(subject_of(token), msgspec.msgpack.encode(Guest().question), timeout=5)
    assert msgspec.msgpack.decode(reply.data, type=Enrolled).error_code == "forbidden"
    assert mesh.admission.invitations().items == ()
    await mesh.invite()  # whatever changes has the expired ones looked for
    await eventually(lambda: connected.client.is_closed)
    with pytest.raises(Forbidden):
        await Guest().join(token)
    assert mesh.admission.joined() == []


async def test_n17_nothing_that_is_kept_or_listed_is_worth_anything(mesh: AdmittingMesh, tmp_path: Path) -> None:
    made = await mesh.admission.invite(InviteNode(), "robin")
    token = join_tokens.decode(made.token)
    listed = json.dumps(msgspec.to_builtins(mesh.admission.invitations()))
    for secret in (made.token, seed_of(token.secret), token.secret.hex()):
        assert secret not in listed
        for path in (tmp_path / "mesh").rglob("*"):
            if path.is_file():
                assert secret.encode() not in path.read_bytes(), path
                assert token.secret not in path.read_bytes(), path
    assert (tmp_path / "mesh" / "machines.json").stat().st_mode & 0o777 == 0o600


async def test_n17_the_port_speaks_no_word_in_the_clear(mesh: AdmittingMesh) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", mesh.server.client_port)
    writer.write(b'CONNECT {"verbose":true}\r\nPING\r\n')
    said = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    assert b"INFO" not in said
    assert b"PONG" not in said


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2])
async def test_n17_the_port_speaks_no_older_tls(mesh: AdmittingMesh, version: ssl.TLSVersion) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode, context.maximum_version = False, ssl.CERT_NONE, version
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("127.0.0.1", mesh.server.client_port, ssl=context)


# N13: strangers at an open port


async def test_n13_strangers_who_take_all_places_end_no_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("covey.facilities.nats_configuration.MOST_CONNECTIONS", 8)
    async with admitting_mesh(tmp_path) as mesh:
        guest = Guest()
        await guest.join(await mesh.invite())
        machine = await guest.connect(mesh, "box")
        assert mesh.server.process is not None
        pid = mesh.server.process.pid
        failed = 0
        probe = mesh.server._probe
        assert probe is not None
        write = probe.write

        async def counted() -> None:
            nonlocal failed
            try:
                await write()
            except OSError:
                failed += 1
                raise

        monkeypatch.setattr(probe, "write", counted)
        strangers = [await asyncio.open_connection("127.0.0.1", mesh.server.client_port) for _ in range(20)]
        await eventually(lambda: failed >= 6, timeout_s=15)  # three would have had it killed
        with pytest.raises(StoreUnavailable):
            await mesh.server.check()
        assert mesh.server.process.pid == pid
        assert mesh.connection.connected
        assert machine.client.is_connected
        for _, writer in strangers:
            writer.transport.abort()
        await eventually(lambda: mesh.server._write_failure is None, timeout_s=15)


# N18: somebody else at the address, or in between


@asynccontextmanager
async def impostor(
    certificates: MeshCertificates | None, greeting: bytes = b""
) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server of somebody else's: its address, and what it was told."""
    context = None
    if certificates is not None:
        await asyncio.to_thread(certificates.prepare)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.certificate_file, certificates.key_file)
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        heard.append(await reader.read(4096))
        writer.close()

    server = await asyncio.start_server(listen, "127.0.0.1", 0, ssl=context)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", heard


INFO = b'INFO {"server_id":"x","version":"2.15.1","max_payload":1048576,"headers":true,"nonce":"abcdefgh"}\r\n'


async def test_n18_a_server_with_another_key_is_told_nothing(mesh: AdmittingMesh, tmp_path: Path) -> None:
    token = await mesh.invite()
    async with impostor(MeshCertificates(tmp_path / "theirs"), INFO) as (address, heard):
        with pytest.raises(PeerUnavailable, match="another server"):
            await Guest().join(msgspec.structs.replace(token, addresses=(address,)))
    assert heard in ([], [b""])
    both = msgspec.structs.replace(token, addresses=(address, *token.addresses))
    assert (await Guest().join(both)).node == "box"


async def test_n18_a_server_without_tls_is_told_nothing(mesh: AdmittingMesh) -> None:
    token = await mesh.invite()
    async with impostor(None, INFO) as (address, heard):
        with pytest.raises(PeerUnavailable):
            await Guest().join(msgspec.structs.replace(token, addresses=(address,)))
    assert all(words[:1] in (b"", b"\x16") and b"CONNECT" not in words for words in heard)


async def test_n18_a_machine_that_joined_trusts_its_own_mesh_only(mesh: AdmittingMesh, tmp_path: Path) -> None:
    authority = (await Guest().join(await mesh.invite())).authority

    context = client_context(authority)
    async with impostor(MeshCertificates(tmp_path / "theirs")) as (address, heard):
        port = int(address.rpartition(":")[2])
        with pytest.raises(ssl.SSLError):
            await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=SERVER_NAME)
    assert heard in ([], [b""])


# N19: a machine that joined and wants to be somebody else


def beat(instance: str, node: str, state: Any = "serving") -> bytes:
    info = InstanceInfo(service="processor", instance=InstanceId(instance), node=NodeName(node), state=state)
    return msgspec.msgpack.encode(info)


async def test_n19_a_machine_is_listed_under_its_own_name_only(mesh: AdmittingMesh) -> None:
    guest = Guest()
    await guest.join(await mesh.invite(name="east"))
    east = await guest.connect(mesh, "east")
    own = "presence.processor.east.processor-1__east"
    assert await east.may_publish("presence.processor.east.processor-2__east", beat("processor-2__east", "main"))
    assert await east.may_publish("presence.processor.east.processor-3", beat("processor-3", "main"))
    assert not await east.may_publish("presence.processor.processor-4", beat("processor-4", "east"))
    assert not await east.may_publish("presence.processor.main.processor-5__main", beat("processor-5__main", "main"))
    assert await east.may_publish(own, beat("processor-1__east", "east"))
    await eventually(lambda: mesh.bus.node.instances("processor"))
    assert [info.instance for info in mesh.bus.node.instances("processor")] == ["processor-1__east"]


async def test_n19_a_removed_machine_is_cut_off_and_off_the_lists_at_once(mesh: AdmittingMesh) -> None:
    guest, stays = Guest("box"), Guest("other")
    for each in (guest, stays):
        await each.join(await mesh.invite())
    out, other = await guest.connect(mesh, "box"), await stays.connect(mesh, "other")
    for name, connection in (("box", out), ("other", other)):
        subject = f"presence.processor.{name}.processor-1__{name}"
        assert await connection.may_publish(subject, beat(f"processor-1__{name}", name))
    await eventually(lambda: len(mesh.bus.node.instances("processor")) == 2)
    await mesh.admission.remove("box")
    await eventually(lambda: out.client.is_closed)
    await eventually(lambda: [info.node for info in mesh.bus.node.instances("processor")] == ["other"], timeout_s=1.0)
    assert other.client.is_connected
    assert await other.may_publish("presence.processor.other.processor-1__other", beat("processor-1__other", "other"))
    with pytest.raises(nats.errors.Error):
        await guest.connect(mesh, "box")


async def test_n19_the_name_of_a_node_that_is_there_cannot_be_had(mesh: AdmittingMesh) -> None:
    with pytest.raises(Conflict):
        await mesh.invite(name="MAIN")
    assert (await Guest("main").join(await mesh.invite())).node == "main-2"


# N20: hostile questions


async def asked(mesh: AdmittingMesh, token: JoinToken, payload: bytes) -> Enrolled:
    connection = await enrolling(mesh, token)
    reply = await connection.client.request(subject_of(token), payload, timeout=5)
    return msgspec.msgpack.decode(reply.data, type=Enrolled)


def question(**fields: Any) -> bytes:
    return msgspec.msgpack.encode({"public_key": Guest().question.public_key, "name": "box", **fields})


HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "no message": b"\xc1",
    "too long": question(version="x" * 5000),
    "no key": msgspec.msgpack.encode({"name": "box"}),
    "a field more": question(role="node"),
    "scope": question(scope=">"),
    "a key of an account": question(public_key="A" + "A" * 55),
    "a damaged key": question(public_key="U" + "A" * 55),
    "configuration in the key": question(public_key='U" permissions: { publish: ">" } #'),
    "a wildcard for a name": question(name=">"),
    "a subject for a name": question(name="x.>"),
    "configuration in the name": question(name='x" } ]'),
    "no name": question(name=""),
    "another type": question(name=5),
}


@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE.keys())
async def test_n20_what_is_no_honest_question_changes_nothing(mesh: AdmittingMesh, payload: bytes) -> None:
    token = await mesh.invite()
    before = (mesh.server._configuration_path).read_text()
    assert (await asked(mesh, token, payload)).error_code == "invalid_request"
    assert mesh.admission.joined() == []
    assert (mesh.server._configuration_path).read_text() == before
    assert (await Guest().join(token)).node == "box"


async def test_n20_an_answer_goes_to_who_asked_and_to_no_service(mesh: AdmittingMesh) -> None:
    token = await mesh.invite()
    auth = await mesh.connect(mesh.server.identities.seed("auth"), "_INBOX_auth.auth-1")
    assert await auth.may_subscribe("rpc.auth.*", "auth")
    assert await auth.may_subscribe("rpc-to.auth.*.*")
    connection = await enrolling(mesh, token)
    for reply in ("rpc.auth.login", "rpc-to.auth.auth-1.login", "_INBOX_auth.auth-1.x", "", subject_of(token)):
        await connection.client.publish(subject_of(token), question(), reply=reply)
    await connection.settle()
    assert (await asked(mesh, token, b"")).error_code == "invalid_request"
    await auth.settle()
    assert auth.heard == []
    assert mesh.admission.joined() == []


async def test_n20_an_invitation_reaches_nothing_but_its_own_question(mesh: AdmittingMesh) -> None:
    token, other = await mesh.invite(), await mesh.invite()
    connection = await enrolling(mesh, token)
    for subject in (subject_of(other), "enrol.x", "enrol", "rpc.gateway.operate", "rpc.auth.login", "$KV.auth.x",
                    "$JS.API.INFO", "presence.processor.box.processor-1__box", "_INBOX_node.node-1.x"):  # fmt: skip
        assert not await connection.may_publish(subject), subject
    for subject in (">", "enrol.*", "presence.>", "rpc-to.processor.box.*.*", "_INBOX_enrolment.>", "_INBOX_node.>"):
        assert not await connection.may_subscribe(subject), subject


async def test_n20_a_flood_of_questions_is_bounded(mesh: AdmittingMesh) -> None:
    token = await mesh.invite()
    connection = await enrolling(mesh, token)
    inbox = connection.client.new_inbox()
    for _ in range(2000):
        await connection.client.publish(subject_of(token), b"\xc1", reply=inbox)
    await connection.settle()
    assert len(mesh.admission._questions) <= 16
    assert (await Guest().join(token)).node == "box"


REFUSED: list[Callable[[AdmittingMesh], Awaitable[Any]]] = [
    lambda mesh: mesh.invite(expires_in_s=1),
    lambda mesh: mesh.invite(expires_in_s=10**9),
    lambda mesh: mesh.invite(name="a b"),
    lambda mesh: mesh.invite(addresses=("tls://box:1",)),
    lambda mesh: mesh.invite(addresses=("box:1",) * 9),
    lambda mesh: mesh.invite(addresses=("a" * 300,)),
]


@pytest.mark.parametrize("ask", REFUSED)
async def test_n20_invitations_out_of_range_are_refused(
    mesh: AdmittingMesh, ask: Callable[[AdmittingMesh], Awaitable[Any]]
) -> None:
    with pytest.raises(InvalidRequest):
        await ask(mesh)
    assert mesh.admission.invitations().items == ()


def test_n20_the_questions_of_this_version_are_what_is_tried_here() -> None:
    assert [field.name for field in msgspec.structs.fields(Enrol)] == ["public_key", "name", "version"]
