"""Pulling and removing behind the processor's endpoints."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import cast

import pytest

from covey.backends.llamacpp import LlamaCppConfig
from covey.backends.sample import SampleConfig, SampleEngine
from covey.errors import InvalidRequest, ModelNotFound
from covey.protocol.ids import ModelName
from covey.protocol.registry import (
    PROCESSOR_PULL_MODEL,
    PROCESSOR_REMOVE_MODEL,
    ModelRef,
    PullModel,
    PullProgress,
)
from covey.workers.processor import CatalogueConfig, DownloadableModel, ProcessorConfig, embedded_engine
from covey.workers.processor.catalogue import ModelLibrary
from tests.helpers.gguf import gguf
from tests.helpers.model_server import ModelServer
from tests.helpers.processors import Processor, context, processor, sample


class KeepingEngine(SampleEngine):
    """Gets and removes models itself."""

    def __init__(self) -> None:
        super().__init__(SampleConfig(name="keeper", models=("kept:1",)))
        self.pulled: list[str] = []
        self.removed: list[str] = []

    async def pull(self, name: str) -> AsyncGenerator[PullProgress]:
        self.pulled.append(name)
        yield PullProgress(status="downloading")
        yield PullProgress(status="done")

    async def remove(self, name: str) -> None:
        self.removed.append(name)


async def pull(node: Processor, wanted: str, **fields: str) -> list[PullProgress]:
    request = PullModel(model=ModelName(wanted), **fields)  # type: ignore[arg-type]
    stream = cast("AsyncGenerator[PullProgress]", node.bus.stream(PROCESSOR_PULL_MODEL, request, context()))
    return [step async for step in stream]


@pytest.mark.sockets
async def test_a_pulled_model_is_offered_by_the_embedded_engine_and_can_be_removed(tmp_path: Path) -> None:
    with ModelServer(gguf()) as server:
        tiny = DownloadableModel(name="tiny:1", url=server.url(), size_bytes=1, license="MIT")
        catalogue = CatalogueConfig(models=(tiny,), allow_http=True, allow_private_addresses=True, free_space_bytes=0)
        config = ProcessorConfig(catalogue=catalogue)
        library = ModelLibrary(tmp_path)
        engine = embedded_engine(config, LlamaCppConfig(load="on_demand"), library)
        async with processor(tmp_path, engine, config=config, library=library) as node:
            assert node.worker.info().models == ()
            assert (await pull(node, "tiny:1"))[-1].status == "done"
            (info,) = node.worker.info().models
            assert (info.name, info.state, info.aliases) == ("tiny:1", "cold", ("tiny", "default"))
            assert info.digest == f"sha256:{server.sha256}"
            assert node.metric("pulled_bytes_total") == len(server.content)
            await node.bus.call(PROCESSOR_REMOVE_MODEL, ModelRef(model=ModelName("tiny")), context())
            assert node.worker.info().models == ()


async def test_an_engine_that_keeps_its_models_is_asked_itself(tmp_path: Path) -> None:
    engine = KeepingEngine()
    async with processor(tmp_path, sample(), engine) as node:
        assert [step.status for step in await pull(node, "llama9:70b")] == ["downloading", "done"]
        await node.bus.call(PROCESSOR_REMOVE_MODEL, ModelRef(model=ModelName("kept:1")), context())
    assert (engine.pulled, engine.removed) == (["llama9:70b"], ["kept:1"])


@pytest.mark.parametrize("name", ["../../etc/passwd", "a b", "$(x)", "*", "https://169.254.169.254/a"])
async def test_d5_a_bad_name_is_never_handed_to_an_engine(tmp_path: Path, name: str) -> None:
    engine = KeepingEngine()
    async with processor(tmp_path, engine) as node:
        with pytest.raises(InvalidRequest):
            await pull(node, name)
        with pytest.raises(InvalidRequest):
            await pull(node, "smollm2:135m", name="../x")
    assert engine.pulled == []


async def test_an_unknown_name_is_answered_with_known_ones(tmp_path: Path) -> None:
    async with processor(tmp_path) as node:
        with pytest.raises(ModelNotFound, match=r"smollm2:135m"):
            await pull(node, "smollm2:135")
