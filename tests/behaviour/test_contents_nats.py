from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from covey.store.key_value import Store
from covey.workers.gateway.config import ContentConfig
from tests.behaviour.contents import ContentsBehaviour, Keeping
from tests.helpers.nats import running_nats_server
from tests.helpers.stores import nats_store


@pytest.mark.nats
class TestNatsContents(ContentsBehaviour):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[Store]:
        async with running_nats_server(tmp_path) as server, nats_store(server) as store:
            yield store

    async def test_when_there_is_no_room_left_the_store_is_well_and_what_waits_is_bounded(
        self, keeping: Keeping
    ) -> None:
        ada = await keeping.records.user("ada")
        config = ContentConfig(keep=True, max_stored_bytes=100_000, max_waiting_bytes=200_000)
        keeping.registry = CollectorRegistry()
        keeping.contents = keeping.another(config, keeping.registry)
        for number in range(10):
            await keeping.keep(keeping.content(ada, f"req_{number}", "x" * 30_000))
        assert keeping.count("dropped") >= 3
        assert keeping.count("written") == 1
        await keeping.store.check()
