from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from covey.assembly.joining import ALL_ROLES, join, joined_settings, roles_of, with_own_authority
from covey.domain.join_tokens import JoinToken, encode
from covey.errors import Conflict, Forbidden, InvalidRequest, StartFailed
from covey.facilities.connection_config import NatsConnectionConfig
from covey.facilities.membership import Membership, MembershipFiles
from covey.settings import Settings, load

MEMBER = Membership(node="box", addresses=("192.0.2.1:7422", "192.0.2.2:7422"))


def settings_in(folder: Path) -> Settings:
    return load(environment={}, overrides={"node.data_dir": str(folder), "mesh.connection.ping_interval_s": 3.0})


def joined(folder: Path) -> MembershipFiles:
    files = MembershipFiles(folder)
    os.close(files.lock())
    files.save(MEMBER, "SEED", "PEM")
    return files


def test_everything_runs_where_nothing_else_was_said(tmp_path: Path) -> None:
    assert roles_of(settings_in(tmp_path), ()) == ALL_ROLES
    assert roles_of(settings_in(tmp_path), ("mesh", "auth")) == ("mesh", "auth")


def test_a_machine_that_joined_runs_what_it_joined_as(tmp_path: Path) -> None:
    joined(tmp_path)
    for chosen in ((), ("processor",)):
        assert roles_of(settings_in(tmp_path), chosen) == ("processor",)
    with pytest.raises(StartFailed):
        roles_of(settings_in(tmp_path), ("processor", "gateway"))


def test_a_machine_that_joined_finds_its_mesh_by_what_it_was_given(tmp_path: Path) -> None:
    files = joined(tmp_path)
    settings = joined_settings(settings_in(tmp_path), MEMBER, files)
    connection = settings.mesh.connection
    assert settings.node.name == "box"
    assert settings.mesh.url == "tls://192.0.2.1:7422,tls://192.0.2.2:7422"
    assert connection.urls == ("tls://192.0.2.1:7422", "tls://192.0.2.2:7422")
    assert (connection.ca_file, connection.seed_file) == (str(files.authority_file), str(files.seed_file))
    assert connection.server_name == "covey-mesh"
    assert connection.ping_interval_s == 3.0


def test_an_address_that_was_given_counts_more_than_the_one_of_then(tmp_path: Path) -> None:
    files = joined(tmp_path)
    given = load(environment={}, overrides={"node.data_dir": str(tmp_path), "mesh.url": "tls://moved:7422"})
    settings = joined_settings(given, MEMBER, files)
    assert settings.mesh.url == "tls://moved:7422"
    assert settings.mesh.connection.urls == ("tls://moved:7422",)
    assert settings.mesh.connection.server_name == "covey-mesh"


def test_workers_beside_a_server_in_tls_know_its_authority(tmp_path: Path) -> None:
    secure = NatsConnectionConfig(urls=("tls://127.0.0.1:7422",))
    assert with_own_authority(secure, tmp_path) == secure
    files = joined(tmp_path)
    known = with_own_authority(secure, tmp_path)
    assert (known.ca_file, known.server_name) == (str(files.authority_file), "covey-mesh")
    plain = NatsConnectionConfig(urls=("nats://127.0.0.1:4222",))
    assert with_own_authority(plain, tmp_path) == plain
    named = NatsConnectionConfig(urls=("tls://box:4222",), ca_file="/elsewhere.pem")
    assert with_own_authority(named, tmp_path) == named


def token(lasts_s: float) -> str:
    return encode(
        JoinToken(addresses=("192.0.2.1:7422",), pin=b"p" * 32, secret=b"s" * 32, expires_at=int(time.time() + lasts_s))
    )


def test_what_cannot_work_is_said_before_anybody_is_asked(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest):
        join(settings_in(tmp_path), "join-covey-x")
    with pytest.raises(Forbidden, match="expired"):
        join(settings_in(tmp_path), token(-1))
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mesh").mkdir()
    (tmp_path / "mesh" / "nats.conf").write_text("")
    with pytest.raises(Conflict):
        join(settings_in(tmp_path), token(60))
