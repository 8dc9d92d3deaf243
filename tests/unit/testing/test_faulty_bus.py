from __future__ import annotations

from collections.abc import Callable

import pytest

from covey.testing.eventually import eventually
from covey.testing.faulty_bus import FaultyBus
from covey.testing.memory_carrier import MemoryHub


@pytest.mark.parametrize(
    ("place", "arrives"),
    [
        pytest.param(lambda faults: faults.drop("a", 2), [1, 3, 4], id="drop"),
        pytest.param(lambda faults: faults.drop("a", 3, and_all_after=True), [1, 2], id="drop the rest"),
        pytest.param(lambda faults: faults.duplicate("a", 2), [1, 2, 2, 3, 4], id="duplicate"),
        pytest.param(lambda faults: faults.reorder("a", 2), [1, 3, 2, 4], id="reorder"),
        pytest.param(lambda faults: faults.delay("a", 2, 0.01), [1, 3, 4, 2], id="delay"),
    ],
)
async def test_a_fault_strikes_where_it_was_placed(place: Callable[[FaultyBus], None], arrives: list[int]) -> None:
    hub = MemoryHub()
    faults = FaultyBus(hub)
    place(faults)
    carrier = hub.carrier("_INBOX_x.x")
    heard: list[int] = []
    await carrier.subscribe(">", lambda _, payload, headers, reply: heard.append(payload[0]))
    for number in range(1, 5):
        carrier.publish("b", bytes([100 + number]))
        carrier.publish("a", bytes([number]))
    await eventually(lambda: len(heard) >= 4 + len(arrives))
    assert [number for number in heard if number < 100] == arrives
    assert [number for number in heard if number > 100] == [101, 102, 103, 104]
    assert faults.struck >= 1


async def test_a_carrier_is_cut_off_at_a_message() -> None:
    hub = MemoryHub()
    carrier = hub.carrier("_INBOX_x.x")
    FaultyBus(hub).disconnect("a", 2, carrier)
    carrier.publish("a", b"")
    assert carrier.connected
    carrier.publish("a", b"")
    assert not carrier.connected
