from __future__ import annotations

import asyncio

import msgspec

from covey.protocol.ids import InstanceId, NodeName
from covey.protocol.registry import InstanceInfo, InstanceState
from covey.rpc.presence import DEAD_AFTER_S, Presence
from covey.rpc.router import LocalRouter
from covey.rpc.serving import Served
from covey.testing.memory_carrier import MemoryCarrier, MemoryHub
from tests.helpers.bus_services import Counter


class Side:
    def __init__(self, hub: MemoryHub, name: str) -> None:
        self.carrier: MemoryCarrier = hub.carrier(f"_INBOX_{name}.{name}")
        self.router = LocalRouter()
        self.presence = Presence(self.carrier, self.router)

    async def serve(self, counter: Counter) -> Served:
        served = Served(counter, lambda: counter.info())
        self.router.add(served)
        await self.presence.join(served)
        return served

    def sees(self) -> list[str]:
        return [info.instance for info in self.presence.instances("gateway")]


async def two_sides() -> tuple[MemoryHub, Side, Side]:
    hub = MemoryHub()
    here, there = Side(hub, "here"), Side(hub, "there")
    await here.presence.start()
    await there.presence.start()
    return hub, here, there


async def test_a_newcomer_is_told_who_is_there() -> None:
    hub, here, _ = await two_sides()
    await here.serve(Counter())
    late = Side(hub, "late")
    await late.presence.start()
    assert late.sees() == ["gateway-one"]
    assert here.sees() == []  # one's own are not among the others


async def test_a_leave_is_known_at_once_and_silence_after_a_while() -> None:
    _, here, there = await two_sides()
    one, two = await here.serve(Counter("gateway-1")), await here.serve(Counter("gateway-2"))
    await there.carrier.flush()
    assert there.sees() == ["gateway-1", "gateway-2"]
    await here.presence.leave(one)
    await here.presence.leave(one)
    await there.carrier.flush()
    assert there.sees() == [two.instance]
    now = asyncio.get_running_loop().time()
    there.presence.beat(now + DEAD_AFTER_S - 0.1, lag_s=0.0)
    assert there.sees() == [two.instance]
    there.presence.beat(now + 60.0, lag_s=60.0)  # we stood still ourselves: that proves nothing
    assert there.sees() == [two.instance]
    there.presence.beat(now + 60.0 + DEAD_AFTER_S + 0.1, lag_s=0.0)
    assert there.sees() == []


async def test_a_change_is_told_before_the_next_heartbeat_and_no_change_is_not() -> None:
    hub, here, there = await two_sides()
    counter = Counter()
    state = {"info": counter.info()}
    counter.info = lambda: state["info"]  # type: ignore[method-assign]
    await here.serve(counter)
    await there.carrier.flush()
    now = asyncio.get_running_loop().time()
    before = len(hub.carried)
    here.presence.beat(now + 0.1, lag_s=0.0)
    assert len(hub.carried) == before
    state["info"] = msgspec.structs.replace(state["info"], version="2")
    here.presence.beat(now + 0.2, lag_s=0.0)
    await there.carrier.flush()
    assert [info.version for info in there.presence.instances("gateway")] == ["2"]
    here.presence.beat(now + 1.3, lag_s=0.0)
    assert len(hub.carried) == before + 2


def announced(instance: str, node: str, state: InstanceState = "serving") -> InstanceInfo:
    return InstanceInfo(service="gateway", instance=InstanceId(instance), node=NodeName(node), state=state)


async def test_a_machine_that_joined_speaks_for_itself_only() -> None:
    hub, here, _ = await two_sides()
    stranger = hub.carrier("_INBOX_x.x")

    async def say(subject: str, info: InstanceInfo) -> None:
        stranger.publish(subject, msgspec.msgpack.encode(info))
        await stranger.flush()

    await say("presence.gateway.east.gateway-1__east", announced("gateway-1__east", "east"))
    assert here.sees() == ["gateway-1__east"]
    await say("presence.gateway.east.gateway-2", announced("gateway-2", "east"))
    await say("presence.gateway.east.gateway-2__west", announced("gateway-2__west", "west"))
    await say("presence.gateway.east.gateway-3__east", announced("gateway-3__east", "main"))
    assert here.sees() == ["gateway-1__east"]


async def test_a_farewell_for_another_is_heard_by_all_and_by_oneself() -> None:
    hub, here, there = await two_sides()
    info = announced("gateway-1__east", "east")
    hub.carrier("_INBOX_x.x").publish("presence.gateway.east.gateway-1__east", msgspec.msgpack.encode(info))
    await here.carrier.flush()
    assert here.sees() == there.sees() == ["gateway-1__east"]
    here.presence.bid_farewell([info])
    await here.carrier.flush()
    await there.carrier.flush()
    assert here.sees() == there.sees() == []


async def test_who_does_not_listen_is_seen_and_sees_nobody() -> None:
    hub, here, there = await two_sides()
    await there.serve(Counter("gateway-1"))
    quiet = Side(hub, "quiet")
    quiet.presence = Presence(quiet.carrier, quiet.router, listens=False)
    await quiet.presence.start()
    await quiet.serve(Counter("gateway-2"))
    await here.carrier.flush()
    assert here.sees() == ["gateway-1", "gateway-2"]
    assert quiet.sees() == []
    await quiet.presence.stop()
