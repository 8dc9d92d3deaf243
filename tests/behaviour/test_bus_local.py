from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from covey.rpc.local import LocalBus
from tests.behaviour.bus import BusSuite, Ends
from tests.helpers.bus_services import COUNT, ECHO, Counter, Question, context


@pytest.fixture
async def ends() -> AsyncIterator[Ends]:
    bus = LocalBus()
    yield Ends(bus, bus)
    await bus.close()


class TestLocalBus(BusSuite):
    async def test_the_handler_gets_the_very_request(self, ends: Ends) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)
        question = Question(text="the very one")
        await ends.caller.call(ECHO, question, context())
        assert counter.requests[0] is question

    async def test_a_stream_runs_no_further_than_its_reader(self, ends: Ends) -> None:
        counter = Counter()
        await ends.server.serve(counter, counter.info)
        stream = ends.caller.stream(COUNT, Question(count=10), context())
        async for item in stream:
            assert counter.produced == item.number
