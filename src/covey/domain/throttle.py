"""How often somebody may try: a budget of attempts that grows back, per key, in bounded memory.

Attempts are taken before the work and given back when they turn out well, so any number of parallel attempts is held
to the budget exactly. Times are seconds of a clock that never goes back.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from hashlib import sha256
from typing import Annotated

import msgspec
from msgspec import Meta

from covey.protocol.ids import InstanceId


class AttemptBudget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Failed attempts that may be made at once, and how they come back."""

    burst: Annotated[int, Meta(ge=1, le=1_000_000)]
    """How many attempts may be made at once."""
    refill_s: Annotated[float, Meta(ge=0.001, le=86_400.0)]
    """After how many seconds one attempt is given back."""


class AttemptThrottle:
    """One budget for each key. When there is no room for another key, those that owe least are forgotten first:
    somebody who makes up keys displaces his own before that of an account under attack."""

    def __init__(self, budget: AttemptBudget, *, max_keys: int) -> None:
        self._budget = budget
        self._max_keys = max_keys
        self._clear_at: dict[str, float] = {}
        """When each key will owe nothing any more."""

    def __len__(self) -> int:
        return len(self._clear_at)

    def wait_s(self, key: str, now: float) -> float:
        """Seconds until the next attempt is allowed; 0.0: now."""
        clear_at = self._clear_at.get(key)
        if clear_at is None:
            return 0.0
        return max(0.0, clear_at - now - (self._budget.burst - 1) * self._budget.refill_s)

    def take(self, key: str, now: float) -> None:
        """Count one attempt, whether it is allowed or not."""
        if key not in self._clear_at and len(self._clear_at) >= self._max_keys:
            self._make_room(now)
        # A key never owes more than its whole budget: the wait that strangers can cause has an end.
        longest = now + self._budget.burst * self._budget.refill_s
        self._clear_at[key] = min(longest, max(now, self._clear_at.get(key, now)) + self._budget.refill_s)

    def give_back(self, key: str, taken_at: float, now: float) -> None:
        """The attempt taken at ``taken_at`` does not count; what has grown back since is not given twice."""
        clear_at = self._clear_at.get(key)
        if clear_at is None:
            return
        clear_at -= max(0.0, self._budget.refill_s - (now - taken_at))
        if clear_at <= now:
            del self._clear_at[key]
        else:
            self._clear_at[key] = clear_at

    def _make_room(self, now: float) -> None:
        kept = sorted((item for item in self._clear_at.items() if item[1] > now), key=lambda item: item[1])
        # A tenth at once, so that the sorting is paid for rarely.
        surplus = max(0, len(kept) - (self._max_keys * 9) // 10)
        self._clear_at = dict(kept[surplus:])


def counting_instance(key: str, instances: Iterable[InstanceId]) -> InstanceId:
    """Which of ``instances``, at least one, counts ``key``: the same for everybody who sees the same instances, and
    when one comes or goes, only the keys that it counts change hands."""
    return max(instances, key=lambda instance: sha256(f"{instance} {key}".encode()).digest())


def network_of(address: str | None) -> str:
    """Who is behind an address for the purpose of counting: an IPv4 address, an IPv6 network of 64 bits, or nobody
    in particular."""
    try:
        parsed = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.IPv6Network((parsed, 64), strict=False))
    return str(parsed)
