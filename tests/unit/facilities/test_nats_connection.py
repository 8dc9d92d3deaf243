from __future__ import annotations

from pathlib import Path
from typing import Any

import nats.errors
import pytest

from covey.errors import BadSettings, NotStarted
from covey.facilities.connection_config import NatsConnectionConfig
from covey.facilities.nats_client import NatsClient
from covey.facilities.nats_connection import REFUSED_WAIT_S, NatsConnection


def connection(**settings: object) -> NatsConnection:
    given: dict[str, Any] = {"urls": ("nats://127.0.0.1:4222",), **settings}
    config = NatsConnectionConfig(**given)
    return NatsConnection(config, name="test", inbox_prefix="_INBOX_node.node-1")


@pytest.mark.parametrize(
    ("settings", "param"),
    [
        ({"urls": ()}, "mesh.url"),
        ({"urls": ("nats://127.0.0.1:4222", "tls://127.0.0.1:4222")}, "mesh.url"),
        ({"urls": ("ws://127.0.0.1:4222",)}, "mesh.url"),
        ({"urls": ("nats://10.0.0.7:4222",)}, "mesh.url"),
        ({"urls": ("nats://localhost:1", "nats://example.org:4222")}, "mesh.url"),
        ({"urls": ("tls://10.0.0.7:4222",)}, "mesh.connection.ca_file"),
        ({"urls": ("tls://10.0.0.7:4222",), "ca_file": "/nowhere/ca.pem"}, "mesh.connection.ca_file"),
        ({"seed_file": "/nowhere/seed"}, "mesh.connection.seed_file"),
    ],
)
async def test_settings_that_would_harm_stop_the_start(settings: dict[str, object], param: str) -> None:
    mesh = connection(**settings)
    with pytest.raises(BadSettings) as caught:
        await mesh.start()
    assert caught.value.param == param
    await mesh.stop()


async def test_a_damaged_identity_stops_the_start(tmp_path: Path) -> None:
    seed = tmp_path / "seed"
    seed.write_text("SUAnot-a-seed")
    with pytest.raises(BadSettings) as caught:
        await connection(seed_file=str(seed)).start()
    assert caught.value.param == "mesh.connection.seed_file"
    assert "SUA" not in caught.value.detail


async def test_before_the_start_everything_says_so() -> None:
    mesh = connection()
    assert not mesh.connected
    with pytest.raises(NotStarted):
        await mesh.check()
    with pytest.raises(NotStarted):
        await mesh.subscribe("a", lambda message: None)
    await mesh.stop()


async def test_who_was_shown_the_door_knocks_less_often() -> None:
    mesh = connection()
    client = NatsClient()
    client.options = {"reconnect_time_wait": 0.2}
    mesh._client = client
    await mesh._failed(nats.errors.Error("nats: 'Authorization Violation'"))
    assert mesh.refused
    assert client.options["reconnect_time_wait"] == REFUSED_WAIT_S
    await mesh._failed(BrokenPipeError())
    assert mesh.refused
    await mesh._returned()
    assert not mesh.refused
    assert client.options["reconnect_time_wait"] == 0.2
