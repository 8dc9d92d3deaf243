from __future__ import annotations

from covey.domain.limits import Demand, Unlimited
from covey.protocol.auth import Identity
from covey.protocol.ids import ModelName, UserId
from covey.protocol.inference import Usage

DEMAND = Demand(
    identity=Identity(user_id=UserId("usr_1"), username="ada"),
    model=ModelName("m"),
    prompt_tokens=10,
    completion_tokens=None,
)


def test_everything_reserved_is_settled_once_and_nothing_is_left() -> None:
    limiter = Unlimited()
    reservations = [limiter.reserve(DEMAND, 0.0) for _ in range(5)]
    assert limiter.outstanding == 5
    for reservation in reservations:
        limiter.settle(reservation, Usage(), 1.0)
        limiter.settle(reservation, Usage(), 1.0)
    assert limiter.outstanding == 0
