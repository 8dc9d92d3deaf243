from __future__ import annotations

import re

import pytest
from prometheus_client import CollectorRegistry

from covey.domain.throttle import AttemptBudget
from covey.errors import TooManyAttempts
from covey.protocol.ids import InstanceId, RequestId, UserId
from covey.rpc.context import CallContext
from covey.rpc.local import LocalBus
from covey.testing.manual_clock import ManualClock
from covey.workers.auth.attempt_peers import AttemptPeers
from covey.workers.auth.attempts import AttemptCounts, Attempts, network_mark
from covey.workers.auth.config import ThrottleConfig
from covey.workers.auth.metrics import AuthMetrics

TWO = AttemptBudget(burst=2, refill_s=60.0)
MANY = AttemptBudget(burst=1000, refill_s=1.0)
HERE = CallContext(request_id=RequestId("req_1"), client_address="192.0.2.1")


def attempts(clock: ManualClock, **budgets: AttemptBudget) -> Attempts:
    """Of an auth worker that is the only one."""
    fields = {"account": MANY, "device": MANY, "network": MANY, "registration": MANY, **budgets}
    peers = AttemptPeers(LocalBus(), InstanceId("auth-0"), AuthMetrics(CollectorRegistry()))
    return Attempts(AttemptCounts(ThrottleConfig(max_keys=100, **fields), clock), peers, clock)


async def test_a_refused_attempt_costs_none_of_the_other_budgets() -> None:
    clock = ManualClock()
    made = attempts(clock, account=TWO, network=AttemptBudget(burst=4, refill_s=600.0))
    for _ in range(2):
        await made.login("alice", HERE, known=False)
    for _ in range(10):
        with pytest.raises(TooManyAttempts):
            await made.login("alice", HERE, known=False)
    for _ in range(2):
        await made.login("bob", HERE, known=False)
    with pytest.raises(TooManyAttempts):
        await made.login("carol", HERE, known=False)


async def test_a_known_network_counts_for_others_there_but_is_not_refused_by_them() -> None:
    made = attempts(ManualClock(), network=TWO)
    for _ in range(5):
        await made.login("alice", HERE, known=True)
    with pytest.raises(TooManyAttempts):
        await made.login("bob", HERE, known=False)


async def test_an_attempt_is_given_back_once() -> None:
    made = attempts(ManualClock(), registration=TWO)
    first = await made.registration(HERE)
    await made.registration(HERE)
    first.give_back()
    first.give_back()
    await made.registration(HERE)
    with pytest.raises(TooManyAttempts) as caught:
        await made.registration(HERE)
    assert caught.value.retry_after_s == 60.0


async def test_the_wait_that_is_told_is_the_wait_that_it_takes() -> None:
    clock = ManualClock()
    made = attempts(clock, device=TWO)
    for _ in range(2):
        await made.password_check(UserId("usr_1"), HERE)
    with pytest.raises(TooManyAttempts) as caught:
        await made.password_check(UserId("usr_1"), HERE)
    assert caught.value.retry_after_s is not None
    clock.advance(caught.value.retry_after_s)
    await made.password_check(UserId("usr_1"), HERE)


def test_the_mark_of_a_network_is_one_accounts_own_and_shows_nothing() -> None:
    marks = {network_mark(UserId(user), address) for user in ("usr_1", "usr_2") for address in ("192.0.2.1", None)}
    assert len(marks) == 4
    assert all(re.fullmatch("[0-9a-f]{16}", mark) for mark in marks)
