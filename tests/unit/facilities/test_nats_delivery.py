from __future__ import annotations

import asyncio

import pytest

from covey.errors import StoreUnavailable
from covey.facilities.nats_delivery import Delivery, DeliveryLost, DeliveryStalled, deliver, read_all, read_newest
from covey.facilities.nats_stream import StreamCalls
from tests.helpers.stream_client import ScriptedClient, ScriptedConnection, message

POLICY = {"deliver_policy": "last_per_subject"}


class World:
    """A delivery that a test plays the server for."""

    def __init__(self, pending: int = 0) -> None:
        self.client = ScriptedClient(b'{"num_pending":%d}' % pending)
        self.calls = StreamCalls(ScriptedConnection(self.client), 1.0)
        self.delivery = Delivery(self.calls, 0.01)
        self.delivery.pending = pending
        self.sent = 0

    async def send(self, subject: str, sequence: int, pending: int, *, skip: int = 0) -> None:
        self.sent += 1 + skip
        reply = f"$JS.ACK.KV_a.name.1.{sequence}.{self.sent}.1500000000.{pending}"
        await self.delivery.receive(message(b"v", reply, subject=subject))

    async def beat(self, last: int | None = None, reply: str = "") -> None:
        headers = {"Status": "100", "Nats-Last-Consumer": str(self.sent if last is None else last)}
        await self.delivery.receive(message(headers=headers, reply=reply))


async def test_a_message_carries_its_sequence_time_and_what_is_to_come() -> None:
    world = World()
    await world.send("$KV.a.k", 42, 3)
    received = await world.delivery.next()
    assert (received.subject, received.sequence, received.at, received.pending) == ("$KV.a.k", 42, 1.5, 3)


async def test_replies_with_a_domain_are_read_as_well() -> None:
    world = World()
    await world.delivery.receive(message(b"v", "$JS.ACK.hub.account.KV_a.name.1.42.1.1500000000.3.random"))
    assert (await world.delivery.next()).sequence == 42


async def test_a_gap_in_the_delivery_is_a_loss() -> None:
    world = World()
    await world.send("a", 1, 1)
    await world.send("b", 2, 0, skip=1)
    await world.delivery.next()
    with pytest.raises(DeliveryLost):
        await world.delivery.next()


async def test_a_heartbeat_that_is_ahead_of_us_is_a_loss() -> None:
    world = World()
    await world.beat(last=3)
    with pytest.raises(DeliveryLost):
        await world.delivery.next()


async def test_an_aborted_delivery_wakes_its_reader() -> None:
    world = World()
    reader = asyncio.create_task(world.delivery.next())
    await asyncio.sleep(0)
    world.delivery.abort()
    with pytest.raises(DeliveryLost):
        await reader


async def test_silence_without_heartbeats_is_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("covey.facilities.nats_delivery.SHORTEST_PATIENCE_S", 0.01)
    with pytest.raises(DeliveryLost):
        await World().delivery.next()


async def test_a_server_that_idles_while_messages_wait_cannot_read_them() -> None:
    world = World(pending=2)
    await world.send("a", 1, 1)
    for _ in range(3):
        await world.beat()
    reading = read_all(world.delivery)
    assert (await anext(reading)).subject == "a"
    with pytest.raises(DeliveryStalled):
        await anext(reading)


async def test_flow_control_is_answered_once_what_came_before_is_read() -> None:
    world = World()
    await world.delivery.receive(message(headers={"Status": "100"}, reply="$JS.FC.KV_a.x"))
    await world.send("a", 1, 0)
    assert world.client.told == []
    await world.delivery.next()
    assert world.client.told == ["$JS.FC.KV_a.x"]


async def test_the_successor_of_a_skipped_message_is_waited_for() -> None:
    world = World(pending=3)
    await world.send("a", 1, 1)
    await world.send("c", 3, 0)
    reader = asyncio.create_task(_subjects(world.delivery))
    await asyncio.sleep(0)
    await world.send("b", 4, 0)
    assert await reader == ["a", "c", "b"]


async def _subjects(delivery: Delivery) -> list[str]:
    return [each.subject async for each in read_newest(delivery)]


async def test_reading_goes_on_until_the_leader_s_position_is_reached() -> None:
    world = World(pending=1)
    await world.send("a", 1, 0)
    await world.send("b", 5, 0)
    assert [each.sequence async for each in read_all(world.delivery, until_sequence=5)] == [1, 5]


async def test_a_delivery_leaves_neither_subscription_nor_consumer_behind() -> None:
    world = World(pending=4)
    async with deliver(world.calls, "KV_a", ["$KV.a.>"], policy=POLICY) as delivery:
        assert delivery.pending == 4
        (subject, body, _) = world.client.asked[0]
        assert subject.startswith("$JS.API.CONSUMER.CREATE.KV_a.")
        assert b'"inactive_threshold":5000000000' in body
    assert not world.client.subscriptions[0].open
    assert [told.rpartition(".")[0] for told in world.client.told] == ["$JS.API.CONSUMER.DELETE.KV_a"]


async def test_a_consumer_that_cannot_be_made_leaves_no_subscription() -> None:
    world = World()
    world.client.answers = [b'{"error":{"code":404,"err_code":10059}}']
    with pytest.raises(StoreUnavailable):
        async with deliver(world.calls, "KV_a", ["$KV.a.>"], policy=POLICY):
            raise AssertionError("not reached")
    assert not world.client.subscriptions[0].open
