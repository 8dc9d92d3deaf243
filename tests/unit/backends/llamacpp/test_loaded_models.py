"""Which models are in memory, with models that load at a word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from covey.backends.llamacpp import loaded_models
from covey.backends.llamacpp.loaded_model import LoadedModel
from covey.backends.llamacpp.loaded_models import LoadedModels
from covey.backends.llamacpp.model_file import ModelFile
from covey.errors import BackendUnavailable, ModelLoadFailed
from covey.testing.eventually import eventually


class FakeModel:
    def __init__(self, file: ModelFile, failures: set[str]) -> None:
        self.file = file
        self.state = "stopped"
        self.may_load = asyncio.Event()
        self._failures = failures

    async def start(self) -> None:
        await self.may_load.wait()
        if self.file.name in self._failures:
            raise ModelLoadFailed
        self.state = "running"

    async def stop(self) -> None:
        self.state = "stopped"


class Bench:
    def __init__(self, *, limit: int = 1, keep_alive_s: float = -1.0) -> None:
        self.made: list[FakeModel] = []
        self.failures: set[str] = set()
        self.slow = False
        """Whether new processes load only when told to."""
        self.models = LoadedModels(self.make, limit=limit, keep_alive_s=keep_alive_s)

    def make(self, file: ModelFile) -> LoadedModel:
        self.made.append(FakeModel(file, self.failures))
        if not self.slow:
            self.made[-1].may_load.set()
        return cast("LoadedModel", self.made[-1])

    @property
    def running(self) -> list[str]:
        return [process.file.name for process in self.made if process.state == "running"]


def file(name: str) -> ModelFile:
    return ModelFile(name=name, path=Path(name))


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    found = Bench()
    found.models.open()
    yield found
    await found.models.close()


async def use(found: Bench, name: str) -> None:
    async with found.models.using(file(name)):
        assert name in found.running


async def test_a_model_is_loaded_once_and_stays(bench: Bench) -> None:
    await asyncio.gather(*(use(bench, "a") for _ in range(5)))
    await use(bench, "a")
    assert len(bench.made) == 1
    assert bench.running == ["a"]


async def test_the_model_unused_for_longest_makes_room() -> None:
    found = Bench(limit=2)
    found.models.open()
    for name in ("a", "b", "a", "c"):
        await use(found, name)
    assert found.running == ["a", "c"]
    await found.models.close()
    assert found.running == []


async def test_a_model_at_work_never_makes_room(bench: Bench) -> None:
    async with bench.models.using(file("a")):
        other = asyncio.create_task(use(bench, "b"))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(other), 0.02)
        assert bench.running == ["a"]
    await other
    assert bench.running == ["b"]


async def test_a_failed_load_is_told_and_tried_again(bench: Bench) -> None:
    bench.failures.add("a")
    with pytest.raises(ModelLoadFailed):
        await use(bench, "a")
    bench.failures.clear()
    await use(bench, "a")
    assert len(bench.made) == 2


async def test_who_leaves_while_it_loads_does_not_end_the_load(bench: Bench) -> None:
    bench.slow = True
    first = asyncio.create_task(use(bench, "a"))
    await eventually(lambda: bench.made)
    first.cancel()
    await asyncio.wait([first])
    bench.made[0].may_load.set()
    await use(bench, "a")
    assert len(bench.made) == 1


async def test_an_unused_model_leaves_after_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loaded_models, "SWEEP_INTERVAL_S", 0.005)
    found = Bench(keep_alive_s=0.0)
    found.models.open()
    async with found.models.using(file("a")):
        held = found.models.find("a")
        assert held is not None
        assert held.expires is None
    await eventually(lambda: found.running == [])
    async with found.models.using(file("a"), keep_alive_s=-1):
        pass
    held = found.models.find("a")
    assert held is not None
    assert held.expires is None
    await found.models.close()


async def test_nothing_is_loaded_when_closed(bench: Bench) -> None:
    await bench.models.close()
    with pytest.raises(BackendUnavailable):
        await use(bench, "a")


async def test_closing_ends_a_load_under_way_with_a_named_error(bench: Bench) -> None:
    bench.slow = True
    waiting = asyncio.create_task(use(bench, "a"))
    await eventually(lambda: bench.made)
    await bench.models.close()
    with pytest.raises(BackendUnavailable):
        await waiting
