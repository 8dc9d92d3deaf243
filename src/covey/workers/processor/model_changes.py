"""Getting and removing models: the catalogue's own files, or an engine that keeps its models itself."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Protocol, cast, runtime_checkable

from covey.backends.base import Engine
from covey.domain import model_names
from covey.errors import Conflict, InvalidRequest, ModelNotFound
from covey.protocol.registry import PullModel, PullProgress
from covey.workers.processor.catalogue.library import ModelLibrary
from covey.workers.processor.catalogue.pulls import Pulls
from covey.workers.processor.directory import OfferedModel


@runtime_checkable
class ModelKeeper(Protocol):
    """An engine that gets and removes its models itself."""

    def pull(self, name: str) -> AsyncIterator[PullProgress]: ...

    async def remove(self, name: str) -> None: ...


@runtime_checkable
class Unloader(Protocol):
    """An engine that can take a model out of memory."""

    async def unload(self, model: str) -> None: ...


class ModelChanges:
    """``changed`` is awaited after each change, so that lists are right when the caller hears of the end."""

    def __init__(
        self,
        library: ModelLibrary,
        pulls: Pulls,
        engines: Sequence[Engine],
        changed: Callable[[], Awaitable[None]],
    ) -> None:
        self._library = library
        self.pulls = pulls
        self._keepers = [cast("ModelKeeper", engine) for engine in engines if isinstance(engine, ModelKeeper)]
        self._changed = changed

    async def pull(self, request: PullModel) -> AsyncGenerator[PullProgress]:
        """Raises ModelNotFound when nobody knows the name, InvalidRequest when the settings do not allow it."""
        if request.name is not None and not model_names.is_valid(request.name):
            raise InvalidRequest("a model's name is letters, digits and - _ . : /", param="name")
        own = self.pulls.knows(request)
        if not own and not self._keepers:
            raise ModelNotFound(self._unknown(request.model), param="model")
        if not own and not model_names.is_valid(request.model):
            raise InvalidRequest("a model's name is letters, digits and - _ . : /", param="model")
        stream = self.pulls.pull(request) if own else self._keepers[0].pull(request.model)
        async with aclosing(cast("AsyncGenerator[PullProgress]", stream)) as steps:
            async for step in steps:
                if step.status == "done":
                    await self._changed()
                yield step

    async def remove(self, model: OfferedModel) -> None:
        """Raises Conflict when the file is not the catalogue's to delete."""
        name = model.info.name
        if isinstance(model.engine, ModelKeeper):
            await model.engine.remove(name)
        elif self._library.has(name):
            if isinstance(model.engine, Unloader):
                await model.engine.unload(name)
            await self._library.remove(name)
        else:
            raise Conflict("this model comes from the settings; it is removed by changing them", param="model")
        await self._changed()

    def _unknown(self, name: str) -> str:
        near = model_names.nearest(name, self.pulls.names)
        hint = f"did you mean {', '.join(near)}?" if near else f"known are {', '.join(self.pulls.names[:8])}"
        return f"no model of that name can be pulled; {hint}"
