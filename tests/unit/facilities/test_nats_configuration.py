from __future__ import annotations

from pathlib import Path

from covey.domain.mesh_permissions import ROLES
from covey.facilities.nats_configuration import MeshUser, NatsServerConfig, Ports, configuration_text, rendered

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
