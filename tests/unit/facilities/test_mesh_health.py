from __future__ import annotations

from prometheus_client import CollectorRegistry

from covey.errors import StoreUnavailable
from covey.facilities.mesh_health import MeshHealth


class Store:
    up = True

    async def check(self) -> None:
        if not self.up:
            raise StoreUnavailable


async def test_every_page_shows_connection_store_and_lost_log_lines() -> None:
    store, registries = Store(), [CollectorRegistry(), CollectorRegistry()]
    connected = True
    health = MeshHealth(lambda: connected, store, lambda: 3)
    health.add(registries)
    await health.look_once()
    for registry in registries:
        assert registry.get_sample_value("covey_mesh_connected") == 1
        assert registry.get_sample_value("covey_store_up") == 1
        assert registry.get_sample_value("covey_log_lines_dropped") == 3
    connected, store.up = False, False
    await health.look_once()
    await health.look_once()
    assert registries[0].get_sample_value("covey_mesh_connected") == 0
    assert registries[0].get_sample_value("covey_store_up") == 0
    assert registries[0].get_sample_value("covey_mesh_losses") == 1


async def test_it_starts_and_stops_twice_without_leaving_anything() -> None:
    health = MeshHealth(lambda: True, Store(), lambda: 0)
    await health.start()
    await health.stop()
    await health.stop()
