"""What is done in which order, with a server that only counts. With a real one: tests/attacks and tests/faults."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from covey.domain import join_tokens
from covey.errors import BadSettings, Conflict, InvalidRequest, NotFound, NotStarted, StoreUnavailable
from covey.facilities.machine_admission import MachineAdmission
from covey.facilities.machine_records import MachineRecords
from covey.facilities.mesh_certificates import MeshCertificates
from covey.facilities.nats_configuration import JoinConfig
from covey.protocol.nodes import InviteNode
from covey.testing.manual_clock import ManualClock


class CountingServer:
    host = "0.0.0.0"
    client_port = 7422

    def __init__(self, folder: Path, *, accepts: bool = True) -> None:
        self.accepts_machines = accepts
        self.certificates = MeshCertificates(folder / "tls")
        self.certificates.prepare()
        self.known: list[int] = []
        """How many identities there were at each reload."""
        self.records: MachineRecords | None = None
        self.broken = False

    async def reload(self) -> None:
        if self.broken:
            raise StoreUnavailable("the nats-server does not read its configuration")
        assert self.records is not None
        self.known.append(len(self.records.users()))


class Parts:
    def __init__(self, folder: Path, *, accepts: bool = True, advertise: tuple[str, ...] = ("mesh.example",)) -> None:
        folder.mkdir(exist_ok=True)
        self.clock = ManualClock()
        self.records = MachineRecords(folder)
        self.server = CountingServer(folder, accepts=accepts)
        self.server.records = self.records
        self.admission = MachineAdmission(
            self.records, cast("Any", self.server), JoinConfig(advertise=advertise), self.clock, taken=lambda: {"main"}
        )


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    return Parts(tmp_path / "mesh")


async def test_an_invitation_is_kept_known_and_listed_before_it_is_shown(parts: Parts, tmp_path: Path) -> None:
    made = await parts.admission.invite(InviteNode(name="gpu"), "robin")
    assert parts.server.known == [1]
    again = MachineRecords(tmp_path / "mesh")
    again.load()
    assert [each.public_key for each in again.now.invitations] == [made.invitation.id]
    token = join_tokens.decode(made.token)
    assert token.addresses == made.addresses == ("mesh.example:7422",)
    assert token.pin == parts.server.certificates.pin()
    assert token.expires_at == int(parts.clock.now() + 3600)
    assert made.command == f"covey join {made.token}"
    assert parts.admission.invitations().items == (made.invitation,)


async def test_addresses_of_the_request_come_before_those_of_the_settings(parts: Parts) -> None:
    made = await parts.admission.invite(InviteNode(addresses=("192.0.2.1", "[::1]:9")), "robin")
    assert made.addresses == ("192.0.2.1:7422", "[::1]:9")
    with pytest.raises(InvalidRequest) as refused:
        await parts.admission.invite(InviteNode(addresses=("no address",)), "robin")
    assert refused.value.param == "addresses"


async def test_a_record_that_cannot_be_written_invites_nobody(parts: Parts, tmp_path: Path) -> None:
    (tmp_path / "mesh" / "machines.json").mkdir()
    with pytest.raises(StoreUnavailable):
        await parts.admission.invite(InviteNode(), "robin")
    assert parts.server.known == []
    assert parts.admission.invitations().items == ()


async def test_a_server_that_does_not_listen_is_told_at_its_next_start(parts: Parts) -> None:
    made = await parts.admission.invite(InviteNode(), "robin")
    parts.server.broken = True
    with pytest.raises(StoreUnavailable):
        await parts.admission.revoke(made.invitation.id)
    assert parts.records.users() == ()


async def test_expired_invitations_are_taken_away(parts: Parts) -> None:
    await parts.admission.invite(InviteNode(expires_in_s=60), "robin")
    await parts.admission.invite(InviteNode(), "robin")
    parts.clock.advance(61)
    assert len(parts.admission.invitations().items) == 1
    await parts.admission._look()
    assert parts.server.known[-1] == 1
    before = list(parts.server.known)
    await parts.admission._look()
    assert parts.server.known == before


async def test_a_renewed_certificate_is_read_at_once(parts: Parts) -> None:
    (parts.server.certificates.certificate_file).unlink()
    await parts.admission._look()
    assert parts.server.known == [0]


async def test_who_is_not_there_cannot_be_removed(parts: Parts) -> None:
    with pytest.raises(NotFound):
        await parts.admission.remove("main")
    assert parts.server.known == []


async def test_where_nobody_may_join_the_setting_is_named(tmp_path: Path) -> None:
    closed = Parts(tmp_path / "mesh", accepts=False)
    closed.admission.attach(cast("Any", object()))
    await closed.admission.start()
    assert closed.admission.invitations().setting == "mesh.server.join.address"
    with pytest.raises(Conflict):
        await closed.admission.invite(InviteNode(), "robin")
    await closed.admission.stop()


async def test_bad_settings_stop_the_start(tmp_path: Path) -> None:
    parts = Parts(tmp_path / "mesh", advertise=("tls://mesh.example",))
    with pytest.raises(NotStarted):
        await parts.admission.start()
    parts.admission.attach(cast("Any", object()))
    with pytest.raises(BadSettings):
        await parts.admission.start()
    await parts.admission.stop()
