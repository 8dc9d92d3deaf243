"""The processor's endpoints about fetching models."""

from __future__ import annotations

from covey.errors import NotFound
from covey.protocol.endpoint import Empty
from covey.protocol.ids import InstanceId, ModelName, NodeName
from covey.protocol.model_settings import (
    PROCESSOR_CANCEL_PULL,
    PROCESSOR_CATALOGUE,
    PROCESSOR_LIST_PULLS,
    PullableList,
    PullableModel,
    PullList,
    PullRef,
    RunningPull,
)
from covey.rpc.context import CallContext
from covey.rpc.service import Service, serves
from covey.workers.processor.catalogue.pulls import Pulls


class PullEndpoints(Service):
    service = "processor"

    def __init__(self, pulls: Pulls, *, instance: InstanceId, node: NodeName) -> None:
        self._pulls = pulls
        self._instance = instance
        self._node = node

    @serves(PROCESSOR_CATALOGUE)
    async def catalogue(self, request: Empty, context: CallContext) -> PullableList:
        return PullableList(
            items=tuple(
                PullableModel(
                    name=ModelName(model.name),
                    size_bytes=model.size_bytes,
                    description=model.description,
                    license=model.license,
                )
                for model in self._pulls.known
            )
        )

    @serves(PROCESSOR_LIST_PULLS)
    async def list_pulls(self, request: Empty, context: CallContext) -> PullList:
        return PullList(
            items=tuple(
                RunningPull(
                    id=pull.id,
                    model=ModelName(pull.model.name),
                    instance=self._instance,
                    node=self._node,
                    started_at=pull.started_at,
                    progress=pull.step,
                )
                for pull in self._pulls.running
            )
        )

    @serves(PROCESSOR_CANCEL_PULL)
    async def cancel_pull(self, request: PullRef, context: CallContext) -> Empty:
        if not await self._pulls.cancel(request.pull_id):
            raise NotFound("there is no such pull", param="pull_id")
        return Empty()
