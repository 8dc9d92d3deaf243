"""What auth workers tell each other of attempts to log in and to register, so that they count as one.

No operation of people leads here: the grants of the mesh let auth workers and gateways alone ask.
"""

from __future__ import annotations

from typing import Literal

from covey.protocol.endpoint import Empty, Endpoint, Message

BudgetName = Literal["account", "device", "network", "registration"]


class Charge(Message, frozen=True, kw_only=True):
    """One attempt counted under one key of one budget."""

    budget: BudgetName
    key: str
    refuses: bool = True
    """False: it is counted, but an empty budget does not stand in the way of this attempt."""


class TakeAttempt(Message, frozen=True, kw_only=True):
    charges: tuple[Charge, ...]


class AttemptTaken(Message, frozen=True, kw_only=True):
    wait_s: float = 0.0
    """More than 0: refused, and nothing was counted; so many seconds until it would be allowed."""


class GiveBackAttempt(Message, frozen=True, kw_only=True):
    """An attempt that was counted turned out well, or was never made."""

    charges: tuple[Charge, ...]
    age_s: float
    """How long ago it was counted: what has grown back since is not given twice."""


TAKE_ATTEMPT = Endpoint("auth.take_attempt", TakeAttempt, AttemptTaken, timeout_s=1.0)
GIVE_BACK_ATTEMPT = Endpoint("auth.give_back_attempt", GiveBackAttempt, Empty, timeout_s=2.0)
