"""The life of a signing key: made, published, used once everybody can know it, retired, forgotten.

created ──publish──▶ published ──settle time──▶ signs ──next one signs──▶ retired ──last token dead──▶ forgotten
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from covey.domain.access_tokens import LEEWAY_S


class SigningKeyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A key pair as the auth worker keeps it."""

    key_id: str
    public_key: str
    private_key: str
    created_at: float
    not_before: float
    """When it begins to sign, at the earliest."""
    retired_after: float | None = None
    """When the last token that it may have signed is dead; None: no successor is planned."""


class RotationPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds."""

    settle_s: float
    """From being published to the first signature."""
    lag_s: float
    """How long an auth worker may go on with the old key because it has not seen the new one."""
    token_ttl_s: float
    max_age_s: float
    """Age at which a key is followed by a new one; 0: never by itself."""


def signer_at(ring: Sequence[SigningKeyRecord], now: float) -> SigningKeyRecord | None:
    """The key to sign with: the last of the ring that has begun. When none has, the first: better early than not at
    all. The ring's own order counts, because clocks that differ may have put its times in another one."""
    begun = [key for key in ring if key.not_before <= now]
    if begun:
        return begun[-1]
    return ring[0] if ring else None


def is_due(ring: Sequence[SigningKeyRecord], policy: RotationPolicy, now: float) -> bool:
    """Whether the newest key is old enough to be followed by another one."""
    return policy.max_age_s > 0 and all(key.created_at + policy.max_age_s <= now for key in ring)


def rotated(
    ring: Sequence[SigningKeyRecord], successor: SigningKeyRecord, policy: RotationPolicy
) -> tuple[SigningKeyRecord, ...]:
    """The ring with ``successor``; all others end when the last token that they may yet sign is dead."""
    end = successor.not_before + policy.lag_s + policy.token_ttl_s + LEEWAY_S
    return (*(msgspec.structs.replace(key, retired_after=_earlier(key.retired_after, end)) for key in ring), successor)


def without_dead(ring: Sequence[SigningKeyRecord], now: float) -> tuple[SigningKeyRecord, ...]:
    """The ring without the keys whose tokens are all dead."""
    return tuple(key for key in ring if key.retired_after is None or now <= key.retired_after)


def _earlier(present: float | None, end: float) -> float:
    return end if present is None else min(present, end)
