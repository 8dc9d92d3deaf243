from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from covey.store.key_value import Store
from tests.behaviour.log import LogBehaviour
from tests.helpers.nats import running_nats_server
from tests.helpers.stores import nats_store


@pytest.mark.nats
class TestNatsLog(LogBehaviour):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[Store]:
        async with running_nats_server(tmp_path) as server, nats_store(server) as store:
            yield store
