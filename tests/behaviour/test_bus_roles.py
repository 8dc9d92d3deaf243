"""The bus under the real permissions: each role with its own identity, on the hardened server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from covey.facilities.connection_config import NatsConnectionConfig
from covey.facilities.nats_bus import NatsBus
from covey.facilities.nats_connection import NatsConnection
from covey.protocol import subjects
from covey.protocol.endpoint import Topic
from covey.testing.eventually import eventually
from tests.behaviour.bus import BusSuite, Ends
from tests.helpers.bus_services import Said
from tests.helpers.mesh import Mesh, running_mesh

pytestmark = pytest.mark.nats


async def bus_as(mesh: Mesh, role: str, stack: AsyncExitStack) -> NatsBus:
    seed = mesh.server.identities.directory / f"{role}.seed"
    connection = NatsConnection(
        NatsConnectionConfig(urls=(mesh.server.url,), seed_file=str(seed)),
        name=role,
        inbox_prefix=subjects.inbox_prefix(role, f"{role}-1"),
    )
    stack.push_async_callback(connection.stop)
    await connection.start()
    bus = NatsBus(connection)
    stack.push_async_callback(bus.stop)
    await bus.start()
    return bus


@pytest.fixture
async def ends(tmp_path: Path) -> AsyncIterator[Ends]:
    async with running_mesh(tmp_path) as mesh, AsyncExitStack() as stack:
        caller = await bus_as(mesh, "client", stack)
        server = await bus_as(mesh, "gateway", stack)
        yield Ends(caller.node, server.node)


class TestBusBetweenRoles:
    test_the_context_travels_with_the_call = BusSuite.test_the_context_travels_with_the_call
    test_a_named_error_arrives_with_its_facts = BusSuite.test_a_named_error_arrives_with_its_facts
    test_a_call_can_be_meant_for_one_instance = BusSuite.test_a_call_can_be_meant_for_one_instance
    test_all_instances_can_be_asked = BusSuite.test_all_instances_can_be_asked_and_errors_come_in_band
    test_a_slow_reader_slows_the_sender_down = BusSuite.test_a_slow_reader_slows_the_sender_down
    test_closing_a_stream_stops_the_work = BusSuite.test_closing_a_stream_stops_the_work
    test_instances_come_and_go = BusSuite.test_instances_come_and_go
    test_a_drain_lets_running_work_finish = BusSuite.test_a_drain_lets_running_work_finish

    async def test_events_reach_all_who_may_hear_them(self, ends: Ends) -> None:
        heard: dict[str, list[int]] = {"caller": [], "server": []}

        async def at_caller(event: Said) -> None:
            heard["caller"].append(event.number)

        async def at_server(event: Said) -> None:
            heard["server"].append(event.number)

        topic = Topic("gateway.said", Said)
        await ends.caller.subscribe(topic, at_caller)
        await ends.server.subscribe(topic, at_server)
        for number in range(50):
            await ends.server.publish(topic, Said(number=number))
        await eventually(lambda: all(numbers == list(range(50)) for numbers in heard.values()))
