"""Which models there are, on which engine, under which names: asked of the engines at intervals, looked up at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import structlog

from covey.backends.base import Engine
from covey.domain import model_names
from covey.errors import CoveyError, ModelNotFound
from covey.protocol.ids import ModelName
from covey.protocol.inference import Sampling
from covey.protocol.registry import ModelInfo
from covey.workers.processor.config import ConfiguredModel, ProcessorConfig

ENGINE_PATIENCE_S = 5.0
DEFAULT_NAME = "default"
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OfferedModel:
    """One model of one engine."""

    info: ModelInfo
    """With every alias that leads to it, and the flag of the default model."""
    engine: Engine
    sampling: Sampling


class ModelDirectory:
    """Read copies of what the engines offer. An engine that does not answer keeps its models, marked unavailable."""

    def __init__(self, engines: Sequence[Engine], config: ProcessorConfig) -> None:
        self._engines = tuple(engines)
        self._config = config
        self._configured = {model.name: model for model in config.models}
        self._found: dict[str, Sequence[ModelInfo]] = {}
        self._healthy: dict[str, bool] = {}
        self._by_name: dict[str, OfferedModel] = {}
        self._offered: tuple[OfferedModel, ...] = ()

    @property
    def offered(self) -> Sequence[OfferedModel]:
        return self._offered

    def is_healthy(self, engine: Engine) -> bool:
        return self._healthy.get(engine.name, False)

    async def refresh(self) -> None:
        """Ask all engines, at the same time and each for a few seconds at most. Raises nothing."""
        await asyncio.gather(*(self._ask(engine) for engine in self._engines))
        self._offered = tuple(self._collect())
        self._by_name = self._index()

    def resolve(self, name: str) -> OfferedModel:
        """Raises ModelNotFound that says what there is, or how to get a model when there is none."""
        found = self._by_name.get(name)
        if found is not None:
            return found
        for spelling in model_names.spellings(name):
            found = self._by_name.get(spelling)
            if found is not None:
                return found
        raise ModelNotFound(self._not_found(name), param="model")

    async def _ask(self, engine: Engine) -> None:
        try:
            async with asyncio.timeout(ENGINE_PATIENCE_S):
                self._found[engine.name] = tuple(await engine.models())
                await engine.health()
            healthy = True
        except (CoveyError, TimeoutError) as error:
            healthy = False
            if self._healthy.get(engine.name, True):
                log.warning("engine_unhealthy", engine=engine.name, error=type(error).__name__)
        self._healthy[engine.name] = healthy

    def _collect(self) -> list[OfferedModel]:
        offered: dict[str, OfferedModel] = {}
        for engine in self._engines:
            for info in self._found.get(engine.name, ()):
                configured = self._configured.get(info.name, ConfiguredModel(name=info.name))
                elsewhere = configured.engine and configured.engine != engine.name
                if configured.hidden or elsewhere or info.name in offered:
                    continue
                state = info.state if self._healthy[engine.name] else "unavailable"
                named = msgspec.structs.replace(
                    info, aliases=tuple(dict.fromkeys([*info.aliases, *map(ModelName, configured.aliases)])),
                    engine=engine.name, state=state,
                )  # fmt: skip
                sampling = msgspec.convert(msgspec.structs.asdict(configured.sampling), Sampling)
                offered[info.name] = OfferedModel(named, engine, sampling)
        return self._with_short_names(list(offered.values()))

    def _with_short_names(self, offered: list[OfferedModel]) -> list[OfferedModel]:
        """Give the first model of a family its bare name, and one model the name ``default``."""
        taken: set[str] = {name for model in offered for name in (model.info.name, *model.info.aliases)}
        default = self._default(offered)
        named = []
        for model in offered:
            further = []
            short = model_names.family(model.info.name)
            if short not in taken:
                taken.add(short)
                further.append(ModelName(short))
            if model is default and DEFAULT_NAME not in taken:
                further.append(ModelName(DEFAULT_NAME))
            info = msgspec.structs.replace(
                model.info, aliases=(*model.info.aliases, *further), is_default=model is default
            )
            named.append(OfferedModel(info, model.engine, model.sampling))
        return named

    def _default(self, offered: list[OfferedModel]) -> OfferedModel | None:
        wanted = self._config.default_model
        for model in offered:
            if wanted and wanted in (model.info.name, *model.info.aliases, model_names.family(model.info.name)):
                return model
        able = [model for model in offered if "chat" in model.info.capabilities]
        # The embedded engine comes first, and its first model is the configured file.
        return next(iter(able or offered), None)

    def _index(self) -> dict[str, OfferedModel]:
        index: dict[str, OfferedModel] = {}
        for model in self._offered:
            index[model.info.name] = model
        for model in self._offered:
            for alias in model.info.aliases:
                index.setdefault(alias, model)
        for name, model in list(index.items()):
            index.setdefault(name.lower(), model)
        return index

    def _not_found(self, name: str) -> str:
        if not self._offered:
            return "there is no model here yet; get one with: covey pull smollm2:135m"
        near = model_names.nearest(name, self._by_name)
        hint = f"did you mean {', '.join(near)}?" if near else "GET /v1/models lists those there are"
        return f"there is no model of that name; {hint}"
