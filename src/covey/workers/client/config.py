"""The client worker's settings."""

from __future__ import annotations

import msgspec

from covey.quantities import NonNegativeInt, PositiveInt, PositiveSeconds, Seconds


class ClientConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long generations are kept, and how much people may store."""

    generation_keep_s: Seconds = 600.0
    """How long a detached generation can still be followed after its end."""
    generation_max_bytes: PositiveInt = 16_777_216
    """Events kept of one detached generation; when there are more, the oldest are given up."""
    generations_max_bytes: PositiveInt = 536_870_912
    """Events kept of all detached generations together; above it, ended ones are forgotten early, the oldest first."""
    max_running_per_user: NonNegativeInt = 32
    """Detached generations that one user may have running on one client worker; further ones are refused."""
    max_kept_per_user: NonNegativeInt = 200
    """Ended generations that are kept for one user."""
    gateway_attempts: PositiveInt = 3
    """How many gateways are tried for one request, as long as none has begun to answer."""
    idempotency_keep_s: PositiveSeconds = 86_400.0
    """How long an ``Idempotency-Key`` is remembered."""
    idempotency_lease_s: PositiveSeconds = 30.0
    """How long the key of a request that runs stays taken after the worker that ran it was killed."""
    idempotency_max_bytes: NonNegativeInt = 524_288
    """Largest answer that is kept for being repeated; a larger one is not, and its key then refuses repeats."""
    max_conversations: NonNegativeInt = 10_000
    """Conversations that one user may keep."""
    max_messages: PositiveInt = 5_000
    """Messages that one conversation may have."""
    max_message_bytes: PositiveInt = 900_000
    """Size of one stored message, as it is kept, without its pictures."""
    max_attachment_bytes: NonNegativeInt = 5_242_880
    """Size of one picture that is kept with a conversation."""
    max_attachments_bytes: NonNegativeInt = 20_971_520
    """Size of all pictures of one conversation together."""
    search_cache_bytes: NonNegativeInt = 67_108_864
    """Texts kept in memory for the next search; those that were searched longest ago make room."""
    max_settings_bytes: NonNegativeInt = 16_384
    """Size of the settings of one conversation, as JSON."""
    max_preferences_bytes: NonNegativeInt = 32_768
    """Size of one user's preferences, as JSON."""
    store_timeout_s: PositiveSeconds = 3.0
    """How long a generation waits for its conversation to be written; then it goes on, and that is written later."""
