from __future__ import annotations

import asyncio

from covey.backends.http import Response
from covey.backends.runs import Runs
from covey.protocol.ids import RequestId


class Source:
    def __init__(self) -> None:
        self.aborted = 0

    def resume(self) -> None:
        pass

    def discard(self) -> None:
        pass

    def abort(self) -> None:
        self.aborted += 1


async def test_a_cancel_closes_every_answer_with_that_id_and_no_other() -> None:
    runs, sources = Runs(), [Source(), Source(), Source()]
    for name, source in zip("aab", sources, strict=True):
        runs.begin(RequestId(name)).attach(Response(source, asyncio.get_running_loop()))
    runs.cancel(RequestId("a"))
    runs.cancel(RequestId("unknown"))
    assert [source.aborted for source in sources] == [1, 1, 0]


async def test_an_answer_that_comes_after_the_cancel_is_closed() -> None:
    runs, source = Runs(), Source()
    run = runs.begin(RequestId("a"))
    runs.cancel(RequestId("a"))
    run.attach(Response(source, asyncio.get_running_loop()))
    assert source.aborted == 1
    runs.end(run)
    assert len(runs) == 0
