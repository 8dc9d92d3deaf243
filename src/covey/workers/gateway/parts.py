"""What generating and embedding both stand on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from covey.domain.limits import Limiter
from covey.protocol.usage import UsageRecord
from covey.rpc.bus import Bus
from covey.runtime.clock import Clock
from covey.workers.gateway.config import GatewayConfig
from covey.workers.gateway.contents import Contents
from covey.workers.gateway.credentials import Credentials
from covey.workers.gateway.metrics import GatewayMetrics
from covey.workers.gateway.routing import Routing


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestParts:
    config: GatewayConfig
    bus: Bus
    clock: Clock
    credentials: Credentials
    routing: Routing
    limiter: Limiter
    metrics: GatewayMetrics
    contents: Contents
    record: Callable[[UsageRecord], None]
    """Hears of every request that was admitted, once, when it is over."""
