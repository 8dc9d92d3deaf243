"""The processor as a worker: heartbeat, readiness, engines that start late, drain."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from covey.backends.llamacpp import LlamaCppConfig, ModelFileConfig
from covey.errors import BackendUnavailable, Draining, NotStarted
from covey.protocol.inference import Finished
from covey.testing.eventually import eventually
from covey.workers.processor import ProcessorConfig
from covey.workers.processor import worker as worker_module
from covey.workers.processor.catalogue import ModelLibrary
from covey.workers.processor.worker import configured_files, embedded_engine
from tests.helpers.processors import chat, processor, sample


async def test_the_heartbeat_tells_models_and_load(tmp_path: Path) -> None:
    async with processor(tmp_path, sample(slots=3, models=("a:1", "b"))) as node:
        info = node.worker.info()
        assert [model.name for model in info.models] == ["a:1", "b"]
        assert info.models[0].aliases == ("a", "default")
        assert [model.is_default for model in info.models] == [True, False]
        assert (info.load.slots, info.load.running, info.state) == (3, 0, "serving")
        assert node.bus.instances("processor") == [info]


async def test_readiness_follows_the_engines_health(tmp_path: Path) -> None:
    engine = sample()
    async with processor(tmp_path, engine) as node:
        await node.worker.check()
        await engine.close()
        await node.worker.refresh()
        with pytest.raises(BackendUnavailable):
            await node.worker.check()
        assert node.worker.info().models[0].state == "unavailable"
        assert node.metric("engine_up", engine="sample") == 0
    with pytest.raises(NotStarted):
        await node.worker.check()


async def test_an_engine_that_starts_late_is_taken_in_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_module, "RETRY_START_S", 0.01)
    engine = sample()
    start, attempts = engine.start, 0

    async def fail_at_first() -> None:
        nonlocal attempts
        attempts += 1
        if attempts < 3:
            raise BackendUnavailable
        await start()

    monkeypatch.setattr(engine, "start", fail_at_first)
    async with processor(tmp_path, engine) as node:
        await eventually(lambda: attempts == 3 and node.worker.info().models[0].state == "loaded")
        assert isinstance((await node.events(chat()))[-1], Finished)


async def test_a_drained_worker_lets_running_answers_finish_for_a_while(tmp_path: Path) -> None:
    engine = sample(hang_after_tokens=1)
    async with processor(tmp_path, engine) as node:
        running = asyncio.create_task(node.events(chat()))
        await eventually(lambda: engine.running == 1)
        await node.worker.drain(0.05)
        with pytest.raises(Draining):
            await running
        assert node.bus.instances("processor") == []


def test_the_settings_files_come_first_under_the_names_they_are_known_by(tmp_path: Path) -> None:
    config = ProcessorConfig(model_file="/models/SmolLM2-135M-Instruct.Q4_1.gguf")
    llamacpp = LlamaCppConfig(models=(ModelFileConfig(path="/m/x.gguf", name="mine", aliases=("m",)),))
    files = configured_files(config, llamacpp)
    assert [(file.name, file.aliases) for file in files] == [("smollm2:135m", ()), ("mine", ("m",))]
    engine = embedded_engine(config, llamacpp, ModelLibrary(tmp_path))
    assert engine.name == "llamacpp"
