"""A captured worker that takes as much of the nats-server as it is given: N13."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import nats.errors
import pytest

from covey.facilities import nats_configuration
from covey.testing.eventually import eventually
from tests.helpers.mesh import Connection, running_mesh

pytestmark = pytest.mark.nats

STREAM = "KV_gateway"


async def consumer(connection: Connection, number: int) -> bool:
    config = {"name": f"c{number}", "deliver_subject": connection.client.new_inbox(), "ack_policy": "none"}
    body = {"stream_name": STREAM, "config": config}
    return "error" not in await connection.api(f"CONSUMER.CREATE.{STREAM}.c{number}", body)


async def test_n13_consumers_are_bounded_and_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nats_configuration, "MOST_CONSUMERS", 20)
    async with running_mesh(tmp_path) as mesh:
        await mesh.make_streams()
        captured, other = await mesh.connect("gateway"), await mesh.connect("gateway", instance="gateway-2")
        made = [await consumer(captured, number) for number in range(40)]
        assert made == [True] * 20 + [False] * 20
        assert not await consumer(other, 100)
        for number in range(20):
            await captured.api(f"CONSUMER.DELETE.{STREAM}.c{number}")
        assert await consumer(other, 100)


async def test_n13_subscriptions_of_a_connection_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nats_configuration, "MOST_SUBSCRIPTIONS", 50)
    async with running_mesh(tmp_path) as mesh:
        captured, other = await mesh.connect("client"), await mesh.connect("gateway")
        for number in range(49):
            await captured.client.subscribe(f"_INBOX_client.client-1.{number}")
        await captured.settle()
        with suppress(nats.errors.Error):
            for number in range(49, 60):
                await captured.client.subscribe(f"_INBOX_client.client-1.{number}")
            await captured.settle()
        await eventually(lambda: captured.client.is_closed)
        assert "subscriptions" in str(captured.client.last_error)
        assert await other.may_subscribe("_INBOX_gateway.gateway-1.x")
