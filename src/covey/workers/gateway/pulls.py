"""What can be fetched, what is being fetched, and ending that: asked of all processors."""

from __future__ import annotations

from covey.errors import NotFound
from covey.protocol.endpoint import Empty
from covey.protocol.model_settings import (
    PROCESSOR_CANCEL_PULL,
    PROCESSOR_CATALOGUE,
    PROCESSOR_LIST_PULLS,
    PullableList,
    PullableModel,
    PullList,
    PullRef,
)
from covey.rpc.bus import Bus
from covey.rpc.context import CallContext


class GatewayPulls:
    """Processors that do not answer are left out."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def catalogue(self, context: CallContext) -> PullableList:
        found: dict[str, PullableModel] = {}
        for reply in await self._bus.call_all(PROCESSOR_CATALOGUE, Empty(), context):
            if isinstance(reply.response, PullableList):
                for model in reply.response.items:
                    found.setdefault(model.name, model)
        installed = {model.name for info in self._bus.instances("processor") for model in info.models}
        return PullableList(
            items=tuple(
                PullableModel(
                    name=model.name,
                    size_bytes=model.size_bytes,
                    description=model.description,
                    license=model.license,
                    installed=model.name in installed,
                )
                for model in found.values()
            )
        )

    async def list(self, context: CallContext) -> PullList:
        """Oldest first."""
        running = [
            pull
            for reply in await self._bus.call_all(PROCESSOR_LIST_PULLS, Empty(), context)
            if isinstance(reply.response, PullList)
            for pull in reply.response.items
        ]
        return PullList(items=tuple(sorted(running, key=lambda pull: (pull.started_at, pull.id))))

    async def cancel(self, request: PullRef, context: CallContext) -> Empty:
        """Whoever watches is told. What was downloaded is kept for the next time. Raises NotFound."""
        for pull in (await self.list(context)).items:
            if pull.id == request.pull_id:
                return await self._bus.call(PROCESSOR_CANCEL_PULL, request, context, to=pull.instance)
        raise NotFound("there is no such pull", param="pull_id")
