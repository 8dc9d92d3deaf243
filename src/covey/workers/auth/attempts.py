"""Attempts to log in or to register: counted per account and per address, taken before the work, given back after."""

from __future__ import annotations

from hashlib import sha256

from covey.domain.throttle import AttemptThrottle, network_of
from covey.errors import TooManyAttempts
from covey.protocol.ids import UserId
from covey.runtime.clock import Clock
from covey.workers.auth.config import ThrottleConfig

_Budgets = list[tuple[AttemptThrottle, str]]

REFUSED = "too many attempts; wait before the next one"


class Attempt:
    """One attempt that was counted."""

    def __init__(self, taken: _Budgets, clock: Clock) -> None:
        self._taken = taken
        self._clock = clock
        self._at = clock.monotonic()

    def give_back(self) -> None:
        """It went well, or it failed for no fault of the person's. Safe twice."""
        taken, self._taken = self._taken, []
        for throttle, key in taken:
            throttle.give_back(key, self._at, self._clock.monotonic())


class Attempts:
    """All budgets of one auth worker."""

    def __init__(self, config: ThrottleConfig, clock: Clock) -> None:
        self._clock = clock
        self._accounts = AttemptThrottle(config.account, max_keys=config.max_keys)
        self._devices = AttemptThrottle(config.device, max_keys=config.max_keys)
        self._networks = AttemptThrottle(config.network, max_keys=config.max_keys)
        self._registrations = AttemptThrottle(config.registration, max_keys=config.max_keys)

    def login(self, hashed_name: str, address: str | None, *, known: bool) -> Attempt:
        """Count a login. ``known``: the account was used from this network before, and has a budget of its own there,
        so that strangers cannot lock its owner out. Raises TooManyAttempts."""
        network = network_of(address)
        if known:
            return self._take([(self._devices, f"{hashed_name} {network}")], counted_too=[(self._networks, network)])
        return self._take([(self._accounts, hashed_name), (self._networks, network)])

    def password_check(self, user_id: UserId) -> Attempt:
        """Count a current password given by somebody who is logged in. Raises TooManyAttempts."""
        return self._take([(self._devices, user_id)])

    def registration(self, address: str | None) -> Attempt:
        """Raises TooManyAttempts."""
        return self._take([(self._registrations, network_of(address))])

    def _take(self, budgets: _Budgets, counted_too: _Budgets | None = None) -> Attempt:
        """Count in all of them; only ``budgets`` can refuse."""
        now = self._clock.monotonic()
        wait_s = max(throttle.wait_s(key, now) for throttle, key in budgets)
        if wait_s > 0:
            raise TooManyAttempts(REFUSED, retry_after_s=wait_s)
        counted = [*budgets, *(counted_too or ())]
        for throttle, key in counted:
            throttle.take(key, now)
        return Attempt(counted, self._clock)


def network_mark(user_id: UserId, address: str | None) -> str:
    """What an account remembers of a network that it was used from: enough to know it again, not to read it."""
    return sha256(f"{user_id} {network_of(address)}".encode()).hexdigest()[:16]
