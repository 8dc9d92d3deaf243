from __future__ import annotations

import re

import pytest

from covey.domain.throttle import AttemptBudget
from covey.errors import TooManyAttempts
from covey.protocol.ids import UserId
from covey.testing.manual_clock import ManualClock
from covey.workers.auth.attempts import Attempts, network_mark
from covey.workers.auth.config import ThrottleConfig

TWO = AttemptBudget(burst=2, refill_s=60.0)
MANY = AttemptBudget(burst=1000, refill_s=1.0)


def attempts(clock: ManualClock, **budgets: AttemptBudget) -> Attempts:
    fields = {"account": MANY, "device": MANY, "network": MANY, "registration": MANY, **budgets}
    return Attempts(ThrottleConfig(max_keys=100, **fields), clock)


def test_a_refused_attempt_costs_none_of_the_other_budgets() -> None:
    clock = ManualClock()
    made = attempts(clock, account=TWO, network=AttemptBudget(burst=4, refill_s=600.0))
    for _ in range(2):
        made.login("alice", "192.0.2.1", known=False)
    for _ in range(10):
        with pytest.raises(TooManyAttempts):
            made.login("alice", "192.0.2.1", known=False)
    for _ in range(2):
        made.login("bob", "192.0.2.1", known=False)
    with pytest.raises(TooManyAttempts):
        made.login("carol", "192.0.2.1", known=False)


def test_a_known_network_counts_for_others_there_but_is_not_refused_by_them() -> None:
    made = attempts(ManualClock(), network=TWO)
    for _ in range(5):
        made.login("alice", "192.0.2.1", known=True)
    with pytest.raises(TooManyAttempts):
        made.login("bob", "192.0.2.1", known=False)


def test_an_attempt_is_given_back_once() -> None:
    made = attempts(ManualClock(), registration=TWO)
    first = made.registration("192.0.2.1")
    made.registration("192.0.2.1")
    first.give_back()
    first.give_back()
    made.registration("192.0.2.1")
    with pytest.raises(TooManyAttempts) as caught:
        made.registration("192.0.2.1")
    assert caught.value.retry_after_s == 60.0


def test_the_wait_that_is_told_is_the_wait_that_it_takes() -> None:
    clock = ManualClock()
    made = attempts(clock, device=TWO)
    for _ in range(2):
        made.password_check(UserId("usr_1"))
    with pytest.raises(TooManyAttempts) as caught:
        made.password_check(UserId("usr_1"))
    assert caught.value.retry_after_s is not None
    clock.advance(caught.value.retry_after_s)
    made.password_check(UserId("usr_1"))


def test_the_mark_of_a_network_is_one_accounts_own_and_shows_nothing() -> None:
    marks = {network_mark(UserId(user), address) for user in ("usr_1", "usr_2") for address in ("192.0.2.1", None)}
    assert len(marks) == 4
    assert all(re.fullmatch("[0-9a-f]{16}", mark) for mark in marks)
