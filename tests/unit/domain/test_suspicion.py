from __future__ import annotations

from covey.domain.suspicion import Suspicion


def test_the_second_death_makes_a_request_poison() -> None:
    found = Suspicion()
    found.engine_died("a")
    assert not found.is_poison("a")
    found.engine_died("a")
    assert found.is_poison("a")
    assert not found.is_poison("b")


def test_the_oldest_are_forgotten_first() -> None:
    found = Suspicion(remembered=2, patience=1)
    for request in ("a", "b", "a", "c"):
        found.engine_died(request)
    assert [found.is_poison(request) for request in "abc"] == [True, False, True]
