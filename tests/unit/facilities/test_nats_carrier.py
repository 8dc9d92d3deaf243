from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import nats.errors
import pytest

from covey.errors import PayloadTooLarge, PeerUnavailable
from covey.facilities.nats_carrier import CONGESTED_BYTES, NatsCarrier
from covey.facilities.nats_connection import NatsConnection
from covey.testing.gate import Gate


class FakeClient:
    """As much of the library's client as a carrier touches."""

    def __init__(self) -> None:
        self.is_connected = True
        self.pending_data_size = 0
        self.max_payload = 10_000
        self.sent: list[tuple[str, bytes, str, dict[str, str] | None]] = []
        self.failure: Exception | None = None
        self.gate: Gate | None = None

    async def publish(self, subject: str, payload: bytes, reply: str, headers: dict[str, str] | None) -> None:
        if self.failure is not None:
            raise self.failure
        self.sent.append((subject, payload, reply, headers))
        if self.gate is not None:
            await self.gate.enter()


def carrier_on(client: FakeClient) -> NatsCarrier:
    connection = SimpleNamespace(client=client, inbox_prefix="_INBOX_x.x", connected=True)
    return NatsCarrier(cast("NatsConnection", connection))


def test_a_message_is_handed_over_without_waiting() -> None:
    client = FakeClient()
    carrier_on(client).publish("a", b"1", headers={"h": "v"}, reply="r")
    assert client.sent == [("a", b"1", "r", {"h": "v"})]


@pytest.mark.parametrize("headers", [{}, {"name": "x" * 100}, {"name": "é" * 100}])
def test_payload_and_headers_together_stay_below_the_limit(headers: dict[str, str]) -> None:
    client = FakeClient()
    carrier = carrier_on(client)
    room = client.max_payload - 2048 - sum(len(name) + 4 + len(value.encode()) for name, value in headers.items())
    carrier.publish("a", b"x" * room, headers=headers)
    with pytest.raises(PayloadTooLarge):
        carrier.publish("a", b"x" * (room + 1), headers=headers)
    assert len(client.sent) == 1


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param({"is_connected": False}, id="disconnected"),
        pytest.param({"pending_data_size": CONGESTED_BYTES + 1}, id="congested"),
        pytest.param({"failure": nats.errors.ConnectionClosedError()}, id="closed"),
        pytest.param({"failure": nats.errors.OutboundBufferLimitError()}, id="lost just now"),
    ],
)
def test_what_cannot_be_sent_now_is_refused_and_not_kept(harm: dict[str, Any]) -> None:
    client = FakeClient()
    for name, value in harm.items():
        setattr(client, name, value)
    with pytest.raises(PeerUnavailable):
        carrier_on(client).publish("a", b"1")
    assert client.sent == []


async def test_a_publish_that_has_to_wait_goes_on_by_itself_and_ends_with_the_carrier() -> None:
    client = FakeClient()
    client.gate = Gate()
    carrier = carrier_on(client)
    carrier.publish("a", b"1")
    carrier.publish("a", b"2")
    assert [payload for _, payload, _, _ in client.sent] == [b"1", b"2"]
    client.gate.open()
    await asyncio.sleep(0)
    client.gate = Gate()
    carrier.publish("a", b"3")
    await asyncio.sleep(0)  # the rest of it has begun
    await carrier.close()
    assert client.gate.left == 1
