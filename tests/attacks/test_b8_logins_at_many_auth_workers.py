"""Guessing at several auth workers at the same time, over the mesh with its permissions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from covey.domain.throttle import AttemptBudget
from covey.errors import CoveyError, TooManyAttempts, Unauthenticated
from covey.facilities.connection_config import NatsConnectionConfig
from covey.facilities.nats_bus import NatsBus
from covey.facilities.nats_connection import NatsConnection
from covey.protocol import auth, subjects
from covey.protocol.ids import InstanceId, NodeName, RequestId
from covey.rpc.context import CallContext
from covey.rpc.node import RpcNode
from covey.testing.eventually import eventually
from covey.testing.manual_clock import ManualClock
from covey.testing.memory_store import MemoryStore
from covey.workers.auth.config import ThrottleConfig
from covey.workers.auth.worker import AuthWorker
from tests.helpers.auth_worker import AMPLE, PASSWORD, auth_config
from tests.helpers.mesh import Mesh, running_mesh

pytestmark = pytest.mark.nats

SEVEN = AttemptBudget(burst=7, refill_s=60.0)
WORKERS = ("auth-0", "auth-1")


async def bus_as(mesh: Mesh, role: str, instance: str, stack: AsyncExitStack) -> RpcNode:
    connection = NatsConnection(
        NatsConnectionConfig(urls=(mesh.server.url,), seed_file=str(mesh.server.identities.directory / f"{role}.seed")),
        name=instance,
        inbox_prefix=subjects.inbox_prefix(role, instance),
    )
    stack.push_async_callback(connection.stop)
    await connection.start()
    bus = NatsBus(connection)
    stack.push_async_callback(bus.stop)
    await bus.start()
    return bus.node


class Service:
    """Two auth workers, each with a connection of its own, and a gateway that asks them."""

    def __init__(self, gateway: RpcNode, registries: list[CollectorRegistry]) -> None:
        self.gateway = gateway
        self._registries = registries

    async def login(self, number: int, username: str, password: str, address: str) -> type[CoveyError] | None:
        """The refusal, if it was refused; by turns at one worker and the other."""
        context = CallContext(request_id=RequestId(f"req_{number}"), client_address=address)
        try:
            await self.gateway.call(
                auth.LOGIN,
                auth.Login(username=username, password=password),
                context,
                to=InstanceId(WORKERS[number % len(WORKERS)]),
            )
        except CoveyError as error:
            return type(error)
        return None

    async def register(self, username: str, address: str) -> None:
        context = CallContext(request_id=RequestId("req_r"), client_address=address)
        await self.gateway.call(auth.REGISTER, auth.Register(username=username, password=PASSWORD), context)

    def total(self, name: str, **labels: str) -> float:
        return sum(registry.get_sample_value(name, labels) or 0.0 for registry in self._registries)


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    clock = ManualClock()
    store = MemoryStore(clock)
    throttle = ThrottleConfig(account=SEVEN, device=SEVEN, network=SEVEN, registration=AMPLE)
    registries = [CollectorRegistry() for _ in WORKERS]
    buses: list[RpcNode] = []
    async with running_mesh(tmp_path) as mesh, AsyncExitStack() as stack:
        for name, registry in zip(WORKERS, registries, strict=True):
            bus = await bus_as(mesh, "auth", name, stack)
            worker = AuthWorker(
                auth_config(throttle=throttle), bus, store, clock, registry,
                instance=InstanceId(name), node=NodeName(name),
            )  # fmt: skip
            await worker.start()
            stack.push_async_callback(worker.stop)
            buses.append(bus)
        gateway = await bus_as(mesh, "gateway", "gateway-1", stack)
        buses.append(gateway)
        await eventually(lambda: all(len(bus.instances("auth")) == len(WORKERS) for bus in buses))
        yield Service(gateway, registries)
    await store.stop()


async def test_b8_guesses_at_two_auth_workers_share_one_budget_of_the_account(service: Service) -> None:
    await service.register("alice", "198.51.100.1")
    answers = await asyncio.gather(
        *(service.login(number, "alice", "not the password", f"203.0.113.{number}") for number in range(60))
    )
    assert answers.count(Unauthenticated) == 7
    assert answers.count(TooManyAttempts) == 53
    assert service.total("covey_auth_password_hashes_total", kind="verify") == 7
    assert service.total("covey_auth_attempts_counted_alone_total") == 0


async def test_b8_one_address_has_one_budget_whatever_the_account(service: Service) -> None:
    answers = await asyncio.gather(
        *(service.login(number, f"user{number}", "not the password", "203.0.113.1") for number in range(40))
    )
    assert answers.count(Unauthenticated) == 7
    assert answers.count(TooManyAttempts) == 33


async def test_b8_the_owner_gets_in_from_where_they_were_before_whatever_strangers_do(service: Service) -> None:
    await service.register("alice", "198.51.100.1")
    await asyncio.gather(
        *(service.login(number, "alice", "not the password", f"203.0.113.{number}") for number in range(30))
    )
    for number in range(20):
        assert await service.login(number, "alice", PASSWORD, "198.51.100.1") is None
