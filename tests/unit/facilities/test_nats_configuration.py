from __future__ import annotations

from pathlib import Path

import pytest

from covey.domain.mesh_permissions import ROLES
from covey.errors import BadSettings
from covey.facilities.nats_configuration import (
    JoinConfig,
    MeshUser,
    NatsServerConfig,
    Ports,
    configuration_text,
    host_and_port,
    listener_of,
    rendered,
    url_of_running,
)

USERS = [MeshUser(role=role, public_key=f"U{role.upper()}") for role in ROLES]


def text_of(directory: Path = Path("/data/mesh")) -> str:
    return configuration_text(NatsServerConfig(), Ports(client=4222, monitor=8222), directory, USERS)


def test_hardening_is_in_the_file() -> None:
    text = text_of()
    for line in (
        'listen: "127.0.0.1:4222"',
        'http: "127.0.0.1:8222"',
        "sync_interval: always",
        'write_deadline: "2s"',
        'ping_interval: "5s"',
        "max_payload: 8388608",
        "max_pending: 67108864",
        'system_account: "SYS"',
    ):
        assert line in text


def test_no_other_listener_and_no_anonymous_user_is_in_the_file() -> None:
    text = text_of()
    for word in ("websocket", "mqtt", "leafnodes", "gateway {", "cluster", "no_auth_user", "password", "deny"):
        assert word not in text


def test_with_machines_that_join_there_is_tls_and_nothing_in_the_clear() -> None:
    config = NatsServerConfig(join=JoinConfig(address="0.0.0.0:7422"))
    text = configuration_text(config, Ports(client=7422, monitor=8222), Path("/data/mesh"), USERS)
    for line in ('listen: "0.0.0.0:7422"', "handshake_first: true", 'min_version: "1.3"', 'http: "127.0.0.1:8222"',
                 'key_file: "/data/mesh/tls/server.key"'):  # fmt: skip
        assert line in text
    assert "allow_non_tls" not in text
    assert text.count("listen:") == 1
    assert "tls" not in text_of()


@pytest.mark.parametrize(
    ("text", "found"),
    [("0.0.0.0:7422", ("0.0.0.0", 7422)), ("[::]:7422", ("::", 7422)), ("box", ("box", None)), ("::1", ("::1", None)),
     ("[::1]", ("::1", None)),
     ("box.example:1", ("box.example", 1))],
)  # fmt: skip
def test_addresses_are_read(text: str, found: tuple[str, int | None]) -> None:
    assert host_and_port(text) == found


@pytest.mark.parametrize(
    "text", ["", ":", ":7422", "a b:1", 'x"\nlisten: y:1', "box:port", "box:70000", "box:-1", "é:1"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(BadSettings):
        host_and_port(text)


def test_joining_needs_a_port() -> None:
    with pytest.raises(BadSettings) as refused:
        listener_of(NatsServerConfig(join=JoinConfig(address="0.0.0.0")))
    assert refused.value.param == "mesh.server.join.address"


def test_every_identity_is_in_one_account_only() -> None:
    text = text_of()
    for user in USERS:
        assert text.count(f'nkey: "{user.public_key}"') == 1
    store = text[text.index("STORE:") : text.index("MESH:")]
    assert 'nkey: "UOPERATOR"' in store
    assert 'nkey: "UAUTH"' not in store


def test_path_with_quotes_and_backslashes_stays_one_value() -> None:
    assert rendered('a "b" \\c') == '"a \\"b\\" \\\\c"'
    assert '"/da\\"ta/jetstream"' in text_of(Path('/da"ta'))


@pytest.mark.parametrize(
    ("config", "url"),
    [
        (NatsServerConfig(), "nats://127.0.0.1:4222"),
        (NatsServerConfig(host="::"), "nats://[::1]:4222"),
        (NatsServerConfig(join=JoinConfig(address="0.0.0.0:7422")), "tls://127.0.0.1:4222"),
    ],
)
def test_where_a_server_listens_is_read_from_its_file(tmp_path: Path, config: NatsServerConfig, url: str) -> None:
    assert url_of_running(tmp_path) is None
    text = configuration_text(config, Ports(client=4222, monitor=8222), tmp_path, USERS)
    (tmp_path / "nats.conf").write_text(text)
    assert url_of_running(tmp_path) == url
