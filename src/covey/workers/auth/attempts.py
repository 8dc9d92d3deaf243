"""Attempts to log in or to register: counted per account and per address, taken before the work, given back after.

Each key is counted by one auth worker for all of them. Every worker counts its own attempts too: what it has refused
already costs no call, and when the counting worker is lost, it goes on from what it has seen itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from covey.domain.throttle import AttemptThrottle, network_of
from covey.errors import TooManyAttempts
from covey.protocol.attempts import BudgetName, Charge
from covey.protocol.ids import UserId
from covey.rpc.context import CallContext
from covey.runtime.clock import Clock
from covey.workers.auth.attempt_peers import AttemptPeers, Share
from covey.workers.auth.config import ThrottleConfig

REFUSED = "too many attempts; wait before the next one"


class AttemptCounts:
    """All budgets as one auth worker counts them."""

    def __init__(self, config: ThrottleConfig, clock: Clock) -> None:
        self._clock = clock
        self._budgets: dict[BudgetName, AttemptThrottle] = {
            "account": AttemptThrottle(config.account, max_keys=config.max_keys),
            "device": AttemptThrottle(config.device, max_keys=config.max_keys),
            "network": AttemptThrottle(config.network, max_keys=config.max_keys),
            "registration": AttemptThrottle(config.registration, max_keys=config.max_keys),
        }

    def take(self, charges: Sequence[Charge]) -> float:
        """Count in all of them, or in none: then it answers the seconds to wait, and otherwise 0.0."""
        now = self._clock.monotonic()
        wait_s = max((self._budgets[each.budget].wait_s(each.key, now) for each in charges if each.refuses), default=0)
        if wait_s > 0:
            return wait_s
        for each in charges:
            self._budgets[each.budget].take(each.key, now)
        return 0.0

    def give_back(self, charges: Sequence[Charge], age_s: float) -> None:
        """An attempt that was counted ``age_s`` seconds ago does not count."""
        now = self._clock.monotonic()
        for each in charges:
            self._budgets[each.budget].give_back(each.key, now - max(0.0, age_s), now)


class Attempt:
    """One attempt that was counted, here and elsewhere."""

    def __init__(self, counts: AttemptCounts, peers: AttemptPeers, shares: Sequence[Share], clock: Clock) -> None:
        self._counts = counts
        self._peers = peers
        self._shares = shares
        self._clock = clock
        self._at = clock.monotonic()

    def give_back(self) -> None:
        """It went well, or it failed for no fault of the person's. Safe twice."""
        shares, self._shares = self._shares, ()
        age_s = self._clock.monotonic() - self._at
        for share in shares:
            if share.instance is None:
                self._counts.give_back(share.charges, age_s)
            else:
                self._peers.give_back(share, age_s)


class Attempts:
    """Who may try now, over all auth workers."""

    def __init__(self, counts: AttemptCounts, peers: AttemptPeers, clock: Clock) -> None:
        self._counts = counts
        self._peers = peers
        self._clock = clock

    async def login(self, hashed_name: str, context: CallContext, *, known: bool) -> Attempt:
        """Count a login. ``known``: the account was used from this network before, and has a budget of its own there,
        so that strangers cannot lock its owner out. Raises TooManyAttempts."""
        network = network_of(context.client_address)
        own = (
            Charge(budget="device", key=f"{hashed_name} {network}")
            if known
            else Charge(budget="account", key=hashed_name)
        )
        return await self._take((own, Charge(budget="network", key=network, refuses=not known)), context)

    async def password_check(self, user_id: UserId, context: CallContext) -> Attempt:
        """Count a current password given by somebody who is logged in. Raises TooManyAttempts."""
        return await self._take((Charge(budget="device", key=user_id),), context)

    async def registration(self, context: CallContext) -> Attempt:
        """Raises TooManyAttempts."""
        return await self._take((Charge(budget="registration", key=network_of(context.client_address)),), context)

    async def _take(self, charges: tuple[Charge, ...], context: CallContext) -> Attempt:
        own = Share(instance=None, charges=charges)
        wait_s = self._counts.take(charges)
        if wait_s > 0:
            raise TooManyAttempts(REFUSED, retry_after_s=wait_s)
        taken, wait_s = await self._peers.take(charges, context)
        attempt = Attempt(self._counts, self._peers, (own, *taken), self._clock)
        if wait_s > 0:
            attempt.give_back()
            raise TooManyAttempts(REFUSED, retry_after_s=wait_s)
        return attempt


def network_mark(user_id: UserId, address: str | None) -> str:
    """What an account remembers of a network that it was used from: enough to know it again, not to read it."""
    return sha256(f"{user_id} {network_of(address)}".encode()).hexdigest()[:16]
