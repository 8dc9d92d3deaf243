"""The engine contract: what the processor asks of whatever runs models."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Protocol, runtime_checkable

from covey.protocol.ids import RequestId
from covey.protocol.inference import Embed, Embeddings, Generate, GenerationEvent
from covey.protocol.registry import ModelDetails, ModelInfo
from covey.protocol.whole_answers import WholeAnswer


@runtime_checkable
class AnswersWhole(Protocol):
    """An engine that gives answers which nobody watches as a whole."""

    async def answer(self, request: Generate, request_id: RequestId, asker: str = "") -> WholeAnswer:
        """All that ``generate`` would yield. ``request.stream`` is False; cancelling it frees the slot at once."""


class Engine(Protocol):
    """One engine. Numbered life: 1 ``start``, 2 any number of concurrent ``generate`` and ``embed``, 3 ``close``.

    ``name`` is the engine's name in the settings. All methods but ``start`` and ``close`` need a started engine.
    """

    name: str
    kind: str
    """``llamacpp``, ``ollama``, ``openai`` or ``sample``."""

    async def start(self) -> None:
        """Ready when it returns. Raises ``BackendUnavailable`` or ``ModelLoadFailed``; may be called again after it."""

    def generate(self, request: Generate, request_id: RequestId, asker: str = "") -> AsyncIterator[GenerationEvent]:
        """``Loading`` if it knows that the model has to be loaded first, ``Started``, ``Delta`` …, ``Finished``; an
        async generator. ``request.model`` is one of its own names. ``asker`` is whose request it is: what an engine
        keeps of one asker's prompts serves nobody else.

        Engines neither queue nor number: the processor does. A failure raises a ``BackendError`` (or
        ``InvalidRequest``), before or after the first event; ``Failed`` is never yielded. Closing the generator frees
        the engine's slot at once.
        """

    async def embed(self, request: Embed, request_id: RequestId) -> Embeddings:
        """Vectors in the order of the inputs, of unit length. Raises ``InvalidRequest`` when the model cannot."""

    async def abort(self, request_id: RequestId) -> None:
        """Stop a generation; unknown ids are no error."""

    async def health(self) -> None:
        """Returns when the engine can work. Raises ``BackendUnavailable``."""

    async def models(self) -> Sequence[ModelInfo]:
        """What it offers now, under its own names."""

    async def show(self, model: str) -> ModelDetails:
        """Raises ``ModelNotFound``."""

    @property
    def slots(self) -> int:
        """How many generations it runs at once; 0: no limit of its own."""

    async def close(self) -> None:
        """Stop and free everything. Safe on a half-started engine, and twice."""
