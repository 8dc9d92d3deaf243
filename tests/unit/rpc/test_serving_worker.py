"""What workers on a bus have in common: a heartbeat, a place in the registry, a way out of it."""

from __future__ import annotations

import os
from typing import ClassVar

import pytest

from covey.errors import Draining, NotStarted
from covey.protocol.endpoint import Empty, Endpoint
from covey.protocol.ids import InstanceId, ModelName, NodeName, RequestId
from covey.protocol.registry import LoadReport, ModelInfo
from covey.rpc.context import CallContext
from covey.rpc.local import LocalBus
from covey.rpc.service import Service, serves
from covey.rpc.serving_worker import ServingWorker
from covey.runtime.clock import SystemClock

ASK = Endpoint("pupil.ask", Empty, Empty)
CONTEXT = CallContext(request_id=RequestId("req_1"))


class PupilService(Service):
    service: ClassVar[str] = "pupil"

    @serves(ASK)
    async def ask(self, request: Empty, context: CallContext) -> Empty:
        return request


class Pupil(ServingWorker):
    role: ClassVar[str] = "pupil"
    resting = False

    async def open(self) -> None:
        await self.serve(PupilService())

    async def close(self) -> None:
        await self.withdraw()

    @property
    def out_of_service(self) -> bool:
        return self.resting

    def load(self) -> LoadReport:
        return LoadReport(running=3)

    def models(self) -> tuple[ModelInfo, ...]:
        return (ModelInfo(name=ModelName("small"), engine="e"),)


def pupil_on(bus: LocalBus) -> Pupil:
    return Pupil(bus, SystemClock(), instance=InstanceId("pupil-1"), node=NodeName("n"))


async def test_it_is_known_while_it_serves_and_not_before_or_after() -> None:
    bus = LocalBus()
    pupil = pupil_on(bus)
    assert bus.instances("pupil") == []
    await pupil.start()
    (info,) = bus.instances("pupil")
    assert (info.instance, info.node, info.state, info.pid) == ("pupil-1", "n", "serving", os.getpid())
    assert (info.load.running, [model.name for model in info.models]) == (3, ["small"])
    assert info.started_at > 1_600_000_000
    assert await bus.call(ASK, Empty(), CONTEXT) == Empty()
    await pupil.stop()
    assert bus.instances("pupil") == []


async def test_it_can_be_stopped_before_it_served_and_started_again() -> None:
    bus = LocalBus()
    pupil = pupil_on(bus)
    await pupil.drain(0.0)
    await pupil.close()
    await pupil.start()
    await pupil.restart()
    assert len(bus.instances("pupil")) == 1
    await pupil.stop()


async def test_it_says_that_it_takes_nothing_new() -> None:
    pupil = pupil_on(LocalBus())
    await pupil.start()
    pupil.resting = True
    assert pupil.info().state == "draining"
    pupil.resting = False
    assert pupil.info().state == "serving"
    pupil.state = "draining"
    assert pupil.info().state == "draining"
    with pytest.raises(Draining):
        await pupil.check()
    pupil.state = "serving"
    await pupil.stop()
    with pytest.raises(NotStarted):
        await pupil.check()
