"""The auth worker's settings."""

from __future__ import annotations

from typing import Literal

import msgspec

from covey.domain.throttle import AttemptBudget
from covey.errors import BadSettings


class PasswordHashConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Argon2id (RFC 9106). Passwords are hashed again with changed parameters when their owner logs in next."""

    time_cost: int = 3
    """Passes over the memory."""
    memory_kib: int = 65_536
    """Memory of one hash, in KiB; at most ``concurrency`` hashes are made at a time."""
    parallelism: int = 1
    """Threads of one hash."""
    concurrency: int = 0
    """Hashes at a time; 0: half of the processor cores, at least one. Never more than there are cores."""
    max_waiting: int = 32
    """How many may wait for their turn; further logins are answered 429."""


class SessionConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long people stay logged in."""

    access_token_ttl_s: int = 600
    """Life of an access token, in seconds; 30 to 3600."""
    idle_ttl_s: int = 30 * 24 * 3600
    """A session that is not renewed for so many seconds ends."""
    max_ttl_s: int = 180 * 24 * 3600
    """A session ends after so many seconds, renewed or not."""
    max_per_user: int = 50
    """Sessions of one account; one more login ends the one that was unused longest. 1 to 80."""


class SigningKeyConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys that sign access tokens, and when they change."""

    max_age_s: float = 30 * 24 * 3600.0
    """Age in seconds at which the signing key is followed by a new one; 0: only when an administrator asks."""
    settle_s: float = 60.0
    """How long a new key is known before it signs; longer than ``refresh_interval_s``."""
    refresh_interval_s: float = 15.0
    """How often each auth worker looks for new keys, and whether one is due."""


class ApiKeyConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """API keys."""

    max_per_user: int = 50
    """Keys of one account that are not revoked; 1 to 50. Of the revoked ones the last fifty stay listed."""
    last_used_precision_s: float = 60.0
    """A key's last use is stored again when it is so many seconds later than the stored one."""


class ThrottleConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Failed attempts that are allowed, over all auth workers."""

    account: AttemptBudget = AttemptBudget(burst=10, refill_s=60.0)
    """Failed logins to one account from addresses that it was not used from before."""
    device: AttemptBudget = AttemptBudget(burst=10, refill_s=60.0)
    """Failed logins to one account from one address that it was used from before: strangers do not use this up."""
    network: AttemptBudget = AttemptBudget(burst=50, refill_s=10.0)
    """Failed logins from one address (IPv6: one network of 64 bits), whatever the account."""
    registration: AttemptBudget = AttemptBudget(burst=50, refill_s=60.0)
    """Registrations from one address, successful or not."""
    max_keys: int = 50_000
    """How many accounts and addresses are remembered in each of these; about 150 bytes each."""


class AuthConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may register, and how accounts, sessions and keys are kept."""

    registration: Literal["open", "invitation", "closed"] = "open"
    """Who may make an account once there is one: everybody, those with an invitation, nobody. The first account may
    always be made, and becomes the administrator."""
    max_invitations: int = 500
    """Invitations that are neither used nor expired."""
    password_hash: PasswordHashConfig = PasswordHashConfig()
    """How passwords are hashed."""
    sessions: SessionConfig = SessionConfig()
    """How long logins last."""
    signing_keys: SigningKeyConfig = SigningKeyConfig()
    """How often the keys that sign access tokens change."""
    api_keys: ApiKeyConfig = ApiKeyConfig()
    """How many API keys there may be."""
    throttle: ThrottleConfig = ThrottleConfig()
    """How often somebody may try."""
    healing_interval_s: float = 300.0
    """How often leftovers of a crash between two writes are looked for."""
    healing_grace_s: float = 30.0
    """Differences younger than this are left alone: another auth worker may be about to remove them."""


def check_config(config: AuthConfig) -> AuthConfig:
    """``config`` itself. Raises BadSettings naming the value that is out of its range."""
    ranges: list[tuple[str, float, float, float]] = [
        ("password_hash.time_cost", config.password_hash.time_cost, 1, 100),
        ("password_hash.memory_kib", config.password_hash.memory_kib, 8, 4_194_304),
        ("password_hash.parallelism", config.password_hash.parallelism, 1, 64),
        ("password_hash.concurrency", config.password_hash.concurrency, 0, 1024),
        ("password_hash.max_waiting", config.password_hash.max_waiting, 0, 10_000),
        ("sessions.access_token_ttl_s", config.sessions.access_token_ttl_s, 30, 3600),
        ("sessions.idle_ttl_s", config.sessions.idle_ttl_s, 60, 10 * 365 * 86_400),
        ("sessions.max_ttl_s", config.sessions.max_ttl_s, 60, 10 * 365 * 86_400),
        ("sessions.max_per_user", config.sessions.max_per_user, 1, 80),
        ("signing_keys.max_age_s", config.signing_keys.max_age_s, 0, 10 * 365 * 86_400),
        ("signing_keys.settle_s", config.signing_keys.settle_s, config.signing_keys.refresh_interval_s, 86_400),
        ("signing_keys.refresh_interval_s", config.signing_keys.refresh_interval_s, 0.01, 3600),
        ("api_keys.max_per_user", config.api_keys.max_per_user, 1, 50),
        ("max_invitations", config.max_invitations, 0, 10_000),
        ("throttle.max_keys", config.throttle.max_keys, 100, 10_000_000),
        ("healing_interval_s", config.healing_interval_s, 0.01, 86_400),
        ("healing_grace_s", config.healing_grace_s, 0, 3600),
    ]
    for name in ("account", "device", "network", "registration"):
        budget: AttemptBudget = getattr(config.throttle, name)
        ranges.append((f"throttle.{name}.burst", budget.burst, 1, 1_000_000))
        ranges.append((f"throttle.{name}.refill_s", budget.refill_s, 0.001, 86_400))
    for path, value, lowest, highest in ranges:
        if not lowest <= value <= highest:
            raise BadSettings(f"auth.{path} has to be {lowest:g} to {highest:g}", param=f"auth.{path}")
    return config
