"""Who is there, as heard from the others and told to them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress

import msgspec
import structlog

from covey.errors import PayloadTooLarge, PeerUnavailable
from covey.protocol import subjects
from covey.protocol.ids import InstanceId
from covey.protocol.registry import InstanceInfo
from covey.rpc.carrier import Carrier, CarrierSubscription
from covey.rpc.router import LocalRouter
from covey.rpc.serving import Served
from covey.rpc.wire import encoder
from covey.runtime.process_usage import ProcessUsage

_log = structlog.get_logger(__name__)

HEARTBEAT_S = 1.0
DEAD_AFTER_S = 3.0


class _Announced(msgspec.Struct, frozen=True):
    info: InstanceInfo
    """As the worker put it."""
    told: InstanceInfo
    """With what the process takes of its machine."""
    at: float


class Presence:
    """Announces the instances of this process and remembers those of the others."""

    def __init__(self, carrier: Carrier, router: LocalRouter, *, listens: bool = True) -> None:
        self._carrier = carrier
        self._router = router
        self._listens = listens
        self._decoder = msgspec.msgpack.Decoder(InstanceInfo)
        self._others: dict[str, dict[InstanceId, tuple[InstanceInfo, float]]] = {}
        self._announced: dict[InstanceId, _Announced] = {}
        self._told: dict[str, list[InstanceInfo]] = {}
        """What was announced last of the instances of a service, once somebody asked for it."""
        self._usage = ProcessUsage()
        self._subscription: CarrierSubscription | None = None
        self._queries: dict[InstanceId, CarrierSubscription] = {}

    async def start(self) -> None:
        if self._listens:
            self._subscription = await self._carrier.subscribe("presence.>", self._hear)
        await self.ask()

    async def stop(self) -> None:
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            await subscription.close()

    async def ask(self) -> None:
        """Have everybody announce themselves now, and wait until those who are there had the chance."""
        if not self._listens:
            return
        with suppress(PeerUnavailable):
            for service in subjects.SERVICES:
                self._carrier.publish(subjects.presence_query(service), b"")
            await self._carrier.flush()

    async def join(self, served: Served) -> None:
        def answer(*_: object) -> None:
            self._announce(served, asyncio.get_running_loop().time())

        self._queries[served.instance] = await self._carrier.subscribe(subjects.presence_query(served.name), answer)
        answer()

    async def leave(self, served: Served) -> None:
        """Tell everybody at once that it is gone. Safe twice."""
        query = self._queries.pop(served.instance, None)
        if query is None:
            return
        self._announced.pop(served.instance, None)
        self._told.pop(served.name, None)
        self._publish(msgspec.structs.replace(served.info(), state="stopped"))
        await query.close()

    def bid_farewell(self, instances: Iterable[InstanceInfo]) -> None:
        """Tell everybody that these, of other processes, are gone: they can no longer say so themselves."""
        for info in instances:
            self._publish(msgspec.structs.replace(info, state="stopped"))

    def instances(self, service: str) -> list[InstanceInfo]:
        return [info for info, _ in self._others.get(service, {}).values()]

    def ids(self, service: str) -> list[InstanceId]:
        return list(self._others.get(service, ()))

    def beat(self, now: float, lag_s: float) -> None:
        """Called several times a second: announce what changed, and what was last announced a while ago; forget the
        dead. ``lag_s`` is how long this process itself was held up: nobody is declared dead for that."""
        for served in self._router.served():
            before = self._announced.get(served.instance)
            if before is not None and (now - before.at >= HEARTBEAT_S * 0.9 or served.info() != before.info):
                self._announce(served, now)
        for others in self._others.values():
            for instance, (info, heard_at) in tuple(others.items()):
                if lag_s:
                    others[instance] = (info, heard_at + lag_s)
                elif now - heard_at >= DEAD_AFTER_S:
                    del others[instance]
                    _log.warning("instance_lost", instance=instance)

    def local_instances(self, service: str) -> list[InstanceInfo]:
        """Those of this process, as others last heard of them: asked for with every request, so nothing is asked."""
        told = self._told.get(service)
        if told is None:
            told = self._told[service] = [
                announced.told for announced in self._announced.values() if announced.told.service == service
            ]
        return told

    def announce_all(self, now: float) -> None:
        for served in self._router.served():
            self._announce(served, now)

    def _announce(self, served: Served, now: float) -> None:
        info = served.info()
        self._usage.measure()
        told = msgspec.structs.replace(
            info,
            cpu_percent=self._usage.cpu_percent,
            memory_bytes=self._usage.memory_bytes,
            mesh_server=self._carrier.server,
        )
        self._announced[served.instance] = _Announced(info, told, now)
        self._told.pop(served.name, None)
        self._publish(told)

    def _publish(self, info: InstanceInfo) -> None:
        try:
            self._carrier.publish(subjects.presence(info.service, info.instance), encoder.encode(info))
        except PeerUnavailable:
            pass  # said again with the next beat
        except PayloadTooLarge:
            # More models than a message holds: the worker goes on for those who know it, and the log says why.
            _log.error("presence_too_large", service=info.service, models=len(info.models))

    def _hear(self, subject: str, payload: bytes, _: Mapping[str, str], reply: str) -> None:
        try:
            info = self._decoder.decode(payload)
        except msgspec.DecodeError:
            _log.warning("presence_malformed")
            return
        # Who may publish where is the server's to say: what is said inside has to agree with that.
        scope = subjects.scope_of(info.instance)
        addressed = info.instance if scope is None else f"{scope}.{info.instance}"
        if subject != f"presence.{info.service}.{addressed}" or info.instance in self._announced:
            return
        if scope is not None and info.node != scope:
            _log.warning("presence_of_another_node", instance=info.instance)
            return
        others = self._others.setdefault(info.service, {})
        if info.state == "stopped":
            if others.pop(info.instance, None) is not None:
                _log.info("instance_left", instance=info.instance)
            return
        if info.instance not in others:
            _log.info("instance_seen", instance=info.instance)
        others[info.instance] = (info, asyncio.get_running_loop().time())
