from __future__ import annotations

from pathlib import Path

from covey.protocol.ids import InstanceId
from covey.workers.gateway.spill import LogEntry, Spill

ONE, TWO, THREE = (LogEntry(f"value {number}".encode(), ("usr_1",), f"id-{number}") for number in range(3))


def spill(directory: Path, instance: str = "gateway-1", max_bytes: int = 10_000) -> Spill:
    return Spill(directory, "usage", InstanceId(instance), max_bytes=max_bytes)


async def test_what_was_added_is_read_in_order_and_dropped_from_the_front(tmp_path: Path) -> None:
    kept = spill(tmp_path)
    await kept.open()
    assert await kept.add([ONE, TWO]) == 0
    await kept.add([THREE])
    assert await kept.read() == [ONE, TWO, THREE]
    await kept.drop_first(2)
    assert await kept.read() == [THREE]
    await kept.drop_first(1)
    assert kept.size_bytes == 0
    await kept.close()
    await kept.close()
    assert list(tmp_path.iterdir()) == []


async def test_a_record_that_was_half_written_is_left_out(tmp_path: Path) -> None:
    kept = spill(tmp_path)
    await kept.open()
    await kept.add([ONE, TWO])
    await kept.close()
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:-3])
    heir = spill(tmp_path, "gateway-2")
    await heir.open()
    assert await heir.read() == [ONE]
    await heir.close()


async def test_a_file_of_a_living_gateway_is_left_alone_and_of_a_dead_one_adopted(tmp_path: Path) -> None:
    alive, other = spill(tmp_path), spill(tmp_path, "gateway-2")
    await alive.open()
    await alive.add([ONE])
    await other.open()
    assert await other.read() == []
    await alive.close()
    third = spill(tmp_path, "gateway-3")
    await third.open()
    assert await third.read() == [ONE]
    for each in (other, third):
        await each.close()
    assert [path.name for path in tmp_path.iterdir()] == ["usage-gateway-3.spill"]


async def test_what_there_is_no_room_for_is_counted(tmp_path: Path) -> None:
    kept = spill(tmp_path, max_bytes=100)
    await kept.open()
    assert await kept.add([ONE] * 10) > 0
    assert kept.size_bytes <= 100
    await kept.close()
