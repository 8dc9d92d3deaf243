"""Where limits stand: something is reserved before the work and settled after it, whatever becomes of the work."""

from __future__ import annotations

from typing import Protocol

import msgspec

from covey.protocol.auth import Identity
from covey.protocol.ids import ModelName
from covey.protocol.inference import Usage


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """The most that one request can come to."""

    identity: Identity
    model: ModelName
    prompt_tokens: int
    """An upper estimate."""
    completion_tokens: int | None
    """None: as many as fit the context."""


class Reservation(msgspec.Struct, frozen=True):
    """What was set aside for one request. Exactly one ``settle`` follows."""

    number: int
    demand: Demand


class Limiter(Protocol):
    def reserve(self, demand: Demand, now: float) -> Reservation:
        """Raises QuotaExceeded with the seconds after which a retry makes sense."""

    def settle(self, reservation: Reservation, usage: Usage, now: float) -> None:
        """Replace what was reserved by what was used. Never raises; a second time changes nothing."""

    @property
    def outstanding(self) -> int:
        """Reservations that were not settled yet; 0 when nothing runs."""


class Unlimited:
    """Everybody may use as much as there is; what is under way is still counted."""

    def __init__(self) -> None:
        self._open: set[int] = set()
        self._made = 0

    def reserve(self, demand: Demand, now: float) -> Reservation:
        self._made += 1
        self._open.add(self._made)
        return Reservation(self._made, demand)

    def settle(self, reservation: Reservation, usage: Usage, now: float) -> None:
        self._open.discard(reservation.number)

    @property
    def outstanding(self) -> int:
        return len(self._open)
