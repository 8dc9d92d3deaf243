from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import ClassVar

import pytest
from prometheus_client import CollectorRegistry

from covey.domain.throttle import AttemptBudget, counting_instance
from covey.errors import DeadlineExceeded, TooManyAttempts
from covey.protocol.attempts import GIVE_BACK_ATTEMPT, TAKE_ATTEMPT, AttemptTaken, GiveBackAttempt, TakeAttempt
from covey.protocol.endpoint import Empty
from covey.protocol.ids import InstanceId, NodeName, RequestId
from covey.protocol.registry import InstanceInfo
from covey.rpc.context import CallContext
from covey.rpc.local import LocalBus
from covey.rpc.service import Service, serves
from covey.testing.eventually import eventually
from covey.testing.manual_clock import ManualClock
from covey.workers.auth.attempt_peers import AttemptPeers
from covey.workers.auth.attempts import AttemptCounts, Attempts
from covey.workers.auth.config import ThrottleConfig
from covey.workers.auth.metrics import AuthMetrics

FIVE = AttemptBudget(burst=5, refill_s=60.0)
MANY = AttemptBudget(burst=1000, refill_s=1.0)
CONFIG = ThrottleConfig(account=FIVE, device=FIVE, network=MANY, registration=FIVE, max_keys=1000)
REGISTRY_NAME = "covey_auth_attempts_counted_alone_total"


class Peer(Service):
    """An auth worker as far as it counts attempts."""

    service: ClassVar[str] = "auth"

    def __init__(self, bus: LocalBus, clock: ManualClock, name: str) -> None:
        self.instance = InstanceId(name)
        self.counts = AttemptCounts(CONFIG, clock)
        self.registry = CollectorRegistry()
        self.peers = AttemptPeers(bus, self.instance, AuthMetrics(self.registry))
        self.attempts = Attempts(self.counts, self.peers, clock)
        self.asked = 0
        self.answers = True

    @serves(TAKE_ATTEMPT)
    async def take_attempt(self, request: TakeAttempt, context: CallContext) -> AttemptTaken:
        self.asked += 1
        if not self.answers:
            raise DeadlineExceeded
        return AttemptTaken(wait_s=self.counts.take(request.charges))

    @serves(GIVE_BACK_ATTEMPT)
    async def give_back_attempt(self, request: GiveBackAttempt, context: CallContext) -> Empty:
        self.counts.give_back(request.charges, request.age_s)
        return Empty()

    def info(self) -> InstanceInfo:
        return InstanceInfo(service="auth", instance=self.instance, node=NodeName("node"), version="1", started_at=0.0)


@asynccontextmanager
async def peers(count: int) -> AsyncIterator[list[Peer]]:
    bus, clock = LocalBus(), ManualClock()
    made = [Peer(bus, clock, f"auth-{number}") for number in range(count)]
    for peer in made:
        await bus.serve(peer, peer.info)
    try:
        yield made
    finally:
        for peer in made:
            await peer.peers.close()
        await bus.close()


def addresses() -> Iterator[CallContext]:
    for number in range(1, 250):
        yield CallContext(request_id=RequestId("req_1"), client_address=f"192.0.2.{number}")


async def attempt(peer: Peer, name: str, context: CallContext) -> bool:
    try:
        await peer.attempts.login(name, context, known=False)
    except TooManyAttempts:
        return False
    return True


@pytest.mark.parametrize("count", [1, 2, 5])
async def test_the_budget_is_one_for_all_workers(count: int) -> None:
    async with peers(count) as made:
        for name in ("alice", "bob", "carol"):
            allowed = [
                await attempt(made[number % count], name, context)
                for number, context in zip(range(20), addresses(), strict=False)
            ]
            assert allowed == [True] * 5 + [False] * 15, name


async def test_where_there_is_one_worker_nothing_is_asked() -> None:
    async with peers(1) as (only,):
        assert await attempt(only, "alice", next(addresses()))
        assert only.asked == 0


async def test_what_went_well_is_given_back_everywhere() -> None:
    async with peers(3) as made:
        for number, context in zip(range(60), addresses(), strict=False):
            taken = await made[number % 3].attempts.login("alice", context, known=False)
            taken.give_back()
            await eventually(lambda: not any(peer.peers._returns for peer in made))
        assert [await attempt(made[0], "alice", next(addresses())) for _ in range(6)] == [True] * 5 + [False]


async def test_what_one_worker_refused_is_not_counted_by_another() -> None:
    async with peers(3) as made:
        context = CallContext(request_id=RequestId("req_1"), client_address="192.0.2.1")
        for _ in range(5):
            await attempt(made[0], "alice", context)
        for _ in range(100):
            assert not await attempt(made[1], "alice", context)
        await eventually(lambda: not any(peer.peers._returns for peer in made))
        # The address has a thousand attempts: five were used, and a hundred refusals took none of them.
        for peer in made:
            network = peer.counts._budgets["network"]
            assert network.wait_s("192.0.2.1", 0.0) == 0.0
            assert network._clear_at.get("192.0.2.1", 0.0) <= 5.0


async def test_a_worker_that_is_lost_leaves_the_others_with_what_they_have_seen() -> None:
    async with peers(2) as made:
        name = next(f"user{n}" for n in range(100) if counting_of(f"user{n}", made) == "auth-0")
        survivor = made[1]
        contexts = addresses()
        assert [await attempt(survivor, name, next(contexts)) for _ in range(3)] == [True] * 3
        made[0].answers = False
        assert [await attempt(survivor, name, next(contexts)) for _ in range(4)] == [True, True, False, False]
        assert survivor.registry.get_sample_value(REGISTRY_NAME) == 2


def counting_of(name: str, among: list[Peer]) -> str:
    return counting_instance(f"account {name}", [peer.instance for peer in among])


def test_keys_are_spread_and_keep_their_worker_when_another_one_leaves() -> None:
    instances = [InstanceId(f"auth-{number}") for number in range(4)]
    before = {f"key{n}": counting_instance(f"key{n}", instances) for n in range(400)}
    after = {key: counting_instance(key, reversed(instances[:3])) for key in before}
    assert min(Counter(before.values()).values()) > 50
    assert all(after[key] == instance for key, instance in before.items() if instance != "auth-3")
