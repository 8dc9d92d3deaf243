from __future__ import annotations

import pytest

from covey.errors import StartFailed
from covey.protocol.ids import InstanceId
from covey.rpc.router import LocalRouter
from covey.rpc.serving import Served
from tests.helpers.bus_services import COUNT, ECHO, Counter


def served(instance: str) -> Served:
    counter = Counter(instance)
    return Served(counter, counter.info)


async def test_handlers_are_found_by_endpoint_and_instance() -> None:
    router = LocalRouter()
    one, two = served("gateway-1"), served("gateway-2")
    router.add(one)
    router.add(two)
    assert router.call_handler(ECHO.name, two.instance) is two.calls[ECHO.name]
    assert router.stream_handler(COUNT.name, one.instance) is one.streams[COUNT.name]
    assert {router.call_handler(ECHO.name, None) for _ in range(2)} == {one.calls[ECHO.name], two.calls[ECHO.name]}
    assert router.call_handler(ECHO.name, InstanceId("gateway-3")) is None
    assert router.call_handler(COUNT.name, None) is None
    assert [info.instance for info in router.infos("gateway")] == ["gateway-1", "gateway-2"]
    assert router.infos("auth") == []


async def test_what_was_removed_is_not_found() -> None:
    router, one = LocalRouter(), served("gateway-1")
    router.add(one)
    router.remove(one)
    router.remove(one)
    assert router.call_handler(ECHO.name, None) is None
    assert list(router.served()) == []


async def test_an_instance_is_served_once() -> None:
    router = LocalRouter()
    router.add(served("gateway-1"))
    with pytest.raises(StartFailed):
        router.add(served("gateway-1"))
