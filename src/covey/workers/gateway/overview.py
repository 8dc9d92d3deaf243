"""The service at a glance, from what all gateways have in memory and what everybody says of themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from covey import __version__
from covey.domain.activity import Activity, series, totals_since
from covey.domain.placement import merged
from covey.domain.policy import authorize
from covey.protocol.ids import NodeName
from covey.protocol.overview import (
    GATEWAY_ACTIVITY,
    ActivityMinute,
    ActivityTotals,
    AskActivity,
    GatewayActivity,
    NodeSummary,
    Overview,
    ServiceHealth,
)
from covey.protocol.registry import InstanceInfo
from covey.protocol.subjects import SERVICES
from covey.rpc.bus import Bus, InstanceReply
from covey.rpc.context import CallContext
from covey.runtime.clock import Clock
from covey.workers.gateway.credentials import Credentials
from covey.workers.gateway.names import Names

FRESH_S = 10.0
"""Copies of the store that are older show that it is away or slow."""
WAITING_MANY = 10_000


class GatewayState:
    """What this gateway can say of itself."""

    def __init__(
        self,
        credentials: Credentials,
        clock: Clock,
        *,
        running: Callable[[], int],
        access_age_s: Callable[[], float],
        records_waiting: Callable[[], int],
    ) -> None:
        self.activity = Activity()
        self._credentials = credentials
        self._clock = clock
        self._running = running
        self._access_age_s = access_age_s
        self._records_waiting = records_waiting

    def told(self, request: AskActivity) -> GatewayActivity:
        """Raises Unauthenticated or Forbidden: whoever may call a gateway is not yet an administrator."""
        authorize("admin", self._credentials.verify(request.credential).identity)
        age_s = self._access_age_s()
        return GatewayActivity(
            minutes=self.activity.minutes(self._clock.now()),
            running=self._running(),
            access_age_s=None if age_s == float("inf") else round(age_s, 3),
            records_waiting=self._records_waiting(),
        )


class Overviews:
    def __init__(self, bus: Bus, names: Names, clock: Clock) -> None:
        self._bus = bus
        self._names = names
        self._clock = clock

    async def overview(self, credential: str, context: CallContext) -> Overview:
        """Gateways that do not answer are named, and missing from the sums."""
        replies = await self._bus.call_all(GATEWAY_ACTIVITY, AskActivity(credential=credential), context)
        heard = [reply.response for reply in replies if isinstance(reply.response, GatewayActivity)]
        now = self._clock.now()
        minutes = [minute for each in heard for minute in each.minutes]
        everybody = [info for service in SERVICES for info in self._bus.instances(service)]
        processors = [info for info in everybody if info.service == "processor"]
        models = merged(processors, None)
        started_at = min((info.started_at for info in everybody if info.started_at), default=now)
        last_minute, last_hour, last_day = _totals(minutes, now)
        return Overview(
            at=now,
            version=__version__,
            started_at=started_at,
            uptime_s=round(max(0.0, now - started_at), 1),
            last_minute=last_minute,
            last_hour=last_hour,
            last_day=last_day,
            series=series(minutes, now),
            running=sum(info.load.running for info in processors),
            waiting=sum(info.load.waiting for info in processors),
            slots=sum(info.load.slots for info in processors),
            models=len(models),
            loaded_models=tuple(model.name for model, _ in models if model.state == "loaded"),
            users=len(self._names),
            nodes=_nodes(everybody),
            health=_health(replies, heard),
        )


def _totals(minutes: Sequence[ActivityMinute], now: float) -> tuple[ActivityTotals, ActivityTotals, ActivityTotals]:
    present = now // 60 * 60
    # The minute that has just begun says little: the one before it counts too.
    minute = totals_since(minutes, present - 60 if now - present < 30 else present)
    return minute, totals_since(minutes, present - 59 * 60), totals_since(minutes, present - 1439 * 60)


def _nodes(everybody: Sequence[InstanceInfo]) -> tuple[NodeSummary, ...]:
    found: dict[NodeName, list[InstanceInfo]] = {}
    for info in everybody:
        found.setdefault(info.node, []).append(info)
    return tuple(
        NodeSummary(
            name=name,
            services=tuple(sorted({info.service for info in found[name]})),
            draining=any(info.state == "draining" for info in found[name]),
        )
        for name in sorted(found)
    )


def _health(replies: Sequence[InstanceReply], heard: Sequence[GatewayActivity]) -> ServiceHealth:
    silent = tuple(reply.instance for reply in replies if not isinstance(reply.response, GatewayActivity))
    ages = [each.access_age_s for each in heard]
    oldest = None if not ages or None in ages else max(age for age in ages if age is not None)
    waiting = sum(each.records_waiting for each in heard)
    return ServiceHealth(
        mesh=bool(heard) and not silent,
        store=oldest is not None and oldest <= FRESH_S and waiting < WAITING_MANY,
        access_age_s=oldest,
        records_waiting=waiting,
        silent_gateways=silent,
    )
