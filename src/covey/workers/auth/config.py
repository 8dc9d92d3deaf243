"""The auth worker's settings."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from covey.domain.throttle import AttemptBudget
from covey.quantities import LONGEST_S, Seconds


class PasswordHashConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Argon2id (RFC 9106). Passwords are hashed again with changed parameters when their owner logs in next."""

    time_cost: Annotated[int, Meta(ge=1, le=100)] = 3
    """Passes over the memory."""
    memory_kib: Annotated[int, Meta(ge=8, le=4_194_304)] = 65_536
    """Memory of one hash, in KiB; at most ``concurrency`` hashes are made at a time."""
    parallelism: Annotated[int, Meta(ge=1, le=64)] = 1
    """Threads of one hash."""
    concurrency: Annotated[int, Meta(ge=0, le=1024)] = 0
    """Hashes at a time; 0: half of the processor cores, at least one. Never more than there are cores."""
    max_waiting: Annotated[int, Meta(ge=0, le=10_000)] = 32
    """How many may wait for their turn; further logins are answered 429."""


class SessionConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long people stay logged in."""

    access_token_ttl_s: Annotated[int, Meta(ge=30, le=3600)] = 600
    """Life of an access token, in seconds."""
    idle_ttl_s: Annotated[int, Meta(ge=60, le=LONGEST_S)] = 30 * 24 * 3600
    """A session that is not renewed for so many seconds ends."""
    max_ttl_s: Annotated[int, Meta(ge=60, le=LONGEST_S)] = 180 * 24 * 3600
    """A session ends after so many seconds, renewed or not."""
    max_per_user: Annotated[int, Meta(ge=1, le=80)] = 50
    """Sessions of one account; one more login ends the one that was unused longest."""


class SigningKeyConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys that sign access tokens, and when they change."""

    max_age_s: Seconds = 30 * 24 * 3600.0
    """Age in seconds at which the signing key is followed by a new one; 0: only when an administrator asks."""
    settle_s: Annotated[float, Meta(ge=0.0, le=86_400.0)] = 60.0
    """How long a new key is known before it signs; longer than ``refresh_interval_s``."""
    refresh_interval_s: Annotated[float, Meta(ge=0.01, le=3600.0)] = 15.0
    """How often each auth worker looks for new keys, and whether one is due."""

    def __post_init__(self) -> None:
        if self.settle_s < self.refresh_interval_s:
            raise ValueError("settle_s has to be at least refresh_interval_s")


class ApiKeyConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """API keys."""

    max_per_user: Annotated[int, Meta(ge=1, le=50)] = 50
    """Keys of one account that are not revoked. Of the revoked ones the last fifty stay listed."""
    last_used_precision_s: Seconds = 60.0
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
    max_keys: Annotated[int, Meta(ge=100, le=10_000_000)] = 50_000
    """How many accounts and addresses are remembered in each of these; about 150 bytes each."""


class AuthConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may register, and how accounts, sessions and keys are kept."""

    registration: Literal["open", "invitation", "closed"] = "open"
    """Who may make an account once there is one: everybody, those with an invitation, nobody. The first account may
    always be made, and becomes the administrator."""
    max_invitations: Annotated[int, Meta(ge=0, le=10_000)] = 500
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
    healing_interval_s: Annotated[float, Meta(ge=0.01, le=86_400.0)] = 300.0
    """How often leftovers of a crash between two writes are looked for."""
    healing_grace_s: Annotated[float, Meta(ge=0.0, le=3600.0)] = 30.0
    """Differences younger than this are left alone: another auth worker may be about to remove them."""
