from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.domain.throttle import AttemptBudget, AttemptThrottle, network_of

BUDGET = AttemptBudget(burst=3, refill_s=10.0)


def throttle(max_keys: int = 100) -> AttemptThrottle:
    return AttemptThrottle(BUDGET, max_keys=max_keys)


def allowed(which: AttemptThrottle, key: str, now: float) -> bool:
    if which.wait_s(key, now) > 0:
        return False
    which.take(key, now)
    return True


def test_the_burst_is_exact_and_then_one_attempt_grows_back_at_a_time() -> None:
    attempts = throttle()
    assert [allowed(attempts, "a", 0.0) for _ in range(5)] == [True, True, True, False, False]
    assert attempts.wait_s("a", 0.0) == 10.0
    assert [allowed(attempts, "a", 10.0) for _ in range(2)] == [True, False]
    assert [allowed(attempts, "a", 1000.0) for _ in range(4)] == [True, True, True, False]


def test_keys_do_not_share_a_budget() -> None:
    attempts = throttle()
    for _ in range(3):
        assert allowed(attempts, "a", 0.0)
    assert allowed(attempts, "b", 0.0)


def test_what_is_given_back_was_never_counted() -> None:
    attempts = throttle()
    for _ in range(50):
        assert allowed(attempts, "a", 0.0)
        attempts.give_back("a", 0.0, 0.0)
    assert len(attempts) == 0


def test_what_has_grown_back_is_not_given_twice() -> None:
    attempts = throttle()
    assert allowed(attempts, "a", 0.0)
    assert [allowed(attempts, "a", 10.0) for _ in range(3)] == [True] * 3
    attempts.give_back("a", 0.0, 10.0)
    assert not allowed(attempts, "a", 10.0)


def test_a_flood_of_keys_displaces_itself_and_not_the_account_under_attack() -> None:
    attempts = throttle(max_keys=50)
    for _ in range(3):
        assert allowed(attempts, "victim", 0.0)
    for number in range(5000):
        allowed(attempts, f"made-up-{number}", 0.0)
        assert len(attempts) <= 50
    assert not allowed(attempts, "victim", 0.0)


@given(st.lists(st.floats(0.0, 5.0), max_size=200))
def test_never_more_than_the_budget_in_any_order_of_events(pauses: list[float]) -> None:
    attempts = throttle()
    now, granted = 0.0, 0
    for pause in pauses:
        now += pause
        granted += allowed(attempts, "a", now)
        assert granted <= BUDGET.burst + now / BUDGET.refill_s + 1e-6


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, "unknown"),
        ("", "unknown"),
        ("not an address", "unknown"),
    ],
)
def test_addresses_of_one_network_are_counted_as_one(address: str | None, network: str) -> None:
    assert network_of(address) == network
