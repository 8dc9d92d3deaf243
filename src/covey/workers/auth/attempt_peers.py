"""The auth workers among which attempts are counted, one of them for each key."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import structlog

from covey.domain.throttle import counting_instance
from covey.errors import CoveyError
from covey.protocol.attempts import GIVE_BACK_ATTEMPT, TAKE_ATTEMPT, Charge, GiveBackAttempt, TakeAttempt
from covey.protocol.auth import SERVICE
from covey.protocol.ids import InstanceId, RequestId
from covey.rpc.bus import Bus
from covey.rpc.context import CallContext
from covey.runtime.identifiers import mint
from covey.workers.auth.metrics import AuthMetrics

_log = structlog.get_logger(__name__)


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """The charges of one attempt that one auth worker counted."""

    instance: InstanceId | None
    """None: this very worker."""
    charges: tuple[Charge, ...]


class AttemptPeers:
    """How this worker has its attempts counted by the others. Where it is the only one, nothing is asked."""

    def __init__(self, bus: Bus, instance: InstanceId, metrics: AuthMetrics) -> None:
        self._bus = bus
        self._instance = instance
        self._metrics = metrics
        self._returns: set[asyncio.Task[None]] = set()

    async def take(self, charges: Sequence[Charge], context: CallContext) -> tuple[list[Share], float]:
        """The shares that others counted, and the seconds to wait when one of them refused, otherwise 0.0.

        A worker that does not answer counts for nothing: the attempt is then held to what this one has counted. What
        such a worker may have counted all the same is not given back, because giving back twice would be a way to try
        more often.
        """
        shares = self._shares(charges)
        if not shares:
            return [], 0.0
        waits = await asyncio.gather(*(self._ask(share, context) for share in shares))
        taken = [share for share, wait_s in zip(shares, waits, strict=True) if wait_s == 0]
        return taken, max((wait_s for wait_s in waits if wait_s is not None), default=0.0)

    def give_back(self, share: Share, age_s: float) -> None:
        """Told in the background: nobody waits for it, and when it is lost the attempt counts until it grows back."""
        task = asyncio.create_task(self._return(share, age_s))  # cancelled and awaited in close
        self._returns.add(task)
        task.add_done_callback(self._returns.discard)

    async def close(self) -> None:
        returns = list(self._returns)
        for task in returns:
            task.cancel()
        await asyncio.gather(*returns, return_exceptions=True)

    def _shares(self, charges: Sequence[Charge]) -> list[Share]:
        """What others count, by who does."""
        instances = [info.instance for info in self._bus.instances(SERVICE) if info.state == "serving"]
        if not any(instance != self._instance for instance in instances):
            return []
        shares: dict[InstanceId, list[Charge]] = {}
        for each in charges:
            counting = counting_instance(f"{each.budget} {each.key}", {*instances, self._instance})
            if counting != self._instance:
                shares.setdefault(counting, []).append(each)
        return [Share(instance=instance, charges=tuple(each)) for instance, each in shares.items()]

    async def _ask(self, share: Share, context: CallContext) -> float | None:
        """The seconds to wait; None when it did not answer."""
        try:
            answer = await self._bus.call(TAKE_ATTEMPT, TakeAttempt(charges=share.charges), context, to=share.instance)
        except CoveyError as error:
            self._metrics.counted_alone()
            _log.warning("attempt_counted_alone", counting=share.instance, error=error.code)
            return None
        return answer.wait_s

    async def _return(self, share: Share, age_s: float) -> None:
        context = CallContext(request_id=RequestId(mint("req")))
        try:
            await self._bus.call(
                GIVE_BACK_ATTEMPT, GiveBackAttempt(charges=share.charges, age_s=age_s), context, to=share.instance
            )
        except CoveyError as error:
            _log.info("attempt_not_given_back", counting=share.instance, error=error.code)
