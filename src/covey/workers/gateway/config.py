"""The gateway's settings."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from covey.domain.request_checks import RequestLimits
from covey.quantities import LONGEST_S, NonNegativeInt, PositiveInt, PositiveSeconds, Seconds


class ContentConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether administrators can read what was asked and answered. Everybody who uses the service is told."""

    keep: bool = False
    """Keep the question and the answer of each generation for administrators. Nothing of them is kept otherwise."""
    keep_s: Annotated[float, Meta(ge=60.0, le=LONGEST_S)] = 604_800.0
    """How long: 7 days."""
    max_bytes: Annotated[int, Meta(ge=1024, le=500_000)] = 65_536
    """Most of one question and its answer together; what is beyond is cut off, and marked as cut."""
    max_stored_bytes: Annotated[int, Meta(ge=1_000_000, le=10**15)] = 2_147_483_648
    """Most that all of it may take in the store; when that is full, nothing more is kept until something expires."""
    max_waiting_bytes: Annotated[int, Meta(ge=1_000_000, le=10_000_000_000)] = 33_554_432
    """Most that waits in memory to be written; what is beyond is dropped, and counted as dropped."""


class GatewayConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the gateway believes, for how long, and how it writes down what was used."""

    data_dir: str = ""
    """Where records wait on disk while the store is away; empty: ``gateway`` in the node's data directory."""
    spill_max_bytes: NonNegativeInt = 268_435_456
    """How much may wait there for each log; further records are lost, and counted as lost."""
    max_staleness_s: Seconds = 300.0
    """How long credentials go on being accepted while the store cannot say whether they were revoked; then every
    request is refused with 503 until it can. While the store is there a revocation works within a second."""
    credential_cache_size: PositiveInt = 50_000
    """How many verified credentials are remembered, so that their signatures need not be checked again."""
    key_uses_interval_s: PositiveSeconds = 30.0
    """How often it is reported when each API key was last used."""
    processor_attempts: PositiveInt = 3
    """How many processors are tried for one request, as long as none has begun to answer."""
    usage_interval_s: PositiveSeconds = 0.5
    """Longest time that a usage record waits before it is written; a gateway that is killed loses no more than this."""
    usage_recovery_interval_s: PositiveSeconds = 30.0
    """How often it is looked for gateways that were killed before their totals held what is in the usage log."""
    usage_queue_size: PositiveInt = 100_000
    """How many usage records wait in memory; further ones are lost, and counted as lost."""
    audit_timeout_s: PositiveSeconds = 2.0
    """How long an operation waits for its line in the audit log; then the line is kept on disk until the store is
    back."""
    retention_s: Annotated[float, Meta(ge=60.0, le=LONGEST_S)] = 34_128_000.0
    """How long the usage and audit logs are kept: 395 days."""
    request_log_size: NonNegativeInt = 20_000
    """How many of the last requests can be looked at one by one; each gateway keeps them in memory, about 1 kB each."""
    request_log_s: Seconds = 2_592_000.0
    """How old they may be: 30 days."""
    limits: RequestLimits = RequestLimits()
    """Largest requests."""
    content: ContentConfig = ContentConfig()
    """Keeping what was asked and answered."""
