"""Models and nodes as the whole service has them: made from what processors announce, and asked of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import cast

import msgspec

from covey.domain.placement import merged, permitted
from covey.errors import CoveyError, NoWorkerAvailable
from covey.protocol.auth import Identity
from covey.protocol.endpoint import Empty
from covey.protocol.ids import InstanceId
from covey.protocol.registry import (
    PROCESSOR_LIST_RUNNING,
    PROCESSOR_PULL_MODEL,
    PROCESSOR_REMOVE_MODEL,
    PROCESSOR_SHOW_MODEL,
    CatalogueModel,
    ModelDetails,
    ModelList,
    ModelRef,
    PullModel,
    PullProgress,
    RunningModelList,
)
from covey.rpc.bus import Bus
from covey.rpc.context import CallContext
from covey.workers.gateway.routing import PROCESSOR, Routing


class Catalogue:
    """Every method leaves out what the caller's credential may not use."""

    def __init__(self, bus: Bus, routing: Routing) -> None:
        self._bus = bus
        self._routing = routing

    def list_models(self, identity: Identity) -> ModelList:
        instances = [info for info in self._bus.instances(PROCESSOR) if info.state == "serving"]
        return ModelList(
            items=tuple(
                CatalogueModel(
                    model=self._routing.rules.shown(model),
                    instances=tuple(info.instance for info in holders),
                    nodes=tuple(sorted({info.node for info in holders})),
                )
                for model, holders in merged(instances, self._routing.rules.allowed_names(identity))
                if self._routing.rules.may_use(model.name, identity)
            )
        )

    async def show_model(self, request: ModelRef, identity: Identity, context: CallContext) -> ModelDetails:
        """Raises ModelNotFound, or Forbidden when the credential may not use it."""
        found = self._routing.candidates(request.model, identity)
        try:
            chosen = self._routing.choose(found)
        except CoveyError:  # nobody can run it now, but whoever has it can tell of it
            chosen = found[0]
        name = chosen.model.name
        details = await self._bus.call(PROCESSOR_SHOW_MODEL, ModelRef(model=name), context, to=chosen.info.instance)
        settings = self._routing.rules.get(name)
        if settings is None:
            return details
        parameters = {
            field: value
            for field, value in msgspec.structs.asdict(settings.sampling).items()
            if value not in (None, ())
        }
        return msgspec.structs.replace(
            details, model=self._routing.rules.shown(details.model), parameters=details.parameters | parameters
        )

    async def list_running(self, identity: Identity, context: CallContext) -> RunningModelList:
        """What processors that answered say; one that did not is left out."""
        replies = await self._bus.call_all(PROCESSOR_LIST_RUNNING, Empty(), context)
        rules = self._routing.rules
        running = [
            msgspec.structs.replace(each, model=rules.shown(each.model))
            for reply in replies
            if isinstance(reply.response, RunningModelList)
            for each in reply.response.items
            if permitted(each.model, rules.allowed_names(identity)) and rules.may_use(each.model.name, identity)
        ]
        return RunningModelList(items=tuple(sorted(running, key=lambda each: (each.model.name, each.instance))))

    async def remove_model(self, request: ModelRef, identity: Identity, context: CallContext) -> Empty:
        """Remove it from every processor that has it. Raises the first failure, after all were asked."""
        found = self._routing.candidates(request.model, identity)
        failure: CoveyError | None = None
        for candidate in found:
            try:
                await self._bus.call(
                    PROCESSOR_REMOVE_MODEL, ModelRef(model=candidate.model.name), context, to=candidate.info.instance
                )
            except CoveyError as error:
                failure = failure or error
        if failure is not None:
            raise failure
        return Empty()

    async def pull_model(self, request: PullModel, context: CallContext) -> AsyncGenerator[PullProgress, None]:
        """Have one processor fetch a model, the least busy first; another one when it cannot be reached.

        Raises NoWorkerAvailable when there is no processor.
        """
        failure: CoveyError = NoWorkerAvailable("no processor is connected that could fetch a model")
        for instance in self._least_busy_first():
            progress = cast(
                "AsyncGenerator[PullProgress, None]",
                self._bus.stream(PROCESSOR_PULL_MODEL, request, context, to=instance),
            )
            began = False
            try:
                async with aclosing(progress):
                    async for step in progress:
                        began = True
                        yield step
            except CoveyError as error:
                if began or not error.retryable:
                    raise
                failure = error
            else:
                return
        raise failure

    def _least_busy_first(self) -> Sequence[InstanceId]:
        able = [info for info in self._bus.instances(PROCESSOR) if info.state == "serving"]
        able.sort(key=lambda info: info.load.running + info.load.waiting)
        return [info.instance for info in able]
