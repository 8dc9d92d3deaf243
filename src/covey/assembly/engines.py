"""The engines that the settings name."""

from __future__ import annotations

from covey.backends.base import Engine
from covey.backends.ollama import OllamaEngine
from covey.backends.openai import OpenAICompatibleEngine
from covey.backends.sample import SampleEngine
from covey.errors import BadSettings
from covey.settings import Settings
from covey.workers.processor.catalogue.library import ModelLibrary
from covey.workers.processor.worker import embedded_engine


def engines_of(settings: Settings, library: ModelLibrary) -> list[Engine]:
    """The engines that the settings name. Raises BadSettings when two have the same name."""
    config = settings.engines
    engines: list[Engine] = [embedded_engine(settings.processor, config.llamacpp, library)]
    engines += [OllamaEngine(one) for one in config.ollama]
    engines += [OpenAICompatibleEngine(one) for one in config.openai]
    engines += [SampleEngine(one) for one in config.sample]
    names = [engine.name for engine in engines]
    for name in names:
        if names.count(name) > 1:
            raise BadSettings(f"two engines are called {name!r}", param="engines")
    return engines
