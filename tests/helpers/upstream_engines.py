"""The two engines that are reached over HTTP, each against the fake backend, for tests that hold for both."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from covey.backends.http import HttpConfig
from covey.backends.ollama import OllamaConfig, OllamaEngine
from covey.backends.openai import OpenAICompatibleEngine, OpenAIConfig
from covey.errors import CoveyError
from covey.protocol.ids import ModelName, RequestId
from covey.protocol.inference import ChatMessage, Delta, Generate, GenerationEvent, Sampling
from covey.testing.fake_backend import Behaviour, FakeBackend, fake_backend

Dialect = Literal["openai", "ollama"]
DIALECTS: tuple[Dialect, ...] = ("openai", "ollama")
HttpEngine = OpenAICompatibleEngine | OllamaEngine


def engine_at(url: str, dialect: Dialect, **limits: Any) -> HttpEngine:
    http = HttpConfig(**limits)
    if dialect == "openai":
        return OpenAICompatibleEngine(OpenAIConfig(name="upstream", base_url=f"{url}/v1", http=http))
    return OllamaEngine(OllamaConfig(name="upstream", base_url=url, http=http))


@asynccontextmanager
async def engine_and_backend(
    dialect: Dialect, behaviour: Behaviour | None = None, **limits: Any
) -> AsyncIterator[tuple[HttpEngine, FakeBackend]]:
    async with fake_backend(behaviour) as backend:
        engine = engine_at(backend.url, dialect, **limits)
        await engine.start()
        try:
            yield engine, backend
        finally:
            await engine.close()


def chat(max_tokens: int | None = None, **more: Any) -> Generate:
    messages = (ChatMessage(role="user", content="Tell me about larks."),)
    return Generate(model=ModelName("sample"), messages=messages, sampling=Sampling(max_tokens=max_tokens), **more)


@dataclass
class Outcome:
    """What came of a generation: its events and the error that ended it, if one did."""

    events: list[GenerationEvent] = field(default_factory=list)
    error: CoveyError | None = None

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, Delta))


async def outcome_of(engine: HttpEngine, request: Generate | None = None, request_id: str = "req_1") -> Outcome:
    outcome = Outcome()
    try:
        async for event in engine.generate(request or chat(), RequestId(request_id)):
            outcome.events.append(event)
    except CoveyError as error:
        outcome.error = error
    return outcome
