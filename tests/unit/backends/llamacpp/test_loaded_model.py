"""The processes of one model, with processes that load at a word."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from covey.backends.llamacpp.loaded_model import LoadedModel
from covey.backends.llamacpp.process import ModelProcess
from covey.errors import BackendUnavailable, ModelLoadFailed
from covey.testing.eventually import eventually


class FakeProcess:
    def __init__(self, *, loads: bool = True, fails: bool = False) -> None:
        self.state = "stopped"
        self.checks = 0
        self.may_load = asyncio.Event()
        self._fails = fails
        if loads:
            self.may_load.set()

    async def start(self) -> None:
        await self.may_load.wait()
        if self._fails:
            raise ModelLoadFailed
        self.state = "running"

    async def check(self) -> None:
        self.checks += 1

    async def stop(self) -> None:
        self.state = "stopped"


class Bench:
    def __init__(self, *beside: FakeProcess) -> None:
        self.main = FakeProcess()
        self.waiting = list(beside)
        self.model = LoadedModel(cast("ModelProcess", self.main), self.make if beside else None)

    def make(self) -> ModelProcess:
        return cast("ModelProcess", self.waiting.pop(0))


async def test_a_model_alone_embeds_in_its_one_process() -> None:
    bench = Bench()
    await bench.model.start()
    assert await bench.model.embedder() is bench.model.main
    assert bench.model.beside is None
    await bench.model.stop()
    assert bench.model.state == "stopped"


async def test_the_second_process_is_started_once_when_it_is_needed_and_ends_with_the_model() -> None:
    beside = FakeProcess()
    bench = Bench(beside)
    await bench.model.start()
    assert (bench.model.state, beside.state) == ("running", "stopped")
    first, second = await asyncio.gather(bench.model.embedder(), bench.model.embedder())
    assert first is second is bench.model.beside
    await bench.model.check()
    assert (bench.main.checks, beside.checks) == (1, 1)
    await bench.model.stop()
    assert (bench.main.state, beside.state) == ("stopped", "stopped")
    assert bench.model.beside is None


async def test_a_second_process_that_fails_is_told_and_tried_again() -> None:
    good = FakeProcess()
    bench = Bench(FakeProcess(fails=True), good)
    await bench.model.start()
    with pytest.raises(ModelLoadFailed):
        await bench.model.embedder()
    assert await bench.model.embedder() is cast("ModelProcess", good)
    await bench.model.stop()


async def test_who_leaves_while_it_loads_does_not_end_the_load() -> None:
    beside = FakeProcess(loads=False)
    bench = Bench(beside)
    await bench.model.start()
    leaving = asyncio.create_task(bench.model.embedder())
    await eventually(lambda: bench.model.beside is not None)
    leaving.cancel()
    await asyncio.wait([leaving])
    assert leaving.cancelled()
    beside.may_load.set()
    await bench.model.embedder()
    assert beside.state == "running"
    await bench.model.stop()


async def test_stopping_ends_a_load_under_way_with_a_named_error() -> None:
    bench = Bench(FakeProcess(loads=False))
    await bench.model.start()
    waiting = asyncio.create_task(bench.model.embedder())
    await eventually(lambda: bench.model.beside is not None)
    await bench.model.stop()
    with pytest.raises(BackendUnavailable):
        await waiting
