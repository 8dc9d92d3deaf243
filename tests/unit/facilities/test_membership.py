from __future__ import annotations

import os
from pathlib import Path

import pytest

from covey.errors import Conflict, StartFailed
from covey.facilities.membership import Membership, MembershipFiles

MEMBER = Membership(node="box", addresses=("192.0.2.1:7422", "[2001:db8::1]:7422"))


def saved(folder: Path) -> MembershipFiles:
    files = MembershipFiles(folder)
    os.close(files.lock())
    files.save(MEMBER, "SEED", "PEM")
    return files


def test_a_machine_knows_its_mesh_again(tmp_path: Path) -> None:
    assert MembershipFiles(tmp_path).load() is None
    files = saved(tmp_path)
    assert MembershipFiles(tmp_path).load() == MEMBER
    assert MEMBER.urls == ("tls://192.0.2.1:7422", "tls://[2001:db8::1]:7422")
    assert files.seed_file.read_text() == "SEED\n"
    assert files.authority_file.read_text() == "PEM"
    for path in (tmp_path / "mesh").rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)


def test_joining_anew_replaces_all_of_it(tmp_path: Path) -> None:
    files = saved(tmp_path)
    os.close(files.lock())
    files.save(Membership(node="other", addresses=("box:1",)), "SEED2", "PEM2")
    membership = files.load()
    assert membership is not None
    assert (membership.node, files.seed_file.read_text(), files.authority_file.read_text()) == (
        "other",
        "SEED2\n",
        "PEM2",
    )


@pytest.mark.parametrize("name", ["nats.conf", "jetstream"])
def test_the_directory_of_a_whole_node_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / "mesh" / name).mkdir(parents=True)
    with pytest.raises(Conflict, match="a mesh of its own"):
        MembershipFiles(tmp_path).lock()


def test_a_directory_in_use_is_left_alone(tmp_path: Path) -> None:
    held = MembershipFiles(tmp_path).lock()
    with pytest.raises(StartFailed, match="another Covey"):
        MembershipFiles(tmp_path).lock()
    os.close(held)
    os.close(MembershipFiles(tmp_path).lock())


@pytest.mark.parametrize("content", ["", "[]", '{"node": "box"}', '{"node": "box", "role": "auth", "addresses": []}'])
def test_a_damaged_record_is_named(tmp_path: Path, content: str) -> None:
    saved(tmp_path)
    (tmp_path / "mesh" / "membership.json").write_text(content)
    with pytest.raises(StartFailed, match="damaged"):
        MembershipFiles(tmp_path).load()


def test_a_record_that_others_can_read_is_refused(tmp_path: Path) -> None:
    saved(tmp_path)
    (tmp_path / "mesh" / "membership.json").chmod(0o644)
    with pytest.raises(StartFailed, match="open to others"):
        MembershipFiles(tmp_path).load()


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "mesh").write_text("a file")
    with pytest.raises(StartFailed, match="cannot be made"):
        MembershipFiles(tmp_path).lock()
