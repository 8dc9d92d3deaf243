from __future__ import annotations

from pathlib import Path

import pytest

from covey.domain.machines import Invitation, Machine, Machines
from covey.domain.mesh_permissions import ENROLMENT
from covey.errors import StartFailed
from covey.facilities.machine_records import MachineRecords

KEPT = Machines(
    invitations=(Invitation(public_key="UI", name=None, created_at=1.0, expires_at=2.0, invited_by="robin"),),
    machines=(Machine(name="box", public_key="UM", joined_at=1.0, invited_by="robin"),),
)


def test_what_was_saved_is_there_after_a_restart_and_its_owners_alone(tmp_path: Path) -> None:
    MachineRecords(tmp_path).save(KEPT)
    again = MachineRecords(tmp_path)
    assert again.users() == ()
    again.load()
    assert again.now == KEPT
    assert (tmp_path / "machines.json").stat().st_mode & 0o777 == 0o600


def test_machines_have_their_name_for_a_scope_and_invitations_their_key(tmp_path: Path) -> None:
    records = MachineRecords(tmp_path)
    records.load()  # nobody joined yet
    records.save(KEPT)
    assert [(user.role, user.public_key, user.scope) for user in records.users()] == [
        ("processor", "UM", "box"),
        (ENROLMENT, "UI", "UI"),
    ]


@pytest.mark.parametrize("content", ["", "nonsense", '{"machines": [{"name": 1}]}'])
def test_a_damaged_record_stops_the_start(tmp_path: Path, content: str) -> None:
    path = tmp_path / "machines.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(StartFailed, match="damaged"):
        MachineRecords(tmp_path).load()


def test_a_record_that_others_can_write_stops_the_start(tmp_path: Path) -> None:
    MachineRecords(tmp_path).save(KEPT)
    (tmp_path / "machines.json").chmod(0o666)
    with pytest.raises(StartFailed):
        MachineRecords(tmp_path).load()


def test_a_record_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    records = MachineRecords(tmp_path / "gone")
    with pytest.raises(OSError, match="gone"):
        records.save(KEPT)
    assert records.now == Machines()
