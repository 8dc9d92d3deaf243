"""Settings of the store facility."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from covey.quantities import LONGEST_S, PositiveSeconds, Seconds


class NatsStoreConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How buckets and logs are made, and how long the store may take to answer."""

    replicas: Annotated[int, Meta(ge=1, le=5)] = 1
    """Copies of every bucket and log: 1 on a single node, 3 as soon as there are three. A larger value reaches
    streams that already exist when they are opened for creation; a smaller one does not."""
    timeout_s: PositiveSeconds = 5.0
    """Longest wait for one answer of the store; then ``store_unavailable``, and a write may or may not be applied."""
    bind_timeout_s: Seconds = 15.0
    """Longest wait at start for a bucket that another worker has to make."""
    marker_ttl_s: Annotated[float, Meta(ge=60.0, le=LONGEST_S)] = 604_800.0
    """How long the marker of a deleted key is kept: a store that was down for longer than this cannot tell deleted
    keys from lost ones."""
    watch_heartbeat_s: PositiveSeconds = 1.0
    """How often a quiet watch must hear from the store; after three missed beats it is made again."""
    manifest_interval_s: Seconds = 60.0
    """How often the count of durable keys is written down, from which a silent loss is recognised. 0 turns counting
    and comparing off in this process, for example to save what is left of a damaged store."""
